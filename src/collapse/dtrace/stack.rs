//! From the lines of stacks to their nodes in the call tree.

use super::frame::{Offset, name_frames, without_offset};
use super::parse_count;
use crate::call_tree::{CallTree, NodeId};
use crate::collapse::lines::{LineCache, LineId};
use crate::collapse::successors::{Successor, Successors};
use crate::text::{lossy, strip_hex_offset, trim};

/// Folds the lines of one block, from the last to the first.
pub(super) struct BlockFolder<'a> {
    includes_offsets: bool,
    stacks: &'a mut Stacks,
    tree: &'a mut CallTree,
    /// The stack whose count was read. Lines before any count belong to a stack that the input
    /// ends in.
    stack: Option<Stack<'a>>,
    unfinished: Option<&'a [u8]>,
}

/// A stack, of which the outer frames were read.
struct Stack<'a> {
    count: u64,
    node: NodeId,
    /// With offsets, the line read last: it loses its own if no other follows, being the leaf then.
    held: Option<&'a [u8]>,
}

impl<'a> BlockFolder<'a> {
    pub fn new(includes_offsets: bool, stacks: &'a mut Stacks, tree: &'a mut CallTree) -> Self {
        BlockFolder {
            includes_offsets,
            stacks,
            tree,
            stack: None,
            unfinished: None,
        }
    }

    /// The line at which the stack starts that the input ends in.
    pub fn unfinished(&self) -> Option<&'a [u8]> {
        self.unfinished
    }

    /// Folds all lines, and tells how many they are.
    pub fn fold_lines(&mut self, body: &'a [u8]) -> u64 {
        let mut lines = 0;
        let mut rest = (!body.is_empty()).then(|| body.strip_suffix(b"\n").unwrap_or(body));
        while let Some(text) = rest {
            lines += 1;
            rest = match self.fold_foretold(text) {
                Some(before) => Some(before),
                None => self.fold_last_line(text),
            };
        }
        self.finish_stack();
        lines
    }

    /// Folds the last line of `text` if it is the one that came last below the same frame, and
    /// gives the lines before it.
    #[inline]
    fn fold_foretold(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let stack = self.stack.as_mut().filter(|_| !self.includes_offsets)?;
        let (node, before) = self.stacks.strip_foretold(stack.node, text)?;
        stack.node = node;
        Some(before)
    }

    /// Folds the last line of `text`, which ends without a line end, and gives the lines before it.
    fn fold_last_line(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (before, line) = match memchr::memrchr(b'\n', text) {
            Some(at) => (Some(&text[..at]), &text[at + 1..]),
            None => (None, text),
        };
        let line = trim(line);
        if let Some(count) = parse_count(line) {
            self.finish_stack();
            self.stack = Some(Stack {
                count,
                node: CallTree::ROOT,
                held: None,
            });
        } else if !line.is_empty() {
            self.fold_frame(line);
        }
        before
    }

    fn fold_frame(&mut self, line: &'a [u8]) {
        let Some(stack) = &mut self.stack else {
            self.unfinished = Some(line);
            return;
        };
        if !self.includes_offsets {
            stack.node = self.stacks.step(stack.node, line, self.tree);
        } else if let Some(caller) = stack.held.replace(line) {
            stack.node = self.stacks.step_with_offset(stack.node, caller, self.tree);
        }
    }

    fn finish_stack(&mut self) {
        let Some(mut stack) = self.stack.take() else {
            return;
        };
        if let Some(leaf) = stack.held {
            stack.node = self.stacks.step_to_leaf(stack.node, leaf, self.tree);
        }
        self.tree.add(stack.node, stack.count);
    }
}

/// What is known of lines, and of steps down the tree. The tree must be the same each time.
#[derive(Default)]
pub(super) struct Stacks {
    /// Whether a line said this and no more when it was new: so it can be without an offset.
    lines: LineCache<bool>,
    /// With offsets: whether the lines of a function are the names of their frames.
    functions: LineCache<bool>,
    /// By lines without offsets. With them by functions, and only of lines that are names.
    successors: Successors,
}

impl Stacks {
    /// `text` without its last line, and the node below `parent` for it, if it is the one that came
    /// last there, printed as DTrace does: indented, and with an offset or without.
    #[inline]
    fn strip_foretold<'t>(&self, parent: NodeId, text: &'t [u8]) -> Option<(NodeId, &'t [u8])> {
        const INDENTATION: &[u8] = b"\n              ";
        let Successor { line, node } = self.successors.latest(parent)?;
        let frame = match strip_hex_offset(text) {
            Some(frame) => frame,
            None if *self.lines.facts(line) => text,
            None => return None,
        };
        let (_, function) = self.lines.key(line);
        let before = frame.strip_suffix(function)?.strip_suffix(INDENTATION)?;
        Some((node, before))
    }

    /// The node below `parent` for a line, whose offset is left out.
    fn step(&mut self, parent: NodeId, line: &[u8], tree: &mut CallTree) -> NodeId {
        let line = self.look_up(line, Offset::LeftOut, tree);
        let node = self.lines.walk(line, parent, tree);
        self.successors.note(parent, Successor { line, node });
        node
    }

    /// The node below `parent` for the line of a caller, which keeps its offset. There may be very
    /// many such lines: those that are the names of their frames are looked up as such only.
    fn step_with_offset(&mut self, parent: NodeId, line: &[u8], tree: &mut CallTree) -> NodeId {
        let latest = self.successors.latest(parent);
        if let Some(latest) = latest.filter(|latest| tree.name(latest.node) == line) {
            return latest.node;
        }
        if let Some(function) = self.find_function_of_name(line) {
            let (line, node) = (function, tree.child_called(parent, line));
            self.successors.note(parent, Successor { line, node });
            return node;
        }
        let line = self.look_up(line, Offset::Kept, tree);
        self.lines.walk(line, parent, tree)
    }

    /// The node below `parent` for the line of the leaf, where the others keep their offsets.
    fn step_to_leaf(&mut self, parent: NodeId, line: &[u8], tree: &mut CallTree) -> NodeId {
        let line = self.look_up(line, Offset::Lost, tree);
        self.lines.walk(line, parent, tree)
    }

    fn look_up(&mut self, line: &[u8], offset: Offset, tree: &mut CallTree) -> LineId {
        let text = match offset {
            Offset::LeftOut => without_offset(line),
            Offset::Kept | Offset::Lost => line,
        };
        self.lines.look_up(offset as u64, text, |frames| {
            name_frames(&lossy(text), offset, |name| frames.push(tree.intern(name)));
            text.len() == line.len()
        })
    }

    /// The function of a line, if the line is the name of its frame, as others of that function are.
    fn find_function_of_name(&mut self, line: &[u8]) -> Option<LineId> {
        let function = self.functions.look_up(0, strip_hex_offset(line)?, |_| {
            let mut is_name = true;
            name_frames(&lossy(line), Offset::Kept, |name| is_name &= name == line);
            is_name
        });
        self.functions.facts(function).then_some(function)
    }
}

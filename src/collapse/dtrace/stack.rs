//! Maps the lines of stacks to nodes of the call tree.

use super::frame::{Offset, name_frames, without_offset};
use super::head::is_head_line;
use super::record::{
    End, NumberLine, Record, STACK_INDENT, ends_in_int, may_start_number, number_line, split_keys,
    split_last_line,
};
use crate::bytes::count::parse_digits;
use crate::bytes::text::{lossy, strip_hex_offset, trim_end, trim_start};
use crate::call_tree::{CallTree, NodeId};
use crate::collapse::cache::lines::{LineCache, LineId};
use crate::collapse::cache::successors::{Successor, Successors};
use crate::collapse::engine::format::{count_lines, offset_in};
use crate::names::symbol::one_frame;

/// Folds the lines of one block, from the last to the first.
pub(super) struct BlockFolder<'a> {
    includes_offsets: bool,
    stacks: &'a mut StackCaches,
    tree: &'a mut CallTree,
    body: &'a [u8],
    reading: Reading<'a>,
    keys: Keys,
    /// The number of lines that were read twice.
    read_twice: u64,
    unfinished: Option<&'a [u8]>,
    negative: Negative<'a>,
}

/// The context of the next lines.
enum Reading<'a> {
    /// Unrelated to previous lines.
    Nothing,
    /// In an incomplete stack at the end of the input, which has no count.
    Unfinished,
    /// In the stack of a negative count.
    Skipped(End<'a>),
    Stack(Stack<'a>),
}

impl<'a> Reading<'a> {
    /// The end of the record.
    fn end(&self) -> Option<End<'a>> {
        match self {
            Reading::Nothing => None,
            Reading::Unfinished => Some(End::MISSING),
            Reading::Skipped(end) => Some(*end),
            Reading::Stack(stack) => Some(stack.end),
        }
    }
}

/// A stack whose count and outer frames were read.
struct Stack<'a> {
    count: u64,
    node: NodeId,
    /// With offsets, the last line read, which loses its offset if it turns out to be the leaf.
    held: Option<&'a [u8]>,
    end: End<'a>,
    /// Lines with less indentation are not frames.
    indent: usize,
    /// Whether keys were read in advance.
    has_keys: bool,
}

/// Whether stacks are preceded by keys. Searching for keys is costly, so it is done for the first
/// stack and, if that has any, for all others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Unknown,
    NotSeen,
    Seen,
}

/// The stacks with negative counts: how many, and the first count.
#[derive(Default)]
pub(super) struct Negative<'a> {
    pub stacks: u64,
    pub first: &'a [u8],
}

impl<'a> BlockFolder<'a> {
    pub fn new(
        includes_offsets: bool,
        stacks: &'a mut StackCaches,
        tree: &'a mut CallTree,
    ) -> Self {
        BlockFolder {
            includes_offsets,
            stacks,
            tree,
            body: b"",
            reading: Reading::Nothing,
            keys: Keys::Unknown,
            read_twice: 0,
            unfinished: None,
            negative: Negative::default(),
        }
    }

    /// The first line of the incomplete stack at the end of the input.
    pub fn unfinished(&self) -> Option<&'a [u8]> {
        self.unfinished
    }

    pub fn negative(&self) -> &Negative<'a> {
        &self.negative
    }

    /// Folds all lines, and returns their number.
    pub fn fold_lines(&mut self, body: &'a [u8]) -> u64 {
        self.body = body;
        let mut lines = 0;
        let mut rest = (!body.is_empty()).then(|| body.strip_suffix(b"\n").unwrap_or(body));
        while let Some(text) = rest {
            lines += 1;
            rest = match self.fold_predicted(text) {
                Some(before) => Some(before),
                None => self.fold_last_line(text),
            };
        }
        self.finish_stack();
        lines - self.read_twice
    }

    /// Folds the last line of `text` if it equals the last one seen below the same node, and
    /// returns the lines before it.
    #[inline]
    fn fold_predicted(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let Reading::Stack(stack) = &mut self.reading else {
            return None;
        };
        if self.includes_offsets {
            return None;
        }
        let (node, before) = self.stacks.strip_predicted(stack.node, text)?;
        stack.node = node;
        Some(before)
    }

    /// Folds the last line of `text`, which has no line end, and returns the lines to read next.
    fn fold_last_line(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (before, line) = split_last_line(text);
        let frame = trim_start(trim_end(line));
        let indent = offset_in(line, frame);
        match frame.first() {
            None => before,
            Some(byte) if indent == STACK_INDENT && !may_start_number(*byte) => {
                self.fold_frame(frame);
                before
            }
            Some(_) => {
                let Some(count) = self.plain_count(text, frame, indent) else {
                    return self.fold_unusual(text, frame, indent);
                };
                let column = indent + frame.len();
                self.finish_stack();
                self.reading = Reading::Stack(self.start_stack(End { text, column }, count));
                before
            }
        }
    }

    /// The count in a line that cannot be anything else, which is the usual case.
    #[inline]
    fn plain_count(&self, text: &[u8], frame: &[u8], indent: usize) -> Option<u64> {
        let count = parse_digits(frame)?;
        let is_last = matches!(self.body.get(text.len() + 1), None | Some(b'\n'));
        (is_last && !ends_in_int(indent + frame.len())).then_some(count)
    }

    /// Folds a line that may not be a frame.
    #[cold]
    fn fold_unusual(&mut self, text: &'a [u8], frame: &'a [u8], indent: usize) -> Option<&'a [u8]> {
        if let Some(number) = number_line(self.body, text) {
            return self.fold_number(number);
        }
        let (before, line) = split_last_line(text);
        if is_head_line(line) {
            return before;
        }
        if let Reading::Stack(stack) = &mut self.reading
            && indent < stack.indent
        {
            if stack.has_keys {
                return before;
            }
            if Record::find(self.body, stack.end).has_keys() {
                return self.read_again(before);
            }
            stack.indent = 0;
        }
        self.fold_frame(frame);
        before
    }

    /// Reads a stack a second time, to find the keys that were mistaken for frames.
    #[cold]
    fn read_again(&mut self, before: Option<&'a [u8]>) -> Option<&'a [u8]> {
        let Reading::Stack(stack) = std::mem::replace(&mut self.reading, Reading::Nothing) else {
            return before;
        };
        self.keys = Keys::Seen;
        let from = before.map_or(0, <[u8]>::len);
        self.read_twice += count_lines(&stack.end.text[from..]) + u64::from(before.is_none());
        Some(stack.end.text)
    }

    /// Folds a line that ends in a number: a count, or keys.
    fn fold_number(&mut self, number: NumberLine<'a>) -> Option<&'a [u8]> {
        if number.is_key_of(self.reading.end()) {
            return self.fold_number_keys(number);
        }
        self.finish_stack();
        let end = End {
            text: number.text,
            column: number.column,
        };
        self.reading = match number.count {
            Some(count) => {
                let mut stack = self.start_stack(end, count);
                for key in split_keys(number.keys) {
                    stack.node = self.step_to_key(stack.node, key);
                }
                Reading::Stack(stack)
            }
            None => {
                self.negative.stacks += 1;
                self.negative.first = split_last_line(number.text).1;
                Reading::Skipped(end)
            }
        };
        number.above
    }

    /// Folds keys at the start of a record.
    fn fold_number_keys(&mut self, number: NumberLine<'a>) -> Option<&'a [u8]> {
        match &self.reading {
            Reading::Stack(stack) if !stack.has_keys => return self.read_again(number.above),
            Reading::Unfinished => self.unfinished = Some(split_last_line(number.text).1),
            _ => {}
        }
        self.finish_stack();
        number.above
    }

    fn start_stack(&mut self, end: End<'a>, count: u64) -> Stack<'a> {
        let mut stack = Stack {
            count,
            node: CallTree::ROOT,
            held: None,
            end,
            indent: STACK_INDENT,
            has_keys: false,
        };
        if self.keys != Keys::NotSeen {
            self.find_keys(&mut stack);
        }
        stack
    }

    fn find_keys(&mut self, stack: &mut Stack<'a>) {
        let record = Record::find(self.body, stack.end);
        if !record.has_keys() {
            if self.keys == Keys::Unknown {
                self.keys = Keys::NotSeen;
            }
            return;
        }
        self.keys = Keys::Seen;
        (stack.has_keys, stack.indent) = (true, record.indent);
        for key in record.keys() {
            stack.node = self.step_to_key(stack.node, key);
        }
    }

    fn step_to_key(&mut self, parent: NodeId, key: &[u8]) -> NodeId {
        let key = lossy(key);
        let name = one_frame(&key);
        self.tree.child_called(parent, name.as_bytes())
    }

    #[inline]
    fn fold_frame(&mut self, line: &'a [u8]) {
        let stack = match &mut self.reading {
            Reading::Stack(stack) => stack,
            Reading::Skipped(_) => return,
            Reading::Nothing | Reading::Unfinished => {
                self.unfinished = Some(line);
                self.reading = Reading::Unfinished;
                return;
            }
        };
        if !self.includes_offsets {
            stack.node = self.stacks.step(stack.node, line, self.tree);
        } else if let Some(caller) = stack.held.replace(line) {
            stack.node = self.stacks.step_with_offset(stack.node, caller, self.tree);
        }
    }

    fn finish_stack(&mut self) {
        let reading = std::mem::replace(&mut self.reading, Reading::Nothing);
        let Reading::Stack(mut stack) = reading else {
            return;
        };
        if let Some(leaf) = stack.held {
            stack.node = self.stacks.step_to_leaf(stack.node, leaf, self.tree);
        }
        self.tree.add(stack.node, stack.count);
    }
}

/// Caches of lines, and of steps down the tree. The tree must be the same in each call.
#[derive(Default)]
pub(super) struct StackCaches {
    /// The data says whether the line had no offset when it was added.
    lines: LineCache<bool>,
    /// With offsets: whether the lines of a function are the names of their frames.
    functions: LineCache<bool>,
    /// By lines without offsets. With offsets, by functions whose lines are the names of their
    /// frames.
    successors: Successors,
}

impl StackCaches {
    /// `text` without its last line, and the node for that line below `parent`, if the line is the
    /// predicted one in DTrace's usual form: indented, and with or without an offset.
    #[inline]
    fn strip_predicted<'t>(&self, parent: NodeId, text: &'t [u8]) -> Option<(NodeId, &'t [u8])> {
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

    /// The node below `parent` for a line, ignoring its offset.
    fn step(&mut self, parent: NodeId, line: &[u8], tree: &mut CallTree) -> NodeId {
        let line = self.look_up(line, Offset::Missing, tree);
        let node = self.lines.walk(line, parent, tree);
        self.successors.note(parent, Successor { line, node });
        node
    }

    /// The node below `parent` for the line of a caller, including its offset. There may be very
    /// many such lines: those that are the names of their frames are not cached as lines.
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

    /// The node below `parent` for the line of the leaf, if other lines keep their offsets.
    fn step_to_leaf(&mut self, parent: NodeId, line: &[u8], tree: &mut CallTree) -> NodeId {
        let line = self.look_up(line, Offset::Removed, tree);
        self.lines.walk(line, parent, tree)
    }

    fn look_up(&mut self, line: &[u8], offset: Offset, tree: &mut CallTree) -> LineId {
        let text = match offset {
            Offset::Missing => without_offset(line),
            Offset::Kept | Offset::Removed => line,
        };
        self.lines.look_up(offset as u64, text, |frames| {
            name_frames(&lossy(text), offset, |name| frames.push(tree.intern(name)));
            text.len() == line.len()
        })
    }

    /// The function of a line, if the line is the name of its frame, like other lines of that
    /// function.
    fn find_function_of_name(&mut self, line: &[u8]) -> Option<LineId> {
        let function = self.functions.look_up(0, strip_hex_offset(line)?, |_| {
            let mut is_name = true;
            name_frames(&lossy(line), Offset::Kept, |name| is_name &= name == line);
            is_name
        });
        self.functions.facts(function).then_some(function)
    }
}

//! From the frame lines of a sample to its node in the call tree.
//!
//! [`Stacks`] remembers the sample before, level by level, and every line it has ever parsed; see
//! [`perf`](super) for why that is fast.

use super::Options;
use super::event::EventLine;
use super::frame::{FrameLine, function_name, name_frames};
use super::key::{Key, Modules};
use super::known::KnownStacks;
use super::samples::{PlainLine, told_in};
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::lines::{Asked, LineCache, LineId};
use crate::text::lossy;
use ahash::AHashMap;

/// The stack of the sample read last, and the caches.
#[derive(Default)]
pub(super) struct Stacks {
    levels: Levels,
    /// The lines of a plain sample, the leaf's first.
    pub plain: Vec<PlainLine>,
    /// What a plain sample says that tells its stack.
    told: Vec<u8>,
    is_java: bool,
    modules: Modules,
    lines: LineCache<Facts>,
    asked: Vec<Asked>,
    commands: Commands,
    known: KnownStacks,
}

/// The lines of a sample, the root's first.
#[derive(Default)]
struct Levels {
    all: Vec<Level>,
    /// How many of them, from the root, have the right node.
    walked: usize,
}

#[derive(Clone, Copy)]
struct Level {
    line: LineId,
    /// Where the line is in the block; `None` if it is in another.
    plain: Option<PlainLine>,
    node: NodeId,
    /// Of this level or one nearer to the root.
    has_frames: bool,
    has_unread: bool,
}

/// What [`Stacks`] made of the lines of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stack {
    /// `None` if there are no frames.
    pub node: Option<NodeId>,
    /// Whether some lines are no frame lines.
    pub has_unread: bool,
}

impl Stacks {
    /// Forgets where the sample before stands: a new block begins.
    pub fn start_block(&mut self) {
        self.levels.all.clear();
        self.levels.walked = 0;
    }

    /// Reads the plain sample whose lines are in `plain`.
    pub fn read_plain(
        &mut self,
        block: &[u8],
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Stack {
        if !self.known.is_worth_asking() {
            return self.read_cut(block, event, options, tree);
        }
        self.tell(block, event, options);
        match self.known.find(&self.told) {
            Ok(node) => Stack {
                node: Some(node),
                has_unread: false,
            },
            Err(hash) => {
                let stack = self.read_cut(block, event, options, tree);
                if let Stack {
                    node: Some(node),
                    has_unread: false,
                } = stack
                {
                    self.known.insert(hash, &self.told, node);
                }
                stack
            }
        }
    }

    /// Writes to `told` all that the stack of a plain sample hangs on.
    fn tell(&mut self, block: &[u8], event: &EventLine<'_>, options: &Options) {
        self.told.clear();
        print_command(event, options, &mut self.told);
        for line in &self.plain {
            self.told.push(b'\n');
            self.told.extend_from_slice(&block[line.told..line.end]);
        }
    }

    /// Reads the lines of `plain`.
    fn read_cut(
        &mut self,
        block: &[u8],
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Stack {
        self.set_java(event);
        let told = |line: &PlainLine| &block[line.told..line.end];
        let shared = self
            .levels
            .all
            .iter()
            .zip(self.plain.iter().rev())
            .take_while(|(level, line)| level.plain.is_some_and(|other| told(&other) == told(line)))
            .count();
        self.levels.all.truncate(shared);
        for (level, line) in self.levels.all.iter_mut().zip(self.plain.iter().rev()) {
            level.plain = Some(*line);
        }
        self.read_unshared(shared, block, options, tree);
        self.finish(event, options, tree)
    }

    /// Reads the lines of `plain` but for the `shared` nearest to the root.
    fn read_unshared(
        &mut self,
        shared: usize,
        block: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) {
        let lines = &self.plain[..self.plain.len() - shared];
        self.asked.clear();
        for line in lines.iter().rev() {
            let key = self.modules.key(&block[line.told..line.end]);
            let text = line.told..line.told + key.text.len();
            let context = context(key, self.is_java);
            self.asked.push(Asked::new(context, text));
        }
        let nth = |index: usize| lines[lines.len() - 1 - index];
        let (is_java, levels) = (self.is_java, &mut self.levels);
        self.lines.look_up_all(
            block,
            &mut self.asked,
            |index, frames| {
                let line = nth(index);
                read_line(&block[line.start..line.end], options, is_java, frames, tree)
            },
            |lines, index, line| levels.push(lines, line, Some(nth(index))),
        );
    }

    /// Reads lines in any shape, the root's first. Those that are no frame lines are left out.
    pub fn read_lines<'b>(
        &mut self,
        lines: impl Iterator<Item = &'b [u8]>,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Stack {
        self.start_block();
        self.set_java(event);
        for line in lines {
            let told = told_in(line, options).unwrap_or(0);
            let key = Key::whole(&line[told..]);
            let (is_java, context) = (self.is_java, context(key, self.is_java));
            let id = self.lines.look_up(context, key.text, |frames| {
                read_line(line, options, is_java, frames, tree)
            });
            self.levels.push(&self.lines, id, None);
        }
        self.finish(event, options, tree)
    }

    fn set_java(&mut self, event: &EventLine<'_>) {
        let is_java = event.comm.starts_with(b"java");
        if is_java != self.is_java {
            self.start_block();
            self.is_java = is_java;
        }
    }

    fn finish(&mut self, event: &EventLine<'_>, options: &Options, tree: &mut CallTree) -> Stack {
        let leaf = self.levels.all.last();
        let has_frames = leaf.is_some_and(|level| level.has_frames);
        let has_unread = leaf.is_some_and(|level| level.has_unread);
        let node = has_frames.then(|| self.walk(event, options, tree));
        Stack { node, has_unread }
    }

    /// The node of the stack read last. Its missing part is made.
    fn walk(&mut self, event: &EventLine<'_>, options: &Options, tree: &mut CallTree) -> NodeId {
        if !options.skip_after.is_empty() {
            return self.walk_skipping(event, options, tree);
        }
        let root = self.commands.node(event, options, tree);
        if self.commands.has_changed {
            self.levels.walked = 0;
        }
        self.levels.walk(root, &self.lines, tree)
    }

    /// As [`Stacks::walk`], from the innermost function that hides its callers.
    fn walk_skipping(
        &mut self,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> NodeId {
        self.levels.walked = 0;
        let lines = &self.lines;
        let first = self
            .levels
            .all
            .iter()
            .rposition(|level| lines.facts(level.line).hides_callers);
        let root = match first {
            Some(_) => CallTree::ROOT,
            None => self.commands.node(event, options, tree),
        };
        let levels = &self.levels.all[first.unwrap_or(0)..];
        levels
            .iter()
            .fold(root, |node, level| lines.walk(level.line, node, tree))
    }
}

impl Levels {
    #[inline]
    fn push(&mut self, lines: &LineCache<Facts>, line: LineId, plain: Option<PlainLine>) {
        let outer = self.all.last();
        let (has_frames, facts) = (lines.has_frames(line), lines.facts(line));
        let level = Level {
            line,
            plain,
            node: CallTree::ROOT,
            has_frames: has_frames || outer.is_some_and(|level| level.has_frames),
            has_unread: facts.is_unread || outer.is_some_and(|level| level.has_unread),
        };
        self.walked = self.walked.min(self.all.len());
        self.all.push(level);
    }

    /// The node of the stack below `root`. What is missing of it is made.
    fn walk(&mut self, root: NodeId, lines: &LineCache<Facts>, tree: &mut CallTree) -> NodeId {
        self.walked = self.walked.min(self.all.len());
        let mut node = match self.walked {
            0 => root,
            walked => self.all[walked - 1].node,
        };
        for level in &mut self.all[self.walked..] {
            node = lines.walk(level.line, node, tree);
            level.node = node;
        }
        self.walked = self.all.len();
        node
    }
}

/// What the meaning of a line hangs on but its text. Lines of Java commands are named differently.
fn context(key: Key<'_>, is_java: bool) -> u64 {
    key.module << 1 | u64::from(is_java)
}

/// What is known of a line beyond its frames.
#[derive(Clone, Copy)]
struct Facts {
    is_unread: bool,
    hides_callers: bool,
}

/// Reads `line`, and adds its frames; none for a process name in parentheses.
#[cold]
fn read_line(
    line: &[u8],
    options: &Options,
    is_java: bool,
    frames: &mut Vec<FrameId>,
    tree: &mut CallTree,
) -> Facts {
    let mut facts = Facts {
        is_unread: false,
        hides_callers: false,
    };
    let Some(line) = FrameLine::parse(line) else {
        facts.is_unread = true;
        return facts;
    };
    let symbol = lossy(line.symbol);
    if let Some(function) = function_name(&symbol) {
        facts.hides_callers = options.skip_after.iter().any(|name| *name == function);
        name_frames(&function, &line, options, is_java, |name| {
            frames.push(tree.intern(name.as_bytes()));
        });
    }
    facts
}

/// The nodes of commands, which are the first frames of all stacks.
#[derive(Default)]
struct Commands {
    nodes: AHashMap<Vec<u8>, NodeId>,
    /// The command asked for last, as printed, and its node.
    last: Option<(Vec<u8>, NodeId)>,
    /// Whether that was another one than the time before.
    has_changed: bool,
    printed: Vec<u8>,
}

impl Commands {
    fn node(&mut self, event: &EventLine<'_>, options: &Options, tree: &mut CallTree) -> NodeId {
        self.printed.clear();
        print_command(event, options, &mut self.printed);
        if let Some((printed, node)) = &self.last
            && *printed == self.printed
        {
            self.has_changed = false;
            return *node;
        }
        self.has_changed = true;
        let node = match self.nodes.get(&self.printed) {
            Some(node) => *node,
            None => {
                let name = lossy(&self.printed).replace(' ', "_");
                let node = tree.descend(CallTree::ROOT, name.as_bytes());
                self.nodes.insert(self.printed.clone(), node);
                node
            }
        };
        self.last = Some((self.printed.clone(), node));
        node
    }
}

/// Writes `COMM`, `COMM-PID` or `COMM-PID/TID`.
fn print_command(event: &EventLine<'_>, options: &Options, out: &mut Vec<u8>) {
    out.extend_from_slice(event.comm);
    if options.include_pid || options.include_tid {
        out.push(b'-');
        out.extend_from_slice(event.pid.unwrap_or(b"?"));
    }
    if options.include_tid {
        out.push(b'/');
        out.extend_from_slice(event.tid);
    }
}

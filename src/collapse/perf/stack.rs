//! From the frame lines of a sample to its node in the call tree.
//!
//! [`Stacks`] remembers the sample before, level by level, and every line it has ever parsed; see
//! [`perf`](super) for why that is fast.

use super::Options;
use super::event::EventLine;
use super::frame::{FrameLine, function_name, name_frames};
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::lines::{LineCache, LineId};
use crate::text::lossy;
use ahash::AHashMap;
use std::ops::Range;

/// The stack of the sample read last, and the caches.
#[derive(Default)]
pub(super) struct Stacks {
    /// The lines of the sample, the root's first.
    levels: Vec<Level>,
    /// How many levels, from the root, have the right node.
    walked: usize,
    /// Where the text of the sample is in its block; empty if it is not to be compared with.
    text: Range<usize>,
    is_java: bool,
    /// Lines of Java commands, which are named differently, are kept apart.
    lines: [LineCache<Facts>; 2],
    commands: Commands,
}

/// A line of a sample.
#[derive(Clone, Copy)]
struct Level {
    line: LineId,
    /// How far the line's start (with the line end before it) is from the end of the sample.
    from_end: usize,
    /// Where in the block the line stands, without its address.
    key: (usize, usize),
    node: NodeId,
    /// Of this level or one nearer to the root.
    has_frames: bool,
    has_unread: bool,
}

/// What [`Stacks`] found in the lines of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub has_frames: bool,
    /// Whether some lines are no frame lines.
    pub has_unread: bool,
}

impl Stacks {
    /// The distance from the end of a level that is not to be compared with.
    const NOT_IN_TEXT: usize = usize::MAX;

    /// Forgets where the sample before stands: a new block begins.
    pub fn start_block(&mut self) {
        self.text = 0..0;
        self.levels.clear();
    }

    /// Reads `text`, a part of `block`: lines that each follow a line end and start with a tab.
    /// `None` if they don't.
    pub fn read_plain(
        &mut self,
        block: &[u8],
        text: Range<usize>,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<Reading> {
        let is_java = event.comm.starts_with(b"java");
        if is_java != self.is_java {
            self.start_block();
        }
        self.is_java = is_java;
        self.walked = self.walked.min(self.levels.len());
        let mut depth = self.levels_in_common(block, text.clone());
        let mut end = match depth {
            0 => text.end,
            _ => text.end - self.levels[depth - 1].from_end,
        };
        while end > text.start {
            let Some(line) = PlainLine::before(block, text.start, end, options) else {
                self.start_block();
                return None;
            };
            self.set_level(depth, block, &line, text.end - line.start, options, tree);
            end = line.start;
            depth += 1;
        }
        self.levels.truncate(depth);
        self.walked = self.walked.min(depth);
        self.text = text;
        Some(self.reading())
    }

    /// Reads lines in any shape, the root's first. Those that are no frame lines are left out.
    pub fn read_lines<'b>(
        &mut self,
        lines: impl Iterator<Item = &'b [u8]>,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Reading {
        self.start_block();
        self.walked = 0;
        self.is_java = event.comm.starts_with(b"java");
        for line in lines {
            let outer = self.levels.last().map(|level| level.line);
            let id = self.look_up(outer, line, line, options, tree);
            self.push_level(id, Self::NOT_IN_TEXT, (0, 0));
        }
        self.reading()
    }

    /// The node of the stack read last. Its missing part is made.
    pub fn walk(
        &mut self,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> NodeId {
        if !options.skip_after.is_empty() {
            return self.walk_skipping(event, options, tree);
        }
        let root = self.commands.node(event, options, tree);
        if self.commands.has_changed {
            self.walked = 0;
        }
        let mut node = match self.walked {
            0 => root,
            walked => self.levels[walked - 1].node,
        };
        let lines = &self.lines[usize::from(self.is_java)];
        for level in &mut self.levels[self.walked..] {
            node = lines.walk(level.line, node, tree);
            level.node = node;
        }
        self.walked = self.levels.len();
        node
    }

    /// As [`Stacks::walk`], from the innermost function that hides its callers.
    fn walk_skipping(
        &mut self,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> NodeId {
        self.walked = 0;
        let lines = &self.lines[usize::from(self.is_java)];
        let first = self
            .levels
            .iter()
            .rposition(|level| lines.facts(level.line).hides_callers);
        let root = match first {
            Some(_) => CallTree::ROOT,
            None => self.commands.node(event, options, tree),
        };
        let levels = &self.levels[first.unwrap_or(0)..];
        levels
            .iter()
            .fold(root, |node, level| lines.walk(level.line, node, tree))
    }

    /// The line `whole`, whose meaning hangs on `key` only. `outer` is the line before it.
    fn look_up(
        &mut self,
        outer: Option<LineId>,
        key: &[u8],
        whole: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> LineId {
        let is_java = self.is_java;
        self.lines[usize::from(is_java)].look_up(outer, key, |frames| {
            read_line(whole, options, is_java, frames, tree)
        })
    }

    fn reading(&self) -> Reading {
        Reading {
            has_frames: self.levels.last().is_some_and(|level| level.has_frames),
            has_unread: self.levels.last().is_some_and(|level| level.has_unread),
        }
    }

    /// How many levels are, to the byte, those of the sample before.
    fn levels_in_common(&self, block: &[u8], text: Range<usize>) -> usize {
        let common = common_suffix(&block[self.text.clone()], &block[text]);
        self.levels
            .partition_point(|level| level.from_end <= common)
    }

    fn set_level(
        &mut self,
        depth: usize,
        block: &[u8],
        line: &PlainLine,
        from_end: usize,
        options: &Options,
        tree: &mut CallTree,
    ) {
        let key = &block[line.key.0..line.key.1];
        if let Some(level) = self.levels.get_mut(depth)
            && block[level.key.0..level.key.1] == *key
        {
            (level.from_end, level.key) = (from_end, line.key);
            return;
        }
        self.levels.truncate(depth);
        self.walked = self.walked.min(depth);
        let whole = &block[line.start..line.key.1];
        let outer = self.levels.last().map(|level| level.line);
        let id = self.look_up(outer, key, whole, options, tree);
        self.push_level(id, from_end, line.key);
    }

    fn push_level(&mut self, line: LineId, from_end: usize, key: (usize, usize)) {
        let outer = self.reading();
        let lines = &self.lines[usize::from(self.is_java)];
        let (has_frames, facts) = (lines.has_frames(line), lines.facts(line));
        self.levels.push(Level {
            line,
            from_end,
            key,
            node: CallTree::ROOT,
            has_frames: outer.has_frames || has_frames,
            has_unread: outer.has_unread || facts.is_unread,
        });
    }
}

/// A line of a plain sample, by its places in the block.
struct PlainLine {
    /// Where the line end before the line is.
    start: usize,
    /// What the line says, without the address unless that matters.
    key: (usize, usize),
}

impl PlainLine {
    /// The line that ends at `end`. `None` if it is not a tab, spaces, an address and more.
    fn before(block: &[u8], from: usize, end: usize, options: &Options) -> Option<PlainLine> {
        let start = from + memchr::memrchr(b'\n', &block[from..end])?;
        let line = &block[start + 1..end];
        if line.first() != Some(&b'\t') {
            return None;
        }
        let address = line.iter().position(|byte| !matches!(byte, b'\t' | b' '))?;
        if !line[address].is_ascii_graphic() {
            return None;
        }
        let symbol = match options.include_addrs {
            true => address,
            false => address + line[address..].iter().position(|byte| *byte == b' ')?,
        };
        Some(PlainLine {
            start,
            key: (start + 1 + symbol, end),
        })
    }
}

/// How many bytes `a` and `b` have in common at their end.
fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    const STEP: usize = 32;
    let equal_steps = a
        .rchunks_exact(STEP)
        .zip(b.rchunks_exact(STEP))
        .take_while(|(a, b)| a == b);
    let end = equal_steps.count() * STEP;
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let equal_bytes = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b);
    end + equal_bytes.count()
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
        self.print(event, options);
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

    /// Writes `COMM`, `COMM-PID` or `COMM-PID/TID` to `printed`.
    fn print(&mut self, event: &EventLine<'_>, options: &Options) {
        self.printed.clear();
        self.printed.extend_from_slice(event.comm);
        if options.include_pid || options.include_tid {
            self.printed.push(b'-');
            self.printed.extend_from_slice(event.pid.unwrap_or(b"?"));
        }
        if options.include_tid {
            self.printed.push(b'/');
            self.printed.extend_from_slice(event.tid);
        }
    }
}

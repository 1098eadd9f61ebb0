//! From the frame lines of a sample to its node in the call tree.
//!
//! [`Stacks`] remembers the sample before, level by level, and every line it has ever parsed; see
//! [`perf`](super) for why that is fast.

use super::Options;
use super::event::EventLine;
use super::frame::{FrameLine, function_name, name_frames};
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::text::lossy;
use ahash::{AHashMap, RandomState};
use hashbrown::HashTable;
use std::ops::Range;

/// The stack of the sample read last, and the caches.
pub(super) struct Stacks {
    /// The lines of the sample, the root's first.
    levels: Vec<Level>,
    /// How many levels, from the root, have the right node.
    walked: usize,
    /// Where the text of the sample is in its block; empty if it is not to be compared with.
    text: Range<usize>,
    is_java: bool,
    /// Lines of Java commands, which are named differently, are kept apart.
    lines: [LineCache; 2],
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

impl Default for Stacks {
    fn default() -> Stacks {
        let lines = [false, true].map(|is_java| LineCache {
            is_java,
            ..LineCache::default()
        });
        Stacks {
            levels: Vec::new(),
            walked: 0,
            text: 0..0,
            is_java: false,
            lines,
            commands: Commands::default(),
        }
    }
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
            let id = self.cache().look_up(outer, line, line, options, tree);
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
            .rposition(|level| lines.hides_callers(level.line));
        let root = match first {
            Some(_) => CallTree::ROOT,
            None => self.commands.node(event, options, tree),
        };
        let levels = &self.levels[first.unwrap_or(0)..];
        levels
            .iter()
            .fold(root, |node, level| lines.walk(level.line, node, tree))
    }

    fn cache(&mut self) -> &mut LineCache {
        &mut self.lines[usize::from(self.is_java)]
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
        let id = self.cache().look_up(outer, key, whole, options, tree);
        self.push_level(id, from_end, line.key);
    }

    fn push_level(&mut self, line: LineId, from_end: usize, key: (usize, usize)) {
        let outer = self.reading();
        let read = self.lines[usize::from(self.is_java)].line(line);
        self.levels.push(Level {
            line,
            from_end,
            key,
            node: CallTree::ROOT,
            has_frames: outer.has_frames || !read.frames.is_empty(),
            has_unread: outer.has_unread || read.is_unread,
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

/// Names a line of a [`LineCache`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct LineId(u32);

/// Every frame line seen, with the frames it stands for.
///
/// A large profile has more of them than a core's caches hold, so what counts is how much cold
/// memory a lookup touches. Lines are stored in the order they come in, each stack's together,
/// and a line knows which one followed it last: if that one follows again, as it does half of the
/// time, nothing is hashed and only memory next to the last is read.
#[derive(Default)]
struct LineCache {
    /// Whether the lines are those of Java commands.
    is_java: bool,
    hasher: RandomState,
    entries: HashTable<Entry>,
    lines: Vec<Line>,
    /// The text of all lines, end to end.
    text: Vec<u8>,
    frames: Vec<FrameId>,
    /// The outermost line of the last stack.
    outermost: Option<LineId>,
}

/// What a lookup compares first. It holds the hash, so that no text is read when the table grows.
#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    line: LineId,
}

/// What a line says, and what it stands for.
struct Line {
    /// In [`LineCache::text`].
    text: Range<usize>,
    /// In [`LineCache::frames`], the outermost first. None for a process name in parentheses.
    frames: Range<u32>,
    is_unread: bool,
    hides_callers: bool,
    /// The line that came next, towards the leaf, when this one was last looked up.
    next: Option<LineId>,
}

impl LineCache {
    /// The line `whole`, whose meaning hangs on `key` only. `outer` is the line before it.
    fn look_up(
        &mut self,
        outer: Option<LineId>,
        key: &[u8],
        whole: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> LineId {
        let expected = match outer {
            Some(outer) => self.line(outer).next,
            None => self.outermost,
        };
        if let Some(line) = expected
            && self.text_of(line) == key
        {
            return line;
        }
        let line = self
            .find(key)
            .unwrap_or_else(|hash| self.insert(hash, key, whole, options, tree));
        match outer {
            Some(outer) => self.lines[outer.0 as usize].next = Some(line),
            None => self.outermost = Some(line),
        }
        line
    }

    /// The line that says `key`, or the hash to insert it with.
    fn find(&self, key: &[u8]) -> Result<LineId, u64> {
        let hash = self.hasher.hash_one(key);
        let same = |entry: &Entry| entry.hash == hash && self.text_of(entry.line) == key;
        self.entries
            .find(hash, same)
            .map(|entry| entry.line)
            .ok_or(hash)
    }

    #[cold]
    fn insert(
        &mut self,
        hash: u64,
        key: &[u8],
        whole: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> LineId {
        let line = LineId(u32::try_from(self.lines.len()).expect("fewer than 2^32 lines"));
        let mut read = self.read(whole, options, tree);
        read.text = self.text.len()..self.text.len() + key.len();
        self.text.extend_from_slice(key);
        self.lines.push(read);
        self.entries
            .insert_unique(hash, Entry { hash, line }, |entry| entry.hash);
        line
    }

    fn text_of(&self, line: LineId) -> &[u8] {
        &self.text[self.line(line).text.clone()]
    }

    #[cold]
    fn read(&mut self, whole: &[u8], options: &Options, tree: &mut CallTree) -> Line {
        let frame_count =
            |frames: &Vec<FrameId>| u32::try_from(frames.len()).expect("fewer than 2^32 frames");
        let start = frame_count(&self.frames);
        let mut read = Line {
            text: 0..0,
            frames: start..start,
            is_unread: false,
            hides_callers: false,
            next: None,
        };
        let Some(line) = FrameLine::parse(whole) else {
            read.is_unread = true;
            return read;
        };
        let symbol = lossy(line.symbol);
        if let Some(function) = function_name(&symbol) {
            read.hides_callers = options.skip_after.iter().any(|name| *name == function);
            name_frames(&function, &line, options, self.is_java, |name| {
                self.frames.push(tree.intern(name.as_bytes()));
            });
            read.frames.end = frame_count(&self.frames);
        }
        read
    }

    fn line(&self, line: LineId) -> &Line {
        &self.lines[line.0 as usize]
    }

    fn hides_callers(&self, line: LineId) -> bool {
        self.line(line).hides_callers
    }

    /// The node below `parent` for the frames of `line`.
    fn walk(&self, line: LineId, parent: NodeId, tree: &mut CallTree) -> NodeId {
        let frames = &self.line(line).frames;
        let frames = &self.frames[frames.start as usize..frames.end as usize];
        frames
            .iter()
            .fold(parent, |node, &frame| tree.child(node, frame))
    }
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

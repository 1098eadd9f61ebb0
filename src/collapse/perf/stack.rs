//! Maps the frame lines of a sample to its node in the call tree.
//!
//! [`StackReader`] caches the previous sample, level by level, all parsed lines, and their successors;
//! see [`perf`](super) for how this makes it fast.

use super::Options;
use super::class::source_location;
use super::event::EventLine;
use super::frame::{FrameLine, function_name, name_frames};
use super::jit::JitMaps;
use super::key::{Key, Keys};
use super::known::KnownStacks;
use super::samples::{
    may_name_addresses, plain_tail_start, split_last_line, strip_plain, tail_start,
};
use super::start::Start;
use crate::bytes::text::{lossy, trim_end};
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::cache::lines::{LineCache, LineId};
use crate::collapse::cache::successors::{Successor, Successors};
use crate::names::symbol::command_frame;
use ahash::AHashMap;
use std::ops::Range;

/// The current stack, and the caches.
#[derive(Default)]
pub(super) struct StackReader {
    levels: Levels,
    is_java: bool,
    keys: Keys,
    lines: LineCache<Facts>,
    successors: Successors,
    commands: Commands,
    known: KnownStacks,
    jit_maps: JitMaps,
}

/// The lines of a sample, starting with the root.
#[derive(Default)]
struct Levels {
    all: Vec<Level>,
    /// The node of the command, which is the parent of the first level.
    command: Option<NodeId>,
    /// The end of the lines in the block, if they are those of a plain sample in it.
    end: usize,
}

#[derive(Clone, Copy)]
struct Level {
    line: LineId,
    /// The length of the line and the line end before it, in bytes.
    length: usize,
    /// `None` if it is unknown, or does not exist yet.
    node: Option<NodeId>,
}

/// The result of reading the lines of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadStack {
    /// `None` if there are no frames.
    pub node: Option<NodeId>,
    /// The number of lines.
    pub lines: usize,
}

impl StackReader {
    /// Whether to look up whole stacks, which requires knowing where samples start.
    pub fn looks_for_whole(&self, options: &Options) -> bool {
        predicts(options) && !self.known.is_paused()
    }

    pub fn jit_maps(&self) -> &JitMaps {
        &self.jit_maps
    }

    /// Forgets the position of the previous sample, because a new block begins.
    pub fn start_block(&mut self) {
        self.levels.clear();
    }

    /// Reads the lines at `range` in the block, each with the preceding line end. `None` if they
    /// are not all frame lines in perf's usual form; then the state is unchanged.
    pub fn read_plain(
        &mut self,
        block: &[u8],
        range: Range<usize>,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<ReadStack> {
        self.set_command(event, options);
        let text = &block[range.clone()];
        let Some(command) = self.levels.command.filter(|_| self.known.is_worthwhile()) else {
            return self.read_lines_of(block, range, options, tree);
        };
        match self.known.find(command, text) {
            Ok(stack) => Some(stack),
            Err(hash) => {
                let stack = self.read_lines_of(block, range, options, tree)?;
                if stack.node.is_some() && !may_name_addresses(text, options) {
                    self.known.note(hash, command, text, stack);
                }
                Some(stack)
            }
        }
    }

    /// Reads the lines at `range` one by one, for [`StackReader::read_plain`], if the whole stack is not
    /// cached.
    fn read_lines_of(
        &mut self,
        block: &[u8],
        range: Range<usize>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<ReadStack> {
        if self.read_frames(block, range.clone(), options, tree) > range.start {
            self.levels.clear();
            return None;
        }
        Some(self.finish(options, tree))
    }

    /// Reads the lines at the end of `range` that are frames in perf's usual form as those of a
    /// sample, and returns their start.
    fn read_frames(
        &mut self,
        block: &[u8],
        range: Range<usize>,
        options: &Options,
        tree: &mut CallTree,
    ) -> usize {
        let mut rest = self.levels.keep_shared(block, &block[range.clone()]);
        loop {
            let parent = self.levels.leaf_node();
            let predicted = parent.map_or(Err(None), |parent| self.find_predicted(parent, rest));
            let found = match predicted {
                Ok(found) => Some(found),
                Err(name_end) => self.look_up_last(rest, name_end, parent, options, tree),
            };
            let Some((line, node, before)) = found else {
                break;
            };
            let length = rest.len() - before.len();
            self.levels.all.push(Level { line, length, node });
            rest = before;
        }
        self.levels.end = range.end;
        range.start + rest.len()
    }

    /// Reads the last line of `text` if it is the latest successor of `parent`. If it is another
    /// line in the same module, returns the end of its name.
    #[inline]
    fn find_predicted<'t>(
        &self,
        parent: NodeId,
        text: &'t [u8],
    ) -> Result<Found<'t>, Option<NameEnd>> {
        let Some(Successor { line, node }) = self.successors.latest(parent) else {
            return Err(None);
        };
        let Some(key) = Key::of(self.lines.key(line), self.is_java) else {
            return Err(None);
        };
        let Some(name) = self.keys.strip_tail(text, key.module) else {
            return Err(None);
        };
        let before = name.strip_suffix(key.text);
        match before.and_then(|before| strip_plain(text, &text[before.len()..])) {
            Some(rest) => Ok((line, Some(node), rest)),
            None if key.module == 0 => Err(None),
            None => Err(Some(NameEnd {
                end: name.len(),
                module: key.module,
            })),
        }
    }

    /// Looks up the last line of `text`, below `parent` if that is known; `None` if it is not a
    /// frame line in perf's usual form.
    fn look_up_last<'t>(
        &mut self,
        text: &'t [u8],
        name_end: Option<NameEnd>,
        parent: Option<NodeId>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<Found<'t>> {
        let (rest, line) = split_last_line(text)?;
        let start = text.len() - line.len() + plain_tail_start(line, options)?;
        let key = name_end
            .and_then(|end| end.key(text, start))
            .unwrap_or_else(|| self.keys.key(&text[start..]));
        let line = self.look_up(key, line, options, tree);
        if !self.lines.facts(line).is_frame_anywhere {
            return None;
        }
        let parent = parent.filter(|_| predicts(options));
        let node = parent.and_then(|parent| self.lines.find_node(line, parent, tree));
        if let (Some(parent), Some(node)) = (parent, node) {
            self.successors.note(parent, Successor { line, node });
        }
        Some((line, node, rest))
    }

    /// Reads the frames of the sample that ends at `end` in the block, assuming the command of the
    /// previous sample, and returns their start.
    pub fn read_ahead(
        &mut self,
        block: &[u8],
        end: usize,
        options: &Options,
        tree: &mut CallTree,
    ) -> usize {
        self.known.skip();
        self.read_frames(block, 0..end, options, tree)
    }

    /// The stack of the frames at `range`, which were read in advance, now that the event is known.
    pub fn finish_ahead(
        &mut self,
        block: &[u8],
        range: Range<usize>,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> Option<ReadStack> {
        match self.set_command(event, options) {
            true => self.read_lines_of(block, range, options, tree),
            false => Some(self.finish(options, tree)),
        }
    }

    /// Reads lines in any form, starting with the root. Lines that are not frames are skipped. A line may
    /// include the next one, its source location.
    pub fn read_lines<'b>(
        &mut self,
        lines: impl Iterator<Item = &'b [u8]>,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> ReadStack {
        self.set_command(event, options);
        self.levels.clear();
        for line in lines {
            let tail = &line[tail_start(line, options).unwrap_or(0)..];
            let id = self.look_up(Key::checked(tail), line, options, tree);
            self.levels.all.push(Level {
                line: id,
                length: 0,
                node: None,
            });
        }
        let stack = self.finish(options, tree);
        self.levels.clear();
        stack
    }

    /// The node of the command of a sample.
    pub fn command_node(
        &mut self,
        event: &EventLine<'_>,
        options: &Options,
        tree: &mut CallTree,
    ) -> NodeId {
        self.set_command(event, options);
        self.commands.make_node(tree)
    }

    fn look_up(
        &mut self,
        key: Key<'_>,
        line: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> LineId {
        let is_java = self.is_java;
        let jit_maps = &mut self.jit_maps;
        self.lines
            .look_up(key.context(is_java), key.text, |frames| {
                read_line(line, options, is_java, jit_maps, frames, tree)
            })
    }

    /// Sets the command of the next sample; returns whether it changed.
    fn set_command(&mut self, event: &EventLine<'_>, options: &Options) -> bool {
        let is_other = self.commands.find(event, options);
        if is_other {
            self.levels.clear();
            self.is_java = event.start.comm.starts_with(b"java");
        }
        self.levels.command = self.commands.node.filter(|_| predicts(options));
        is_other
    }

    fn finish(&mut self, options: &Options, tree: &mut CallTree) -> ReadStack {
        let levels = &self.levels.all;
        let lines = levels.len();
        let mut levels = levels.iter();
        let has_frames = levels.any(|level| self.lines.has_frames(level.line));
        let node = has_frames.then(|| match options.skip_after.is_empty() {
            true => self.walk(options, tree),
            false => self.walk_skipping(tree),
        });
        ReadStack { node, lines }
    }

    /// The node of the current stack. Missing nodes are created.
    fn walk(&mut self, options: &Options, tree: &mut CallTree) -> NodeId {
        let known = self
            .levels
            .all
            .partition_point(|level| level.node.is_some());
        let last = self.levels.all[..known].last();
        let mut parent = match last.and_then(|level| level.node) {
            Some(node) => node,
            None => self.commands.make_node(tree),
        };
        for level in &mut self.levels.all[known..] {
            let (line, node) = (level.line, self.lines.walk(level.line, parent, tree));
            if predicts(options) {
                self.successors.note(parent, Successor { line, node });
                level.node = Some(node);
            }
            parent = node;
        }
        parent
    }

    /// Like [`StackReader::walk`], but starts at the innermost function that hides its callers.
    fn walk_skipping(&mut self, tree: &mut CallTree) -> NodeId {
        let lines = &mut self.lines;
        let levels = &self.levels.all;
        let first = levels
            .iter()
            .rposition(|level| lines.facts(level.line).hides_callers);
        let root = match first {
            Some(_) => CallTree::ROOT,
            None => self.commands.make_node(tree),
        };
        levels[first.unwrap_or(0)..]
            .iter()
            .fold(root, |node, level| lines.walk(level.line, node, tree))
    }
}

/// A line, its node if it is known, and the rest of the text that it was found in.
type Found<'t> = (LineId, Option<NodeId>, &'t [u8]);

/// The end of the name in a text whose last line ends with this module.
#[derive(Clone, Copy)]
struct NameEnd {
    end: usize,
    module: u64,
}

impl NameEnd {
    /// The key of the last line, whose tail starts at `start`.
    #[inline]
    fn key(self, text: &[u8], start: usize) -> Option<Key<'_>> {
        let name = text.get(start..self.end).filter(|name| !name.is_empty())?;
        Some(Key {
            text: name,
            module: self.module,
        })
    }
}

/// Whether lines are predicted. They are where a line leads from a node to one node.
fn predicts(options: &Options) -> bool {
    options.skip_after.is_empty()
}

impl Levels {
    fn clear(&mut self) {
        self.all.clear();
        self.end = 0;
    }

    /// Keeps the levels whose lines `text` ends with, and returns the rest of it.
    fn keep_shared<'t>(&mut self, block: &[u8], text: &'t [u8]) -> &'t [u8] {
        let (mut rest, mut other) = (text, &block[..self.end]);
        let mut shared = 0;
        for level in &self.all {
            let (Some(line), Some(other_line)) = (
                rest.split_at_checked(rest.len().wrapping_sub(level.length)),
                other.split_at_checked(other.len().wrapping_sub(level.length)),
            ) else {
                break;
            };
            if line.1 != other_line.1 {
                break;
            }
            (rest, other) = (line.0, other_line.0);
            shared += 1;
        }
        self.all.truncate(shared);
        rest
    }

    /// The node of the innermost level, or of the command; `None` if it is unknown.
    #[inline]
    fn leaf_node(&self) -> Option<NodeId> {
        self.all.last().map_or(self.command, |level| level.node)
    }
}

/// Properties of a line besides its frames.
#[derive(Clone, Copy)]
struct Facts {
    /// Whether the line is a frame regardless of its address and its indentation.
    is_frame_anywhere: bool,
    hides_callers: bool,
}

/// Parses `line`, which may include its source location, and adds its frames; none for a process name in
/// parentheses.
#[cold]
fn read_line(
    line: &[u8],
    options: &Options,
    is_java: bool,
    jit_maps: &mut JitMaps,
    frames: &mut Vec<FrameId>,
    tree: &mut CallTree,
) -> Facts {
    let mut facts = Facts {
        is_frame_anywhere: false,
        hides_callers: false,
    };
    let (line, source) = match memchr::memchr(b'\n', line) {
        Some(end) => (trim_end(&line[..end]), source_location(&line[end + 1..])),
        None => (line, None),
    };
    let Some(line) = FrameLine::parse(line) else {
        return facts;
    };
    facts.is_frame_anywhere = line.has_symbol_and_module;
    jit_maps.note(&line);
    let symbol = lossy(line.symbol);
    if let Some(function) = function_name(&symbol) {
        facts.hides_callers = options.skip_after.iter().any(|name| *name == function);
        name_frames(&function, &line, options, is_java, |name| {
            frames.push(match &source {
                Some(source) => tree.intern(&source.append_to(name)),
                None => tree.intern(name.as_bytes()),
            });
        });
    }
    facts
}

/// The nodes of commands, which are the first frames of all stacks.
#[derive(Default)]
struct Commands {
    nodes: AHashMap<Vec<u8>, NodeId>,
    /// The last command, as printed.
    printed: Vec<u8>,
    /// Its node, if it exists.
    node: Option<NodeId>,
    before: Vec<u8>,
}

impl Commands {
    /// Makes the command of `event` the last one; returns whether it changed.
    fn find(&mut self, event: &EventLine<'_>, options: &Options) -> bool {
        if !prints_ids(options) && event.start.comm == self.printed {
            return false;
        }
        std::mem::swap(&mut self.printed, &mut self.before);
        self.printed.clear();
        print_command(event, options, &mut self.printed);
        if self.printed == self.before {
            return false;
        }
        self.node = self.nodes.get(&self.printed).copied();
        true
    }

    /// The node of the last command.
    fn make_node(&mut self, tree: &mut CallTree) -> NodeId {
        *self.node.get_or_insert_with(|| {
            let name = command_frame(&self.printed);
            let node = match name.is_empty() {
                true => CallTree::ROOT,
                false => tree.child_called(CallTree::ROOT, name.as_bytes()),
            };
            self.nodes.insert(self.printed.clone(), node);
            node
        })
    }
}

fn prints_ids(options: &Options) -> bool {
    options.include_pid || options.include_tid
}

/// Writes `COMM`, `COMM-PID` or `COMM-PID/TID`; nothing if perf did not print the thread.
fn print_command(event: &EventLine<'_>, options: &Options, out: &mut Vec<u8>) {
    let start = &event.start;
    out.extend_from_slice(start.comm);
    if !prints_ids(options) || *start == Start::default() {
        return;
    }
    if start.comm.is_empty() {
        out.push(b'?');
    }
    out.push(b'-');
    out.extend_from_slice(start.pid.unwrap_or(b"?"));
    if options.include_tid {
        out.push(b'/');
        out.extend_from_slice(start.tid.unwrap_or(b"?"));
    }
}

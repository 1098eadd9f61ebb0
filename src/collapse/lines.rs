//! Every frame line that was seen, with the frames it stands for.
//!
//! Profiles print the same lines over and over. A line found here need not be parsed, nor need
//! its names be made and interned again.

use crate::call_tree::{CallTree, FrameId, NodeId};
use ahash::RandomState;
use hashbrown::HashTable;
use std::ops::Range;

/// Names a line of a [`LineCache`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct LineId(u32);

/// Lines with their frames, and with `T`, what else a format knows of a line.
///
/// A large profile has more of them than a core's caches hold, so what counts is how much cold
/// memory a lookup touches. Lines are stored in the order they come in, each stack's together,
/// and a line knows which one followed it last: if that one follows again, as it does half of the
/// time, nothing is hashed and only memory next to the last is read.
pub(super) struct LineCache<T> {
    hasher: RandomState,
    entries: HashTable<Entry>,
    lines: Vec<Line<T>>,
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
struct Line<T> {
    /// In [`LineCache::text`].
    text: Range<usize>,
    /// In [`LineCache::frames`], the outermost first.
    frames: Range<u32>,
    facts: T,
    /// The line that came next, towards the leaf, when this one was last looked up.
    next: Option<LineId>,
}

impl<T> Default for LineCache<T> {
    fn default() -> LineCache<T> {
        LineCache {
            hasher: RandomState::new(),
            entries: HashTable::new(),
            lines: Vec::new(),
            text: Vec::new(),
            frames: Vec::new(),
            outermost: None,
        }
    }
}

impl<T> LineCache<T> {
    /// The line whose meaning hangs on `key`. `outer` is the line before it in its stack.
    ///
    /// If it is new, `read` says what it is, and adds the frames it stands for, the outermost
    /// first.
    pub fn look_up(
        &mut self,
        outer: Option<LineId>,
        key: &[u8],
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
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
            .unwrap_or_else(|hash| self.insert(hash, key, read));
        match outer {
            Some(outer) => self.lines[outer.0 as usize].next = Some(line),
            None => self.outermost = Some(line),
        }
        line
    }

    /// What `read` said of the line.
    pub fn facts(&self, line: LineId) -> &T {
        &self.line(line).facts
    }

    /// Whether the line stands for any frames.
    pub fn has_frames(&self, line: LineId) -> bool {
        !self.line(line).frames.is_empty()
    }

    /// The node below `parent` for the frames of `line`.
    pub fn walk(&self, line: LineId, parent: NodeId, tree: &mut CallTree) -> NodeId {
        let frames = &self.line(line).frames;
        let frames = &self.frames[frames.start as usize..frames.end as usize];
        frames
            .iter()
            .fold(parent, |node, &frame| tree.child(node, frame))
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
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
    ) -> LineId {
        let line = LineId(number(self.lines.len()));
        let start = number(self.frames.len());
        let facts = read(&mut self.frames);
        self.lines.push(Line {
            text: self.text.len()..self.text.len() + key.len(),
            frames: start..number(self.frames.len()),
            facts,
            next: None,
        });
        self.text.extend_from_slice(key);
        self.entries
            .insert_unique(hash, Entry { hash, line }, |entry| entry.hash);
        line
    }

    fn line(&self, line: LineId) -> &Line<T> {
        &self.lines[line.0 as usize]
    }

    fn text_of(&self, line: LineId) -> &[u8] {
        &self.text[self.line(line).text.clone()]
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 lines and frames")
}

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
pub(super) struct LineCache<T> {
    hasher: RandomState,
    entries: HashTable<Entry>,
    lines: Vec<Line<T>>,
    /// The text of all lines, end to end.
    text: Vec<u8>,
    frames: Vec<FrameId>,
}

/// What a lookup compares. It holds where the text is, so that text and line, which are mostly in
/// cold memory, are fetched at the same time.
#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    text_start: usize,
    text_len: u32,
    line: LineId,
}

impl Entry {
    fn text<'a>(&self, all: &'a [u8]) -> &'a [u8] {
        &all[self.text_start..self.text_start + self.text_len as usize]
    }
}

/// What a line stands for.
struct Line<T> {
    /// In [`LineCache::frames`], the outermost first.
    frames: Range<u32>,
    facts: T,
    /// A function is mostly called by the same one: the node the line was last found below, and
    /// its node then, save the tree a lookup.
    last_step: Option<(NodeId, NodeId)>,
}

impl<T> Default for LineCache<T> {
    fn default() -> LineCache<T> {
        LineCache {
            hasher: RandomState::new(),
            entries: HashTable::new(),
            lines: Vec::new(),
            text: Vec::new(),
            frames: Vec::new(),
        }
    }
}

impl<T> LineCache<T> {
    /// The line whose meaning hangs on `key`. If it is new, `read` says what it is, and adds the
    /// frames it stands for, the outermost first.
    pub fn look_up(&mut self, key: &[u8], read: impl FnOnce(&mut Vec<FrameId>) -> T) -> LineId {
        let hash = self.hasher.hash_one(key);
        let text = &self.text;
        let same = |entry: &Entry| entry.hash == hash && entry.text(text) == key;
        if let Some(entry) = self.entries.find(hash, same) {
            return entry.line;
        }
        let line = LineId(number(self.lines.len()));
        let start = number(self.frames.len());
        let facts = read(&mut self.frames);
        self.lines.push(Line {
            frames: start..number(self.frames.len()),
            facts,
            last_step: None,
        });
        self.insert(hash, key, line);
        line
    }

    /// What `read` said of the line.
    pub fn facts(&self, line: LineId) -> &T {
        &self.lines[line.0 as usize].facts
    }

    /// Whether the line stands for any frames.
    pub fn has_frames(&self, line: LineId) -> bool {
        !self.lines[line.0 as usize].frames.is_empty()
    }

    /// The node below `parent` for the frames of `line`.
    pub fn walk(&mut self, line: LineId, parent: NodeId, tree: &mut CallTree) -> NodeId {
        let line = &mut self.lines[line.0 as usize];
        if let Some((last_parent, node)) = line.last_step
            && last_parent == parent
        {
            return node;
        }
        let frames = &self.frames[line.frames.start as usize..line.frames.end as usize];
        let node = frames
            .iter()
            .fold(parent, |node, &frame| tree.child(node, frame));
        line.last_step = Some((parent, node));
        node
    }

    fn insert(&mut self, hash: u64, key: &[u8], line: LineId) {
        let entry = Entry {
            hash,
            text_start: self.text.len(),
            text_len: number(key.len()),
            line,
        };
        self.text.extend_from_slice(key);
        self.entries.insert_unique(hash, entry, |entry| entry.hash);
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 lines, frames, and bytes in a line")
}

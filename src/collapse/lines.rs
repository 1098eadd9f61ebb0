//! Every frame line that was seen, with the frames it stands for.
//!
//! Profiles print the same lines over and over. A line found here need not be parsed, nor need
//! its names be made and interned again.

use crate::call_tree::{CallTree, FrameId, NodeId};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

/// Names a line of a [`LineCache`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct LineId(u32);

/// Lines with their frames, and with `T`, what else a format knows of a line.
///
/// What counts in a large profile is that they fit in a core's caches. So a format should leave out
/// of a key all that does not tell functions apart: addresses, offsets.
pub(super) struct LineCache<T> {
    hasher: RandomState,
    entries: HashTable<Entry>,
    lines: Vec<Line<T>>,
    /// The text of all lines, end to end.
    text: Vec<u8>,
    frames: Vec<FrameId>,
}

/// What a lookup compares first. It holds the hash, so that no text is read when the table grows.
#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    line: LineId,
}

/// What a line says, and what it stands for.
struct Line<T> {
    context: u64,
    /// In [`LineCache::text`].
    text: Range<usize>,
    /// In [`LineCache::frames`], the outermost first.
    frames: Range<u32>,
    facts: T,
}

impl<T> Default for LineCache<T> {
    fn default() -> LineCache<T> {
        LineCache {
            hasher: RandomState::default(),
            entries: HashTable::new(),
            lines: Vec::new(),
            text: Vec::new(),
            frames: Vec::new(),
        }
    }
}

impl<T> LineCache<T> {
    /// The line that says `text`; `context` is what else its meaning hangs on.
    ///
    /// If it is new, `read` says what it is, and adds the frames it stands for, the outermost
    /// first.
    pub fn look_up(
        &mut self,
        context: u64,
        text: &[u8],
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
    ) -> LineId {
        let hash = self.hash(context, text);
        let is_same = |entry: &Entry| {
            entry.hash == hash
                && self.line(entry.line).context == context
                && self.text_of(entry.line) == text
        };
        match self.entries.find(hash, is_same) {
            Some(entry) => entry.line,
            None => self.insert(hash, context, text, read),
        }
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

    fn hash(&self, context: u64, text: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(context);
        hasher.write(text);
        hasher.finish()
    }

    #[cold]
    fn insert(
        &mut self,
        hash: u64,
        context: u64,
        text: &[u8],
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
    ) -> LineId {
        let line = LineId(number(self.lines.len()));
        let start = number(self.frames.len());
        let facts = read(&mut self.frames);
        let text_start = self.text.len();
        self.text.extend_from_slice(text);
        self.lines.push(Line {
            context,
            text: text_start..self.text.len(),
            frames: start..number(self.frames.len()),
            facts,
        });
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

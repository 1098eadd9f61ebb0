//! A cache of frame lines with their frames.
//!
//! Profiles repeat the same lines many times. A line found here does not need to be parsed, and its
//! names do not need to be built and interned again.

use crate::call_tree::table::{Hashed, Id, Table};
use crate::call_tree::{CallTree, FrameId, NodeId};
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;
use std::ops::Range;

/// Identifies a line of a [`LineCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineId(NonZeroU32);

impl LineId {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Id for LineId {
    const NONE: LineId = LineId(NonZeroU32::MAX);
}

/// Lines with their frames, and with `T`, other data of the format.
///
/// In a large profile, it is essential that the lines fit in a core's cache. Therefore, a format
/// should exclude everything from the key that does not distinguish functions, such as addresses
/// and offsets.
pub(crate) struct LineCache<T> {
    hasher: RandomState,
    ids: Table<Hashed<LineId>>,
    lines: Vec<Line<T>>,
    /// The keys of all lines, concatenated: 8 bytes of context followed by the text.
    text: Vec<u8>,
    frames: Vec<FrameId>,
}

/// A line and its frames.
struct Line<T> {
    /// The start of its context in [`LineCache::text`], and the length of the text after it.
    start: usize,
    length: usize,
    /// A range in [`LineCache::frames`], the outermost frame first.
    frames: Range<u32>,
    facts: T,
}

impl<T> Default for LineCache<T> {
    fn default() -> LineCache<T> {
        LineCache {
            hasher: RandomState::default(),
            ids: Table::default(),
            lines: Vec::new(),
            text: Vec::new(),
            frames: Vec::new(),
        }
    }
}

impl<T> LineCache<T> {
    /// Returns the line with the key `context` and `text`. The text has no line end; the context is
    /// other data that the frames depend on.
    ///
    /// For a new line, `read` parses it, and adds its frames, the outermost first.
    pub fn look_up(
        &mut self,
        context: u64,
        text: &[u8],
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
    ) -> LineId {
        let hash = self.hash(context, text);
        match self.find(hash, context, text) {
            Some(line) => line,
            None => self.insert(hash, context, text, read),
        }
    }

    fn find(&self, hash: u32, context: u64, text: &[u8]) -> Option<LineId> {
        let is_same = |entry: &Hashed<_>| self.key(entry.id) == (context, text);
        self.ids.find(hash, is_same).map(|entry| entry.id)
    }

    /// The data that `read` returned for the line.
    pub fn facts(&self, line: LineId) -> &T {
        &self.line(line).facts
    }

    /// Whether the line has any frames.
    pub fn has_frames(&self, line: LineId) -> bool {
        !self.line(line).frames.is_empty()
    }

    /// The key of the line: its context and its text.
    #[inline]
    pub fn key(&self, line: LineId) -> (u64, &[u8]) {
        let line = self.line(line);
        let (context, text) = self.text[line.start..].split_at(size_of::<u64>());
        let context = context.try_into().map_or(0, u64::from_le_bytes);
        (context, &text[..line.length])
    }

    /// The node below `parent` for the frames of `line`, which is created if necessary. The tree
    /// must be the same in each call.
    pub fn walk(&self, line: LineId, parent: NodeId, tree: &mut CallTree) -> NodeId {
        let frames = self.frames(line).iter();
        frames.fold(parent, |node, &frame| tree.child(node, frame))
    }

    /// The node below `parent` for the frames of `line`, if it exists.
    pub fn find_node(&self, line: LineId, parent: NodeId, tree: &mut CallTree) -> Option<NodeId> {
        let mut frames = self.frames(line).iter();
        frames.try_fold(parent, |node, &frame| tree.find_child(node, frame))
    }

    fn frames(&self, line: LineId) -> &[FrameId] {
        let frames = &self.line(line).frames;
        &self.frames[frames.start as usize..frames.end as usize]
    }

    fn hash(&self, context: u64, text: &[u8]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(context);
        hasher.write(text);
        (hasher.finish() >> 32) as u32
    }

    #[cold]
    fn insert(
        &mut self,
        hash: u32,
        context: u64,
        text: &[u8],
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
    ) -> LineId {
        let first_frame = number(self.frames.len());
        let facts = read(&mut self.frames);
        let start = self.text.len();
        self.text.extend_from_slice(&context.to_le_bytes());
        self.text.extend_from_slice(text);
        self.lines.push(Line {
            start,
            length: text.len(),
            frames: first_frame..number(self.frames.len()),
            facts,
        });
        let line = LineId(NonZeroU32::MIN.saturating_add(number(self.lines.len() - 1)));
        self.ids.insert(Hashed { hash, id: line });
        line
    }

    #[inline]
    fn line(&self, line: LineId) -> &Line<T> {
        &self.lines[line.index()]
    }
}

fn number(count: usize) -> u32 {
    // One number is reserved for no line.
    let number = u32::try_from(count).ok().filter(|n| *n < u32::MAX - 1);
    number.expect("fewer than 2^32 lines and frames")
}

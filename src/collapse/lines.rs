//! Every frame line that was seen, with the frames it stands for.
//!
//! Profiles print the same lines over and over. A line found here need not be parsed, nor need
//! its names be made and interned again.

use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::table::{Hashed, Id, Table};
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;
use std::ops::Range;

/// Names a line of a [`LineCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineId(NonZeroU32);

impl LineId {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Id for LineId {
    const NONE: LineId = LineId(NonZeroU32::MAX);
}

/// Lines with their frames, and with `T`, what else a format knows of a line.
///
/// What counts in a large profile is that they fit in a core's caches. So a format should leave out
/// of a key all that does not tell functions apart: addresses, offsets.
pub(super) struct LineCache<T> {
    hasher: RandomState,
    places: Table<Hashed<LineId>>,
    lines: Vec<Line<T>>,
    /// What all lines say, end to end: the context in 8 bytes, the text.
    text: Vec<u8>,
    frames: Vec<FrameId>,
}

/// What a line says, and what it stands for.
struct Line<T> {
    /// Where in [`LineCache::text`] its context starts, and the length of its own text behind it.
    start: usize,
    length: usize,
    /// In [`LineCache::frames`], the outermost first.
    frames: Range<u32>,
    facts: T,
}

impl<T> Default for LineCache<T> {
    fn default() -> LineCache<T> {
        LineCache {
            hasher: RandomState::default(),
            places: Table::default(),
            lines: Vec::new(),
            text: Vec::new(),
            frames: Vec::new(),
        }
    }
}

impl<T> LineCache<T> {
    /// The line that says `text`, which holds no line end; `context` is what else its meaning
    /// hangs on.
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
        match self.find(hash, context, text) {
            Some(line) => line,
            None => self.insert(hash, context, text, read),
        }
    }

    fn find(&self, hash: u32, context: u64, text: &[u8]) -> Option<LineId> {
        let is_same = |place: &Hashed<_>| self.key(place.id) == (context, text);
        self.places.find(hash, is_same).map(|place| place.id)
    }

    /// What `read` said of the line.
    pub fn facts(&self, line: LineId) -> &T {
        &self.line(line).facts
    }

    /// Whether the line stands for any frames.
    pub fn has_frames(&self, line: LineId) -> bool {
        !self.line(line).frames.is_empty()
    }

    /// What the line was looked up with: its context and its text.
    #[inline]
    pub fn key(&self, line: LineId) -> (u64, &[u8]) {
        let line = self.line(line);
        let (context, text) = self.text[line.start..].split_at(size_of::<u64>());
        let context = context.try_into().map_or(0, u64::from_le_bytes);
        (context, &text[..line.length])
    }

    /// The node below `parent` for the frames of `line`, which is made if it is not there. The tree
    /// must be the same each time.
    pub fn walk(&self, line: LineId, parent: NodeId, tree: &mut CallTree) -> NodeId {
        let frames = self.frames(line).iter();
        frames.fold(parent, |node, &frame| tree.child(node, frame))
    }

    /// The node below `parent` for the frames of `line`, if it is there.
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
        self.places.insert(Hashed { hash, id: line });
        line
    }

    #[inline]
    fn line(&self, line: LineId) -> &Line<T> {
        &self.lines[line.index()]
    }
}

fn number(count: usize) -> u32 {
    // One less than there are numbers, for one stands for no line.
    let number = u32::try_from(count).ok().filter(|n| *n < u32::MAX - 1);
    number.expect("fewer than 2^32 lines and frames")
}

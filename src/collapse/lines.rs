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
    /// What all lines say, end to end: the context in 8 bytes, the text, a line end.
    text: Vec<u8>,
    frames: Vec<FrameId>,
}

/// What a lookup reads before the text itself. It holds the hash, so that no text is read when the
/// table grows.
#[derive(Clone, Copy)]
struct Entry {
    hash: Hash,
    line: LineId,
    /// Where in [`LineCache::text`] the line starts.
    start: usize,
}

/// Half a hash, which is enough to tell lines apart that are not equal, but for a few.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hash(u32);

impl Hash {
    /// The hash as the table wants it, which looks at the bits at both ends.
    fn whole(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

/// What a line stands for.
struct Line<T> {
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
        let is_same = |entry: &Entry| entry.hash == hash && self.says(entry, context, text);
        match self.entries.find(hash.whole(), is_same) {
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

    #[inline]
    fn says(&self, entry: &Entry, context: u64, text: &[u8]) -> bool {
        let line = self.text[entry.start..].split_first_chunk();
        line.is_some_and(|(start, rest)| {
            u64::from_le_bytes(*start) == context
                && rest.get(text.len()) == Some(&b'\n')
                && rest.starts_with(text)
        })
    }

    fn hash(&self, context: u64, text: &[u8]) -> Hash {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(context);
        hasher.write(text);
        Hash((hasher.finish() >> 32) as u32)
    }

    #[cold]
    fn insert(
        &mut self,
        hash: Hash,
        context: u64,
        text: &[u8],
        read: impl FnOnce(&mut Vec<FrameId>) -> T,
    ) -> LineId {
        let line = LineId(number(self.lines.len()));
        let start = number(self.frames.len());
        let facts = read(&mut self.frames);
        self.lines.push(Line {
            frames: start..number(self.frames.len()),
            facts,
        });
        let start = self.text.len();
        self.text.extend_from_slice(&context.to_le_bytes());
        self.text.extend_from_slice(text);
        self.text.push(b'\n');
        let entry = Entry { hash, line, start };
        self.entries
            .insert_unique(hash.whole(), entry, |entry| entry.hash.whole());
        line
    }

    fn line(&self, line: LineId) -> &Line<T> {
        &self.lines[line.0 as usize]
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 lines and frames")
}

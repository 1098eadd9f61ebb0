//! Every frame line that was seen, with the frames it stands for.
//!
//! Profiles print the same lines over and over. A line found here need not be parsed, nor need
//! its names be made and interned again.

use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::table::{Entry, Table};
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

/// Names a line of a [`LineCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineId(u32);

/// Lines with their frames, and with `T`, what else a format knows of a line.
///
/// What counts in a large profile is that they fit in a core's caches. So a format should leave out
/// of a key all that does not tell functions apart: addresses, offsets.
pub(super) struct LineCache<T> {
    hasher: RandomState,
    places: Table<Place>,
    lines: Vec<Line<T>>,
    /// What all lines say, end to end: the context in 8 bytes, the text, a line end.
    text: Vec<u8>,
    frames: Vec<FrameId>,
}

/// A line to look up.
#[derive(Clone)]
pub(super) struct Asked {
    pub context: u64,
    pub text: Range<usize>,
    place: Place,
    /// Whether the place may be that of the line, as far as was looked.
    is_likely: bool,
}

/// What a lookup reads before the text itself. It holds the hash, so that no text is read when the
/// table grows.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Half a hash, which is enough to tell lines apart that are not equal, but for a few.
    hash: u32,
    line: LineId,
    /// Where in [`LineCache::text`] the line starts.
    start: usize,
}

impl Entry for Place {
    const NONE: Place = Place {
        hash: 0,
        line: LineId(u32::MAX),
        start: usize::MAX,
    };

    fn is_none(&self) -> bool {
        self.line == Self::NONE.line
    }

    fn hash(&self) -> u32 {
        self.hash
    }
}

impl Asked {
    pub fn new(context: u64, text: Range<usize>) -> Asked {
        Asked {
            context,
            text,
            place: Place::NONE,
            is_likely: false,
        }
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

    /// Does for each line that is `asked` for what [`LineCache::look_up`] does, and hands it to
    /// `use_line` with its index. Their texts are parts of `block`.
    ///
    /// It is faster: what is far away in memory is waited for once, not for each.
    pub fn look_up_all(
        &mut self,
        block: &[u8],
        asked: &mut [Asked],
        mut read: impl FnMut(usize, &mut Vec<FrameId>) -> T,
        mut use_line: impl FnMut(&LineCache<T>, usize, LineId),
    ) {
        self.find_places(block, asked);
        for (index, asked) in asked.iter().enumerate() {
            let text = &block[asked.text.clone()];
            let is_found = asked.is_likely && self.says(&asked.place, asked.context, text);
            let line = match is_found {
                true => asked.place.line,
                false => self.look_up(asked.context, text, |frames| read(index, frames)),
            };
            use_line(self, index, line);
        }
    }

    /// Reads where each line has its place, then how the line there starts. These loops do so
    /// little that a core is at the next lines while it waits for the first one.
    fn find_places(&self, block: &[u8], asked: &mut [Asked]) {
        for asked in asked.iter_mut() {
            asked.place.hash = self.hash(asked.context, &block[asked.text.clone()]);
        }
        for asked in asked.iter_mut() {
            let place = self.places.first(asked.place.hash);
            asked.is_likely = place.hash == asked.place.hash;
            asked.place = *place;
        }
        for asked in asked.iter_mut() {
            let start = self.text.get(asked.place.start..).unwrap_or_default();
            asked.is_likely &= start.starts_with(&asked.context.to_le_bytes());
        }
    }

    fn find(&self, hash: u32, context: u64, text: &[u8]) -> Option<LineId> {
        let is_same = |place: &Place| self.says(place, context, text);
        self.places.find(hash, is_same).map(|place| place.line)
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
    fn says(&self, place: &Place, context: u64, text: &[u8]) -> bool {
        let line = self.text[place.start..].split_first_chunk();
        line.is_some_and(|(start, rest)| {
            u64::from_le_bytes(*start) == context
                && rest.get(text.len()) == Some(&b'\n')
                && rest.starts_with(text)
        })
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
        self.places.insert(Place { hash, line, start });
        line
    }

    fn line(&self, line: LineId) -> &Line<T> {
        &self.lines[line.0 as usize]
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 lines and frames")
}

//! The names of frames.

use super::FrameId;
use super::table::{Hashed, Id, Table};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

/// Byte strings, each stored once, concatenated.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameTable {
    bytes: Vec<u8>,
    /// The end of each name in `bytes`.
    ends: Vec<usize>,
    /// The hash table of the first names. The remaining ones are added before a lookup, so that
    /// appending names known to be new does not use the table.
    entries: Table<Hashed<FrameId>>,
    hasher: RandomState,
}

impl Id for FrameId {
    const NONE: FrameId = FrameId(u32::MAX);
}

impl FrameTable {
    /// Returns the id of `name`, which is added if it does not exist, and whether it did. Line ends
    /// in it become spaces, because folded text has one line per stack.
    pub fn intern(&mut self, name: &[u8]) -> (FrameId, bool) {
        let hash = self.hash(name);
        if let Some(id) = self.find(hash, name) {
            return (id, true);
        }
        match has_line_end(name) {
            true => self.intern_as_is(&on_one_line(name)),
            false => (self.insert(hash, name), false),
        }
    }

    /// Interns a name without changing it.
    pub fn intern_as_is(&mut self, name: &[u8]) -> (FrameId, bool) {
        let hash = self.hash(name);
        match self.find(hash, name) {
            Some(id) => (id, true),
            None => (self.insert(hash, name), false),
        }
    }

    // Always inlined, as is the lookup below.
    #[inline(always)]
    fn find(&mut self, hash: u32, name: &[u8]) -> Option<FrameId> {
        if self.entries.len() < self.len() {
            self.list_missing();
        }
        let is_same = |entry: &Hashed<_>| self.name(entry.id) == name;
        self.entries.find(hash, is_same).map(|entry| entry.id)
    }

    fn insert(&mut self, hash: u32, name: &[u8]) -> FrameId {
        let id = self.push_new([name, b""]);
        self.entries.insert(Hashed { hash, id });
        id
    }

    /// Adds a new name without line ends, given in two parts.
    pub fn push_new(&mut self, [start, rest]: [&[u8]; 2]) -> FrameId {
        let id = FrameId(u32::try_from(self.len()).expect("fewer than 2^32 frames"));
        self.bytes.extend_from_slice(start);
        self.bytes.extend_from_slice(rest);
        self.ends.push(self.bytes.len());
        id
    }

    #[cold]
    fn list_missing(&mut self) {
        for id in (self.entries.len()..self.len()).map(|id| FrameId(id as u32)) {
            let hash = self.hash(self.name(id));
            self.entries.insert(Hashed { hash, id });
        }
    }

    #[inline]
    fn hash(&self, name: &[u8]) -> u32 {
        self.hasher.hash_one(name) as u32
    }

    #[inline]
    pub fn name(&self, id: FrameId) -> &[u8] {
        let start = match id.index() {
            0 => 0,
            index => self.ends[index - 1],
        };
        &self.bytes[start..self.ends[id.index()]]
    }

    /// The names that contain `text`. All are searched at once.
    pub fn names_with(&self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        let places = memchr::memmem::find_iter(&self.bytes, text);
        let name_at = |at| self.name(FrameId(self.ends.partition_point(|&end| end <= at) as u32));
        // A match may span the end of one name and the start of the next.
        places
            .map(name_at)
            .filter(|name| memchr::memmem::find(name, text).is_some())
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|id| self.name(FrameId(id)))
    }
}

fn has_line_end(name: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', name).is_some()
}

/// Replaces line ends in the name with spaces, except at the start and end, where they are removed.
#[cold]
fn on_one_line(name: &[u8]) -> Vec<u8> {
    let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = name.iter().take_while(|byte| is_line_end(byte)).count();
    let rest = &name[start..];
    let end = rest
        .iter()
        .rev()
        .take_while(|byte| is_line_end(byte))
        .count();
    let without_line_end = |byte: &u8| if is_line_end(byte) { b' ' } else { *byte };
    rest[..rest.len() - end]
        .iter()
        .map(without_line_end)
        .collect()
}

//! The names of frames.

use super::FrameId;
use crate::table::{Hashed, Id, Table};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

/// Byte strings stored once each, end to end.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameTable {
    bytes: Vec<u8>,
    /// Where each name ends in `bytes`.
    ends: Vec<usize>,
    /// The names to be found by, the first ones. Those from there on are listed when one is looked
    /// for: who knows that all names are new never does.
    entries: Table<Hashed<FrameId>>,
    hasher: RandomState,
}

impl Id for FrameId {
    const NONE: FrameId = FrameId(u32::MAX);
}

impl FrameTable {
    /// The id of `name`, which is added if it is not there, and whether it was.
    pub fn intern(&mut self, name: &[u8]) -> (FrameId, bool) {
        if self.entries.len() < self.len() {
            self.list_missing();
        }
        let hash = self.hash(name);
        let is_same = |entry: &Hashed<_>| self.name(entry.id) == name;
        if let Some(entry) = self.entries.find(hash, is_same) {
            return (entry.id, true);
        }
        let id = self.push_new([name, b""]);
        self.entries.insert(Hashed { hash, id });
        (id, false)
    }

    /// Adds a name that is not there, in two parts.
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

    pub fn name(&self, id: FrameId) -> &[u8] {
        let start = match id.index() {
            0 => 0,
            index => self.ends[index - 1],
        };
        &self.bytes[start..self.ends[id.index()]]
    }

    /// The names that have `text` in them. All are searched at once.
    pub fn names_with(&self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        let places = memchr::memmem::find_iter(&self.bytes, text);
        let name_at = |at| self.name(FrameId(self.ends.partition_point(|&end| end <= at) as u32));
        // Text may be found where one name ends and the next one starts.
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

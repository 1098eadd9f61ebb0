//! The names of frames.

use super::FrameId;
use crate::table::{Entry, Table};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

/// The hash of a name in one [`CallTree`](super::CallTree).
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameHash(u32);

impl NameHash {
    pub fn new(name: &[u8], hasher: &RandomState) -> NameHash {
        NameHash(hasher.hash_one(name) as u32)
    }
}

/// Byte strings stored once each, end to end.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameTable {
    bytes: Vec<u8>,
    /// Where each name ends in `bytes`.
    ends: Vec<usize>,
    entries: Table<FrameEntry>,
}

/// A name by its hash, which is kept so that no name is read when the table grows.
#[derive(Debug, Clone, Copy)]
struct FrameEntry {
    hash: u32,
    id: FrameId,
}

impl Entry for FrameEntry {
    const NONE: FrameEntry = FrameEntry {
        hash: 0,
        id: FrameId(u32::MAX),
    };

    fn is_none(&self) -> bool {
        self.id == Self::NONE.id
    }

    fn hash(&self) -> u32 {
        self.hash
    }
}

impl FrameTable {
    pub fn find(&self, name: &[u8], hash: NameHash) -> Option<FrameId> {
        let is_same = |entry: &FrameEntry| self.name(entry.id) == name;
        self.entries.find(hash.0, is_same).map(|entry| entry.id)
    }

    /// Adds a name that is not there.
    pub fn push(&mut self, name: &[u8], hash: NameHash) -> FrameId {
        let id = FrameId(u32::try_from(self.ends.len()).expect("fewer than 2^32 frames"));
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
        self.entries.insert(FrameEntry { hash: hash.0, id });
        id
    }

    pub fn name(&self, id: FrameId) -> &[u8] {
        let start = match id.index() {
            0 => 0,
            index => self.ends[index - 1],
        };
        &self.bytes[start..self.ends[id.index()]]
    }

    /// All names, end to end.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|id| self.name(FrameId(id)))
    }
}

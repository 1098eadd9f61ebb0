//! Whole stacks that were seen before, by their text.

use crate::call_tree::NodeId;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::ops::Range;

/// Finds the node of a stack that was printed before in the same words.
///
/// Most profiles consist of few stacks, and there nothing is faster. Where few stacks come again
/// it would be work for nothing: so it is left off for a while whenever it did not pay.
#[derive(Default)]
pub(super) struct KnownStacks {
    hasher: RandomState,
    entries: HashTable<Entry>,
    /// What all of them say, end to end.
    text: Vec<u8>,
    asked: u32,
    found: u32,
    /// How many stacks are to be let through unasked.
    pause: u32,
}

struct Entry {
    hash: u64,
    text: Range<usize>,
    node: NodeId,
}

impl KnownStacks {
    const TRIAL: u32 = 2048;
    const PAUSE: u32 = 8 * Self::TRIAL;
    /// What there may be of `text`, in bytes.
    const MOST_TEXT: usize = 1 << 23;

    /// Whether asking is likely to pay.
    pub fn is_worth_asking(&mut self) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        if self.asked == Self::TRIAL {
            if self.found < Self::TRIAL / 2 {
                self.pause = Self::PAUSE;
            }
            (self.asked, self.found) = (0, 0);
        }
        true
    }

    /// The node of the stack that says `text`, or the hash to insert it with.
    pub fn find(&mut self, text: &[u8]) -> Result<NodeId, u64> {
        let hash = self.hasher.hash_one(text);
        let is_same = |entry: &Entry| entry.hash == hash && self.text[entry.text.clone()] == *text;
        let found = self.entries.find(hash, is_same).map(|entry| entry.node);
        self.asked += 1;
        self.found += u32::from(found.is_some());
        found.ok_or(hash)
    }

    pub fn insert(&mut self, hash: u64, text: &[u8], node: NodeId) {
        if self.text.len() + text.len() > Self::MOST_TEXT {
            self.forget();
        }
        let start = self.text.len();
        self.text.extend_from_slice(text);
        let entry = Entry {
            hash,
            text: start..self.text.len(),
            node,
        };
        self.entries.insert_unique(hash, entry, |entry| entry.hash);
    }

    fn forget(&mut self) {
        self.entries.clear();
        self.text.clear();
    }
}

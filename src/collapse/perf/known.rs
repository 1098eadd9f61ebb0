//! Whole stacks that were seen before, by their text.

use crate::call_tree::{CallTree, NodeId};
use crate::table::{self, Table};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

/// Finds the node of a stack that was printed before in the same words.
///
/// Most profiles consist of few stacks, and there nothing is faster. Where few stacks come again
/// it would be work for nothing: so it is left off for a while whenever it did not pay.
#[derive(Default)]
pub(super) struct KnownStacks {
    hasher: RandomState,
    entries: Table<Entry>,
    /// What all of them say, end to end.
    text: Vec<u8>,
    asked: u32,
    found: u32,
    /// How many stacks are to be let through unasked.
    pause: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    node: NodeId,
    /// Where in `text` the stack starts, and where it ends.
    start: u32,
    end: u32,
}

impl table::Entry for Entry {
    const NONE: Entry = Entry {
        hash: 0,
        node: CallTree::ROOT,
        start: 0,
        end: 0,
    };

    fn is_none(&self) -> bool {
        self.end == 0
    }

    fn hash(&self) -> u32 {
        self.hash
    }
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
    pub fn find(&mut self, text: &[u8]) -> Result<NodeId, u32> {
        let hash = self.hasher.hash_one(text) as u32;
        let is_same = |entry: &Entry| self.text[entry.start as usize..entry.end as usize] == *text;
        let found = self.entries.find(hash, is_same).map(|entry| entry.node);
        self.asked += 1;
        self.found += u32::from(found.is_some());
        found.ok_or(hash)
    }

    pub fn insert(&mut self, hash: u32, text: &[u8], node: NodeId) {
        if self.text.len() + text.len() > Self::MOST_TEXT {
            self.forget();
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.text.len()), u32::try_from(text.len()))
        else {
            return;
        };
        self.text.extend_from_slice(text);
        self.entries.insert(Entry {
            hash,
            node,
            start,
            end: start + length,
        });
    }

    fn forget(&mut self) {
        self.entries = Table::default();
        self.text.clear();
    }
}

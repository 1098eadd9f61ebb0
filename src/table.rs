//! A hash table of small entries, for lookups dominated by memory latency.
//!
//! It uses open addressing with linear probing: if the slot of an entry is taken, the entry goes
//! into the next free one. So most lookups need one memory access, where a table with separate
//! metadata needs two.

use std::ops::Range;

/// An entry of a [`Table`], with its hash.
pub(crate) trait Entry: Copy {
    /// The value of an empty slot.
    const NONE: Self;

    fn is_none(&self) -> bool;

    fn hash(&self) -> u32;

    /// The preferred slot, if free. Entries that are used together are then close together in
    /// memory.
    fn near(&self) -> Option<u32> {
        None
    }
}

/// An entry with only the id of an item. It stores the hash, so that growing the table reads
/// nothing else. Half a hash is enough to distinguish nearly all items.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hashed<I> {
    pub hash: u32,
    pub id: I,
}

/// The id in a [`Hashed`].
pub(crate) trait Id: Copy + PartialEq {
    /// The id of no item.
    const NONE: Self;
}

impl<I: Id> Entry for Hashed<I> {
    const NONE: Hashed<I> = Hashed {
        hash: 0,
        id: I::NONE,
    };

    fn is_none(&self) -> bool {
        self.id == I::NONE
    }

    fn hash(&self) -> u32 {
        self.hash
    }
}

/// The number of slots to try from [`Entry::near`]. The limit bounds the cost if many entries
/// prefer the same slot.
const MAX_PROBES: usize = 8;

#[derive(Debug, Clone)]
pub(crate) struct Table<E> {
    /// The length is a power of two, and larger than [`MAX_PROBES`].
    slots: Vec<E>,
    used: usize,
}

impl<E: Entry> Default for Table<E> {
    fn default() -> Table<E> {
        Table {
            slots: vec![E::NONE; 64],
            used: 0,
        }
    }
}

impl<E: Entry> Table<E> {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.used
    }

    /// The entry with this hash for which `is_same` returns true.
    // Always inlined: calls cost the collapsers 2 to 7 % of all instructions.
    #[inline(always)]
    pub fn find(&self, hash: u32, is_same: impl Fn(&E) -> bool) -> Option<&E> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let entry = &self.slots[at];
            if entry.is_none() {
                return None;
            }
            if entry.hash() == hash && is_same(entry) {
                return Some(entry);
            }
            at = (at + 1) & mask;
        }
    }

    /// Finds an entry that has a preferred slot. The hash is computed only in the rare case that it
    /// is needed.
    #[inline]
    pub fn find_near(
        &self,
        near: u32,
        hash: impl FnOnce() -> u32,
        is_same: impl Fn(&E) -> bool,
    ) -> Option<&E> {
        for entry in &self.slots[self.slots_near(near)] {
            if entry.is_none() {
                return None;
            }
            if is_same(entry) {
                return Some(entry);
            }
        }
        self.find(hash(), is_same)
    }

    /// The slots to try for an entry that prefers the slot `near`.
    #[inline]
    fn slots_near(&self, near: u32) -> Range<usize> {
        let wanted = near as usize & (self.slots.len() - 1);
        let start = wanted.min(self.slots.len() - MAX_PROBES);
        start..start + MAX_PROBES
    }

    /// Adds an entry, which must not exist yet.
    pub fn insert(&mut self, entry: E) {
        if 4 * (self.used + 1) > 3 * self.slots.len() {
            self.grow();
        }
        self.used += 1;
        self.put(entry);
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![E::NONE; 2 * self.slots.len()];
        let entries = std::mem::replace(&mut self.slots, larger);
        for entry in entries.into_iter().filter(|entry| !entry.is_none()) {
            self.put(entry);
        }
    }

    fn put(&mut self, entry: E) {
        if let Some(near) = entry.near() {
            let wanted = self.slots_near(near);
            let free = self.slots[wanted].iter_mut().find(|slot| slot.is_none());
            if let Some(slot) = free {
                *slot = entry;
                return;
            }
        }
        let mask = self.slots.len() - 1;
        let mut at = entry.hash() as usize & mask;
        while !self.slots[at].is_none() {
            at = (at + 1) & mask;
        }
        self.slots[at] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[derive(Clone, Copy)]
    struct Numbered {
        hash: u32,
        near: Option<u32>,
        number: u64,
        index: usize,
    }

    impl Entry for Numbered {
        const NONE: Numbered = Numbered {
            hash: 0,
            near: None,
            number: 0,
            index: 0,
        };

        fn is_none(&self) -> bool {
            self.number == 0
        }

        fn hash(&self) -> u32 {
            self.hash
        }

        fn near(&self) -> Option<u32> {
            self.near
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_map_does(
            numbers in prop::collection::vec(1u64..99, 0..300),
            is_near: bool,
            neighbors in 1u32..30,
        ) {
            let mut table = Table::<Numbered>::default();
            let mut map = HashMap::new();
            for (index, &number) in numbers.iter().enumerate() {
                // Few hashes, and the last slots of the table, so that entries collide.
                let hash = (number as u32 % 9).wrapping_mul(0x1fff_ffff);
                let near = is_near.then_some((number as u32 % neighbors).wrapping_sub(3));
                let is_same = |entry: &Numbered| entry.number == number;
                let found = match near {
                    Some(near) => table.find_near(near, || hash, is_same),
                    None => table.find(hash, is_same),
                };
                prop_assert_eq!(found.map(|entry| entry.index), map.get(&number).copied());
                if found.is_none() {
                    table.insert(Numbered { hash, near, number, index });
                    map.insert(number, index);
                }
            }
        }
    }
}

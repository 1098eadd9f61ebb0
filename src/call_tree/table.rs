//! A hash table of small entries, for lookups dominated by memory latency.
//!
//! It uses open addressing with linear probing: if the slot of an entry is taken, the entry goes
//! into the next free one. So most lookups need one memory access, where a table with separate
//! metadata needs two.

/// An entry of a [`Table`], with its hash.
pub(crate) trait Entry: Copy {
    /// The value of an empty slot.
    const NONE: Self;

    fn is_none(&self) -> bool;

    fn hash(&self) -> u32;
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

#[derive(Debug, Clone)]
pub(crate) struct Table<E> {
    /// The length is a power of two.
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
    // Always inlined: calls cost the collapsers 2 to 7% of all instructions.
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
        number: u64,
        index: usize,
    }

    impl Entry for Numbered {
        const NONE: Numbered = Numbered {
            hash: 0,
            number: 0,
            index: 0,
        };

        fn is_none(&self) -> bool {
            self.number == 0
        }

        fn hash(&self) -> u32 {
            self.hash
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_hash_map(
            numbers in prop::collection::vec(1u64..99, 0..300),
        ) {
            let mut table = Table::<Numbered>::default();
            let mut map = HashMap::new();
            for (index, &number) in numbers.iter().enumerate() {
                // Few hashes, so that entries collide.
                let hash = (number as u32 % 9).wrapping_mul(0x1fff_ffff);
                let is_same = |entry: &Numbered| entry.number == number;
                let found = table.find(hash, is_same);
                prop_assert_eq!(found.map(|entry| entry.index), map.get(&number).copied());
                if found.is_none() {
                    table.insert(Numbered { hash, number, index });
                    map.insert(number, index);
                }
            }
        }
    }
}

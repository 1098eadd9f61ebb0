//! A hash table of small entries, for lookups that wait for memory and for little else.
//!
//! What has no room in its own place is in the next one that is free. So an entry is mostly found
//! with one access, where a table that keeps tags apart from entries needs two.

use std::ops::Range;

/// What a [`Table`] holds: the hash, and what it is for.
pub(crate) trait Entry: Copy {
    /// Stands where there is no entry.
    const NONE: Self;

    fn is_none(&self) -> bool;

    fn hash(&self) -> u32;

    /// Where it should be, if there is room, for the sake of its neighbors: entries that are used
    /// together are then close together in memory.
    fn near(&self) -> Option<u32> {
        None
    }
}

/// An entry that is no more than the id of what is looked for. It holds the hash, half of one being
/// enough to tell nearly all apart, so that nothing else is read when the table grows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hashed<I> {
    pub hash: u32,
    pub id: I,
}

/// What a [`Hashed`] may hold.
pub(crate) trait Id: Copy + PartialEq {
    /// Is the id of nothing.
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

/// How many places from [`Entry::near`] on are tried. It bounds what it takes if very many entries
/// want to be at one place.
const TRIED: usize = 8;

#[derive(Debug, Clone)]
pub(crate) struct Table<E> {
    /// As many as a power of two, and more than are tried.
    places: Vec<E>,
    used: usize,
}

impl<E: Entry> Default for Table<E> {
    fn default() -> Table<E> {
        Table {
            places: vec![E::NONE; 64],
            used: 0,
        }
    }
}

impl<E: Entry> Table<E> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.used
    }

    /// The entry with this hash that `is_same` agrees to.
    // Always inlined: calls cost the collapsers 2 to 7 % of all instructions.
    #[inline(always)]
    pub fn find(&self, hash: u32, is_same: impl Fn(&E) -> bool) -> Option<&E> {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let entry = &self.places[at];
            if entry.is_none() {
                return None;
            }
            if entry.hash() == hash && is_same(entry) {
                return Some(entry);
            }
            at = (at + 1) & mask;
        }
    }

    /// The same for entries that want to be `near`, with no hash but in the rare case that it takes
    /// one to find them.
    #[inline]
    pub fn find_near(
        &self,
        near: u32,
        hash: impl FnOnce() -> u32,
        is_same: impl Fn(&E) -> bool,
    ) -> Option<&E> {
        for entry in &self.places[self.places_near(near)] {
            if entry.is_none() {
                return None;
            }
            if is_same(entry) {
                return Some(entry);
            }
        }
        self.find(hash(), is_same)
    }

    /// The places to try for an entry that wants to be `near`.
    #[inline]
    fn places_near(&self, near: u32) -> Range<usize> {
        let wanted = near as usize & (self.places.len() - 1);
        let start = wanted.min(self.places.len() - TRIED);
        start..start + TRIED
    }

    /// Adds an entry that is not there.
    pub fn insert(&mut self, entry: E) {
        if 4 * (self.used + 1) > 3 * self.places.len() {
            self.grow();
        }
        self.used += 1;
        self.put(entry);
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![E::NONE; 2 * self.places.len()];
        let entries = std::mem::replace(&mut self.places, larger);
        for entry in entries.into_iter().filter(|entry| !entry.is_none()) {
            self.put(entry);
        }
    }

    fn put(&mut self, entry: E) {
        if let Some(near) = entry.near() {
            let wanted = self.places_near(near);
            let free = self.places[wanted].iter_mut().find(|place| place.is_none());
            if let Some(place) = free {
                *place = entry;
                return;
            }
        }
        let mask = self.places.len() - 1;
        let mut at = entry.hash() as usize & mask;
        while !self.places[at].is_none() {
            at = (at + 1) & mask;
        }
        self.places[at] = entry;
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
                // Few hashes, and the last places of the table, so that entries stand in the way.
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

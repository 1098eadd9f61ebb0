//! A hash table of small entries, for lookups that wait for memory and for little else.
//!
//! What has no room in its own place is in the next one that is free. So an entry is mostly found
//! with one access, where a table that keeps tags apart from entries needs two; and where an entry
//! would be can be read without looking for it, many of them at a time.

/// What a [`Table`] holds: the hash, and what it is for.
pub(crate) trait Entry: Copy {
    /// Stands where there is no entry.
    const NONE: Self;

    fn is_none(&self) -> bool;

    fn hash(&self) -> u32;
}

#[derive(Debug, Clone)]
pub(crate) struct Table<E> {
    /// As many as a power of two.
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
    /// The entry in the place that `hash` has: mostly the one that is looked for.
    #[inline]
    pub fn first(&self, hash: u32) -> &E {
        &self.places[hash as usize & (self.places.len() - 1)]
    }

    /// The entry with this hash that `is_same` agrees to.
    #[inline]
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
    struct Numbered(u32, u64);

    impl Entry for Numbered {
        const NONE: Numbered = Numbered(0, 0);

        fn is_none(&self) -> bool {
            self.1 == 0
        }

        fn hash(&self) -> u32 {
            self.0
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_map_does(keys in prop::collection::vec((0u32..9, 1u64..99), 0..300)) {
            let mut table = Table::<Numbered>::default();
            let mut map = HashMap::new();
            for (index, key @ (hash, number)) in keys.iter().enumerate() {
                let hash = hash.wrapping_mul(0x1fff_ffff);
                let found = table.find(hash, |entry| entry.1 >> 32 == *number);
                prop_assert_eq!(found.map(|entry| entry.1 as u32 as usize), map.get(key).copied());
                if found.is_none() {
                    table.insert(Numbered(hash, number << 32 | index as u64));
                    map.insert(key, index);
                }
                prop_assert!(!table.first(hash).is_none());
            }
        }
    }
}

//! Maps ids to indexes in tables.

use ahash::AHashMap;

/// The indexes of entries by their ids, which usually count up from 0 or 1.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// For ids that are not much larger than the number of entries.
    near: Vec<u32>,
    far: AHashMap<u64, u32>,
    length: usize,
}

/// The value for no entry.
const NONE: u32 = u32::MAX;

impl Ids {
    pub fn get(&self, id: u64) -> Option<u32> {
        let near = usize::try_from(id).ok().and_then(|id| self.near.get(id));
        match near {
            Some(index) if *index != NONE => Some(*index),
            // The id may have been added to `far` when the table was smaller.
            _ if self.far.is_empty() => None,
            _ => self.far.get(&id).copied(),
        }
    }

    /// Adds an id, unless it exists already. Returns whether it was added.
    pub fn insert(&mut self, id: u64, index: u32) -> bool {
        const MIN_NEAR: usize = 1 << 10;
        if self.get(id).is_some() {
            return false;
        }
        self.length += 1;
        match usize::try_from(id) {
            Ok(id) if id < MIN_NEAR + 4 * self.length => {
                if self.near.len() <= id {
                    self.near.resize(id + 1, NONE);
                }
                self.near[id] = index;
            }
            _ => drop(self.far.insert(id, index)),
        }
        true
    }

    /// The ids with their indexes.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        let near = self.near.iter().enumerate();
        let near = near.filter(|(_, index)| **index != NONE);
        let far = self.far.iter().map(|(id, index)| (*id, *index));
        near.map(|(id, index)| (id as u64, *index)).chain(far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_whether_they_are_near_or_far() {
        let mut ids = Ids::default();
        let all = [0, 1, u64::MAX, 7, 5000, 1 << 40];
        for (index, id) in all.into_iter().enumerate() {
            assert_eq!(ids.get(id), None);
            assert!(ids.insert(id, index as u32));
            assert!(!ids.insert(id, 99));
        }
        // Ids that were far are now near, and keep their indexes.
        for id in 10_000..20_000 {
            ids.insert(id, 0);
        }
        assert!(!ids.insert(5000, 99));
        for (index, id) in all.into_iter().enumerate() {
            assert_eq!(ids.get(id), Some(index as u32));
        }
        assert_eq!(ids.iter().count(), all.len() + 10_000);
        assert!(ids.near.len() < 1 << 20, "no memory is taken for far ids");
    }
}

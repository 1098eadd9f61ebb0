//! The address space of a process.

use super::objects::ObjectId;
use super::processes::Location;
use std::ops::Range;
use std::sync::Arc;

/// The mappings of a process. Copies share everything until they are modified, and then all except
/// a few mappings around the modification: a child usually differs little from its parent.
#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    /// All mappings in the order of their addresses, several per chunk.
    chunks: Arc<Vec<Chunk>>,
}

/// Mappings; at least one.
type Chunk = Arc<[Map]>;

/// A part of an object in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    pub start: u64,
    pub end: u64,
    pub object: ObjectId,
    /// The start of the mapping in the object.
    pub offset: u64,
    pub is_executable: bool,
}

impl Map {
    /// The part of the mapping in `range`, if any.
    fn part(&self, range: Range<u64>) -> Option<Map> {
        let (start, end) = (self.start.max(range.start), self.end.min(range.end));
        let offset = self.offset.wrapping_add(start.wrapping_sub(self.start));
        (start < end).then_some(Map {
            start,
            end,
            offset,
            ..*self
        })
    }
}

impl Space {
    pub fn find(&self, address: u64) -> Location {
        match self.map_at(address) {
            Some(map) => Location {
                object: map.object,
                address: map.offset.wrapping_add(address - map.start),
                is_return: false,
            },
            None => Location::unknown(address),
        }
    }

    /// Whether there is executable memory at this address.
    pub fn is_executable(&self, address: u64) -> bool {
        self.map_at(address).is_some_and(|map| map.is_executable)
    }

    fn map_at(&self, address: u64) -> Option<&Map> {
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk[0].start <= address);
        let maps = self.chunks.get(chunk.checked_sub(1)?)?;
        let map = maps.partition_point(|map| map.start <= address);
        let map = maps.get(map.checked_sub(1)?)?;
        (address < map.end).then_some(map)
    }

    /// Maps a part of an object, replacing previous mappings.
    pub fn map(&mut self, map: Map) {
        self.replace(map.start..map.end, Some(map));
    }

    /// Maps kernel code, which keeps its addresses.
    pub fn map_code(&mut self, start: u64, end: u64, object: ObjectId) {
        self.map(Map {
            start,
            end,
            object,
            offset: start,
            is_executable: true,
        });
    }

    pub fn unmap(&mut self, start: u64, end: u64) {
        self.replace(start..end, None);
    }

    /// Replaces all mappings in `range` with `new`.
    fn replace(&mut self, range: Range<u64>, new: Option<Map>) {
        const MAX_CHUNK: usize = 16;
        if range.is_empty() {
            return;
        }
        let is_before = |chunk: &Chunk| chunk[0].start < range.start;
        // The chunk that starts before the range may extend into it, and `new` is added at its end.
        let first = self.chunks.partition_point(is_before).saturating_sub(1);
        let end = self.chunks.partition_point(|it| it[0].start < range.end);
        let old = self.chunks[first..end].iter().flat_map(|it| it.iter());
        let mut maps = Vec::with_capacity(2 * MAX_CHUNK);
        for map in old {
            maps.extend(map.part(0..range.start));
            maps.extend(map.part(range.end..u64::MAX));
        }
        let place = maps.partition_point(|map| map.start < range.start);
        maps.splice(place..place, new);
        let count = maps.len().div_ceil(MAX_CHUNK);
        let size = maps.len().div_ceil(count.max(1)).max(1);
        let chunks = maps.chunks(size).map(Chunk::from);
        Arc::make_mut(&mut self.chunks).splice(first..end, chunks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The latest mapping replaces earlier ones, and copies keep theirs.
        #[test]
        fn the_latest_map_counts(
            changes in prop::collection::vec((0u64..200, 0u64..40, any::<bool>()), 0..120),
        ) {
            let mut space = Space::default();
            let mut model = [None; 240];
            let mut copies = Vec::new();
            for (number, (start, length, is_map)) in (1..).zip(changes) {
                copies.push((space.clone(), model));
                let (object, end) = (ObjectId::from_number(number), start + length);
                match is_map {
                    true => space.map(Map { start, end, object, offset: 1000, is_executable: true }),
                    false => space.unmap(start, end),
                }
                for at in start..end {
                    model[at as usize] = is_map.then_some((object, 1000 + at - start));
                }
            }
            copies.push((space, model));
            for (space, model) in copies {
                for (address, expected) in (0..).zip(model) {
                    let found = space.find(address);
                    let expected = expected.unwrap_or((ObjectId::UNKNOWN, address));
                    prop_assert_eq!((found.object, found.address), expected);
                }
            }
        }
    }

    #[test]
    fn the_end_of_all_addresses_can_be_mapped() {
        let mut space = Space::default();
        let (kernel, module) = (ObjectId::from_number(1), ObjectId::from_number(2));
        space.map_code(0x1000, u64::MAX, kernel);
        space.map_code(0x2000, 0x3000, module);
        assert_eq!(space.find(0x1fff).object, kernel);
        assert_eq!(space.find(0x2fff).object, module);
        assert_eq!(space.find(u64::MAX - 1).object, kernel);
        space.unmap(0, u64::MAX);
        assert_eq!(space.find(0x1fff).object, ObjectId::UNKNOWN);
    }
}

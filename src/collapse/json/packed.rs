//! [`PackedIntegers`]: a column of small integers.

/// Integers, each in as many bytes as the largest one needs.
#[derive(Debug, Default)]
pub(crate) struct PackedIntegers {
    /// The integers in little-endian order, padded so that four bytes can be read anywhere.
    bytes: Vec<u8>,
    /// The bytes of an integer: 1 to 4, or 0 if there are none yet.
    width: usize,
    length: usize,
}

impl PackedIntegers {
    pub const EMPTY: PackedIntegers = PackedIntegers {
        bytes: Vec::new(),
        width: 0,
        length: 0,
    };

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn push(&mut self, integer: u32) {
        let width = (integer.max(1).ilog2() / 8 + 1) as usize;
        if width > self.width {
            self.widen(width);
        }
        self.bytes.truncate(self.length * self.width);
        self.bytes.extend_from_slice(&integer.to_le_bytes());
        self.length += 1;
    }

    #[cold]
    fn widen(&mut self, width: usize) {
        let mut wider = PackedIntegers {
            bytes: Vec::with_capacity((self.length + 1) * width + 4),
            width,
            length: 0,
        };
        let integers = (0..self.length).filter_map(|index| self.get(index));
        integers.for_each(|integer| wider.push(integer));
        *self = wider;
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<u32> {
        if index >= self.length {
            return None;
        }
        let bytes = self.bytes[index * self.width..].first_chunk()?;
        let mask = u32::MAX >> (32 - 8 * self.width);
        Some(u32::from_le_bytes(*bytes) & mask)
    }

    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_kept_when_a_wider_one_follows() {
        let integers = [0, 7, 255, 256, 65_535, 3, 65_536, 1 << 24, u32::MAX, 0];
        for count in 0..=integers.len() {
            let mut packed = PackedIntegers::EMPTY;
            integers[..count].iter().for_each(|it| packed.push(*it));
            packed.shrink_to_fit();
            let read: Vec<u32> = (0..count + 1).map_while(|it| packed.get(it)).collect();
            assert_eq!((packed.len(), &*read), (count, &integers[..count]));
        }
    }

    #[test]
    fn small_integers_take_a_byte() {
        let mut packed = PackedIntegers::EMPTY;
        (0..1000).for_each(|integer| packed.push(integer % 256));
        assert_eq!(packed.bytes.len(), 1003);
    }
}

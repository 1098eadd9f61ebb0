//! Reads numbers and strings from the bytes of a chunk.

/// A position in a chunk to read values from. Reads return `None` at the end of the chunk.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    chunk: &'a [u8],
    pub at: usize,
}

/// A string, or a reference to it.
pub(super) enum Text<'a> {
    Null,
    /// The key of a string in the string pool.
    Pooled(i64),
    Utf8(&'a [u8]),
    Owned(Vec<u8>),
}

impl<'a> Input<'a> {
    pub fn at(chunk: &'a [u8], at: usize) -> Input<'a> {
        Input { chunk, at }
    }

    pub fn byte(&mut self) -> Option<u8> {
        let byte = *self.chunk.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.chunk.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// An integer: seven bits per byte, the lowest first; the ninth byte has eight.
    #[inline]
    pub fn number(&mut self) -> Option<i64> {
        // Most numbers have one or two bytes.
        match self.chunk.get(self.at..)? {
            [low @ ..0x80, ..] => {
                self.at += 1;
                Some(i64::from(*low))
            }
            [low, high @ ..0x80, ..] => {
                self.at += 2;
                Some(i64::from(low & 0x7f) | i64::from(*high) << 7)
            }
            _ => self.long_number(),
        }
    }

    #[cold]
    fn long_number(&mut self) -> Option<i64> {
        const LAST: u32 = 56;
        let mut value: u64 = 0;
        for shift in (0..LAST).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value.cast_signed());
            }
        }
        value |= u64::from(self.byte()?) << LAST;
        Some(value.cast_signed())
    }

    /// Skips `count` integers: eight bytes at a time, which usually contain four integers.
    pub fn skip_numbers(&mut self, count: usize) -> Option<()> {
        const TOP_BITS: u64 = 0x8080_8080_8080_8080;
        let mut left = count;
        while left >= 8
            && let Some(bytes) = self.chunk.get(self.at..)?.first_chunk()
        {
            // The top bit is clear in the last byte of each integer.
            let ends = !u64::from_le_bytes(*bytes) & TOP_BITS;
            if ends == 0 {
                self.number()?;
                left -= 1;
            } else {
                self.at += 8 - ends.leading_zeros() as usize / 8;
                left -= ends.count_ones() as usize;
            }
        }
        for _ in 0..left {
            self.number()?;
        }
        Some(())
    }

    /// A count of items that take at least one byte each.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.chunk.len() - self.at).then_some(count)
    }

    pub fn text(&mut self) -> Option<Text<'a>> {
        Some(match self.byte()? {
            0 => Text::Null,
            1 => Text::Utf8(b""),
            2 => Text::Pooled(self.number()?),
            3 => {
                let length = self.count()?;
                Text::Utf8(self.bytes(length)?)
            }
            4 => {
                let length = self.count()?;
                let units = (0..length).map(|_| Some(self.number()? as u16));
                let units = units.collect::<Option<Vec<u16>>>()?;
                Text::Owned(String::from_utf16_lossy(&units).into_bytes())
            }
            5 => {
                let length = self.count()?;
                let text: String = self
                    .bytes(length)?
                    .iter()
                    .map(|byte| char::from(*byte))
                    .collect();
                Text::Owned(text.into_bytes())
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_up_to_nine_bytes() {
        let number = |bytes: &[u8]| Input::at(bytes, 0).number();
        assert_eq!(number(b"\x07"), Some(7));
        assert_eq!(number(b"\x96\x01"), Some(150));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Some(-1));
        assert_eq!(number(b"\x96"), None);
    }

    #[test]
    fn integers_are_skipped_as_they_are_read() {
        let mut bytes = Vec::new();
        for length in [
            1, 2, 9, 3, 1, 1, 8, 9, 9, 1, 7, 2, 2, 2, 1, 1, 1, 1, 5, 9, 4, 1, 2,
        ] {
            bytes.extend([0xff; 8].iter().take(length - 1));
            bytes.push(if length == 9 { 0xff } else { 0x01 });
        }
        for count in 0..25 {
            let (mut read, mut skipped) = (Input::at(&bytes, 0), Input::at(&bytes, 0));
            let numbers = (0..count)
                .map(|_| read.number())
                .collect::<Option<Vec<_>>>();
            assert_eq!(skipped.skip_numbers(count).is_some(), numbers.is_some());
            if numbers.is_some() {
                assert_eq!(skipped.at, read.at);
            }
        }
    }
}

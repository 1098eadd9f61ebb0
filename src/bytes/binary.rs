//! Reads numbers and text from bytes, in the byte order of the machine that wrote them.

/// The byte order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// The unread part of some bytes. Reading beyond the end returns `None`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
    order: ByteOrder,
}

impl<'a> Bytes<'a> {
    pub fn new(rest: &'a [u8], order: ByteOrder) -> Bytes<'a> {
        Bytes { rest, order }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub fn skip(&mut self, length: u64) -> Option<()> {
        self.take(length).map(|_| ())
    }

    /// Skips `count` 64-bit numbers.
    pub fn skip_words(&mut self, count: u64) -> Option<()> {
        self.skip(count.checked_mul(8)?)
    }

    /// The next `count` 64-bit numbers.
    pub fn words(&mut self, count: u64) -> Option<Words<'a>> {
        let bytes = self.take(count.checked_mul(8)?)?;
        Some(Words {
            bytes,
            order: self.order,
        })
    }

    pub fn u16(&mut self) -> Option<u16> {
        let bytes = self.array()?;
        Some(match self.order {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        })
    }

    pub fn u32(&mut self) -> Option<u32> {
        let bytes = self.array()?;
        Some(match self.order {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        })
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.u32().map(u32::cast_signed)
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(word(self.array()?, self.order))
    }

    /// Text in a fixed-size field, which ends at the first NUL.
    pub fn text(&mut self) -> &'a [u8] {
        until_zero(std::mem::take(&mut self.rest))
    }

    /// Text preceded by its length in 32 bits.
    pub fn counted_text(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(u64::from(length)).map(until_zero)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }
}

/// A sequence of 64-bit numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl<'a> Words<'a> {
    pub fn iter(self) -> impl Iterator<Item = u64> + 'a {
        let (words, _) = self.bytes.as_chunks::<8>();
        words.iter().map(move |bytes| word(*bytes, self.order))
    }

    pub fn get(self, index: usize) -> Option<u64> {
        let (words, _) = self.bytes.as_chunks::<8>();
        words.get(index).map(|bytes| word(*bytes, self.order))
    }

    /// The count of numbers.
    pub fn len(self) -> usize {
        self.bytes.len() / 8
    }

    /// The number at an offset in bytes.
    pub fn at(self, offset: usize) -> Option<u64> {
        let bytes = self.bytes.get(offset..)?.first_chunk()?;
        Some(word(*bytes, self.order))
    }

    pub fn from_bytes(bytes: &'a [u8], order: ByteOrder) -> Words<'a> {
        Words { bytes, order }
    }
}

fn word(bytes: [u8; 8], order: ByteOrder) -> u64 {
    match order {
        ByteOrder::Little => u64::from_le_bytes(bytes),
        ByteOrder::Big => u64::from_be_bytes(bytes),
    }
}

fn until_zero(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(0, text).unwrap_or(text.len())]
}

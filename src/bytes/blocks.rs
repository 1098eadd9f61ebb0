//! Splits any reader into blocks of whole records.

use super::error::Mismatch;
use std::io::{self, Read};

/// The default block size in bytes. Small enough for a block to stay in a core's cache while it is
/// folded, large enough to make the cost per block negligible.
pub(crate) const BLOCK_SIZE: usize = 1 << 18;

/// The maximum length of a record, in bytes. Longer ones mean that the input is binary, or has no
/// line ends.
pub(crate) const MAX_RECORD_SIZE: u64 = 256 << 20;

/// The error for a record that is too long and starts at `offset` in the input.
#[cold]
pub(crate) fn record_too_long(offset: u64) -> io::Error {
    let max_mib = MAX_RECORD_SIZE >> 20;
    let expected = format!("a record of at most {max_mib} MiB");
    let message = format!("the record is longer than {max_mib} MiB");
    Mismatch::worded(message, expected, None)
        .at_offset(offset)
        .into()
}

/// A block, whose memory is reused for the next one.
///
/// All of `bytes` is initialized, so that a reader can fill the part after `len` without clearing
/// it first, as a `Vec` of that length would require.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    fn set(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.len = bytes.len();
    }

    fn reserve(&mut self, size: usize) {
        if self.bytes.len() < size {
            self.bytes.resize(size, 0);
        }
    }

    /// Reads until the block has `size` bytes; `false` if the reader ends before. Memory grows as
    /// needed, because most inputs are small.
    fn fill(&mut self, reader: &mut impl Read, size: usize) -> io::Result<bool> {
        const MIN_GROWTH: usize = 1 << 14;
        while self.len < size {
            if self.len == self.bytes.len() {
                self.reserve(size.min(MIN_GROWTH.max(2 * self.len)));
            }
            let end = size.min(self.bytes.len());
            match reader.read(&mut self.bytes[self.len..end]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Splits the data of a reader into blocks that end at the end of a record.
///
/// A block grows as needed for a record longer than a block, up to [`MAX_RECORD_SIZE`]; memory is
/// bounded by the longest record, not by the input.
pub(crate) struct Blocks<R> {
    reader: R,
    state: State,
}

struct State {
    /// The size of blocks, unless a record is longer.
    size: usize,
    /// The start of a record whose end has not been read yet.
    carry: Vec<u8>,
    /// The offset of the next block in the input.
    offset: u64,
    /// The maximum size of a block.
    max_size: usize,
    is_at_end: bool,
}

impl<R: Read> Blocks<R> {
    pub fn new(reader: R) -> Blocks<R> {
        Blocks::with_size(reader, BLOCK_SIZE)
    }

    pub fn with_size(reader: R, size: usize) -> Blocks<R> {
        let state = State {
            size: size.max(1),
            carry: Vec::new(),
            offset: 0,
            max_size: MAX_RECORD_SIZE as usize,
            is_at_end: false,
        };
        Blocks { reader, state }
    }

    /// Sets the offset in the input at which the reader starts.
    pub fn starting_at(mut self, offset: u64) -> Blocks<R> {
        self.state.offset = offset;
        self
    }

    /// The offset of the next block in the input.
    pub fn offset(&self) -> u64 {
        self.state.offset
    }

    /// Whether the reader is at its end.
    pub fn is_at_end(&self) -> bool {
        self.state.is_at_end
    }

    /// The reader, and the number of bytes read from it that belong to the next block.
    pub fn reader(&self) -> (&R, usize) {
        (&self.reader, self.state.carry.len())
    }

    /// The size of blocks, unless a record is longer.
    pub fn size(&self) -> usize {
        self.state.size
    }

    /// Replaces `block` with the next one; returns `false` if there is none.
    ///
    /// `split_point` returns the end of the last whole record in its argument. The last block
    /// contains the rest, even if it is not a whole record.
    ///
    /// # Errors
    /// Errors of the reader, and a record that is too long.
    pub fn next_into(
        &mut self,
        block: &mut Buffer,
        split_point: impl Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<bool> {
        let state = &mut self.state;
        block.set(&state.carry);
        state.carry.clear();
        let mut size = state.size;
        while !state.is_at_end {
            if !block.fill(&mut self.reader, size)? {
                state.is_at_end = true;
                break;
            }
            if let Some(end) = split_point(block).filter(|&end| end > 0) {
                state.carry.extend_from_slice(&block[end..]);
                state.offset += end as u64;
                block.len = end;
                return Ok(true);
            }
            size = next_size(block.len(), state.max_size)
                .ok_or_else(|| record_too_long(state.offset))?;
        }
        Ok(!block.is_empty())
    }
}

/// The number of bytes to search if no record ends within `size` bytes; `None` if the limit is
/// reached.
pub(crate) fn next_size(size: usize, max_size: usize) -> Option<usize> {
    (size < max_size).then(|| (2 * size).min(max_size))
}

#[cfg(test)]
mod tests {
    use super::{Blocks, Buffer};

    fn blocks(text: &[u8], size: usize) -> Vec<Vec<u8>> {
        let mut blocks = Blocks::with_size(text, size);
        let (mut all, mut block) = (Vec::new(), Buffer::default());
        while blocks
            .next_into(&mut block, crate::bytes::lines::after_last_line)
            .unwrap()
        {
            all.push(block.to_vec());
        }
        all
    }

    #[test]
    fn blocks_end_at_line_ends_and_lose_nothing() {
        let text = b"one\ntwo\n\nthree and more\nno end";
        for size in 1..40 {
            let all = blocks(text, size);
            assert_eq!(all.concat(), text, "{size}");
            for block in &all[..all.len() - 1] {
                assert!(block.ends_with(b"\n"), "{size}");
            }
        }
        assert!(blocks(b"", 8).is_empty());
    }

    #[test]
    fn a_record_that_is_too_long_is_an_error_with_its_offset() {
        let read = |text: &[u8], size| {
            let mut blocks = Blocks::with_size(text, size);
            blocks.state.max_size = 8;
            let (mut sizes, mut block) = (Vec::new(), Buffer::default());
            loop {
                match blocks.next_into(&mut block, crate::bytes::lines::after_last_line) {
                    Ok(true) => sizes.push(block.len()),
                    Ok(false) => return Ok(sizes.iter().sum::<usize>()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        for size in 1..8 {
            assert_eq!(read(b"ab\n1234567\n", size), Ok(11));
            let error = read(b"ab\n12345678\ncd\n", size).unwrap_err();
            assert!(
                error.starts_with("the record is longer than 256 MiB [offset 3]"),
                "{error}"
            );
        }
    }
}

//! Any reader as blocks of whole records.

use std::io::{self, Read};

/// How much is read before a block is cut, in bytes. Small enough to stay in a core's cache while
/// it is folded, large enough that what is done once a block does not show.
pub(crate) const BLOCK_SIZE: usize = 1 << 18;

/// The longest record, in bytes. What is longer is none: a binary file, or one with no line ends.
pub(crate) const LONGEST_RECORD: u64 = 256 << 20;

/// The error of a record, which starts at `offset` in the input, that is longer.
#[cold]
pub(crate) fn record_too_long(offset: u64) -> io::Error {
    let most = LONGEST_RECORD >> 20;
    let message = format!("the record that starts at byte {offset} is longer than {most} MiB");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A block, in memory that is used again for the next one.
///
/// All of `bytes` is initialized; a reader can fill the part behind `len` with no need to clear
/// it first, as a `Vec` of that length would have it.
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

    /// Reads until the block is `size` bytes long; `false` if the reader ends before. Memory is
    /// taken as it is needed: most inputs are small.
    fn fill(&mut self, reader: &mut impl Read, size: usize) -> io::Result<bool> {
        const LEAST: usize = 1 << 14;
        while self.len < size {
            if self.len == self.bytes.len() {
                self.reserve(size.min(LEAST.max(2 * self.len)));
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

/// Cuts what a reader gives into blocks that end where a record ends.
///
/// A record longer than a block makes that block as long as it needs to be, up to
/// [`LONGEST_RECORD`]; memory is bounded by the longest record, not by the input.
pub(crate) struct Blocks<R> {
    reader: R,
    state: State,
}

struct State {
    /// How long blocks are, if records are shorter.
    size: usize,
    /// The start of a record whose end is still to be read.
    carry: Vec<u8>,
    /// Where in the input the next block starts.
    offset: u64,
    /// How long a block may become.
    longest: usize,
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
            longest: LONGEST_RECORD as usize,
            is_at_end: false,
        };
        Blocks { reader, state }
    }

    /// The same, if the reader starts at `offset` in the input.
    #[cfg(feature = "multithreaded")]
    pub fn starting_at(mut self, offset: u64) -> Blocks<R> {
        self.state.offset = offset;
        self
    }

    /// Where in the input the next block starts.
    pub fn offset(&self) -> u64 {
        self.state.offset
    }

    /// Whether the reader has no more.
    #[cfg(feature = "multithreaded")]
    pub fn is_at_end(&self) -> bool {
        self.state.is_at_end
    }

    /// The reader, and how much of what it gave is of the next block.
    #[cfg(feature = "multithreaded")]
    pub fn reader(&self) -> (&R, usize) {
        (&self.reader, self.state.carry.len())
    }

    /// How long blocks are, if records are shorter.
    #[cfg(feature = "multithreaded")]
    pub fn size(&self) -> usize {
        self.state.size
    }

    /// Replaces `block` by the next one; `false` if there is none.
    ///
    /// `split_point` tells where the last whole record in its argument ends. The last block is
    /// what is left, be it a whole record or not.
    ///
    /// # Errors
    /// Those of the reader, and if a record is too long.
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
            size = next_size(block.len(), state.longest)
                .ok_or_else(|| record_too_long(state.offset))?;
        }
        Ok(!block.is_empty())
    }
}

/// How much to look at if no record ends in `size` bytes; `None` if that was as much as may be.
pub(crate) fn next_size(size: usize, longest: usize) -> Option<usize> {
    (size < longest).then(|| (2 * size).min(longest))
}

#[cfg(test)]
mod tests {
    use super::{Blocks, Buffer};

    fn blocks(text: &[u8], size: usize) -> Vec<Vec<u8>> {
        let mut blocks = Blocks::with_size(text, size);
        let (mut all, mut block) = (Vec::new(), Buffer::default());
        while blocks
            .next_into(&mut block, crate::folded::after_last_line)
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
    fn a_record_that_is_too_long_is_an_error_with_its_place() {
        let read = |text: &[u8], size| {
            let mut blocks = Blocks::with_size(text, size);
            blocks.state.longest = 8;
            let (mut sizes, mut block) = (Vec::new(), Buffer::default());
            loop {
                match blocks.next_into(&mut block, crate::folded::after_last_line) {
                    Ok(true) => sizes.push(block.len()),
                    Ok(false) => return Ok(sizes.iter().sum::<usize>()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        for size in 1..8 {
            assert_eq!(read(b"ab\n1234567\n", size), Ok(11));
            let error = read(b"ab\n12345678\ncd\n", size).unwrap_err();
            assert!(error.contains("starts at byte 3 is longer than"), "{error}");
        }
    }
}

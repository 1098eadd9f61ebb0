//! Any reader as blocks of whole records.

use std::io::{self, Read};

/// How much is read before a block is cut, in bytes. Small enough to stay in a core's cache while
/// it is folded, large enough that what is done once a block does not show.
pub(crate) const BLOCK_SIZE: usize = 1 << 20;

/// Cuts what a reader gives into blocks that end where a record ends.
///
/// A record longer than a block makes that block as long as it needs to be; memory is bounded by
/// the longest record, not by the input.
pub(crate) struct Blocks<R> {
    reader: R,
    size: usize,
    /// The start of a record whose end is still to be read.
    carry: Vec<u8>,
    is_at_end: bool,
}

impl<R: Read> Blocks<R> {
    pub fn new(reader: R) -> Blocks<R> {
        Blocks::with_size(reader, BLOCK_SIZE)
    }

    pub fn with_size(reader: R, size: usize) -> Blocks<R> {
        Blocks {
            reader,
            size: size.max(1),
            carry: Vec::new(),
            is_at_end: false,
        }
    }

    /// Replaces `block` by the next one; `false` if there is none.
    ///
    /// `split_point` tells where the last whole record in its argument ends. The last block is
    /// what is left, be it a whole record or not.
    pub fn next_into(
        &mut self,
        block: &mut Vec<u8>,
        split_point: impl Fn(&[u8]) -> Option<usize>,
    ) -> io::Result<bool> {
        block.clear();
        block.append(&mut self.carry);
        let mut size = self.size;
        while !self.is_at_end {
            self.fill(block, size)?;
            if self.is_at_end {
                break;
            }
            if let Some(end) = split_point(block).filter(|&end| end > 0) {
                self.carry.extend_from_slice(&block[end..]);
                block.truncate(end);
                return Ok(true);
            }
            size = 2 * block.len();
        }
        Ok(!block.is_empty())
    }

    fn fill(&mut self, block: &mut Vec<u8>, size: usize) -> io::Result<()> {
        let missing = size.saturating_sub(block.len());
        block.reserve(missing);
        let read = self
            .reader
            .by_ref()
            .take(missing as u64)
            .read_to_end(block)?;
        self.is_at_end = read < missing;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Blocks;

    fn blocks(text: &[u8], size: usize) -> Vec<Vec<u8>> {
        let mut blocks = Blocks::with_size(text, size);
        let (mut all, mut block) = (Vec::new(), Vec::new());
        while blocks
            .next_into(&mut block, crate::folded::after_last_line)
            .unwrap()
        {
            all.push(block.clone());
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
}

//! Reduces text to the selected samples.

use super::format::Format;
use crate::bytes::blocks::{Blocks, Buffer};
use crate::collapse::selection::Chooser;
use crate::input::Reader;
use std::io::{self, BufRead, Read};

/// The text of a reader, with blank lines in place of the samples that are not selected.
pub(super) struct ChosenText<'c, 'r, F> {
    format: &'c F,
    chooser: &'c mut Chooser,
    blocks: Blocks<Reader<'r>>,
    block: Buffer,
    text: Vec<u8>,
    /// The number of bytes read so far.
    at: usize,
}

impl<'c, 'r, F: Format> ChosenText<'c, 'r, F> {
    pub fn new(format: &'c F, chooser: &'c mut Chooser, reader: Reader<'r>) -> Self {
        ChosenText {
            format,
            chooser,
            blocks: Blocks::new(reader),
            block: Buffer::default(),
            text: Vec::new(),
            at: 0,
        }
    }
}

impl<F: Format> BufRead for ChosenText<'_, '_, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.text.len() {
            let format = self.format;
            let split = |block: &[u8]| format.split_point(block);
            if !self.blocks.next_into(&mut self.block, split)? {
                break;
            }
            self.text.clear();
            self.at = 0;
            format.blank_out(&self.block, self.chooser, &mut self.text);
        }
        Ok(&self.text[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.text.len().min(self.at + amount);
    }
}

impl<F: Format> Read for ChosenText<'_, '_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

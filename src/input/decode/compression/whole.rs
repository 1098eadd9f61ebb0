//! Limits the output of a decoder to whole lines if its data is truncated.

use crate::warnings::warning;
use std::io::{self, BufRead, Read};

/// The number of bytes to decode at a time.
const SIZE: usize = 1 << 16;

pub(crate) struct WholeLines<R> {
    decoder: R,
    /// Decoded bytes: `bytes[start..end]` is returned next; the partial line after it follows once
    /// it is whole.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether any bytes were returned.
    has_output: bool,
    is_at_end: bool,
    /// The compressor of the data.
    program: &'static str,
}

impl<R: Read> WholeLines<R> {
    pub fn new(decoder: R, program: &'static str) -> WholeLines<R> {
        WholeLines {
            decoder,
            bytes: Vec::new(),
            start: 0,
            end: 0,
            has_output: false,
            is_at_end: false,
            program,
        }
    }

    /// Decodes until there is a whole line, the end of the data, or a long part of a line.
    fn decode_more(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.end);
        (self.start, self.end) = (0, 0);
        while self.end == 0 && !self.is_at_end {
            let known = self.bytes.len();
            self.bytes.resize(known + SIZE, 0);
            let read = self.decoder.read(&mut self.bytes[known..]);
            self.bytes.truncate(known + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => (self.is_at_end, self.end) = (true, known),
                Ok(_) => self.end = self.end_of_whole(known),
                Err(error) => self.end_early(error)?,
            }
        }
        self.has_output |= self.end > 0;
        Ok(())
    }

    /// Where the last whole line ends, if `known` bytes hold no line end. Of a long line, pieces of
    /// one size are whole too, so that what is given does not depend on how much is decoded at a
    /// time.
    fn end_of_whole(&self, known: usize) -> usize {
        match memchr::memrchr(b'\n', &self.bytes[known..]) {
            Some(at) => known + at + 1,
            None if self.bytes.len() >= 2 * SIZE => SIZE,
            None => 0,
        }
    }

    fn end_early(&mut self, error: io::Error) -> io::Result<()> {
        let program = self.program;
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            io::ErrorKind::UnexpectedEof if self.has_output => {
                warning!("the {program} data is truncated; its complete lines are read");
                self.is_at_end = true;
                self.bytes.clear();
                Ok(())
            }
            io::ErrorKind::UnexpectedEof => {
                let message = format!("the {program} data is truncated");
                Err(io::Error::new(error.kind(), message))
            }
            kind => {
                let message = format!("the {program} data is damaged: {error}");
                Err(io::Error::new(kind, message))
            }
        }
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for WholeLines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end && !self.is_at_end {
            self.decode_more()?;
        }
        Ok(&self.bytes[self.start..self.end])
    }

    fn consume(&mut self, amount: usize) {
        self.start = self.end.min(self.start + amount);
    }
}

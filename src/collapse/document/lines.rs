//! Reads lines of text sequentially.

use crate::bytes::error::Mismatch;
use crate::input::invalid;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// The maximum length of a line, in bytes.
const MAX_LINE: usize = 256 << 20;

/// The lines of an input.
pub(crate) struct Lines<'r> {
    input: &'r mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
    /// The offset of the line in bytes.
    offset: u64,
    next_offset: u64,
    is_terminated: bool,
}

impl<'r> Lines<'r> {
    pub fn of(input: &'r mut dyn BufRead) -> Lines<'r> {
        Lines {
            input,
            line: Vec::new(),
            number: 0,
            offset: 0,
            next_offset: 0,
            is_terminated: true,
        }
    }

    /// Reads the next line, without its line end.
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut limited = io::Read::take(&mut *self.input, MAX_LINE as u64);
        let length = limited.read_until(b'\n', &mut self.line)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.offset = self.next_offset;
        self.next_offset += length as u64;
        if self.line.len() == MAX_LINE {
            return Err(self.error("a line of at most 256 MiB"));
        }
        self.is_terminated = self.line.pop_if(|last| *last == b'\n').is_some();
        self.line.pop_if(|last| *last == b'\r');
        Ok(Some(&self.line))
    }

    /// The current line.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// Whether the current line has a line end. If not, the input may be truncated in it.
    pub fn is_terminated(&self) -> bool {
        self.is_terminated
    }

    /// Skips the current line, which is not as `expected`, because it may be truncated.
    ///
    /// # Errors
    /// An error if the line has a line end.
    pub fn skip_if_cut(&self, expected: &str) -> io::Result<()> {
        match self.is_terminated {
            true => Err(self.error(expected)),
            false => Ok(()),
        }
    }

    /// Finishes reading, with a warning if the input may be truncated.
    ///
    /// # Errors
    /// An error if nothing that was `expected` was `found`.
    pub fn finish(&self, found: bool, expected: &str) -> io::Result<()> {
        if !found {
            return Err(invalid(format!("expected {expected}")));
        }
        self.warn_if_cut();
        Ok(())
    }

    /// Warns if the last line has no line end, which a complete input would have.
    pub fn warn_if_cut(&self) {
        if !self.is_terminated {
            let Lines { number, offset, .. } = self;
            warning!("line {number} has no line end: the input may be truncated [offset {offset}]");
        }
    }

    /// The error for the current line.
    #[cold]
    pub fn error(&self, expected: &str) -> io::Error {
        let mismatch = Mismatch::expected(expected.to_string(), &self.line);
        mismatch.at_line(self.number).into()
    }
}

/// The lines of `head`, the start of an input, that have a line end.
pub(crate) fn whole_lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    crate::bytes::lines::whole_lines(head).map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Parses `text` as a number.
pub(crate) fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Parses `text` as a hexadecimal number, with or without `0x`.
pub(crate) fn parse_hex(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

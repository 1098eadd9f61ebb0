//! Lines of text, read one after another.

use super::invalid;
use std::io::{self, BufRead};

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 256 << 20;

/// The lines of an input.
pub(crate) struct Lines<'r> {
    input: &'r mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
    /// Where the line starts, in bytes.
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

    /// The next line, without its end.
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

    /// The line that was read last.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// Whether the line that was read last has an end. If not, the input may be cut off in it.
    #[cfg_attr(
        not(feature = "json"),
        expect(dead_code, reason = "only JSON on lines of its own needs it")
    )]
    pub fn is_terminated(&self) -> bool {
        self.is_terminated
    }

    /// Skips the line that was read last, which is not as `expected`: it may be cut off.
    ///
    /// # Errors
    /// The line has an end.
    pub fn skip_if_cut(&self, expected: &str) -> io::Result<()> {
        match self.is_terminated {
            true => Err(self.error(expected)),
            false => Ok(()),
        }
    }

    /// Ends the reading, with a warning if the input may be cut off.
    ///
    /// # Errors
    /// Nothing was `found` of what was `expected`.
    pub fn finish(&self, found: bool, expected: &str) -> io::Result<()> {
        if !found {
            return Err(invalid(format!("expected {expected}")));
        }
        self.warn_if_cut();
        Ok(())
    }

    /// Warns if the line that was read last has no end, as it would have in a whole input.
    pub fn warn_if_cut(&self) {
        if !self.is_terminated {
            let Lines { number, offset, .. } = self;
            log::warn!("line {number} has no end: the input may be cut off [offset {offset}]");
        }
    }

    /// The error for the line that was read last.
    #[cold]
    pub fn error(&self, expected: &str) -> io::Error {
        let found = crate::text::excerpt(&self.line);
        invalid(format!(
            "line {}: expected {expected}, found `{found}`",
            self.number
        ))
    }
}

/// The lines of `head`, which starts an input, that have an end.
pub(crate) fn whole_lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    crate::folded::whole_lines(head).map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The number that `text` is.
pub(crate) fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The hexadecimal number that `text` is, with or without `0x`.
pub(crate) fn parse_hex(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

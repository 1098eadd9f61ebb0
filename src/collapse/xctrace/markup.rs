//! Reads the tags of a document from a stream.

use super::mismatch::{invalid_xml, unexpected_end};
use super::tag::{Tag, split_tag, split_usual_tag};
use crate::bytes::blocks::{Blocks, Buffer, MAX_RECORD_SIZE, record_too_long};
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::text::lossy;
use crate::collapse::engine::format::count_lines;
use quick_xml::errors::IllFormedError;
use std::io::{self, Read};

/// Reads a document block by block, with U+FFFD for invalid UTF-8.
///
/// If a block ends inside a tag, the tag is read again together with the next block. So tags are
/// parsed in the buffer, without copies.
pub(super) struct Markup<R> {
    blocks: Blocks<R>,
    block: Buffer,
    /// The buffered part of the document.
    text: String,
    /// The number of bytes of `text` that were processed.
    done: usize,
    /// The number of line ends before `text`.
    line_ends: u64,
    is_at_end: bool,
    opened: Names,
    /// The elements whose content is needed with their start tag.
    with_content: &'static [&'static str],
}

/// Why reading a document stopped.
pub(super) enum Failure {
    Io(io::Error),
    /// The document is truncated.
    Cut,
    Invalid(Mismatch),
}

impl<R: Read> Markup<R> {
    pub fn new(reader: R, block_size: usize) -> Markup<R> {
        Markup {
            blocks: Blocks::with_size(reader, block_size),
            block: Buffer::default(),
            text: String::new(),
            done: 0,
            line_ends: 0,
            is_at_end: false,
            opened: Names::default(),
            with_content: &[],
        }
    }

    /// Makes [`Element::content`] complete for these elements.
    pub fn keep_content_of(&mut self, elements: &'static [&'static str]) {
        self.with_content = elements;
    }

    /// The number of the current line, starting with 1.
    pub fn line(&self) -> u64 {
        1 + self.line_ends + count_lines(&self.text.as_bytes()[..self.done])
    }

    /// Calls `visit` with each tag of the document until it returns that the document is at its
    /// end.
    pub fn read(
        &mut self,
        mut visit: impl FnMut(Tag<'_>) -> Result<bool, Mismatch>,
    ) -> Result<(), Failure> {
        while !self.is_at_end {
            self.fill().map_err(Failure::Io)?;
            if self.read_block(&mut visit)? {
                return Ok(());
            }
        }
        Err(Failure::Cut)
    }

    /// Reads the tags in the buffer, except for one at its end that may be incomplete.
    fn read_block(
        &mut self,
        mut visit: impl FnMut(Tag<'_>) -> Result<bool, Mismatch>,
    ) -> Result<bool, Failure> {
        while let Some(at) = find_tag(&self.text.as_bytes()[self.done..]) {
            self.done += at;
            let text = &self.text[self.done..];
            let (tag, rest) = match split_usual_tag(text) {
                Some(usual) => usual,
                None => match split_tag(text) {
                    Ok((Some(tag), rest)) => (tag, rest),
                    Ok((None, rest)) => {
                        self.done = self.text.len() - rest.len();
                        continue;
                    }
                    Err(quick_xml::Error::Syntax(_)) if !self.is_at_end => return Ok(false),
                    Err(error) => return Err(error.into()),
                },
            };
            if let Tag::Start(element) = &tag
                && self.with_content.contains(&element.name)
                && element.content().is_none()
                && !self.is_at_end
            {
                return Ok(false);
            }
            self.done = self.text.len() - rest.len();
            match &tag {
                Tag::Start(element) => self.opened.push(element.name),
                Tag::End(name) => self.opened.pop(name)?,
                Tag::Empty(_) => {}
            }
            if visit(tag)? {
                return Ok(true);
            }
        }
        self.done = self.text.len();
        Ok(false)
    }

    /// Discards processed text, and reads more.
    fn fill(&mut self) -> io::Result<()> {
        self.line_ends += count_lines(&self.text.as_bytes()[..self.done]);
        self.text.drain(..self.done);
        self.done = 0;
        let left = self.text.len() as u64;
        if left >= MAX_RECORD_SIZE {
            return Err(record_too_long(self.blocks.offset().saturating_sub(left)));
        }
        // At least doubles the buffer, so that a very long tag is not read again too often.
        let wanted = (2 * left).min(MAX_RECORD_SIZE) as usize;
        while self.text.len() <= wanted && !self.is_at_end {
            let has_next = self.blocks.next_into(&mut self.block, after_last_char)?;
            self.text.push_str(&lossy(&self.block));
            self.is_at_end = !has_next;
        }
        Ok(())
    }
}

/// The start of the first tag in `text`, which is usually the end of the previous one.
#[inline]
fn find_tag(text: &[u8]) -> Option<usize> {
    match text {
        [b'<', ..] => Some(0),
        _ => memchr::memchr(b'<', text),
    }
}

/// The end of the last complete character of `bytes`.
fn after_last_char(bytes: &[u8]) -> Option<usize> {
    const MAX_UNFINISHED: usize = 3;
    let is_unfinished = |start: &usize| {
        let end = std::str::from_utf8(&bytes[*start..]);
        end.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    let mut last = bytes.len().saturating_sub(MAX_UNFINISHED)..bytes.len();
    Some(last.find(is_unfinished).unwrap_or(bytes.len()))
}

impl Failure {
    pub fn at(self, line: u64) -> ParseError {
        let mismatch = match self {
            Failure::Invalid(mismatch) => mismatch,
            Failure::Cut | Failure::Io(_) => unexpected_end(),
        };
        mismatch.at_line(line)
    }
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Failure {
        Failure::Invalid(mismatch)
    }
}

impl From<quick_xml::Error> for Failure {
    fn from(error: quick_xml::Error) -> Failure {
        match error {
            // Unterminated markup.
            quick_xml::Error::Syntax(_) => Failure::Cut,
            error => Failure::Invalid(invalid_xml(error)),
        }
    }
}

/// The names of the open elements, starting with the root.
#[derive(Default)]
struct Names {
    /// The concatenated names.
    text: String,
    starts: Vec<usize>,
}

impl Names {
    fn push(&mut self, name: &str) {
        self.starts.push(self.text.len());
        self.text.push_str(name);
    }

    /// Removes the last one, which must be `name`.
    fn pop(&mut self, name: &str) -> Result<(), quick_xml::Error> {
        let found = || name.to_string();
        let Some(start) = self.starts.pop() else {
            return Err(IllFormedError::UnmatchedEndTag(found()).into());
        };
        if &self.text[start..] != name {
            return Err(IllFormedError::MismatchedEndTag {
                expected: self.text.split_off(start),
                found: found(),
            }
            .into());
        }
        self.text.truncate(start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_between_characters() {
        for (text, whole) in [("aé", 1), ("a関", 1), ("a😀", 1), ("😀a", 4)] {
            let bytes = text.as_bytes();
            assert_eq!(after_last_char(bytes), Some(bytes.len()));
            for end in whole + 1..bytes.len() {
                assert_eq!(after_last_char(&bytes[..end]), Some(whole), "{text} {end}");
            }
        }
        // Bytes that are no part of a character end nothing.
        assert_eq!(after_last_char(b"a\xff"), Some(2));
    }
}

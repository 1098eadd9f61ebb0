//! The tags of a document, which is read in a stream.

use super::tag::{Tag, split_tag, split_usual_tag};
use crate::blocks::{Blocks, Buffer, MAX_RECORD_SIZE, record_too_long};
use crate::collapse::error::{ErrorKind, ParseError};
use crate::collapse::format::count_lines;
use crate::text::lossy;
use quick_xml::errors::IllFormedError;
use std::io::{self, Read};

/// Reads a document block by block, with U+FFFD for what is not UTF-8.
///
/// Where a block ends within a tag, the tag is read again with the next block behind it. So tags
/// are taken from where they were read to, without a copy of each.
pub(super) struct Markup<R> {
    blocks: Blocks<R>,
    block: Buffer,
    /// What is read of the document, without what was left behind in earlier blocks.
    text: String,
    /// How much of `text` is done with.
    done: usize,
    /// The line ends in what was left behind.
    line_ends: u64,
    is_at_end: bool,
    opened: Names,
}

/// Why a document was not read to its end.
pub(super) enum Failure {
    Io(io::Error),
    /// It ends too early.
    Cut,
    Invalid(ErrorKind),
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
        }
    }

    /// The number of the line up to which the document was read, from 1.
    pub fn line(&self) -> u64 {
        1 + self.line_ends + count_lines(&self.text.as_bytes()[..self.done])
    }

    /// Gives `visit` the tags of the document, one after another, until it says that this is all.
    pub fn read(
        &mut self,
        mut visit: impl FnMut(Tag<'_>) -> Result<bool, ErrorKind>,
    ) -> Result<(), Failure> {
        while !self.is_at_end {
            self.fill().map_err(Failure::Io)?;
            if self.read_block(&mut visit)? {
                return Ok(());
            }
        }
        Err(Failure::Cut)
    }

    /// The same for what was read so far, but for a tag at its end of which a part may be missing.
    fn read_block(
        &mut self,
        mut visit: impl FnMut(Tag<'_>) -> Result<bool, ErrorKind>,
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

    /// Leaves behind what is done with, and reads on.
    fn fill(&mut self) -> io::Result<()> {
        self.line_ends += count_lines(&self.text.as_bytes()[..self.done]);
        self.text.drain(..self.done);
        self.done = 0;
        let left = self.text.len() as u64;
        if left >= MAX_RECORD_SIZE {
            return Err(record_too_long(self.blocks.offset().saturating_sub(left)));
        }
        // At least as much as there is, so that what is very long is not read again too often.
        let wanted = (2 * left).min(MAX_RECORD_SIZE) as usize;
        while self.text.len() <= wanted && !self.is_at_end {
            let has_next = self.blocks.next_into(&mut self.block, after_last_char)?;
            self.text.push_str(&lossy(&self.block));
            self.is_at_end = !has_next;
        }
        Ok(())
    }
}

/// Where the first tag in `text` starts, which mostly is where the one before ended.
#[inline]
fn find_tag(text: &[u8]) -> Option<usize> {
    match text {
        [b'<', ..] => Some(0),
        _ => memchr::memchr(b'<', text),
    }
}

/// Where the last character of `bytes` ends that cannot go on behind them.
fn after_last_char(bytes: &[u8]) -> Option<usize> {
    const MOST_UNFINISHED: usize = 3;
    let is_unfinished = |start: &usize| {
        let end = std::str::from_utf8(&bytes[*start..]);
        end.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    let mut last = bytes.len().saturating_sub(MOST_UNFINISHED)..bytes.len();
    Some(last.find(is_unfinished).unwrap_or(bytes.len()))
}

impl Failure {
    pub fn at(self, line: u64) -> ParseError {
        let kind = match self {
            Failure::Invalid(kind) => kind,
            Failure::Cut | Failure::Io(_) => ErrorKind::UnexpectedEof,
        };
        ParseError::new(kind, line)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Failure {
        Failure::Invalid(kind)
    }
}

impl From<quick_xml::Error> for Failure {
    fn from(error: quick_xml::Error) -> Failure {
        match error {
            // Markup without an end.
            quick_xml::Error::Syntax(_) => Failure::Cut,
            error => Failure::Invalid(ErrorKind::Xml(error.to_string())),
        }
    }
}

/// The names of the elements that are open, the root's first.
#[derive(Default)]
struct Names {
    /// End to end.
    text: String,
    starts: Vec<usize>,
}

impl Names {
    fn push(&mut self, name: &str) {
        self.starts.push(self.text.len());
        self.text.push_str(name);
    }

    /// Takes the last one, which must be `name`.
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

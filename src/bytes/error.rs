//! Errors in profiles, with their positions.

use super::text::excerpt;
use std::borrow::Cow;
use std::fmt;
use std::io;

/// Input that does not match its format and cannot be skipped.
///
/// It is returned as an [`io::Error`] of the kind [`InvalidData`](io::ErrorKind::InvalidData). Errors
/// that concern the whole input, such as an empty file, have no position and are not a `ParseError`.
///
/// ```
/// use inferno::collapse::{Collapse, ParseError, ParseErrorKind, recursive::Folder};
///
/// let stacks = "main;parse 3\nmain;parse\n".as_bytes();
/// let error = Folder::default().collapse_to_tree(stacks).unwrap_err();
/// let error = error.get_ref().and_then(|error| error.downcast_ref::<ParseError>());
/// let error = error.expect("a position");
/// assert_eq!((error.line(), error.kind()), (Some(2), ParseErrorKind::Malformed));
/// assert_eq!(error.expected(), Some("`frame;frame COUNT`"));
/// assert_eq!(error.found(), Some("main;parse"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    position: Position,
    mismatch: Mismatch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Line(u64),
    LineAndColumn(u64, u64),
    Offset(u64),
}

/// The ways in which input can fail to match its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A line, number or other part is not as expected.
    Malformed,
    /// The input ends too early.
    Truncated,
    /// A part refers to another one that does not exist, or to one of several.
    Reference,
}

impl ParseError {
    /// How the input does not match.
    pub fn kind(&self) -> ParseErrorKind {
        self.mismatch.0.kind
    }

    /// The number of the line, starting with 1; `None` in binary formats.
    pub fn line(&self) -> Option<u64> {
        match self.position {
            Position::Line(line) | Position::LineAndColumn(line, _) => Some(line),
            Position::Offset(_) => None,
        }
    }

    /// The offset in bytes, in binary formats.
    pub fn offset(&self) -> Option<u64> {
        match self.position {
            Position::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// What was expected, if the format says so.
    pub fn expected(&self) -> Option<&str> {
        self.mismatch.0.expected.as_deref()
    }

    /// The start of what was found instead, with escapes for control characters; `None` if nothing
    /// was, or if it is not text.
    pub fn found(&self) -> Option<&str> {
        self.mismatch.0.found.as_deref()
    }

    /// What does not match, without the position.
    pub(crate) fn mismatch(&self) -> &Mismatch {
        &self.mismatch
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mismatch = &self.mismatch;
        match self.position {
            Position::Line(line) => write!(f, "line {line}: {mismatch}"),
            Position::LineAndColumn(line, column) => {
                write!(f, "{mismatch} [line {line}, column {column}]")
            }
            Position::Offset(offset) => write!(f, "{mismatch} [offset {offset}]"),
        }
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for io::Error {
    #[cold]
    fn from(error: ParseError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

/// What does not match a format, before its position is known. It is small, because it is part of the
/// result of functions that rarely fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    kind: ParseErrorKind,
    message: String,
    expected: Option<Cow<'static, str>>,
    found: Option<String>,
}

impl Mismatch {
    /// Something that the format describes in its own words.
    #[cold]
    pub fn new(kind: ParseErrorKind, message: impl Into<String>) -> Mismatch {
        Mismatch(Box::new(Details {
            kind,
            message: message.into(),
            expected: None,
            found: None,
        }))
    }

    /// ``WHAT, expected EXPECTED, found `FOUND` ``.
    #[cold]
    pub fn unlike(what: &str, expected: impl Into<Cow<'static, str>>, found: &[u8]) -> Mismatch {
        let (expected, found) = (expected.into(), excerpt(found));
        Mismatch::worded(
            format!("{what}, expected {expected}, found `{found}`"),
            expected,
            Some(found),
        )
    }

    /// ``expected EXPECTED, found `FOUND` ``.
    #[cold]
    pub fn expected(expected: impl Into<Cow<'static, str>>, found: &[u8]) -> Mismatch {
        let (expected, found) = (expected.into(), excerpt(found));
        let message = format!("expected {expected}, found `{found}`");
        Mismatch::worded(message, expected, Some(found))
    }

    /// `expected EXPECTED`, in the place of binary data.
    #[cold]
    pub fn lack_of(expected: impl Into<Cow<'static, str>>) -> Mismatch {
        let expected = expected.into();
        Mismatch::worded(format!("expected {expected}"), expected, None)
    }

    /// Something unlike what was expected, in other words.
    #[cold]
    pub fn worded(
        message: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
        found: Option<String>,
    ) -> Mismatch {
        let mut mismatch = Mismatch::new(ParseErrorKind::Malformed, message);
        mismatch.0.expected = Some(expected.into());
        mismatch.0.found = found;
        mismatch
    }

    /// The end of the input, where more was expected.
    #[cold]
    pub fn end(what: &str, expected: &'static str) -> Mismatch {
        let message = format!("{what}, expected {expected}");
        Mismatch::worded(message, expected, None).of_kind(ParseErrorKind::Truncated)
    }

    pub fn of_kind(mut self, kind: ParseErrorKind) -> Mismatch {
        self.0.kind = kind;
        self
    }

    #[cold]
    pub fn at_line(self, line: u64) -> ParseError {
        self.at(Position::Line(line))
    }

    #[cold]
    pub fn at_line_and_column(self, line: u64, column: u64) -> ParseError {
        self.at(Position::LineAndColumn(line, column))
    }

    #[cold]
    pub fn at_offset(self, offset: u64) -> ParseError {
        self.at(Position::Offset(offset))
    }

    fn at(self, position: Position) -> ParseError {
        ParseError {
            position,
            mismatch: self,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

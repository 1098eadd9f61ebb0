//! What is wrong with a profile, and where.

use std::fmt;
use std::io;

/// Input that does not fit its format and cannot be passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub kind: ErrorKind,
    /// The line it was found in, from 1.
    pub line: u64,
}

impl ParseError {
    #[cold]
    pub fn new(kind: ErrorKind, line: u64) -> ParseError {
        ParseError { kind, line }
    }
}

/// The ways in which a profile can fail to fit its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// A frame is two or more levels deeper than the frame before it. The line is quoted.
    SkippedIndentation(String),
    /// A line of a call tree lacks a part.
    UnreadableStackLine {
        line: String,
        expected: &'static str,
    },
    /// A line of `sample` that is outside the call graph before the graph has ended.
    NotIndented(String),
    /// A line of `sample` that draws the tree and names no function.
    OnlyIndentation(String),
    /// A line of `sample` that ends between two levels.
    OddIndentation(String),
    /// What stands in the place of the number of samples.
    InvalidSamples(String),
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::SkippedIndentation(line) => write!(
                f,
                "Skipped indentation level at line, expected at most one level more than the line \
                 before, found `{line}`"
            ),
            ErrorKind::UnreadableStackLine { line, expected } => {
                write!(
                    f,
                    "Unable to parse stack line, expected {expected}, found `{line}`"
                )
            }
            ErrorKind::NotIndented(line) => write!(
                f,
                "Stack line doesn't start with 4 spaces, expected a call graph up to the line \
                 `Total number in stack`, found `{line}`"
            ),
            ErrorKind::OnlyIndentation(line) => write!(
                f,
                "Found stack line with only indent characters, expected a function behind them, \
                 found `{line}`"
            ),
            ErrorKind::OddIndentation(line) => write!(
                f,
                "Odd number of indentation characters for line, expected two a level, found `{line}`"
            ),
            ErrorKind::InvalidSamples(found) => write!(
                f,
                "Invalid samples field, expected a number of samples, found `{found}`"
            ),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for io::Error {
    #[cold]
    fn from(error: ParseError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

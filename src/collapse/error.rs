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

/// The ways in which a profile can fail to fit its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorKind {}

impl fmt::Display for ErrorKind {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
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

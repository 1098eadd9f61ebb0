//! Errors in profiles, with their positions.

use std::fmt;
use std::io;

/// An error for input that does not match its format and cannot be skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub kind: ErrorKind,
    /// The number of the line, starting with 1.
    pub line: u64,
}

impl ParseError {
    #[cold]
    pub fn new(kind: ErrorKind, line: u64) -> ParseError {
        ParseError { kind, line }
    }
}

/// The ways in which a profile can violate its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// A frame is two or more levels deeper than the previous one. The line is quoted.
    SkippedIndentation(String),
    /// A line of a call tree is missing a part.
    UnreadableStackLine {
        line: String,
        expected: &'static str,
    },
    /// A line of `sample` that is outside the call graph before its end.
    NotIndented(String),
    /// A line of `sample` with the lines of the tree but no function.
    OnlyIndentation(String),
    /// A line of `sample` that ends between two levels.
    OddIndentation(String),
    /// The text in place of the number of samples.
    InvalidSamples(String),
    /// The text in place of the CPU time, in the CSV of VTune.
    InvalidTime(String),
    /// The first line of Visual Studio's CSV is not its header.
    NoSummaryHeader {
        line: String,
        expected: &'static str,
    },
    /// A row of Visual Studio's CSV that ends before the name.
    NoFunctionName(String),
    /// A row of Visual Studio's CSV whose name is not in quotes.
    UnquotedFunctionName(String),
    /// The text in place of a number, in Visual Studio's CSV.
    InvalidInteger(String),
    /// A number in Visual Studio's CSV whose digits are not in groups of three.
    NoThousandsSeparator(String),
    /// The output of DTrace ends before the count of its first stack.
    EndsInStack,
    /// A line of folded text that is neither a stack with its count nor a comment. The line is
    /// quoted.
    NotFolded(String),
    /// The table of a GHC profile has no column with this title.
    NoColumn(&'static str),
    /// The XML reader's error for a document that is not well-formed.
    Xml(String),
    /// A document of xctrace ends before its root element does.
    UnexpectedEof,
    /// An element of xctrace whose `id` or `ref` is not a number.
    InvalidId { tag: &'static str, id: String },
    /// An element of xctrace repeats an earlier id.
    RepeatedId { tag: &'static str, id: u64 },
    /// An element of xctrace refers to one that was not defined before.
    UnknownRef { tag: &'static str, id: u64 },
    /// A frame of xctrace has neither a name nor an address.
    NoFrameName,
    /// A backtrace of xctrace with an unknown structure.
    UnknownBacktrace,
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
                "Found stack line with only indent characters, expected a function after them, \
                 found `{line}`"
            ),
            ErrorKind::OddIndentation(line) => write!(
                f,
                "Odd number of indentation characters for line, expected two per level, found `{line}`"
            ),
            ErrorKind::InvalidSamples(found) => write!(
                f,
                "Invalid samples field, expected a number of samples, found `{found}`"
            ),
            ErrorKind::InvalidTime(found) => write!(
                f,
                "Invalid `CPU Time:Self` field, expected a number of seconds, found `{found}`"
            ),
            ErrorKind::NoSummaryHeader { line, expected } => write!(
                f,
                "Expected first line to be header line `{expected}`, found `{line}`"
            ),
            ErrorKind::NoFunctionName(line) => write!(
                f,
                "Missing function name in line, expected `LEVEL,\"NAME\",CALLS`, found `{line}`"
            ),
            ErrorKind::UnquotedFunctionName(line) => write!(
                f,
                "Unable to parse function name from line, expected it in quotes, found `{line}`"
            ),
            ErrorKind::InvalidInteger(found) => write!(
                f,
                "Unable to parse integer from '{found}', expected digits in groups of three"
            ),
            ErrorKind::NoThousandsSeparator(found) => write!(
                f,
                "Missing thousands separator in number '{found}', expected digits in groups of \
                 three"
            ),
            ErrorKind::EndsInStack => f.write_str(
                "Input data ends in the middle of a stack, expected a line with its count",
            ),
            ErrorKind::NotFolded(line) => write!(
                f,
                "invalid data, expected `frame;frame COUNT`, found `{line}`"
            ),
            ErrorKind::NoColumn(title) => write!(
                f,
                "Expected '{title}' column but it was not present: run the program with +RTS -P or \
                 -pa"
            ),
            ErrorKind::Xml(error) => write!(f, "Read xml event failed: {error}"),
            ErrorKind::UnexpectedEof => {
                f.write_str("Unexpected EOF, expected `</trace-query-result>`")
            }
            ErrorKind::InvalidId { tag, id } => {
                write!(f, "Invalid {tag} id, expected a number, found `{id}`")
            }
            ErrorKind::RepeatedId { tag, id } => {
                write!(f, "Repeated {tag} id in xctrace output: {id}")
            }
            ErrorKind::UnknownRef { tag, id } => write!(
                f,
                "Invalid {tag} ref id: {id}, expected one that is already defined"
            ),
            ErrorKind::NoFrameName => {
                f.write_str("Frame without a name, expected `name` or `addr`")
            }
            ErrorKind::UnknownBacktrace => f.write_str(
                "Unknown kind of backtrace, expected one `backtrace` that contains `frame` elements",
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

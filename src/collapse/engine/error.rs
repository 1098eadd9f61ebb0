//! Mismatches of formats that print a call tree.

use crate::bytes::error::Mismatch;

/// A frame is two or more levels deeper than the previous one.
#[cold]
pub(crate) fn skipped_level(line: &[u8]) -> Mismatch {
    Mismatch::unlike(
        "Skipped indentation level at line",
        "at most one level more than the line before",
        line,
    )
}

/// A line of a call tree lacks a part.
#[cold]
pub(crate) fn unreadable_line(expected: &'static str, line: &[u8]) -> Mismatch {
    Mismatch::unlike("Unable to parse stack line", expected, line)
}

//! Collects skipped lines in the workers, to log them once at the end, with line numbers.

use crate::bytes::error::ParseError;
use crate::bytes::text::{excerpt, plural};
use crate::warnings::{self, Warning, warning};

/// The position of a line: its block, and its number in the block. Lines before the block are
/// counted only if the number is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinePosition {
    pub block: u64,
    pub line: u64,
}

/// The number of lines in each block, to convert positions to line numbers.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    /// The index and the number of lines of each block.
    blocks: Vec<(u64, u64)>,
}

impl LineCounts {
    pub fn add(&mut self, block: u64, lines: u64) {
        self.blocks.push((block, lines));
    }

    pub fn merge(&mut self, other: LineCounts) {
        self.blocks.extend(other.blocks);
    }

    /// The number of a line in the whole input.
    pub fn number(&self, position: LinePosition) -> u64 {
        let before = self
            .blocks
            .iter()
            .filter(|(block, _)| *block < position.block);
        before.map(|(_, lines)| lines).sum::<u64>() + position.line
    }
}

/// Lines of one kind: how many, and the first of them, with its line number, or with a position
/// from which the number is computed at the end.
#[derive(Debug, Default)]
pub(crate) struct Notes<P = u64> {
    count: u64,
    /// The position and text of the first line.
    first: Option<(P, String)>,
}

impl<P: Copy + Ord> Notes<P> {
    /// Notes about `count` lines, the first of which is `line`.
    pub fn of(count: u64, line: &[u8], position: P) -> Notes<P> {
        Notes {
            count,
            first: Some((position, excerpt(line))),
        }
    }

    /// Adds `line`; its `position` is computed only if it is the first.
    pub fn add(&mut self, line: &[u8], position: impl FnOnce() -> P) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((position(), excerpt(line)));
        }
    }

    pub fn merge(&mut self, other: Notes<P>) {
        self.count += other.count;
        let firsts = self.first.take().into_iter().chain(other.first);
        self.first = firsts.min_by_key(|(position, _)| *position);
    }

    /// Converts the position of the first line to a line number, with `number`.
    pub fn numbered(&self, number: impl FnOnce(P) -> u64) -> Notes {
        let first = self.first.as_ref();
        Notes {
            count: self.count,
            first: first.map(|(position, line)| (number(*position), line.clone())),
        }
    }
}

impl Notes {
    /// Logs a warning if there are any, which says what was `expected` instead.
    pub fn log(&self, expected: &str) {
        self.log_as("skipped", ["line", "lines"], expected);
    }

    /// Logs a warning with a verb, `done`, and nouns for one or many of the items in the lines.
    pub fn log_as(&self, done: &str, [one, many]: [&str; 2], expected: &str) {
        if let Some((number, found)) = &self.first {
            let what = plural(self.count, one, many);
            let message =
                format!("{done} {what}: expected {expected}, found `{found}` [line {number}]");
            let warning = Warning {
                count: Some(self.count),
                line: Some(*number),
                ..Warning::from(message)
            };
            warnings::raise(module_path!(), warning);
        }
    }
}

/// Logs that the last line of the input has no line end and cannot be parsed.
#[cold]
pub(crate) fn warn_of_cut(error: &ParseError) {
    let (mismatch, line) = (error.mismatch(), error.line().unwrap_or_default());
    warning!("the input ends in the middle of a line, which is skipped: {mismatch} [line {line}]");
}

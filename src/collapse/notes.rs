//! Lines that were skipped: gathered by the workers, logged once at the end; and their numbers.

use super::error::ParseError;
use crate::text::excerpt;
use crate::warnings::{self, Warning, warning};

/// A line by the block it is in, and its number there. Lines are not counted until somebody wants to
/// know the number of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinePlace {
    pub block: u64,
    pub line: u64,
}

/// How many lines the blocks have, so that the places of lines can be made numbers.
#[derive(Debug, Default)]
pub(super) struct LineCounts {
    /// The indices of blocks, and how many lines they have.
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
    pub fn number(&self, place: LinePlace) -> u64 {
        let before = self.blocks.iter().filter(|(block, _)| *block < place.block);
        before.map(|(_, lines)| lines).sum::<u64>() + place.line
    }
}

/// Lines of one kind: how many, and the first of them. Where it is, is told by its number, or by
/// what the number can be made of when all is read.
#[derive(Debug, Default)]
pub(crate) struct Notes<P = u64> {
    count: u64,
    /// Its place, and what it says.
    first: Option<(P, String)>,
}

impl<P: Copy + Ord> Notes<P> {
    /// Notes of `count` lines, the first of which is `line`.
    pub fn of(count: u64, line: &[u8], place: P) -> Notes<P> {
        Notes {
            count,
            first: Some((place, excerpt(line))),
        }
    }

    /// Notes `line`; its `place` is only asked for if it is the first.
    pub fn add(&mut self, line: &[u8], place: impl FnOnce() -> P) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((place(), excerpt(line)));
        }
    }

    pub fn merge(&mut self, other: Notes<P>) {
        self.count += other.count;
        let firsts = self.first.take().into_iter().chain(other.first);
        self.first = firsts.min_by_key(|(place, _)| *place);
    }

    /// The same with the number of the line, which `number` tells of its place.
    pub fn numbered(&self, number: impl FnOnce(P) -> u64) -> Notes {
        let first = self.first.as_ref();
        Notes {
            count: self.count,
            first: first.map(|(place, line)| (number(*place), line.clone())),
        }
    }
}

impl Notes {
    /// Logs a warning if there are any, saying what was `expected` instead.
    pub fn log(&self, expected: &str) {
        self.log_as("skipped", ["line", "lines"], expected);
    }

    /// The same for lines that stand for `what`, one or several, to which something was `done`.
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

/// Logs that the last line of the input cannot be read and has no line end.
#[cold]
pub(crate) fn warn_of_cut(error: &ParseError) {
    let ParseError { kind, line } = error;
    warning!("the input ends in the middle of a line, which is skipped: {kind} [line {line}]");
}

/// `1 line`, `2 lines`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

//! Lines that were passed over: gathered by the workers, logged once at the end.

use super::error::ParseError;
use crate::text::excerpt;

/// Lines of one kind: how many, and the first of them. Where it is, is told by its number, or by
/// what the number can be made of when all is read.
#[derive(Debug, Default)]
pub(crate) struct Notes<P = u64> {
    count: u64,
    /// Its place, and what it says.
    first: Option<(P, String)>,
}

impl<P: Copy + Ord> Notes<P> {
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
        if let Some((number, found)) = &self.first {
            let lines = plural(self.count, "line", "lines");
            log::warn!("passed over {lines}: expected {expected}, found `{found}` [line {number}]");
        }
    }
}

/// Logs that the last line of the input cannot be read and has no line end.
#[cold]
pub(crate) fn warn_of_cut(error: &ParseError) {
    let ParseError { kind, line } = error;
    log::warn!(
        "the input ends in the middle of a line, which is passed over: {kind} [line {line}]"
    );
}

/// `1 line`, `2 lines`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

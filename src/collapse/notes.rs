//! Lines that were passed over: gathered by the workers, logged once at the end.

use super::error::ParseError;
use crate::text::excerpt;

/// Lines of one kind: how many, and the first of them.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    count: u64,
    /// Its number, and what it says.
    first: Option<(u64, String)>,
}

impl Notes {
    /// Notes `line`; its `number` is only asked for if it is the first.
    pub fn add(&mut self, line: &[u8], number: impl FnOnce() -> u64) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((number(), excerpt(line)));
        }
    }

    pub fn merge(&mut self, other: Notes) {
        self.count += other.count;
        let firsts = self.first.take().into_iter().chain(other.first);
        self.first = firsts.min_by_key(|(number, _)| *number);
    }

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

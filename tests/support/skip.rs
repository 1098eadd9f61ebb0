//! Tests of what is not on every machine.

use std::io::{self, Write};

/// Reports a test as skipped.
///
/// The test harness captures what `eprintln!` writes and shows it only if the test fails, so this
/// writes to the stream itself. `.ci/run` lists what was skipped.
pub fn skip(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {why}");
}

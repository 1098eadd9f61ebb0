//! Skips tests whose requirements are missing on this machine.

use std::io::{self, Write};

/// Reports a test as skipped.
///
/// The test harness captures the output of `eprintln!` and shows it only if the test fails, so this
/// writes to the stream directly. `.ci/run` lists skipped tests.
pub fn skip(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {why}");
}

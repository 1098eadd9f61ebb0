//! Tests of what is not on every machine.

use std::env;
use std::io::{self, Write};

/// Reports a test as skipped. On CI, where everything must be there, it fails instead.
///
/// The test harness captures what `eprintln!` writes and shows it only if the test fails, so this
/// writes to the stream itself.
pub fn skip(test: &str, why: &str) -> io::Result<()> {
    assert!(env::var_os("CI").is_none(), "{test}: {why}");
    writeln!(io::stderr(), "SKIPPED {test}: {why}")
}

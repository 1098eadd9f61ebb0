//! What a file may be written as, and still be read: white space, encodings of text, compression.

#[path = "support/run.rs"]
mod support;

use support::{assert_folds, run, run_in, stdout};

const DIFF: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const RECURSIVE: &str = env!("CARGO_BIN_EXE_inferno-collapse-recursive");

const FOLDED: &str = "query;scan table 30\nquery;sort 12\n";

/// As `FOLDED`, written as databases do.
const WITH_TABS: &str = "query;sort\t12\nquery;scan table\t30\n";

fn drawn(folded: &[u8]) -> String {
    stdout(&run(FLAMEGRAPH, &["--deterministic"], folded))
}

#[test]
fn a_tab_may_be_before_a_count() {
    assert_folds(&run(GUESS, &[], WITH_TABS.as_bytes()), FOLDED);
    assert_folds(&run(RECURSIVE, &[], WITH_TABS.as_bytes()), FOLDED);
    assert_eq!(drawn(WITH_TABS.as_bytes()), drawn(FOLDED.as_bytes()));

    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("before"), FOLDED).expect("a file");
    let both = run_in(
        directory.path(),
        DIFF,
        &["before", "-"],
        WITH_TABS.as_bytes(),
    );
    assert_folds(&both, "query;scan table 30 30\nquery;sort 12 12\n");
}

//! Folded text from tool to tool: what one of them writes the next one reads.

#[path = "support/run.rs"]
mod support;

use support::{assert_folds, run, run_in, stderr, stdout};

const DIFF: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const RECURSIVE: &str = env!("CARGO_BIN_EXE_inferno-collapse-recursive");

/// The titles of a picture, which must have been drawn without a word.
#[track_caller]
fn titles(args: &[&str], input: &str) -> Vec<String> {
    let output = run(FLAMEGRAPH, args, input.as_bytes());
    assert_eq!(stderr(&output), "");
    let svg = stdout(&output);
    let titles = svg.split("<title>").skip(1);
    titles
        .filter_map(|rest| rest.split("</title>").next())
        .map(str::to_string)
        .collect()
}

#[test]
fn the_empty_stack_is_read_by_all_tools_and_counts_for_the_root() {
    let hidden = run(
        GUESS,
        &["--hide", "^(boot|idle)$"],
        b"boot;idle 5\nboot;init 2\n",
    );
    let folded = " 5\ninit 2\n";
    assert_folds(&hidden, folded);
    assert_folds(&run(GUESS, &[], folded.as_bytes()), folded);
    assert_folds(&run(RECURSIVE, &[], folded.as_bytes()), folded);
    let expected = ["all (7 samples, 100%)", "init (2 samples, 28.57%)"];
    assert_eq!(titles(&[], folded), expected);
    assert_eq!(titles(&["--flamechart"], folded), expected);

    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("before"), folded).expect("a file");
    let diff = |tool, args: &[&str]| run_in(directory.path(), tool, args, b" 4\ninit 3\n");
    let two_counts = " 5 4\ninit 2 3\n";
    assert_folds(&diff(DIFF, &["before", "-"]), two_counts);
    assert_folds(&run(RECURSIVE, &[], two_counts.as_bytes()), two_counts);
    let expected = ["all (7 samples, 100%)", "init (3 samples, 42.86%; +14.29%)"];
    assert_eq!(titles(&[], two_counts), expected);
    let drawn = stdout(&diff(FLAMEGRAPH, &["--diff", "before", "-"]));
    assert!(expected.iter().all(|title| drawn.contains(title)));
}

#[test]
fn recursion_is_joined_in_all_that_is_folded_text() {
    let lines = "main;f;f 0.5\nmain;f 0.25\n";
    assert_folds(&run(RECURSIVE, &[], lines.as_bytes()), "main;f 0.75\n");
    let differential = "# before after 0\nmain;f;f 3 5\nmain;f\t1 1\n";
    assert_folds(
        &run(RECURSIVE, &[], differential.as_bytes()),
        "main;f 4 6\n",
    );
}

//! Tests of the flags of all tools that select stacks and frames by regular expression.

#![cfg(all(feature = "cli", feature = "filter"))]

use std::fs;
use std::process::{Command, Output};

const PERF: &str = env!("CARGO_BIN_EXE_inferno-collapse-perf");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");

const FOLDED: &str = "\
app;main;log;write 2
app;main;serve;log;write 3
app;main;serve;run::{{closure}} 4
app;main;serve;run 1
idle;wait 90
";

/// Runs a tool on a file.
fn run(tool: &str, args: &[&str], input: &str) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("input"), input).expect("a file");
    Command::new(tool)
        .args(args)
        .arg("input")
        .current_dir(directory.path())
        .env_remove("RUST_LOG")
        .output()
        .expect("the tool runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[track_caller]
fn assert_leaves(args: &[&str], expected: &[&str]) {
    let output = run(GUESS, args, FOLDED);
    assert_eq!(stderr(&output), "");
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn stacks_are_chosen() {
    assert_leaves(
        &["--keep", "^idle", "--keep", "main;log"],
        &["app;main;log;write 2", "idle;wait 90"],
    );
    assert_leaves(
        &["--drop=^idle", "--drop", "log", "--keep=."],
        &["app;main;serve;run 1", "app;main;serve;run::{{closure}} 4"],
    );
}

#[test]
fn stacks_are_cut() {
    assert_leaves(&["--base-regex", "^log$"], &["log;write 5"]);
    assert_leaves(
        &["--skip-after-regex", "^(log|run)"],
        &["idle;wait 90", "log;write 5", "run 1", "run::{{closure}} 4"],
    );
    assert_leaves(
        &["--fold-callees", "^serve$", "--hide=^(main|wait)$"],
        &["app;log;write 2", "app;serve 8", "idle 90"],
    );
}

#[test]
fn frames_are_renamed_first() {
    assert_leaves(
        &[
            "--keep",
            "^APP",
            "--rename",
            "^app$",
            "APP",
            "--rename",
            "^(.*)::.*",
            "$1",
            "--base-regex=run|log",
        ],
        &["log;write 5", "run 5"],
    );
    assert_leaves(
        &["--merge-generated", "--keep=run"],
        &["app;main;serve;run 5"],
    );
}

/// In the order of the README's table, which is also that of `--help`.
#[test]
fn filters_have_a_fixed_order() {
    // Each filter matches only if the filters before it, and none after it, were applied.
    assert_leaves(
        &[
            "--rename",
            r"^run$",
            "walk",
            "--merge-generated",
            "--keep=walk",
        ],
        &["app;main;serve;walk 5"],
    );
    assert_leaves(
        &[
            "--hide=^(log|main)$",
            "--base-regex=^log$",
            "--keep=main;log",
        ],
        &["write 2"],
    );
    assert_leaves(
        &[
            "--hide=^write$",
            "--fold-callees=^log$",
            "--skip-after-regex=^serve$",
            "--drop=^idle|run|main;log",
        ],
        &["serve;log 3"],
    );

    let text = stdout(&run(GUESS, &["--help"], ""));
    let place = |flag: &str| {
        text.find(&format!("--{flag} "))
            .or_else(|| text.find(&format!("--{flag}\n")))
            .expect("a flag")
    };
    let readme = include_str!("../../README.md");
    let mut places: Vec<(usize, usize)> = [
        "merge-generated",
        "rename",
        "keep",
        "drop",
        "base-regex",
        "skip-after-regex",
        "fold-callees",
        "hide",
    ]
    .iter()
    .map(|flag| {
        (
            place(flag),
            readme.find(&format!("| `--{flag}")).expect("a row"),
        )
    })
    .collect();
    let found = places.clone();
    places.sort();
    assert_eq!(found, places);
    assert!(found.is_sorted_by_key(|(_, row)| *row));
}

/// The base of the graph applies to filtered stacks.
#[test]
fn a_base_comes_after_the_filters() {
    let output = run(
        FLAMEGRAPH,
        &["--rename", "^serve$", "answer", "--base", "answer"],
        FOLDED,
    );
    assert!(
        stdout(&output).contains("<title>answer (8 samples, 100.00%)</title>"),
        "{}",
        stderr(&output)
    );
    let output = run(
        FLAMEGRAPH,
        &["--hide", "^serve$", "--base", "serve"],
        FOLDED,
    );
    let message = "inferno-flamegraph: error: input: No stack has the base `serve`\n";
    assert_eq!(stderr(&output), message);
}

#[test]
fn any_format_and_any_picture_can_be_filtered() {
    let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    let output = run(PERF, &["--hide", "^main$"], script);
    assert_eq!(stdout(&output), "prog;leaf 7\n");
    let output = run(FLAMEGRAPH, &["--hide", "^main$", "--flamechart"], script);
    assert!(stdout(&output).contains("<title>leaf (7 cycles, 100.00%)</title>"));
    assert!(!stdout(&output).contains("<title>main"));

    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("after");
    fs::write(&file, "app;main;serve;run 7\nidle;wait 1000\n").expect("a file");
    let after = file.to_str().expect("a path in UTF-8");
    let output = run(
        FLAMEGRAPH,
        &["--drop=^idle", "--merge-generated", "--diff", after],
        FOLDED,
    );
    assert!(stdout(&output).contains("<title>app (10 samples, 100.00%; +30.00%)</title>"));
}

#[test]
fn filters_that_leave_nothing_say_so() {
    let output = run(GUESS, &["--keep", "nothing"], FOLDED);
    let message = "input: found no stacks, expected stacks that pass the filters\n";
    assert_eq!(
        stderr(&output),
        format!("inferno-collapse-guess: error: {message}")
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_invalid_pattern_is_rejected() {
    let reason = "expected a regular expression, found `a(b`: unclosed group";
    for flags in [&["--keep", "a(b"][..], &["--rename", "a(b", "c"]] {
        for tool in [GUESS, FLAMEGRAPH] {
            let output = run(tool, flags, FOLDED);
            assert!(stderr(&output).contains(reason), "{}", stderr(&output));
            assert_eq!(output.status.code(), Some(2), "{flags:?}");
        }
    }
}

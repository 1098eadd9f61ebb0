//! Many inputs: their sum does not depend on the number of threads, and damaged ones can be left out.

#![cfg(feature = "cli")]

use crate::support::run::{assert_fails, run_in, stderr, stdout};
use std::collections::BTreeMap;
use std::fs;
use std::process::Output;
use tempfile::TempDir;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");

/// A directory with profiles in several formats: `00.txt`, `01.txt`, ...
fn shards(count: usize) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for index in 0..count {
        fs::write(path(&directory, index), shard(index)).unwrap();
    }
    directory
}

fn path(directory: &TempDir, index: usize) -> std::path::PathBuf {
    directory.path().join(format!("{index:02}.txt"))
}

fn shard(index: usize) -> String {
    let own = format!("own_{index}");
    match index % 3 {
        0 => format!("main;{own} 3\nmain;shared 2\n"),
        1 => format!("prog 7 [001] 1.5: 5 cycles:\n\t12 {own} (m)\n\t34 main (m)\n\n"),
        _ => {
            format!("    {own}\n    shared\n    main\n    -                prog (7)\n        4\n\n")
        }
    }
}

/// Runs the tool on all shards.
fn on_all(directory: &TempDir, args: &[&str]) -> Output {
    let mut names: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".txt"))
        .collect();
    names.sort();
    let names = names.iter().map(String::as_str);
    let args: Vec<&str> = args.iter().copied().chain(names).collect();
    run_in(directory.path(), INFERNO, &args, b"")
}

/// The sum of shards that are folded one by one.
fn sum(directory: &TempDir, indexes: impl Iterator<Item = usize>) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for index in indexes {
        let path = path(directory, index);
        let args = ["collapse", "-q", path.to_str().unwrap()];
        let folded = stdout(&run_in(directory.path(), INFERNO, &args, b""));
        assert!(!folded.is_empty());
        for line in folded.lines() {
            let (stack, count) = line.rsplit_once(' ').unwrap();
            *counts.entry(stack.to_string()).or_default() += count.parse::<u64>().unwrap();
        }
    }
    let lines = counts.iter();
    lines
        .map(|(stack, count)| format!("{stack} {count}\n"))
        .collect()
}

#[test]
fn all_inputs_are_added_up() {
    let directory = shards(40);
    let expected = sum(&directory, 0..40);
    for threads in ["1", "3", "7"] {
        let output = on_all(&directory, &["collapse", "-q", "-n", threads]);
        assert_eq!(stdout(&output), expected, "{threads} threads");
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    let directory = shards(40);
    for command in [
        &["collapse", "-f", "callgrind"][..],
        &["collapse", "--list-values"],
        &["flamegraph"],
        &["report", "--format", "json"],
        &["convert", "--to", "folded"],
    ] {
        let outputs = ["1", "2", "5"].map(|threads| {
            let output = on_all(&directory, &[command, &["-n", threads]].concat());
            assert!(output.status.success(), "{}", stderr(&output));
            (stdout(&output), stderr(&output))
        });
        assert!(!outputs[0].0.is_empty());
        assert_eq!(outputs[0], outputs[1], "{command:?}");
        assert_eq!(outputs[0], outputs[2], "{command:?}");
    }
}

/// What no tool reads.
const XZ: &[u8] = b"\xfd7zXZ\0 and more";

/// Shards of which numbers 4, 5 and 33 are damaged.
fn damaged_shards() -> TempDir {
    let directory = shards(40);
    for index in [4, 5, 33] {
        fs::write(path(&directory, index), XZ).unwrap();
    }
    directory
}

#[test]
fn the_first_damaged_input_ends_the_run() {
    let directory = damaged_shards();
    for command in ["collapse", "flamegraph", "report"] {
        let alone = on_all(&directory, &[command, "-n", "1", "-o", "out"]);
        for threads in ["2", "5"] {
            let output = on_all(&directory, &[command, "-n", threads, "-o", "out"]);
            assert_eq!(stderr(&output), stderr(&alone));
            assert_fails(&output, &stderr(&alone));
        }
        let errors = stderr(&alone);
        assert!(
            errors.contains(": error: 04.txt: ") && !errors.contains("05.txt"),
            "{errors}"
        );
        assert!(!directory.path().join("out").exists());
    }
}

#[test]
fn damaged_inputs_can_be_left_out() {
    let directory = damaged_shards();
    let expected = sum(
        &directory,
        (0..40).filter(|index| ![4, 5, 33].contains(index)),
    );
    let mut messages = Vec::new();
    for threads in ["1", "2", "5"] {
        let args = ["collapse", "-n", threads, "--keep-going", "-o", "out"];
        let output = on_all(&directory, &args);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            fs::read_to_string(directory.path().join("out")).unwrap(),
            expected
        );
        messages.push(stderr(&output));
    }
    assert_eq!(messages[0], messages[1]);
    assert_eq!(messages[0], messages[2]);
    let lines: Vec<&str> = messages[0].lines().collect();
    let [first, second, third, last] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    for (line, name) in [(first, "04.txt"), (second, "05.txt"), (third, "33.txt")] {
        assert!(
            line.starts_with(&format!("inferno collapse: error: {name}: ")),
            "{line}"
        );
    }
    assert_eq!(*last, "inferno collapse: error: skipped 3 of 40 inputs");
}

#[test]
fn all_commands_can_leave_inputs_out() {
    let directory = damaged_shards();
    for command in [
        &["flamegraph"][..],
        &["flamegraph", "--flamechart"],
        &["flamegraph", "--list-values"],
        &["report"],
        &["report", "--list-values"],
        &["convert", "--to", "folded"],
    ] {
        let args = [command, &["--keep-going", "-o", "out"]].concat();
        let output = on_all(&directory, &args);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let errors = stderr(&output);
        assert!(
            errors.ends_with(" skipped 3 of 40 inputs\n"),
            "{command:?}: {errors}"
        );
        assert_eq!(
            errors.matches(": error: ").count(),
            4,
            "{command:?}: {errors}"
        );
        let written = fs::read_to_string(directory.path().join("out")).unwrap();
        assert!(!written.is_empty(), "{command:?}");
        fs::remove_file(directory.path().join("out")).unwrap();
    }
}

#[test]
fn profiles_that_cannot_be_divided_can_be_left_out() {
    let directory = damaged_shards();
    let args = [
        "collapse",
        "--per",
        "thread",
        "--keep-going",
        "-o",
        "out-{}",
    ];
    let output = on_all(&directory, &args);
    assert_eq!(output.status.code(), Some(1));
    let errors = stderr(&output);
    let not_divided = "error: 00.txt: --per: the samples do not record their thread\n";
    assert!(
        errors.contains(not_divided) && errors.contains("error: 33.txt: "),
        "{errors}"
    );
    let of_thread = fs::read_to_string(directory.path().join("out-prog-7")).unwrap();
    assert!(of_thread.contains("prog;main;own_1 5\n"), "{of_thread}");
}

#[test]
fn nothing_is_written_if_nothing_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["1.txt", "2.txt"] {
        fs::write(directory.path().join(name), XZ).unwrap();
    }
    let output = on_all(&directory, &["collapse", "--keep-going", "-o", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).ends_with(": error: skipped 2 of 2 inputs\n"));
    assert!(!directory.path().join("out").exists());
}

#[test]
fn a_side_of_a_comparison_cannot_be_left_out() {
    let directory = shards(3);
    for args in [
        &["flamegraph", "--keep-going", "--diff", "00.txt", "01.txt"][..],
        &["report", "--keep-going", "--diff", "00.txt", "01.txt"],
    ] {
        let output = run_in(directory.path(), INFERNO, args, b"");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
}

#[test]
fn parts_of_one_profile_cannot_be_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let args = ["collapse", "callgrind", "--keep-going", "1", "2"];
    let output = run_in(directory.path(), INFERNO, &args, b"");
    assert_fails(
        &output,
        "inferno collapse: error: --keep-going cannot leave out inputs that are parts of one profile\n",
    );
}

#[test]
fn warnings_name_their_input_and_are_in_order() {
    let directory = tempfile::tempdir().unwrap();
    for index in 0..20 {
        let text = "prog 1 1.0: 7 cycles:\n\t12 leaf (m)\n\nnonsense\n\n";
        fs::write(path(&directory, index), text).unwrap();
    }
    let output = on_all(&directory, &["collapse", "-n", "4"]);
    assert!(output.status.success());
    let messages = stderr(&output);
    let names: Vec<&str> = messages
        .lines()
        .map(|line| {
            let named = line.strip_prefix("inferno collapse: warning: ").unwrap();
            named.split_once(": skipped 1 line: ").unwrap().0
        })
        .collect();
    let expected: Vec<String> = (0..20).map(|index| format!("{index:02}.txt")).collect();
    assert_eq!(names, expected);
}

#[test]
fn patterns_are_expanded() {
    let directory = shards(12);
    fs::write(directory.path().join("[*].txt"), "as;it;is 1\n").unwrap();
    fs::create_dir(directory.path().join("0x.txt")).unwrap();
    let fold = |args: &[&str]| {
        let args = [&["collapse", "-q"], args].concat();
        run_in(directory.path(), INFERNO, &args, b"")
    };
    let all: Vec<String> = (0..10).map(|index| format!("{index:02}.txt")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(stdout(&fold(&["0?.txt"])), stdout(&fold(&all)));
    let pattern = directory.path().join("0*");
    assert_eq!(
        stdout(&fold(&[pattern.to_str().unwrap()])),
        stdout(&fold(&all))
    );
    assert_eq!(stdout(&fold(&["[*].txt"])), "as;it;is 1\n");
    let missing = fold(&["*.data"]);
    assert!(
        stderr(&missing).contains("error: *.data: "),
        "{}",
        stderr(&missing)
    );
}

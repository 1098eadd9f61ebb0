//! Tests of `inferno collapse`, `inferno flamegraph` and `inferno diff`: what they read, list and
//! reject.

use crate::support::run::{assert_fails, assert_folds, run, run_in, stderr, stdout};
use std::fs;
use std::path::Path;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

const SCRIPT: &str = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
const DTRACE: &str = "\n              m`leaf+0x1\n              m`main+0x1\n    2\n";
const RAW: &str = "\
PeriodType: cpu nanoseconds
Period: 10000000
Samples:
samples/count cpu/nanoseconds
          3   30000000: 1 2
Locations
     1: 0x1 M=1 main.work /srv/a.go:7 s=5
     2: 0x2 M=1 main.main /srv/a.go:3 s=1
Mappings
1: 0x0/0x0/0x0
";

fn collapse(args: &[&str], input: &str) -> std::process::Output {
    run(INFERNO, &[&["collapse"], args].concat(), input.as_bytes())
}

#[test]
fn formats_have_the_names_of_their_tools_too() {
    for (alias, name) in [
        ("procstack", "aix"),
        ("eu-stack", "elfutils"),
        ("function-graph", "uftrace"),
    ] {
        let usage = |format| stdout(&collapse(&[format, "--help"], ""));
        assert_eq!(usage(alias), usage(name));
        assert!(!usage(alias).is_empty(), "{alias}");
    }
}

#[test]
fn a_format_is_given_or_detected() {
    let folded = "prog;main;leaf 7\n";
    assert_folds(&collapse(&["perf"], SCRIPT), folded);
    assert_folds(&collapse(&[], SCRIPT), folded);
    assert_folds(&collapse(&["-"], SCRIPT), folded);
    let wrong = collapse(&["vtune", "-q"], SCRIPT);
    assert_fails(
        &wrong,
        "inferno collapse: error: standard input: found no stacks, expected the CSV of a VTune hotspots report\n",
    );
}

#[test]
fn formats_have_the_flags_of_their_tools() {
    for (args, input, folded) in [
        (&["perf", "--pid"][..], SCRIPT, "prog-?;main;leaf 7\n"),
        (&["perf", "--threads"], SCRIPT, "prog-?/1;main;leaf 7\n"),
        (&["perf", "--skip-after", "leaf"], SCRIPT, "leaf 7\n"),
        (
            &["dtrace", "--includeoffset"],
            DTRACE,
            "m`main+0x1;m`leaf 2\n",
        ),
        (&["recursive", "-n1"], "a;b;b;b 3\n", "a;b 3\n"),
        (&["folded"], "b 1\na 2\nb 3\n", "a 2\nb 4\n"),
    ] {
        assert_folds(&collapse(args, input), folded);
    }
}

/// The published tools and `inferno collapse` produce the same output.
#[test]
fn each_format_folds_as_its_tool() {
    for (format, case) in [
        ("dtrace", "names.txt"),
        ("ghcprof", "time.txt"),
        ("sample", "two-threads.txt"),
        ("vsprof", "shop.csv"),
        ("vtune", "names.csv"),
    ] {
        let path = format!("{DATA}/{format}/{case}");
        let expected = fs::read_to_string(Path::new(&path).with_extension("folded"));
        assert_folds(&collapse(&[format, &path], ""), &expected.expect("a case"));
    }
}

#[test]
fn inputs_in_different_formats_are_added_up() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [
        ("a.perf", SCRIPT),
        ("b.folded", "prog;main;leaf 3\n"),
        ("pprof", "other 1\n"),
    ] {
        fs::write(directory.path().join(name), text).expect("room for it");
    }
    let run = |args: &[&str]| run_in(directory.path(), INFERNO, args, b"");
    let sum = "other 1\nprog;main;leaf 10\n";
    assert_folds(&run(&["collapse", "a.perf", "b.folded", "./pprof"]), sum);
    // A format after a path is a path.
    assert_folds(&run(&["collapse", "a.perf", "b.folded", "pprof"]), sum);
    let error = run(&["collapse", "pprof", "a.perf"]);
    assert!(stderr(&error).contains("a.perf: "), "{}", stderr(&error));
    assert_eq!(error.status.code(), Some(1));
}

#[test]
fn all_formats_are_listed_and_can_be_given() {
    let list = stdout(&collapse(&["--list"], ""));
    let names: Vec<&str> = list
        .lines()
        .map(|line| line.split(' ').next().expect("a name"))
        .collect();
    for format in inferno::collapse::guess::formats().chain(["recursive"]) {
        assert!(names.contains(&format), "{format}");
        let help = stdout(&collapse(&[format, "-h"], ""));
        assert!(help.starts_with("Fold "), "{format}: {help}");
        assert!(help.contains("--list-values"), "{format}");
    }
    assert!(list.contains("chrome-tracing"), "{list}");
}

#[test]
fn values_are_listed_and_chosen_by_name() {
    let listed = "samples\tcount\t3\ncpu\tnanoseconds\t30000000\t(default)\n";
    assert_folds(&collapse(&["go", "--list-values"], RAW), listed);
    assert_folds(&collapse(&["--list-values"], RAW), listed);
    let drawn = run(INFERNO, &["flamegraph", "--list-values"], RAW.as_bytes());
    assert_folds(&drawn, listed);
    let folded = "main.main;main.work 3\n";
    assert_folds(&collapse(&["--value", "samples"], RAW), folded);
    assert_folds(&collapse(&["--sample-type", "samples"], RAW), folded);
    assert_folds(&collapse(&["go", "--value=samples"], RAW), folded);
    let path = format!("{DATA}/ghcprof/ticks.txt");
    let listed = stdout(&collapse(&["ghcprof", "--list-values", &path], ""));
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(names, ["time", "ticks", "bytes"]);
    for value in names {
        let by_name = collapse(&["--value", value, &path], "");
        assert_folds(
            &by_name,
            &stdout(&collapse(&["ghcprof", &format!("--{value}"), &path], "")),
        );
    }
    let none = "the profile has no value `x`; it has";
    for (args, input, has) in [
        (&["--value", "x"][..], RAW, "samples, cpu"),
        (&["--value", "x"], "a;b 3\n", "samples"),
        (&["--value", "x"], DTRACE, "samples"),
    ] {
        let message = format!("inferno collapse: error: standard input: {none} {has}\n");
        assert_fails(&collapse(args, input), &message);
    }
    let drawn = run(INFERNO, &["flamegraph", "--value", "x"], b"a;b 3\n");
    let message = format!("inferno flamegraph: error: standard input: {none} samples\n");
    assert_fails(&drawn, &message);
}

#[test]
fn shared_flags_work_with_and_without_a_format() {
    let lines = "main.main (/srv/a.go:3);main.work (/srv/a.go:7) 30000000\n";
    assert_folds(&collapse(&["--lines"], RAW), lines);
    assert_folds(&collapse(&["go", "--lines"], RAW), lines);
    assert_folds(&collapse(&["--threads"], SCRIPT), "prog-?/1;main;leaf 7\n");
    let events = format!("{SCRIPT}{}", SCRIPT.replace("7 cycles", "5 faults"));
    let folded = "prog;main;leaf 5\n";
    assert_folds(&collapse(&["--event", "faults"], &events), folded);
    let args = ["perf", "--event-filter", "faults"];
    assert_folds(&collapse(&args, &events), folded);
    let output = collapse(&["--event", "faults"], RAW);
    assert!(stderr(&output).contains("go has no events: ignoring event faults"));
}

#[test]
fn text_may_be_utf16_in_all_formats() {
    let units = RAW.encode_utf16().flat_map(u16::to_le_bytes);
    let text: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
    for args in [&["collapse"][..], &["collapse", "go"]] {
        let folded = "main.main;main.work 30000000\n";
        assert_folds(&run(INFERNO, args, &text), folded);
    }
}

#[test]
fn drawing_and_comparing_are_subcommands() {
    let tool = env!("CARGO_BIN_EXE_inferno-flamegraph");
    let flags = ["--title", "t", "--width", "600", "--theme", "modern"];
    let expected = stdout(&run(tool, &flags, b"a;b 3\n"));
    let args = [&["flamegraph"], &flags[..]].concat();
    assert_folds(&run(INFERNO, &args, b"a;b 3\n"), &expected);
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("before"), "a;b 3\n").expect("room for it");
    let diff = ["diff", "before", "-"];
    let output = run_in(directory.path(), INFERNO, &diff, b"a;b 5\n");
    assert_folds(&output, "a;b 3 5\n");
}

#[test]
fn invalid_values_are_rejected() {
    for (args, message) in [
        (&["nonsense"][..], "unrecognized subcommand"),
        (&["collapse", "--nonsense"], "unexpected argument"),
        (&["collapse", "perf", "--nonsense"], "unexpected argument"),
        (
            &["collapse", "ghcprof", "--value=x"],
            "[possible values: time, bytes, ticks]",
        ),
        (
            &["flamegraph", "--csp-nonce=a"],
            "--csp-nonce requires --format html",
        ),
        (&["diff", "-", "-"], "only one of the two profiles"),
    ] {
        let output = run(INFERNO, args, b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let output = collapse(&["nonsense"], "");
    let message = "inferno collapse: error: nonsense: No such file or directory (os error 2)\n";
    assert_fails(&output, message);
}

#[test]
fn help_shows_what_to_do() {
    let help = stderr(&run(INFERNO, &[], b""));
    for text in [
        "inferno flamegraph perf.data",
        "inferno collapse",
        "inferno diff",
        "inferno report",
        "--list",
    ] {
        assert!(help.contains(text), "{text}");
    }
    let version = stdout(&run(INFERNO, &["--version"], b""));
    assert_eq!(
        version,
        concat!("inferno ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

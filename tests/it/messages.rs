//! Tests of messages: errors are one line, control no terminal, and say what is expected.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output, Stdio};

use crate::support::deadline;
use crate::support::skip;

use crate::support::run::{assert_fails, run, run_in, stderr, stdout};

const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const DIFF_FOLDED: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const PERF: &str = env!("CARGO_BIN_EXE_inferno-collapse-perf");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const DTRACE: &str = env!("CARGO_BIN_EXE_inferno-collapse-dtrace");
const RECURSIVE: &str = env!("CARGO_BIN_EXE_inferno-collapse-recursive");

const TOOLS: [&str; 11] = [
    FLAMEGRAPH,
    DIFF_FOLDED,
    PERF,
    GUESS,
    DTRACE,
    RECURSIVE,
    env!("CARGO_BIN_EXE_inferno-collapse-ghcprof"),
    env!("CARGO_BIN_EXE_inferno-collapse-sample"),
    env!("CARGO_BIN_EXE_inferno-collapse-vsprof"),
    env!("CARGO_BIN_EXE_inferno-collapse-vtune"),
    env!("CARGO_BIN_EXE_inferno-collapse-xctrace"),
];

/// Starts a new line, and makes a terminal clear its screen, change its title and reverse the text
/// direction.
const HOSTILE: &str = "a\nerror: b\r\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}z";
const SHOWN: &str = "a\\nerror: b\\r\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{202e}z";

#[track_caller]
fn assert_harmless(output: &Output) {
    let text = stderr(output);
    let is_harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
    assert!(text.chars().all(is_harmless), "{text:?}");
    assert!(!text.contains("\nerror: b"), "{text:?}");
}

#[cfg(unix)]
#[test]
fn names_of_files_are_escaped() {
    for tool in TOOLS {
        let name = tool.rsplit('/').next().expect("a name");
        // The second file, for the tool that takes two.
        let args = if tool == DIFF_FOLDED {
            &[HOSTILE, "-"][..]
        } else {
            &[HOSTILE]
        };
        let message = format!("{name}: error: {SHOWN}: No such file or directory (os error 2)\n");
        assert_fails(&run(tool, args, b"a 1\n"), &message);
    }
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join(HOSTILE)).expect("a directory");
    for args in [
        &["-o", HOSTILE][..],
        &["--nameattr", HOSTILE],
        &["--diff", HOSTILE, HOSTILE],
    ] {
        let output = run_in(directory.path(), FLAMEGRAPH, args, b"a 1\n");
        assert_harmless(&output);
        assert!(stderr(&output).contains(SHOWN), "{}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1);
        assert_eq!(output.status.code(), Some(1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn file_names_that_are_not_utf8_are_shown() {
    use std::os::unix::ffi::OsStrExt;

    let name = OsStr::from_bytes(b"caf\xe9\xff");
    let output = Command::new(GUESS)
        .arg(name)
        .output()
        .expect("the tool runs");
    let message = "caf\\xe9\\xff: No such file or directory (os error 2)";
    assert_fails(
        &output,
        &format!("inferno-collapse-guess: error: {message}\n"),
    );
}

#[test]
fn bytes_of_the_input_are_escaped() {
    let script = format!(
        "{hostile}\n\nprog 1 1.0: 7 {event}:\n\t 12 leaf (m)\n\t {hostile}\n\n\
         prog 1 1.0: 7 other\u{1b}[31m:\n\t 12 leaf (m)\n\n",
        hostile = HOSTILE.replace('\n', " "),
        event = "cy\u{1b}]0;x\u{7}cles",
    );
    let output = run(PERF, &["-vvv"], script.as_bytes());
    assert!(
        stderr(&output).contains(": warning: "),
        "{}",
        stderr(&output)
    );
    assert_harmless(&output);
    for tool in TOOLS {
        let args = if tool == DIFF_FOLDED {
            &["-vvv", "-", "/dev/null"][..]
        } else {
            &["-vvv"]
        };
        assert_harmless(&run(tool, args, script.as_bytes()));
        let stacks = format!("{HOSTILE} x\n{HOSTILE} 1\n");
        assert_harmless(&run(tool, args, stacks.as_bytes()));
    }
}

#[test]
fn flags_are_escaped() {
    for args in [
        &[&*format!("--{HOSTILE}")][..],
        &["--fontsize", HOSTILE],
        &["--uicolor", HOSTILE],
        &["--bgcolors", HOSTILE],
        &["--colors", HOSTILE],
        &["--format", HOSTILE],
        &["--csp-nonce", HOSTILE],
        &["--keep", &format!("({HOSTILE}")],
        &["--rename", &format!("({HOSTILE}"), "x"],
        &["--rename", "x", &format!("${{{HOSTILE}}}")],
    ] {
        let output = run(FLAMEGRAPH, args, b"a 1\n");
        assert_harmless(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn help_that_cannot_be_written_is_an_error() {
    let run_into = |tool: &str, flag: &str, stdout: Stdio| {
        let mut command = Command::new(tool);
        command.arg(flag).stdin(Stdio::null()).stdout(stdout);
        deadline::run_to(&mut command)
    };
    for tool in TOOLS {
        let name = tool.rsplit('/').next().expect("a name");
        for flag in ["--help", "-h", "--version"] {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let output = run_into(tool, flag, writer.into());
            assert_eq!(stderr(&output), "");
            assert!(output.status.success());

            match fs::OpenOptions::new().write(true).open("/dev/full") {
                Ok(full) => assert_fails(
                    &run_into(tool, flag, full.into()),
                    &format!(
                        "{name}: error: standard output: No space left on device (os error 28)\n"
                    ),
                ),
                Err(_) => skip::skip(
                    "messages::help_that_cannot_be_written_is_an_error",
                    "no /dev/full",
                ),
            }
        }
    }
}

/// The first line of the error about invalid flags.
#[track_caller]
fn refusal(tool: &str, args: &[&str]) -> String {
    let output = run(tool, args, b"main;work 3\n");
    assert_eq!(
        output.status.code(),
        Some(2),
        "{args:?}: {}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "", "{args:?}");
    stderr(&output)
        .lines()
        .next()
        .unwrap_or_default()
        .to_string()
}

#[test]
fn invalid_numbers_are_rejected() {
    for (flag, values, required) in [
        (
            "--width",
            &["0", "-1", "1.5", "nan", "x", "99999999999999999999"][..],
            "a whole number from 1 to 1000000",
        ),
        (
            "--height",
            &["0", "-1", "inf", "18446744073709551615"],
            "a whole number from 1 to 1000000",
        ),
        (
            "--fontsize",
            &["0", "-12", "12px", "18446744073709551615"],
            "a whole number from 1 to 1000000",
        ),
        (
            "--fontwidth",
            &["0", "-1", "nan", "inf", "NaN", "infinity", "x"],
            "a number greater than 0",
        ),
        (
            "--factor",
            &["0", "-1", "nan", "inf", "-inf", "1e999", "x"],
            "a number greater than 0",
        ),
        (
            "--minwidth",
            &["-0.1", "nan", "inf", "100.5", "1e9", "5%"],
            "a number from 0 to 100",
        ),
    ] {
        for value in values {
            let message = refusal(FLAMEGRAPH, &[&format!("{flag}={value}")]);
            assert!(
                message.starts_with(&format!("error: invalid value '{value}' for '{flag} ")),
                "{message}"
            );
            assert!(
                message.ends_with(&format!(": expected {required}")),
                "{message}"
            );
        }
    }
    for tool in [PERF, GUESS, DTRACE, RECURSIVE] {
        for value in ["-1", "x", "1.5", "99999999999999999999999"] {
            let message = refusal(tool, &["-n", value]);
            assert!(message.ends_with(": expected a whole number"), "{message}");
        }
    }
    // A negative number after a space is not a flag.
    let message = refusal(FLAMEGRAPH, &["--factor", "-1"]);
    assert!(
        message.ends_with(": expected a number greater than 0"),
        "{message}"
    );
}

#[test]
fn invalid_words_are_rejected() {
    let color = "a color as `#rrggbb`";
    let words = "expected `yellow`, `blue`, `green`, `grey`, or a color as `#rrggbb`";
    for (args, required) in [
        (&["--uicolor", "red"][..], color),
        (&["--search-color", "#12345"], color),
        (&["--stroke-color", "black"], color),
        (&["--bgcolors", "white"], words),
        (&["--csp-nonce", "a b", "--format=html"], "base64"),
        (
            &["--csp-nonce", "a'; script-src *", "--format=html"],
            "base64",
        ),
        (&["--csp-nonce", "<", "--format", "html"], "base64"),
        (&["--csp-nonce", "abc"], "--format html"),
        (&["--csp-nonce=abc", "--format=svg"], "--format html"),
        (&["--diff", "-", "/dev/stdin"], "only one"),
    ] {
        let message = refusal(FLAMEGRAPH, args);
        assert!(message.contains(required), "{message}");
    }
    assert!(refusal(DIFF_FOLDED, &["-", "-"]).contains("only one"));
    let message = refusal(DIFF_FOLDED, &["-"]);
    assert!(message.contains("required"), "{message}");
}

#[cfg(feature = "filter")]
#[test]
fn missing_groups_are_rejected() {
    for tool in [GUESS, FLAMEGRAPH] {
        for (pattern, to, group) in [
            ("(a)(b)", "$3", "3"),
            ("a", "$1", "1"),
            ("(?<x>a)", "$name", "name"),
            ("(a)", "$1x", "1x"),
            ("(a)", "$$${2}", "2"),
            ("(a)", "${}", ""),
            ("(a)", "$1$2", "2"),
        ] {
            let message = refusal(tool, &["--rename", pattern, to]);
            let expected = format!("expected a group of `{pattern}` after `$`, found `{group}`");
            assert!(message.contains(&expected), "{message}");
        }
        for to in [
            "$0", "$1", "${1}x", "$x", "${x}1", "$$3", "$", "a$", "$-", "${", "$${9}",
        ] {
            let args = ["--rename", "(?<x>w)", to];
            assert!(run(tool, &args, b"main;work 3\n").status.success(), "{to}");
        }
    }
}

#[test]
fn widths_of_a_differential_graph_require_one() {
    for which in ["before", "after", "larger"] {
        let flag = format!("--diff-width={which}");
        let output = run(FLAMEGRAPH, &[&flag], b"main;work 3\n");
        assert_fails(
            &output,
            "inferno-flamegraph: error: standard input: --diff-width requires stacks with two counts: see \
             --diff, or inferno-diff-folded\n",
        );
        assert!(
            run(FLAMEGRAPH, &[&flag], b"main;work 3 5\n")
                .status
                .success()
        );
    }
}

/// Valid values at the limits are accepted.
#[test]
fn numbers_at_the_limits_are_accepted() {
    for flag in [
        "--width=1",
        "--width=1000000",
        "--height=1",
        "--fontsize=1",
        "--fontwidth=0.01",
        "--factor=0.001",
        "--factor=1e12",
        "--minwidth=0",
        "--minwidth=100",
        "--minwidth=1e-9",
        "--negate",
        "--countname=",
        "--title=",
        "--no-sort",
        "-qvv",
    ] {
        let output = run(FLAMEGRAPH, &[flag], b"main;work 3\n");
        assert_eq!(stderr(&output), "", "{flag}");
        assert!(output.status.success(), "{flag}");
    }
    let output = run(
        FLAMEGRAPH,
        &["--format=html", "--csp-nonce=aB3+/w=="],
        b"main;work 3\n",
    );
    assert!(stdout(&output).contains("nonce-aB3+/w=="));
}

#[test]
#[cfg(feature = "jfr")]
fn a_recording_without_execution_samples_says_what_it_has() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/jfr/malloc.jfr");
    let args = ["collapse", "jfr", recording];
    let output = run(env!("CARGO_BIN_EXE_inferno"), &args, b"");
    let expected = "the recording has no execution samples; it has profiler.Malloc; choose one";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

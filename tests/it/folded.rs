//! Tests of folded text as the interface between tools: each can read the output of the others.

use crate::support::run::{assert_fails, assert_folds, run, run_in, stderr, stdout};

const DIFF: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const RECURSIVE: &str = env!("CARGO_BIN_EXE_inferno-collapse-recursive");

/// The titles of an image, which must have been drawn without warnings.
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
fn recursion_is_merged_in_any_folded_text() {
    let lines = "main;f;f 0.5\nmain;f 0.25\n";
    assert_folds(&run(RECURSIVE, &[], lines.as_bytes()), "main;f 0.75\n");
    let differential = "# before after 0\nmain;f;f 3 5\nmain;f\t1 1\n";
    assert_folds(
        &run(RECURSIVE, &[], differential.as_bytes()),
        "main;f 4 6\n",
    );
}

/// The start of the output of `perf report`, in which some lines end in a number.
const PERF_REPORT: &str = "\
# Total Lost Samples: 0
#
# Samples: 12  of event 'cpu-clock'
# Event count (approx.): 3000000
#
# Overhead  Command  Shared Object  Symbol
    58.33%  sieve    sieve          [.] count 7
    41.67%  sieve    sieve          [.] main 5
";

#[test]
fn text_that_is_not_folded_is_rejected_by_name() {
    let formats: Vec<&str> = inferno::collapse::guess::formats().collect();
    let formats = formats.join(", ");
    let supported = format!("supported formats: {formats}\n");
    let tried = format!("unrecognized format; tried {formats}");
    for (input, message) in [
        (
            PERF_REPORT,
            "unsupported format: output of `perf report`; use perf.data or the output of \
             `perf script`\n"
                .to_string(),
        ),
        (
            "JAVA PROFILE 1.0.2\0\0\0\u{4}\n\0 7\n\0 9\n",
            "unsupported format: a Java heap dump; record allocations with `jcmd PID JFR.start`\n"
                .to_string(),
        ),
        (
            "{\n \"samples\":\n 12\n}\n",
            format!("unsupported format: unrecognized JSON (its keys: samples); {supported}"),
        ),
        (
            "load averages\nuser 12\nsystem 3\nfree of all:\nidle 85\nno more.\n",
            format!("{tried}, only 3 of 6 lines are folded stacks\n"),
        ),
    ] {
        let drawn = run(FLAMEGRAPH, &[], input.as_bytes());
        assert_fails(
            &drawn,
            &format!("inferno-flamegraph: error: standard input: {message}"),
        );
        assert_eq!(stdout(&drawn), "");
        let message = match message.split_once(", only") {
            Some((start, _)) => format!("{start}\n"),
            None => message,
        };
        assert_fails(
            &run(GUESS, &[], input.as_bytes()),
            &format!("inferno-collapse-guess: error: standard input: {message}"),
        );
    }
}

/// Lines after those that determined the format are checked too.
#[test]
fn text_that_only_starts_like_folded_stacks_is_rejected() {
    let stacks = "main;serve;reply 3\n".repeat(400);
    let text = stacks + &"[warn] the connection was lost\n".repeat(500);
    for tool in [GUESS, FLAMEGRAPH] {
        let output = run(tool, &[], text.as_bytes());
        let message = stderr(&output);
        assert!(
            message.ends_with(", only 400 of 900 lines are folded stacks\n"),
            "{message}"
        );
        assert_eq!(
            (output.status.code(), stdout(&output).as_str()),
            (Some(1), "")
        );
    }
}

#[test]
fn a_few_lines_that_are_not_stacks_are_skipped() {
    let text = "main;a 3\nwarning: two events were lost\nmain;b 1.2.3\nmain;c -1\nmain;a 4\nb 5\n";
    let output = run(FLAMEGRAPH, &[], text.as_bytes());
    let warning = "inferno-flamegraph: warning: Ignored 3 lines with invalid format\n";
    assert_eq!(stderr(&output), warning);
    assert!(output.status.success());
    assert!(stdout(&output).contains("<title>a (7 samples, 58.33%)</title>"));
}

#[cfg(feature = "filter")]
#[test]
fn a_stack_is_not_read_back_as_a_comment() {
    let hidden = run(GUESS, &["--hide", "^main$"], b"main;# load;read 3\n");
    assert_folds(&hidden, "#_load;read 3\n");
    assert_folds(&run(GUESS, &[], &hidden.stdout), "#_load;read 3\n");
}

#[test]
fn any_profile_can_be_compared_as_text() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = "grind 7 5.0: 30 cycles:\n\t 12 mill (grind)\n\t 34 main (grind)\n\n";
    std::fs::write(directory.path().join("script"), script).expect("a file");
    let diff = |before: &str, input: &str| {
        run_in(directory.path(), DIFF, &[before, "-"], input.as_bytes())
    };
    let expected = "grind;main;mill 30 12\n";
    assert_folds(&diff("script", "grind;main;mill 12\n"), expected);
    let compressed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/compressed/script.gz"
    );
    let expected = "grind;main;mill 0 30\nprog;main;leaf 7 0\n";
    assert_folds(&diff(compressed, script), expected);

    let no_stacks = "inferno-diff-folded: error: standard input: found no stacks, expected folded stacks or \
                     a profile in a supported format\n";
    assert_fails(&diff("script", "\n\n"), no_stacks);
    let output = diff("script", PERF_REPORT);
    assert!(
        stderr(&output).contains("standard input: unsupported format: output of `perf report`")
    );
    assert_eq!(stdout(&output), "");
}

#[cfg(feature = "perf-data")]
#[test]
fn a_recording_can_be_compared_as_text() {
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/perf-data/dwarf.data"
    );
    let directory = tempfile::tempdir().expect("a directory");
    let folded = run(GUESS, &[data], b"").stdout;
    std::fs::write(directory.path().join("folded"), folded).expect("a file");
    let diff = |after| {
        let output = run_in(directory.path(), DIFF, &["-", after], b"spin;_start 4\n");
        assert!(output.status.success());
        stdout(&output)
    };
    assert_eq!(diff(data), diff("folded"));
    assert!(diff(data).lines().count() > 1);
}

#[test]
fn saturated_counts_cause_one_warning() {
    let most = u64::MAX;
    let text = format!("m;a;a {most}\nm;b {most}\nm;a;a 1\nm;b 7\n");
    let count =
        "a count is saturated at the maximum, 18446744073709551615: the actual count may be larger";
    for tool in [GUESS, RECURSIVE] {
        let output = run(tool, &[], text.as_bytes());
        assert!(output.status.success());
        let message = stderr(&output);
        assert!(
            message.ends_with(&format!(": warning: {count}\n")),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1);
    }
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("before"), &text).expect("a file");
    let output = run_in(directory.path(), DIFF, &["before", "-"], text.as_bytes());
    assert_eq!(stderr(&output).matches(count).count(), 1);
    assert!(stdout(&output).starts_with(&format!("m;a;a {most} {most}\n")));
    let drawn = run(FLAMEGRAPH, &[], text.as_bytes());
    assert_eq!(stderr(&drawn).lines().count(), 1);

    let halves = format!("m;a {}\n", most / 2).repeat(2);
    assert_eq!(stderr(&run(RECURSIVE, &[], halves.as_bytes())), "");
}

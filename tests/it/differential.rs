//! Tests of comparing profiles: `inferno-diff-folded`, and `inferno-flamegraph --diff`.

#![cfg(feature = "cli")]

use inferno::call_tree::CallTree;
use inferno::differential::{self, Options};
use inferno::{flamegraph, folded};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const DIFF_FOLDED: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

const BEFORE: &str = "p;a 10\np;b 10\nq 20\n";
const AFTER: &str = "p;a 30\np;b 30\nr 40\n";

/// Runs a tool in a directory with the profiles `before` and `after`.
fn run_with(before: &str, after: &str, tool: &str, args: &[&str], input: &str) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("before"), before).expect("a file");
    fs::write(directory.path().join("after"), after).expect("a file");
    let mut child = Command::new(tool)
        .args(args)
        .current_dir(directory.path())
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // The tool may exit before reading everything.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the tool ends")
}

fn run(tool: &str, args: &[&str]) -> Output {
    run_with(BEFORE, AFTER, tool, args, "")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// The titles of all frames except the root, with their counts before and after.
fn frames(svg: &str) -> BTreeMap<String, (String, String)> {
    let between = |text: &str, start: &str, end: &str| {
        let text = &text[text.find(start)? + start.len()..];
        Some(text[..text.find(end)?].to_string())
    };
    let frame = |text: &str| {
        let title = between(text, "<title>", "</title>")?;
        let before = between(text, "fg:before=\"", "\"")?;
        Some((title, (before, between(text, "fg:after=\"", "\"")?)))
    };
    svg.split("<g>").filter_map(frame).collect()
}

fn titles(svg: &str) -> Vec<String> {
    let is_frame = |title: &&String| !title.starts_with("all (");
    frames(svg).keys().filter(is_frame).cloned().collect()
}

#[test]
fn golden_differences() {
    for (flags, expected) in [
        (&[][..], "plain.diff"),
        (&["--normalize"], "normalized.diff"),
        (&["-s"], "stripped.diff"),
    ] {
        let path = |name: &str| format!("{DATA}/differential/{name}");
        let (before, after) = (path("before.folded"), path("after.folded"));
        let args = [flags, &[&before, &after]].concat();
        let output = run(DIFF_FOLDED, &args);
        if std::env::var_os("BLESS").is_some() {
            fs::write(path(expected), &output.stdout).expect("the expected file is written");
        }
        assert_eq!(stderr(&output), "");
        let expected = fs::read_to_string(path(expected)).expect("a golden file");
        assert_eq!(stdout(&output), expected, "{flags:?}");
    }
}

#[test]
fn one_profile_may_be_standard_input() {
    let expected = "p;a 10 30\np;b 10 30\nq 20 0\nr 0 40\n";
    for (args, input) in [
        (["before", "after"], ""),
        (["-", "after"], BEFORE),
        (["before", "-"], AFTER),
    ] {
        let output = run_with(BEFORE, AFTER, DIFF_FOLDED, &args, input);
        assert_eq!(
            (stderr(&output), stdout(&output)),
            (String::new(), expected.to_string())
        );
    }
    for args in [&["-", "-"][..], &["before"], &[], &["a", "b", "c"]] {
        assert_eq!(run(DIFF_FOLDED, args).status.code(), Some(2), "{args:?}");
    }
    assert_eq!(
        run(FLAMEGRAPH, &["--diff", "-", "-"]).status.code(),
        Some(2)
    );
}

#[test]
fn the_error_for_a_missing_file_names_it() {
    let output = run(DIFF_FOLDED, &["before", "no-such-file"]);
    let message = "no-such-file: No such file or directory (os error 2)\n";
    assert_eq!(
        stderr(&output),
        format!("inferno-diff-folded: error: {message}")
    );
    assert_eq!(output.status.code(), Some(1));

    let missing = Path::new("no-such-file");
    let error = differential::from_files(Options::default(), missing, missing, Vec::new());
    assert_eq!(format!("{}\n", error.expect_err("an error")), message);
}

#[test]
fn skipped_lines_are_reported_in_a_warning() {
    let output = run_with(
        "junk\na 1.5\na 1.5\n",
        "a 1\n",
        DIFF_FOLDED,
        &["before", "after"],
        "",
    );
    assert_eq!(stdout(&output), "a 2 1\n");
    assert_eq!(
        stderr(&output),
        "inferno-diff-folded: warning: The input data has fractional sample counts that will be \
         truncated to integers\n\
         inferno-diff-folded: warning: skipped 1 line: expected a stack and its count \
         (`main;parse 17`), found `junk` [line 1]\n"
    );
}

#[test]
fn the_change_of_a_frame_includes_its_callees() {
    let svg = stdout(&run(FLAMEGRAPH, &["--diff", "before", "after"]));
    let expected = [
        "a (30 samples, 30.00%; +20.00%)",
        "b (30 samples, 30.00%; +20.00%)",
        "p (60 samples, 60.00%; +40.00%)",
        "r (40 samples, 40.00%; +40.00%)",
    ];
    assert_eq!(titles(&svg), expected);
    let counts = |before: &str, after: &str| (before.to_string(), after.to_string());
    let frames = frames(&svg);
    assert_eq!(
        frames["p (60 samples, 60.00%; +40.00%)"],
        counts("20", "60")
    );
    assert_eq!(frames["all (100 samples, 100%)"], counts("40", "100"));
}

#[test]
fn diff_draws_the_same_as_folding_comparing_and_drawing() {
    let lines = stdout(&run(DIFF_FOLDED, &["before", "after"]));
    let three = run_with("", "", FLAMEGRAPH, &[], &lines);
    let args = ["--diff", "before", "after", "--diff-scale", "classic"];
    let one = run(FLAMEGRAPH, &args);
    assert_eq!(stdout(&one), stdout(&three));

    let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    let args = ["--diff", "before", "after"];
    let output = run_with(script, "prog;main;leaf 14\n", FLAMEGRAPH, &args, "");
    assert_eq!(
        titles(&stdout(&output))[0],
        "leaf (14 samples, 100.00%; +50.00%)"
    );
}

/// A frame that changed by 30% of itself and 0.01% of all samples, next to a large change.
#[test]
fn small_changes_are_visible_on_the_logarithmic_scale() {
    let before = "big 1000\nsmall 400\nsame 998600\n";
    let after = "big 300000\nsmall 530\nsame 998600\n";
    let draw = |scale: &[&str]| {
        let args = [&["--diff", "before", "after"], scale].concat();
        stdout(&run_with(before, after, FLAMEGRAPH, &args, ""))
    };
    let green = |svg: &str, name: &str| {
        let frame = &svg[svg.find(&format!("<title>{name} (")).expect("a frame")..];
        let fill = &frame[frame.find("fill=\"rgb(").expect("a color")..];
        let green = fill.split(',').nth(1).expect("three parts");
        green.parse::<u8>().expect("a number")
    };
    let log = draw(&[]);
    assert!(green(&log, "small") + 40 < green(&log, "same"));
    assert!(green(&log, "big") < green(&log, "small"));
    assert!(log.contains("id=\"legend\""));
    let classic = draw(&["--diff-scale", "classic"]);
    assert!(green(&classic, "small") > 245);
    assert!(!classic.contains("id=\"legend\""));
}

#[test]
fn a_profile_without_stacks_is_not_compared() {
    let output = run_with("a 1\n", "", FLAMEGRAPH, &["--diff", "before", "after"], "");
    let message = "inferno-flamegraph: error: after: found no stacks, expected folded stacks or a profile \
                   in a supported format\n";
    assert_eq!(stderr(&output), message);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn frames_that_disappeared_can_be_shown() {
    let draw = |width: &str| {
        let args = ["--diff", "before", "after", "--diff-width", width];
        titles(&stdout(&run(FLAMEGRAPH, &args)))
    };
    let before = [
        "a (10 samples, 25.00%; +50.00%)",
        "b (10 samples, 25.00%; +50.00%)",
        "p (20 samples, 50.00%; +100.00%)",
        "q (20 samples, 50.00%; -50.00%)",
    ];
    assert_eq!(draw("before"), before);
    let larger = [
        "a (30 samples, 25.00%; +16.67%)",
        "b (30 samples, 25.00%; +16.67%)",
        "p (60 samples, 50.00%; +33.33%)",
        "q (20 samples, 16.67%; -16.67%)",
        "r (40 samples, 33.33%; +33.33%)",
    ];
    assert_eq!(draw("larger"), larger);
    assert_eq!(draw("after").len(), 4);
}

#[test]
fn normalizing_keeps_changes_relative_to_the_total() {
    let args = ["--diff", "before", "after", "--normalize", "--strip-hex"];
    let svg = stdout(&run_with(
        "a;0x1 1\nb 2\n",
        "a;0x2 10\nb 20\n",
        FLAMEGRAPH,
        &args,
        "",
    ));
    let expected = [
        "0x... (10 samples, 33.33%; 0.00%)",
        "a (10 samples, 33.33%; 0.00%)",
        "b (20 samples, 66.67%; 0.00%)",
    ];
    assert_eq!(titles(&svg), expected);
}

/// Three thirds of eleven are eleven, even if a function is reached in two ways.
#[test]
fn normalized_output_is_rounded_to_decimal_digits() {
    let (before, after) = ("m;a 1\nm;b 1\nm;c 1\n", "m;a 5\nm;b 3\nm;c 3\n");
    let args = [
        "--diff",
        "before",
        "after",
        "--normalize",
        "--diff-width",
        "before",
    ];
    let svg = stdout(&run_with(before, after, FLAMEGRAPH, &args, ""));
    let expected = [
        "a (3.6667 samples, 33.33%; +12.12%)",
        "b (3.6666 samples, 33.33%; -6.06%)",
        "c (3.6667 samples, 33.33%; -6.06%)",
        "m (11 samples, 100.00%; 0.00%)",
    ];
    assert_eq!(titles(&svg), expected);
    assert!(svg.contains(r#"fg:before="11""#));
}

fn profile() -> impl Strategy<Value = Vec<(Vec<&'static str>, u64)>> {
    let frame = prop::sample::select(vec!["a", "b", "a::x", "c"]);
    prop::collection::vec((prop::collection::vec(frame, 1..5), 0u64..50), 1..10)
}

fn tree(stacks: &[(Vec<&str>, u64)]) -> CallTree {
    let mut tree = CallTree::new();
    for (stack, count) in stacks {
        tree.add_stack(stack, *count);
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The change of a frame is its own change plus that of its callees.
    #[test]
    fn changes_of_callees_add_up(before in profile(), after in profile()) {
        let tree = differential::compare(&tree(&before), &tree(&after), Options::default());
        let (one, two) = (tree.totals_before(), tree.totals());
        let change = |at: usize| two[at].whole() as i64 - one[at].whole() as i64;
        let own = |node| {
            let whole = |count: Option<inferno::call_tree::Count>| {
                count.map_or(0, |count| count.whole() as i64)
            };
            whole(tree.self_count(node)) - whole(tree.self_before(node))
        };
        let mut sums = vec![own(CallTree::ROOT); 1];
        sums.resize(tree.len(), 0);
        for visit in tree.walk() {
            sums[visit.node.index()] += own(visit.node);
            let parent = tree.parent(visit.node).expect("only the root has none");
            sums[parent.index()] += change(visit.node.index());
        }
        for (at, sum) in sums.into_iter().enumerate() {
            prop_assert_eq!(change(at), sum);
        }
    }

    /// Every difference can be drawn, whichever side determines the widths.
    #[test]
    fn any_difference_can_be_drawn(before in profile(), after in profile()) {
        let (before, after) = (tree(&before), tree(&after));
        let tree = differential::compare(&before, &after, Options::default());
        let total = |tree: &CallTree| tree.totals()[CallTree::ROOT.index()];
        for (width, has_samples) in [
            (flamegraph::DiffWidth::Before, !total(&before).is_zero()),
            (flamegraph::DiffWidth::After, !total(&after).is_zero()),
            (flamegraph::DiffWidth::Larger, total(&before).max(total(&after)) > 0.into()),
        ] {
            let mut options = flamegraph::Options::default();
            options.diff_width = width;
            let drawn = flamegraph::from_call_tree(&mut options, &tree, std::io::sink());
            prop_assert_eq!(drawn.is_ok(), has_samples);
        }
    }

    /// Conversion to text and back changes nothing.
    #[test]
    fn differential_text_is_read_back_unchanged(before in profile(), after in profile()) {
        let tree = differential::compare(&tree(&before), &tree(&after), Options::default());
        let mut lines = Vec::new();
        folded::write(&tree, &mut lines).expect("a Vec takes everything");
        let read = folded::read(lines.as_slice()).expect("a slice can be read").tree;
        let mut again = Vec::new();
        folded::write(&read, &mut again).expect("a Vec takes everything");
        prop_assert_eq!(lines, again);
    }
}

//! Tests of `inferno report`: what a profile contains, what changed, and whether that violates a
//! rule.

use crate::support::run::{assert_fails, run, run_in, stderr, stdout};
use inferno::folded;
use inferno::report::{Comparison, Format, Options, Report};
use std::fs;
use std::process::Output;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn report(args: &[&str], input: &str) -> Output {
    run(INFERNO, &[&["report"], args].concat(), input.as_bytes())
}

/// The profiles that were recorded before and after a function became slower.
fn recorded(side: &str) -> Vec<String> {
    let path = |run| format!("{DATA}/report/{side}-{run}.txt.gz");
    (1..=3).map(path).collect()
}

fn compare_recorded(more: &[&str]) -> Output {
    let (before, after) = (recorded("before"), recorded("after"));
    let mut args = vec!["--before"];
    args.extend(before.iter().map(String::as_str));
    args.push("--after");
    args.extend(after.iter().map(String::as_str));
    args.extend(more);
    report(&args, "")
}

/// Flags that few use are only in the long help.
#[test]
fn short_help_is_short() {
    let help = |flag| stdout(&run(INFERNO, &["report", flag], b""));
    let (short, long) = (help("-h"), help("--help"));
    for flag in ["--alpha", "--cpu", "--pid-is", "--strip-hex", "--tid-is"] {
        assert!(!short.contains(flag), "{flag}");
        assert!(long.contains(flag), "{flag}");
    }
}

#[test]
fn text_has_totals_functions_stacks_and_the_hot_path() {
    let lines = "main;parse;parse;read 1193\nmain;parse 300\nmain;draw 7\n";
    let output = report(&["--top", "2"], lines);
    assert_eq!(stderr(&output), "");
    let expected = "          \
        total  stacks  functions
  1,500 samples       3          4

Functions by self (first 2 of 4)
   self         total         function
  1,193  79.5%  1,193  79.5%  read
    300  20.0%  1,493  99.5%  parse

Functions by total (first 2 of 4)
  self         total          function
     0   0.0%  1,500  100.0%  main
   300  20.0%  1,493   99.5%  parse

Hottest stacks
   self         stack
  1,193  79.5%  main;parse;parse;read
    300  20.0%  main;parse

Hot path
   self         total          frame
      0   0.0%  1,500  100.0%  main
    300  20.0%  1,493   99.5%  parse
      0   0.0%  1,193   79.5%  parse
  1,193  79.5%  1,193   79.5%  read
";
    assert_eq!(stdout(&output), expected);
}

/// The value that is shown may be zero for functions that have others: freed memory, for example.
#[test]
fn functions_that_do_not_count_are_left_out() {
    let text = stdout(&report(&[], "main;load 1\nmain;free 0\n"));
    let summary: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(
        summary,
        [
            "     total  stacks  functions",
            "  1 sample       1          2"
        ]
    );
    assert!(!text.contains("free"), "{text}");
}

#[test]
fn processes_and_threads_come_from_the_profile() {
    let script = "\
shop 7/7 1.0: 3 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n
worker 7/9 1.1: 4 cycles:\n\t 12 leaf (m)\n\t 34 run (m)\n
shop 8/8 1.2: 5 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    let names = |args: &[&str], input: &str| -> Vec<String> {
        let args = [&["--format", "csv"], args].concat();
        let text = stdout(&report(&args, input));
        let fields = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let groups = fields.filter(|fields| ["processes", "threads"].contains(&fields[0]));
        groups
            .map(|fields| format!("{} {} {}", fields[0], fields[1], fields[4]))
            .collect()
    };
    assert_eq!(
        names(&[], script),
        ["processes shop 8", "processes worker 4"]
    );
    assert_eq!(
        names(&["--pid"], script),
        [
            "processes shop-8 5",
            "processes worker-7 4",
            "processes shop-7 3"
        ]
    );
    let threads = [
        "processes shop-7 7",
        "processes shop-8 5",
        "threads shop-8/8 5",
        "threads worker-7/9 4",
        "threads shop-7/7 3",
    ];
    assert_eq!(names(&["--threads"], script), threads);
    // Removing root frames also loses their meaning, and folded text never has it.
    assert!(names(&["--threads", "--base-regex", "main"], script).is_empty());
    assert!(names(&[], "shop-7/7;main 3\n").is_empty());
    // The name of a thread is not a function.
    assert!(!stdout(&report(&[], script)).contains("%  shop\n\nFunctions by total"));
}

#[cfg(feature = "jfr")]
#[test]
fn java_threads_come_from_the_recording() {
    let recording = format!("{DATA}/jfr/bakery.jfr.gz");
    let text = stdout(&report(&["--threads", &recording], ""));
    assert!(
        text.contains("\nThreads\n  total          thread\n     13  100.0%  main\n"),
        "{text}"
    );
    assert!(!text.contains("Processes"), "{text}");
    assert!(!stdout(&report(&[&*recording], "")).contains("Threads"));
}

#[test]
fn modules_come_from_names() {
    let text = stdout(&report(
        &[],
        "genunix`read;zfs`get 3\n0xffff;zfs`get 2\n0xffff 1\n",
    ));
    let modules = "\nModules by self
  self         total         module
     5  83.3%      5  83.3%  zfs
     1  16.7%      3  50.0%  (unknown)
     0   0.0%      3  50.0%  genunix
";
    assert!(text.contains(modules), "{text}");
    assert!(!stdout(&report(&[], "main;[libc.so.6] 1\nmain 3\n")).contains("Modules"));
}

#[test]
fn names_are_harmless_in_every_format() {
    let lines = "a,\"b\";c|d`e\u{1b}[31m 3\n";
    let in_format = |format: &str| stdout(&report(&["--format", format], lines));
    assert!(in_format("text").contains("  c|d`e\\u{1b}[31m\n"));
    assert!(in_format("md").contains("| `` c\\|d`e\\u{1b}[31m `` |\n"));
    assert!(in_format("json").contains("\"c|d`e\\u001b[31m\""));
    assert!(in_format("csv").contains("\r\nby_total,\"a,\"\"b\"\"\",0,0,3,100\r\n"));
}

#[test]
fn deep_stacks_are_reported() {
    let line = format!("main;{}leaf 3\n", "f;".repeat(100_000));
    let output = report(&["--format", "csv"], &line);
    assert!(stdout(&output).contains("\r\nby_total,f,0,0,3,100\r\n"));
}

#[test]
fn a_terminal_gets_colors_and_names_that_fit() {
    let tree = |text: &str| folded::read(text.as_bytes()).expect("text").tree;
    let mut options = Options::default();
    options.width = Some(60);
    options.colors = true;
    let reports = [
        "a;long::name::of::a::function::that::does::not::fit 2\n",
        "a 3\n",
    ]
    .map(|text| [Report::new(&tree(text), &options)]);
    let [before, after] = &reports;
    let mut out = Vec::new();
    let comparison = Comparison::new(before, after, false);
    comparison
        .write(Format::Text, &options, &mut out)
        .expect("memory");
    let text = String::from_utf8(out).expect("text");
    assert!(
        text.contains("\u{1b}[1mChanges of self\u{1b}[0m\n"),
        "{text}"
    );
    assert!(text.contains("\u{1b}[31m       0"), "{text}");
    assert!(text.contains("\u{1b}[32m       2"), "{text}");
    assert!(text.contains("\u{2026}"), "{text}");
    let visible = |line: &str| {
        let plain = ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[0m", "\u{1b}[1m"]
            .iter()
            .fold(line.to_string(), |line, code| line.replace(code, ""));
        plain.chars().count()
    };
    assert!(text.lines().all(|line| visible(line) <= 75), "{text}");
}

#[test]
fn changes_are_sorted_by_size_and_mark_what_is_new_or_gone() {
    let directory = tempfile::tempdir().expect("a directory");
    let write =
        |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("room");
    write("before", "main;parse 100\nmain;wait 60\n");
    write("after", "main;parse 120\nmain;draw 30\n");
    let run = |args: &[&str]| {
        run_in(
            directory.path(),
            INFERNO,
            &[&["report"], args].concat(),
            b"",
        )
    };
    let output = run(&["--diff", "before", "after"]);
    let expected = "  \
  total before  total after  change
   160 samples  150 samples  -6.25%

Changes of self
  before         after         change  relative  points  function
      60  37.5%      0   0.0%     -60      gone   -37.5  wait
       0   0.0%     30  20.0%     +30       new     +20  draw
     100  62.5%    120  80.0%     +20      +20%   +17.5  parse

Changes of total
  before          after          change  relative  points  function
      60   37.5%      0    0.0%     -60      gone   -37.5  wait
       0    0.0%     30   20.0%     +30       new     +20  draw
     100   62.5%    120   80.0%     +20      +20%   +17.5  parse
     160  100.0%    150  100.0%     -10    -6.25%       0  main
";
    assert_eq!(
        (stdout(&output), stderr(&output)),
        (expected.to_string(), String::new())
    );
    // Two counts per line are a comparison too.
    let both = stdout(&run_in(
        directory.path(),
        INFERNO,
        &["diff", "before", "after"],
        b"",
    ));
    assert_eq!(stdout(&report(&[], &both)), expected);
    let normalized = stdout(&run(&[
        "--diff",
        "before",
        "after",
        "--normalize",
        "--format",
        "csv",
    ]));
    assert!(
        normalized.contains("by_self,parse,changed,93.75,,120,,26.25,17.5,28,\r\n"),
        "{normalized}"
    );
}

#[test]
fn strip_hex_merges_addresses() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("before"), "f_0x1;f_0x2 3\n").expect("room");
    let args = [
        "report",
        "--diff",
        "before",
        "-",
        "--strip-hex",
        "--format",
        "csv",
    ];
    let output = run_in(directory.path(), INFERNO, &args, b"f_0x7;f_0x9 5\n");
    assert!(
        stdout(&output).contains("by_total,f_0x...,changed,3,,5,"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_regression_beyond_noise_violates_its_rule() {
    let output = compare_recorded(&[
        "--fail-if",
        "^price$ total +20%",
        "--fail-if",
        "^print$ total +20%",
    ]);
    let message = stderr(&output);
    assert!(message.starts_with(
        "inferno report: error: price: total 156 ms -> 208 ms (+33.91%, +5.23 points), p = 0.0"
    ));
    assert!(
        message.ends_with(" violates `^price$ total +20%`\n"),
        "{message}"
    );
    assert_eq!(
        (message.lines().count(), output.status.code()),
        (1, Some(3))
    );
    assert!(stdout(&output).contains("Changes of total"));
    // 34% are more than 30%, but that might be noise; alpha determines the required significance.
    assert_eq!(
        compare_recorded(&["--fail-if", "^price$ total +30%"])
            .status
            .code(),
        Some(0)
    );
    let bold = ["--fail-if", "^price$ total +30%", "--alpha", "0.4"];
    assert_eq!(compare_recorded(&bold).status.code(), Some(3));
    let points = compare_recorded(&["--fail-if", "^price$ total +3pp"]);
    assert_eq!(points.status.code(), Some(3));
}

#[test]
fn reports_have_the_results_of_rules() {
    let both = "main;a|b 100 110\nmain;c 50 40\n";
    let rules = [
        "--fail-if",
        "a|b self +5%",
        "--fail-if",
        "nope self +5%",
        "--fail-if",
        "c self +5%",
    ];
    let in_format = |format: &str| {
        let output = report(&[&["--format", format][..], &rules].concat(), both);
        assert_eq!(output.status.code(), Some(1));
        stdout(&output)
    };
    let markdown = "\n### Rules\n\n|  | result | violations | rule |\n| ---: | ---: | ---: | :--- |\n\
                    | 1 | violated | 1 | `a\\|b self +5%` |\n| 2 | unmatched | 0 | `nope self +5%` |\n\
                    | 3 | passed | 0 | `c self +5%` |\n\n### Violations\n\n\
                    | rule | before | after | relative | points | function |\n\
                    | ---: | ---: | ---: | ---: | ---: | :--- |\n\
                    | 1 | 100 | 110 | +10% | +6.67 | `a\\|b` |\n\n### Changes of self";
    assert!(in_format("md").contains(markdown), "{}", in_format("md"));
    let json = in_format("json");
    let start = "\"rules\": [\n    {\"rule\": \"a|b self +5%\", \"result\": \"violated\", \"violations\": \
                 [{\"name\": \"a|b\", \"status\": \"changed\", \"before\": 100, ";
    assert!(json.contains(start), "{json}");
    let others = "\"p_of_excess\": null}]},\n    \
                  {\"rule\": \"nope self +5%\", \"result\": \"unmatched\", \"violations\": []},\n    \
                  {\"rule\": \"c self +5%\", \"result\": \"passed\", \"violations\": []}\n  ]\n}\n";
    assert!(json.ends_with(others), "{json}");
    assert!(!in_format("csv").contains("rules") && !in_format("text").contains("Rules"));
}

#[test]
fn rules_that_cannot_be_checked_are_errors() {
    let both = "main;a 100 110\n";
    let output = report(
        &["--fail-if", "nothing self +5%", "--fail-if", "a self +5%"],
        both,
    );
    assert_eq!(output.status.code(), Some(1));
    let message = "\
inferno report: error: a: self 100 -> 110 samples (+10%, 0 points) violates `a self +5%`
inferno report: error: --fail-if `nothing self +5%` matches no function in any profile\n";
    assert_eq!(stderr(&output), message);
    assert!(stdout(&output).contains("Changes of self"));

    let output = report(&["--fail-if", "a self 5%"], both);
    assert_eq!(output.status.code(), Some(2));
    let expected =
        "expected `REGEX self LIMIT` or `REGEX total LIMIT`, with a limit as +5%, -5% or +0.5pp";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));

    let message = "inferno report: error: --fail-if requires profiles to compare: see --diff, --before and --after\n";
    assert_fails(&report(&["--fail-if", "a self +5%"], "main;a 3\n"), message);
    let message = "inferno report: error: standard input: found no stacks, expected folded stacks or a profile in a supported format\n";
    assert_fails(&report(&[], ""), message);
}

#[cfg(feature = "json")]
#[test]
fn json_is_as_documented() {
    let members = |object: &serde_json::Value| -> Vec<String> {
        let mut names: Vec<String> = object
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        names.sort();
        names
    };
    let parse = |output: Output| -> serde_json::Value {
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let json = parse(report(&["--format", "json", "--threads"], "main;parse 3\n"));
    assert_eq!(
        members(&json).join(" "),
        "by_self by_total functions hot_path hottest_stacks kind modules note processes stacks threads total unit version"
    );
    assert_eq!(
        members(&json["by_self"][0]).join(" "),
        "name self self_percent total total_percent"
    );
    assert_eq!(
        members(&json["hottest_stacks"][0]).join(" "),
        "frames self self_percent"
    );
    assert!(json["unit"].is_null() && json["threads"].is_null());

    let json = parse(compare_recorded(&["--format", "json"]));
    assert_eq!(
        members(&json).join(" "),
        "by_self by_total kind profiles total unit version"
    );
    let change = "after after_deviation before before_deviation change p points relative_percent";
    assert_eq!(members(&json["total"]).join(" "), change);
    let mut row = members(&json["by_self"][0]);
    row.retain(|name| !["name", "status"].contains(&name.as_str()));
    assert_eq!(row.join(" "), change);
    assert_eq!(json["unit"], "nanoseconds");
    assert_eq!(json["profiles"]["before"], 3);
}

//! Tests of the units in graphs: the unit of the input, unless the user names another.

use crate::support::run::{assert_folds, run, run_in, stderr, stdout};
use std::fs;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// Two samples of an event with this period.
fn script(event: &str, period: u64) -> String {
    let sample = format!("prog 1 1.0: {period} {event}:\n\t 12 leaf (m)\n\t 34 main (m)\n\n");
    sample.repeat(2)
}

fn draw(args: &[&str], input: &str) -> String {
    let output = run(INFERNO, &[&["flamegraph"], args].concat(), input.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

/// The total in the title of the root frame.
fn total(svg: &str) -> &str {
    let start = svg.split("<title>all (").nth(1).expect("a root");
    start.split(", 100%)").next().expect("an end")
}

#[test]
fn graphs_say_what_is_counted() {
    let folded = "main;leaf 1493\n";
    for (input, text) in [
        (folded.to_string(), "1,493 samples"),
        (script("cpu-clock", 595_000_000), "1.19 s"),
        (script("task-clock:u", 125_000), "250 \u{b5}s"),
        (script("cycles", 1_000), "2,000 cycles"),
        (script("cpu_core/cycles/", 1_000), "2,000 cycles"),
        (script("cpu-cycles:ppp", 1_000), "2,000 cycles"),
        (script("page-faults", 1), "2 page-faults"),
        (script("sched:sched_switch", 1), "2 events"),
        (
            "prog 1 1.0: cycles:\n\t 12 leaf (m)\n\n".to_string(),
            "1 sample",
        ),
    ] {
        assert_eq!(total(&draw(&[], &input)), text, "{input}");
    }
    for (path, text) in [
        ("vtune/names.csv", "875 ms"),
        ("ghcprof/time.txt", "1,000 thousandths"),
        ("pprof/cpu.pb", "40 ms"),
        ("callgrind/xdebug.out", "2 \u{b5}s"),
        ("gperftools/go-block.txt", "8.25 s"),
        ("goroutine/threadcreate.txt", "5 threads"),
        ("perf-data/fp.data", "48 ms"),
    ] {
        let path = format!("{DATA}/{path}");
        assert_eq!(total(&draw(&["-q", &path], "")), text, "{path}");
    }
}

/// The values of a profile, the first of which is counted unless another is chosen.
#[test]
fn profiles_have_values_with_units() {
    for (path, values) in [
        (
            "austin/full.txt",
            "time microseconds 200,cpu microseconds 120,memory bytes 2048",
        ),
        ("bpftrace/maps.json", "value count 5"),
        ("callgrind/shares.out", "Ir count 320"),
        ("chrome/spans.json", "spans microseconds 50.5"),
        (
            "dhat/rust.json",
            "tb bytes 576,tbk count 5,gb bytes 256,gbk count 2,mb bytes 320,mbk count 3,eb bytes 64,\
             ebk count 1,rb bytes 0,wb bytes 0",
        ),
        (
            "firefox/processed.json",
            "samples count 7,time milliseconds 7",
        ),
        (
            "gperftools/cpu.prof",
            "samples count 4,time microseconds 40000",
        ),
        (
            "gperftools/go-mutex.txt",
            "delay nanoseconds 1500,contentions count 6",
        ),
        (
            "gperftools/heap.prof",
            "inuse_space bytes 300,inuse_objects count 3,alloc_space bytes 500,alloc_objects count 5",
        ),
        ("instruments/time.txt", "self seconds 3.5"),
        ("nettrace/samples.nettrace", "samples count 4"),
        ("otlp/cpu.pb", "cpu nanoseconds 20000000"),
        ("speedscope/sampled.json", "weight none 5"),
        (
            "xhprof/memory.json",
            "wt microseconds 1000,cpu microseconds 900,mu bytes 4096,pmu bytes 8192",
        ),
    ] {
        let args = ["collapse", "-q", "--list-values", &format!("{DATA}/{path}")];
        let listed = stdout(&run(INFERNO, &args, b""));
        let listed = listed.replace("\t(default)", "").replace('\t', " ");
        assert_eq!(listed.trim_end().replace('\n', ","), values, "{path}");
    }
    let ad_hoc = fs::read_to_string(format!("{DATA}/dhat/rust.json")).expect("a profile");
    let ad_hoc = ad_hoc.replace("rust-heap", "rust-ad-hoc");
    assert_eq!(total(&draw(&["-q"], &ad_hoc)), "576 units");
}

/// The type of the weights in a profile for the Firefox Profiler determines their unit.
#[test]
fn weights_of_firefox_have_units() {
    let profile = fs::read_to_string(format!("{DATA}/firefox/processed.json")).expect("a profile");
    for (name, text) in [
        ("samples", "7 samples"),
        ("tracing-ms", "7 ms"),
        ("bytes", "7 B"),
    ] {
        let weights = format!("\"weightType\": \"{name}\"");
        let profile = profile.replace("\"weightType\": \"samples\"", &weights);
        assert_eq!(total(&draw(&["-q"], &profile)), text, "{name}");
    }
}

/// Austin's text output is folded, and is drawn in samples, as by the published tool.
#[test]
fn folded_text_of_austin_is_drawn_in_samples() {
    let text = "# austin: 3.3.0\n# mode: wall\n\nP1;T1;a.py:main:3 291\n";
    assert_eq!(total(&draw(&[], text)), "291 samples");
}

#[test]
fn samples_are_counted_on_request() {
    let clock = script("cpu-clock", 595_000_000);
    assert_eq!(total(&draw(&["--value", "samples"], &clock)), "2 samples");
    assert_eq!(total(&draw(&["--value", "cpu-clock"], &clock)), "1.19 s");
    let folded = |args: &[&str]| stdout(&run(INFERNO, args, clock.as_bytes()));
    let by_samples = "prog;main;leaf 2\n";
    assert_eq!(folded(&["collapse", "--value", "samples"]), by_samples);
    assert_eq!(folded(&["collapse", "perf", "--value=samples"]), by_samples);
    let listed = "cpu-clock\tnanoseconds\t1190000000\t(default)\nsamples\tcount\t2\n";
    assert_eq!(folded(&["collapse", "--list-values"]), listed);
    assert_eq!(folded(&["collapse", "perf", "--list-values"]), listed);
    // Folded text is unchanged.
    assert_eq!(folded(&["collapse"]), "prog;main;leaf 1190000000\n");

    let data = format!("{DATA}/perf-data/fp.data");
    let args = [
        "collapse",
        "-q",
        "--value",
        "samples",
        "--list-values",
        &data,
    ];
    let listed = "cpu-clock\tnanoseconds\t48000000\t(default)\nsamples\tcount\t12\n";
    assert_folds(&run(INFERNO, &args, b""), listed);
    let svg = draw(&["-q", "--value", "samples", &data], "");
    assert_eq!(total(&svg), "12 samples");
}

#[test]
fn countname_overrides_the_unit() {
    let clock = script("cpu-clock", 595_000_000);
    let plain = draw(&["--countname", "samples"], &clock);
    assert_eq!(total(&plain), "1,190,000,000 samples");
    assert!(!plain.contains("\"scaled\":true"));
    let named = draw(&["--countname", "nanoseconds"], &clock);
    assert_eq!(total(&named), "1,190,000,000 nanoseconds");
    let halves = draw(&["--factor", "0.5"], &clock);
    assert_eq!(total(&halves), "595 ms");
}

/// The viewer computes its numbers with these.
#[test]
fn the_viewer_knows_the_unit() {
    let svg = draw(&[], &script("cpu-clock", 7));
    assert!(svg.contains("\"countName\":\"nanoseconds\",\"scaled\":true"));
    let svg = draw(&[], &script("cycles", 7));
    assert!(svg.contains("\"countName\":\"cycles\""));
    let svg = draw(&[], "a;b 7\n");
    assert!(svg.contains("\"countName\":\"samples\""));
    // A unit is escaped like any other text.
    let svg = draw(&[], &script("<script>", 7));
    assert_eq!(total(&svg), "14 &lt;script&gt;");
}

#[test]
fn sums_of_different_units_have_no_unit() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [
        ("clock", script("cpu-clock", 500)),
        ("cycles", script("cycles", 500)),
        ("folded", "prog;main;leaf 1000\n".to_string()),
    ] {
        fs::write(directory.path().join(name), text).expect("room for it");
    }
    let draw = |args: &[&str]| run_in(directory.path(), INFERNO, args, b"");
    let same = draw(&["flamegraph", "clock", "clock"]);
    assert_eq!(total(&stdout(&same)), "2 \u{b5}s");
    for inputs in [["clock", "folded"], ["folded", "clock"]] {
        let output = draw(&["flamegraph", inputs[0], inputs[1]]);
        assert_eq!(total(&stdout(&output)), "2,000 samples", "{inputs:?}");
    }
    let output = draw(&["flamegraph", "clock", "cycles"]);
    assert_eq!(total(&stdout(&output)), "2,000 samples");
    let warning = "adding up counts of different units: nanoseconds, cycles";
    assert!(stderr(&output).contains(warning), "{}", stderr(&output));
    let output = draw(&["flamegraph", "--diff", "clock", "clock"]);
    assert_eq!(total(&stdout(&output)), "1 \u{b5}s");
    let output = draw(&["flamegraph", "--diff", "clock", "folded"]);
    assert_eq!(total(&stdout(&output)), "1,000 samples");
}

/// Transformations of stacks keep the unit.
#[test]
fn modified_stacks_keep_their_unit() {
    let clock = script("cpu-clock", 500);
    for args in [
        &["--reverse"][..],
        &["--base", "main"],
        &["--flamechart"],
        &["--hide", "main"],
        &["--merge-generated"],
        &["--rename", "main", "start"],
        &["-n", "1"],
    ] {
        assert_eq!(total(&draw(args, &clock)), "1 \u{b5}s", "{args:?}");
    }
    let mangled = clock.replace("leaf", "_ZN4leaf4stepEv");
    let svg = draw(&[], &mangled);
    assert!(svg.contains("<title>leaf::step (1 \u{b5}s, 100.00%)</title>"));
}

#[test]
fn the_subtitle_says_that_a_profile_is_an_estimate() {
    let path = format!("{DATA}/callgrind/calls.out");
    let note = "estimated from a call graph";
    let svg = draw(&[&path], "");
    assert!(svg.contains(note));
    let without_calls = draw(&[&format!("{DATA}/callgrind/cachegrind.out")], "");
    assert!(without_calls.contains("functions without callers: the profile has no calls"));
    let svg = draw(&["--subtitle", "mine", &path], "");
    assert!(svg.contains(">mine<") && !svg.contains(note));
    assert!(!draw(&[], "a;b 1\n").contains("id=\"subtitle\""));
}

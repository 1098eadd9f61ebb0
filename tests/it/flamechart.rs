//! Tests of flame charts: time order, thread by thread.

use crate::support::run::{run_in, stderr, stdout};
use std::fs;

const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");

/// Two threads of a program that alternate. Each stack occurs again later.
fn script() -> String {
    let samples = [
        (11, "mix"),
        (12, "heat"),
        (11, "bake"),
        (12, "heat"),
        (11, "mix"),
        (12, "cool"),
        (11, "mix"),
    ];
    let sample = |(at, (thread, leaf)): (usize, (u32, &str))| {
        format!(
            "oven 11/{thread} 5.{at:06}: 10 cycles:\n\t 12 {leaf} (oven)\n\t 34 main (oven)\n\n"
        )
    };
    samples.into_iter().enumerate().map(sample).collect()
}

/// The contents of an image: the start of frames, and their titles, from the root to the leaves.
fn frames(svg: &str) -> Vec<String> {
    let attribute = |text: &str, name: &str| {
        let (_, rest) = text
            .split_once(&format!(" {name}=\""))
            .expect("the attribute");
        rest.split('"').next().expect("its end").to_string()
    };
    let title = |frame: &str| {
        let (title, rest) = frame.split_once("</title>").expect("a title");
        let samples = title.rfind(" (").expect("a count");
        format!(
            "{} {} +{}",
            &title[..samples],
            attribute(rest, "fg:x"),
            attribute(rest, "fg:w")
        )
    };
    svg.split("<title>").skip(1).map(title).collect()
}

#[track_caller]
fn chart(files: &[(&str, &str)], args: &[&str]) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a file");
    }
    let names = files.iter().map(|(name, _)| *name);
    let args: Vec<&str> = args
        .iter()
        .copied()
        .chain(["--flamechart"])
        .chain(names)
        .collect();
    let output = run_in(directory.path(), FLAMEGRAPH, &args, b"");
    assert_eq!(stderr(&output), "");
    frames(&stdout(&output))
}

const CHART: [&str; 10] = [
    "all 0 +70",
    "oven 0 +40",
    "main 0 +40",
    "mix 0 +10",
    "bake 10 +10",
    "mix 20 +20",
    "oven 40 +30",
    "main 40 +30",
    "heat 40 +20",
    "cool 60 +10",
];

#[test]
fn a_profile_is_drawn_in_time_order_by_thread() {
    assert_eq!(chart(&[("script", &script())], &[]), CHART);
    // Filters, bases and demangling preserve the order.
    let mangled = script().replace("bake", "_ZN4bakeEv");
    assert_eq!(
        chart(&[("script", &mangled)], &["--rename", "^x$", "y"]),
        CHART
    );
    let expected = [
        "all 0 +70",
        "main 0 +40",
        "mix 0 +10",
        "bake 10 +10",
        "mix 20 +20",
        "main 40 +30",
        "heat 40 +20",
        "cool 60 +10",
    ];
    assert_eq!(
        chart(&[("script", &script())], &["--base", "main"]),
        expected
    );
    assert_eq!(
        chart(&[("script", &script())], &["--hide", "^oven$"]),
        expected
    );
}

/// Threads without IDs are distinguished by name.
#[test]
fn text_without_ids_is_drawn_by_name() {
    let samples = [
        ("mixer", "turn"),
        ("oven", "heat"),
        ("mixer", "stop"),
        ("mixer", "turn"),
    ];
    let sample = |(at, (comm, leaf)): (usize, (&str, &str))| {
        format!(
            "{comm}  6543.{at:06}: cycles: \n\t            1155 {leaf}\n\t           891f5 main\n\n"
        )
    };
    let text: String = samples.into_iter().enumerate().map(sample).collect();
    let expected = [
        "all 0 +4",
        "mixer 0 +3",
        "main 0 +3",
        "turn 0 +1",
        "stop 1 +1",
        "turn 2 +1",
        "oven 3 +1",
        "main 3 +1",
        "heat 3 +1",
    ];
    assert_eq!(chart(&[("script", &text)], &[]), expected);
}

#[test]
fn several_inputs_are_drawn_in_order() {
    let files = [
        ("first", "oven;main;heat 5\n"),
        ("script", &script()),
        ("last", "oven;main;cool 5\noven;main;heat 1\n"),
    ];
    let moved = CHART[1..].iter().map(|frame| {
        let (name, place) = frame.split_once(' ').expect("a place");
        let (start, width) = place.split_once(" +").expect("a width");
        format!(
            "{name} {} +{width}",
            start.parse::<u32>().expect("a number") + 5
        )
    });
    let mut expected = vec!["all 0 +81".to_string()];
    expected.extend(["oven 0 +5", "main 0 +5", "heat 0 +5"].map(str::to_string));
    expected.extend(moved);
    expected.extend(["oven 75 +6", "main 75 +6", "cool 75 +5", "heat 80 +1"].map(str::to_string));
    assert_eq!(chart(&files, &[]), expected);
}

/// Profiles in which `mix` runs before and after `bake`, in the words of several formats.
#[cfg(feature = "json")]
#[test]
fn formats_with_times_are_drawn_in_time_order() {
    let span = |name, at, length| {
        format!(r#"{{"ph":"X","pid":1,"tid":1,"name":"{name}","ts":{at},"dur":{length}}}"#)
    };
    let spans = [
        span("main", 0, 40),
        span("mix", 0, 10),
        span("bake", 10, 20),
        span("mix", 30, 10),
    ];
    let chrome = format!(r#"{{"traceEvents":[{}]}}"#, spans.join(","));
    let speedscope = r#"{"$schema":"https://www.speedscope.app/file-format-schema.json",
        "shared":{"frames":[{"name":"main"},{"name":"mix"},{"name":"bake"}]},
        "profiles":[{"type":"sampled","name":"oven","unit":"microseconds","startValue":0,"endValue":40,
            "samples":[[0,1],[0,2],[0,2],[0,1]],"weights":[10,10,10,10]}]}"#;
    let cpuprofile = r#"{"nodes":[
        {"id":1,"callFrame":{"functionName":"(root)"},"children":[2]},
        {"id":2,"callFrame":{"functionName":"main"},"children":[3,4]},
        {"id":3,"callFrame":{"functionName":"mix"}},{"id":4,"callFrame":{"functionName":"bake"}}],
        "startTime":0,"endTime":40,"samples":[3,4,4,3],"timeDeltas":[0,10,10,10]}"#;
    let expected = [
        "all 0 +40",
        "main 0 +40",
        "mix 0 +10",
        "bake 10 +20",
        "mix 30 +10",
    ];
    for profile in [&chrome, speedscope, cpuprofile] {
        assert_eq!(chart(&[("profile", profile)], &[]), expected, "{profile}");
    }
}

/// A chart has all samples of the merged graph.
#[cfg(all(feature = "json", feature = "protobuf", feature = "jfr"))]
#[test]
fn charts_of_all_formats_have_all_samples() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    for profile in [
        "chrome/argument-of-begin.json",
        "firefox/processed.json",
        "jfr/bakery.jfr.gz",
        "nettrace/samples.nettrace",
        "otlp/json.json",
        "simpleperf/cpu.proto",
        "speedscope/evented.json",
        "xctrace/threads-and-cores.xml",
    ] {
        let path = format!("{data}/{profile}");
        let total = |args: &[&str]| {
            let args: Vec<&str> = args.iter().copied().chain(["-q", &path]).collect();
            frames(&stdout(&run_in(data.as_ref(), FLAMEGRAPH, &args, b"")))[0].clone()
        };
        assert_eq!(total(&["--flamechart"]), total(&[]), "{profile}");
    }
}

#[test]
fn a_profile_without_times_is_sorted_by_name_with_a_warning() {
    let dtrace = "\n\n  oven`mix\n  oven`main\n 3\n\n  oven`bake\n  oven`main\n 4\n\n";
    let directory = tempfile::tempdir().expect("a directory");
    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["--flamechart"],
        dtrace.as_bytes(),
    );
    assert!(stderr(&output).ends_with(
        ": warning: the dtrace profile has no times: stacks are merged and sorted by name\n"
    ));
    let expected = [
        "all 0 +7",
        "oven`main 0 +7",
        "oven`bake 0 +4",
        "oven`mix 4 +3",
    ];
    assert_eq!(frames(&stdout(&output)), expected);
}

#[cfg(feature = "perf-data")]
#[test]
fn a_recording_is_drawn_in_time_order() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/perf-data");
    let directory = tempfile::tempdir().expect("a directory");
    let recording = format!("{data}/dwarf.data");
    let args = ["-q", "--flamechart", &recording];
    let svg = stdout(&run_in(directory.path(), FLAMEGRAPH, &args, b""));
    // If sorted by name, `a_thread` would be first.
    let expected = [
        "all 0 +52000000",
        "spin 0 +32000000",
        "[spin] 0 +32000000",
        "a_thread 32000000 +20000000",
        "[spin] 32000000 +20000000",
    ];
    assert_eq!(frames(&svg), expected);
}

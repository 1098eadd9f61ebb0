//! `--per`: a file for each thread, process, CPU, event or file, which add up to the whole, or all in one.

#![cfg(feature = "cli")]

use crate::support::run::{assert_fails, run, run_in, stderr, stdout};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn run_on(directory: &Path, args: &[&str], file: &str) -> Output {
    let symfs = format!("--symfs={DATA}/perf-data/symfs");
    let path = format!("{DATA}/{file}");
    let args = [args, &["--no-inline", &symfs, &path]].concat();
    run_in(directory, INFERNO, &args, b"")
}

/// The files in a directory, by their names.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

/// What `--per` writes of a profile.
fn parts(per: &str, file: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let args = ["collapse", "--per", per, "-o", "{}.folded"];
    let output = run_on(directory.path(), &args, file);
    assert!(output.status.success(), "{}", stderr(&output));
    files(directory.path())
}

/// The counts of stacks in one or more folded profiles.
fn counts<'a>(profiles: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in profiles.into_iter().flat_map(|text| text.lines()) {
        let (stack, count) = line.rsplit_once(' ').unwrap();
        *counts.entry(stack.to_string()).or_default() += count.parse::<u64>().unwrap();
    }
    counts
}

#[track_caller]
fn assert_divides(per: &str, file: &str, names: &[&str]) -> BTreeMap<String, String> {
    let parts = parts(per, file);
    assert_eq!(parts.keys().collect::<Vec<_>>(), names);
    let directory = tempfile::tempdir().unwrap();
    let whole = stdout(&run_on(directory.path(), &["collapse", "-q"], file));
    assert_eq!(counts(parts.values()), counts([&whole]));
    parts
}

#[test]
fn parts_add_up_to_the_whole() {
    let threads = [
        "a_thread-20092.folded",
        "a_thread-20093.folded",
        "spin-20089.folded",
        "spin-fp-20091.folded",
    ];
    let cpus = ["cpu-0.folded", "cpu-1.folded"];
    for (per, names) in [
        ("thread", &threads[..]),
        ("process", &threads),
        ("cpu", &cpus),
        ("event", &["cpu-clock.folded"]),
    ] {
        let of_text = assert_divides(per, "perf-data/cpus.txt", names);
        assert!(!of_text.values().any(String::is_empty));
        #[cfg(feature = "perf-data")]
        assert_eq!(
            assert_divides(per, "perf-data/cpus.data", names),
            of_text,
            "{per}"
        );
    }
}

#[test]
fn rows_of_instruments_are_divided() {
    let file = "xctrace/threads-and-cores.xml";
    for (per, names) in [
        (
            "thread",
            &[
                "Main_Thread-7005.folded",
                "oven-7006.folded",
                "thread-7040.folded",
            ][..],
        ),
        (
            "process",
            &["Main_Thread-7013.folded", "process-7020.folded"],
        ),
        ("cpu", &["cpu-0.folded", "cpu-4.folded", "cpu-5.folded"]),
    ] {
        assert_divides(per, file, names);
    }
}

/// Threads whose first samples are of different events, one of which is folded by default.
const EVENTS: &str = "\
prog 7/7 [000] 1.0: 3 x:event:\n\t12 f (m)\n
prog 7/8 [001] 1.1: 10 x_event:\n\t12 f (m)\n
prog 7/8 [001] 1.2: 4 x:event:\n\t12 g (m)\n
prog 7/9 [001] 1.3: 20 x_event:\n\t12 g (m)\n\n";

fn parts_of_events(args: &[&str]) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let args = [&["collapse", "-o", "x-{}"], args].concat();
    let output = run_in(directory.path(), INFERNO, &args, EVENTS.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    files(directory.path())
}

#[track_caller]
fn assert_files(parts: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    let parts: Vec<(&str, &str)> = parts.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(parts, expected);
}

#[test]
fn parts_have_the_event_of_the_whole() {
    assert_files(
        &parts_of_events(&["--per", "thread"]),
        &[("x-prog-7", "prog;f 3\n"), ("x-prog-8", "prog;g 4\n")],
    );
    assert_files(
        &parts_of_events(&["--per", "thread", "--event", "x_event"]),
        &[("x-prog-8", "prog;f 10\n"), ("x-prog-9", "prog;g 20\n")],
    );
    assert_files(
        &parts_of_events(&["--per=process", "--tid-is=8"]),
        &[("x-prog-7", "prog;f 10\n")],
    );
}

#[test]
fn each_event_has_its_own_file() {
    for format in [&[][..], &["perf"]] {
        let args = [format, &["--per=event"]].concat();
        let directory = tempfile::tempdir().unwrap();
        let args = [&["collapse"], &args[..], &["-o", "x-{}"]].concat();
        let output = run_in(directory.path(), INFERNO, &args, EVENTS.as_bytes());
        assert_eq!(stderr(&output), "");
        assert_files(
            &files(directory.path()),
            &[
                ("x-x_event", "prog;f 3\nprog;g 4\n"),
                ("x-x_event-2", "prog;f 10\nprog;g 20\n"),
            ],
        );
    }
}

#[test]
fn a_graph_is_drawn_of_each_part() {
    let directory = tempfile::tempdir().unwrap();
    let args = ["flamegraph", "-v", "--per", "cpu", "-o", "flame-{}.svg"];
    let output = run_on(directory.path(), &args, "perf-data/cpus.txt");
    assert!(output.status.success(), "{}", stderr(&output));
    let graphs = files(directory.path());
    let names: Vec<&String> = graphs.keys().collect();
    assert_eq!(names, ["flame-cpu-0.svg", "flame-cpu-1.svg"]);
    for (name, svg) in &graphs {
        assert!(stderr(&output).contains(&format!("inferno flamegraph: info: {name}: ")));
        let part = name.trim_start_matches("flame-").trim_end_matches(".svg");
        assert!(svg.contains(&format!(">{part}</text>")), "{part}");
    }
}

#[test]
fn parts_in_one_output_are_the_first_frames() {
    for (per, expected) in [
        ("thread", "prog-7;prog;f 3\nprog-8;prog;g 4\n"),
        ("process", "prog-7;prog;f 3\nprog-7;prog;g 4\n"),
        ("cpu", "cpu-0;prog;f 3\ncpu-1;prog;g 4\n"),
        (
            "event",
            "x:event;prog;f 3\nx:event;prog;g 4\nx_event;prog;f 10\nx_event;prog;g 20\n",
        ),
        ("file", "standard input;prog;f 3\nstandard input;prog;g 4\n"),
    ] {
        let output = run(INFERNO, &["collapse", "--per", per], EVENTS.as_bytes());
        assert_eq!(stdout(&output), expected, "{per}");
        let args = ["flamegraph", "--theme=classic", "--countname=samples"];
        let whole = run(INFERNO, &args, expected.as_bytes());
        let args = [&args[..], &["--per", per]].concat();
        let drawn = run(INFERNO, &args, EVENTS.as_bytes());
        let frames = |output: &Output| {
            let svg = stdout(output);
            let (start, end) = (svg.find("<svg id=\"frames\""), svg.find("<metadata"));
            svg[start.unwrap()..end.unwrap()].to_string()
        };
        assert_eq!(frames(&drawn), frames(&whole), "{per}");
    }
}

/// What filters select does not depend on the names of parts.
#[test]
fn parts_in_one_output_are_filtered_without_their_names() {
    let args = ["collapse", "--per=cpu", "--drop", "cpu-0|;g$"];
    let output = run(INFERNO, &args, EVENTS.as_bytes());
    assert_eq!(stdout(&output), "cpu-0;prog;f 3\n");
}

#[test]
fn files_are_parts_of_one_graph() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [("a.folded", "main;f 1\n"), ("b.folded", "main;f 2\n")] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let args = ["collapse", "--per=file", "a.folded", "b.folded"];
    let output = run_in(directory.path(), INFERNO, &args, b"");
    assert_eq!(stdout(&output), "a.folded;main;f 1\nb.folded;main;f 2\n");
    let args = [&args[..], &["-o", "part-{}"]].concat();
    let output = run_in(directory.path(), INFERNO, &args, b"");
    assert!(output.status.success(), "{}", stderr(&output));
    let written = std::fs::read_to_string(directory.path().join("part-b.folded")).unwrap();
    assert_eq!(written, "main;f 2\n");
}

#[test]
fn indivisible_input_is_rejected() {
    let args = ["flamegraph", "-q", "--per=cpu", "--flamechart"];
    let output = run(INFERNO, &args, EVENTS.as_bytes());
    assert_fails(
        &output,
        "inferno flamegraph: error: --per divides a flame chart only into files: -o 'NAME-{}'\n",
    );
    for (per, input, question) in [
        ("cpu", "main;f 3\n", "CPU"),
        ("event", "main;f 3\n", "event"),
        ("process", "prog 7 1.0: 3 e:\n\t12 f (m)\n\n", "process"),
    ] {
        let args = ["collapse", "--per", per, "-o", "{}"];
        let message =
            "inferno collapse: error: standard input: --per: the samples do not record their";
        let output = run(INFERNO, &args, input.as_bytes());
        assert_fails(&output, &format!("{message} {question}\n"));
    }
    let args = ["collapse", "--per=event", "--event=x_event", "-o", "{}"];
    let output = run(INFERNO, &args, EVENTS.as_bytes());
    assert_fails(
        &output,
        "inferno collapse: error: standard input: --per event writes all events, but --event-filter leaves only x_event\n",
    );
}

//! Samples chosen by time and by who ran where: the same from `perf.data` and from text, and in
//! other formats.

#![cfg(feature = "cli")]

use crate::support::run::{assert_fails, run, stderr, stdout};
use std::fs;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// What the selection leaves of the file in `tests/data/`.
fn fold(file: &str, selection: &[&str]) -> String {
    let path = format!("{DATA}/{file}");
    let symfs = format!("--symfs={DATA}/perf-data/symfs");
    let args = [
        &["collapse", "-q", "--no-inline", &symfs],
        selection,
        &[&path],
    ]
    .concat();
    let output = run(INFERNO, &args, b"");
    assert!(
        output.status.success(),
        "{selection:?}: {}",
        stderr(&output)
    );
    stdout(&output)
}

/// If nothing is selected, the message lists the most frequent threads and counts the others.
#[test]
fn what_could_be_selected_is_listed() {
    let message = |count: usize| {
        let sample = |thread| format!("t{thread} {thread} 1.0: 7 cycles:\n\t 12 leaf (m)\n\n");
        let text: String = (1..=count).map(sample).collect();
        let output = run(INFERNO, &["collapse", "--comm=none"], text.as_bytes());
        let message = stderr(&output);
        let (_, threads) = message.split_once("threads named ").expect("a list");
        threads.trim_end().to_string()
    };
    let eight = "`t1`, `t2`, `t3`, `t4`, `t5`, `t6`, `t7`, `t8`";
    assert_eq!(message(8), eight);
    let nine = format!("{eight}, and 1 more");
    assert_eq!(message(9), nine);
}

#[test]
fn samples_may_lack_their_thread() {
    let text = "5.000001: 7 cycles:\n\t 12 leaf (m)\n\n5.000003: 3 cycles:\n\t 12 leaf (m)\n\n";
    let output = run(
        INFERNO,
        &["collapse", "--time=@5.000002.."],
        text.as_bytes(),
    );
    assert_eq!(stdout(&output), "leaf 3\n", "{}", stderr(&output));
}

#[track_caller]
fn assert_refused(file: &str, selection: &[&str], message: &str) {
    let path = format!("{DATA}/{file}");
    let output = run(INFERNO, &[&["collapse"], selection, &[&path]].concat(), b"");
    assert_fails(
        &output,
        &format!("inferno collapse: error: {path}: {message}\n"),
    );
}

fn sum(folded: &str) -> u64 {
    let counts = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1);
    counts.map(|count| count.parse::<u64>().unwrap()).sum()
}

/// An event line of `perf script -F comm,pid,tid,cpu,time,period,event --ns`.
struct Event {
    comm: String,
    pid: u64,
    tid: u64,
    cpu: u64,
    nanos: u64,
    period: u64,
}

fn events() -> Vec<Event> {
    let script = fs::read_to_string(format!("{DATA}/perf-data/cpus.txt")).unwrap();
    let lines = script.lines().filter(|line| line.contains("cpu-clock"));
    lines
        .map(|line| {
            let (start, rest) = line.split_once('/').unwrap();
            let (comm, pid) = start.rsplit_once(' ').unwrap();
            let words: Vec<&str> = rest.split_ascii_whitespace().collect();
            let digits = |text: &str| text.replace(['[', ']', '.', ':'], "").parse().unwrap();
            Event {
                comm: comm.trim().to_string(),
                pid: digits(pid),
                tid: digits(words[0]),
                cpu: digits(words[1]),
                nanos: digits(words[2]),
                period: digits(words[3]),
            }
        })
        .collect()
}

/// Both forms of the capture have the same samples, those that `is_chosen`.
#[track_caller]
fn assert_chooses(selection: &[&str], is_chosen: impl Fn(&Event) -> bool) {
    let script = fold("perf-data/cpus.txt", selection);
    let events = events();
    let periods = events.iter().filter(|event| is_chosen(event));
    assert_eq!(
        sum(&script),
        periods.map(|event| event.period).sum::<u64>(),
        "{selection:?}"
    );
    #[cfg(feature = "perf-data")]
    assert_eq!(
        fold("perf-data/cpus.data", selection),
        script,
        "{selection:?}"
    );
}

#[test]
fn samples_are_selected_by_thread_process_and_cpu() {
    let pid = events()[0].pid;
    let pid_text = pid.to_string();
    assert_chooses(&[], |_| true);
    assert_chooses(&["--comm", "spin-fp"], |it| it.comm == "spin-fp");
    assert_chooses(&["--pid-is", &pid_text], |it| it.pid == pid);
    assert_chooses(&["--pid-is", &format!("1,{pid}")], |it| it.pid == pid);
    assert_chooses(&["--tid-is", &pid_text], |it| it.tid == pid);
    assert_chooses(&["--comm", "a thread"], |it| it.comm == "a thread");
    assert_chooses(&["--cpu", "1"], |it| it.cpu == 1);
    assert_chooses(&["--cpu", "0-1"], |_| true);
    assert_chooses(&["--cpu=0", "--comm=a thread"], |it| {
        it.cpu == 0 && it.comm == "a thread"
    });
    #[cfg(feature = "filter")]
    assert_chooses(&["--comm", "spi."], |it| it.comm == "spin");
}

#[test]
fn samples_are_chosen_by_time() {
    let all = events();
    let (first, last) = (all[0].nanos, all[all.len() - 1].nanos);
    let share = |percent: u64| first + (percent * (last - first) + 50) / 100;
    assert_chooses(&["--time", "0.02..0.1"], |it| {
        (20_000_000..=100_000_000).contains(&(it.nanos - first))
    });
    assert_chooses(&["--time", "20ms.."], |it| it.nanos - first >= 20_000_000);
    assert_chooses(&["--time", "..20%"], |it| it.nanos < share(20));
    assert_chooses(&["--time", "20%..100%"], |it| it.nanos >= share(20));
    let seconds = |nanos: u64| format!("@{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    let (from, to) = (all[3].nanos, all[7].nanos);
    let range = format!("{}..{}", seconds(from), seconds(to));
    assert_chooses(&["--time", &range], |it| (from..=to).contains(&it.nanos));
    let range = format!("{}..", seconds(to));
    assert_chooses(&["--time", &range, "--cpu=1"], |it| {
        it.nanos >= to && it.cpu == 1
    });
}

/// What cannot be read twice is held in memory for it.
#[test]
fn shares_of_time_are_selected_from_streams() {
    let files = [
        "cpus.txt",
        #[cfg(feature = "perf-data")]
        "cpus.data",
    ];
    for file in files {
        let bytes = fs::read(format!("{DATA}/perf-data/{file}")).unwrap();
        let output = run(
            INFERNO,
            &["collapse", "-q", "--no-inline", "--time=50%.."],
            &bytes,
        );
        assert_eq!(
            sum(&stdout(&output)),
            sum(&fold("perf-data/cpus.txt", &["--time=50%.."]))
        );
    }
}

#[test]
fn a_graph_has_the_selected_samples() {
    let path = format!("{DATA}/perf-data/cpus.txt");
    let output = run(INFERNO, &["flamegraph", "-q", "--comm=spin-fp", &path], b"");
    let picture = stdout(&output);
    assert!(picture.contains("<title>spin-fp (") && !picture.contains("<title>spin ("));
}

#[test]
fn an_empty_selection_lists_what_is_available() {
    let script = "a 1 [000] 1.5: x:\n\t12 f (m)\n\nb 2 [003] 2.0: x:\n\t12 f (m)\n";
    for (flags, message) in [
        (
            "--comm=c",
            "--comm matches none of 2 samples; the profile has threads named `a`, `b`",
        ),
        (
            "--time=1..",
            "--time matches none of 2 samples; the profile has 0.5 s, from @1.5 to @2",
        ),
        (
            "--cpu=0 --tid-is=2",
            "--tid-is with --cpu matches none of 2 samples; the profile has threads 1, 2; CPUs 0, 3",
        ),
        (
            "--pid-is=1",
            "--pid-is: the samples do not have a process ID; `perf script -F comm,pid,tid,cpu,time,period,event,ip,sym,dso` prints all criteria",
        ),
    ] {
        let args: Vec<&str> = ["collapse"].into_iter().chain(flags.split(' ')).collect();
        let output = run(INFERNO, &args, script.as_bytes());
        assert_fails(
            &output,
            &format!("inferno collapse: error: standard input: {message}\n"),
        );
    }
}

#[test]
fn errors_list_the_criteria_of_a_format() {
    for format in [&["dtrace"][..], &[]] {
        let selection = [format, &["--time=0..1"]].concat();
        assert_refused(
            "dtrace/names.txt",
            &selection,
            "--time: samples in the format `dtrace` do not have a time; they cannot be selected by other criteria either",
        );
    }
    let folded = run(INFERNO, &["flamegraph", "--cpu=3"], b"a;b 3\n");
    assert_fails(
        &folded,
        "inferno flamegraph: error: standard input: --cpu: samples in the format `folded` do not have a CPU number; they cannot be selected by other criteria either\n",
    );
    #[cfg(feature = "jfr")]
    assert_refused(
        "jfr/lambda.jfr",
        &["--pid-is=3"],
        "--pid-is: samples in the format `jfr` do not have a process ID; select by --time, --comm, --tid-is",
    );
}

#[test]
#[cfg(all(
    feature = "json",
    feature = "jfr",
    feature = "protobuf",
    feature = "compression"
))]
fn documents_have_what_is_chosen() {
    for (file, selection, folded) in [
        (
            "firefox/processed.json",
            "--time=1ms..",
            "main 4\nmain;heat 2\n",
        ),
        (
            "firefox/processed.json",
            "--pid-is=71 --tid-is=72 --comm=oven",
            "main 4\nmain;heat 3\n",
        ),
        // Times are relative to the start of each process.
        (
            "firefox/rows-of-processes.json",
            "--time=0.6ms..2.6ms",
            "(root);main;bake 1\nserve 1\n",
        ),
        (
            "firefox/rows-of-processes.json",
            "--time=50%.. --pid-is=71",
            "(root);main 1\n",
        ),
        // A span is cut where the time ends.
        (
            "chrome/spans.json",
            "--time=..20us",
            "bake 10\nbake;knead: twice 10\n",
        ),
        (
            "chrome/spans.json",
            "--time=20us.. --tid-is=2",
            "bake 20.5\nbake;knead: twice 10\n",
        ),
        (
            "cpuprofile/time.cpuprofile",
            "--time=..50%",
            "bake 200\nbake;(anonymous oven.js:10) 300\n",
        ),
        ("cpuprofile/time.cpuprofile", "--time=50%..", "bake 300\n"),
        ("simpleperf/cpu.proto", "--comm=oven", "main;heat 250\n"),
    ] {
        let selection: Vec<&str> = selection.split(' ').collect();
        assert_eq!(fold(file, &selection), folded, "{file}: {selection:?}");
    }
    let whole = sum(&fold("jfr/bakery.jfr.gz", &["--comm=main"]));
    let halves =
        ["--time=..50%", "--time=50%.."].map(|half| sum(&fold("jfr/bakery.jfr.gz", &[half])));
    assert!(halves.iter().all(|half| *half > 0), "{halves:?}");
    assert_eq!(halves[0] + halves[1], whole);
}

/// Folds the input with a selection.
fn fold_input(format: &str, selection: &str, input: &[u8]) -> String {
    let args: Vec<&str> = ["collapse", format, "-q"]
        .into_iter()
        .chain(selection.split(' '))
        .collect();
    let output = run(INFERNO, &args, input);
    assert!(output.status.success(), "{selection}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn text_of_other_profilers_is_selected() {
    for (file, selection, folded) in [
        (
            "austin/text.txt",
            "--tid-is=72",
            "P71;T0:72;/srv/oven.py:main:9;/srv/oven.py:heat:4 700\n",
        ),
        (
            "strace/calls.txt",
            "--pid-is=72",
            "heat;[libc.so.6];read 1\n",
        ),
        (
            "uftrace/kernel.txt",
            "--cpu=1 --tid-is=72 --comm=mixer",
            "ext4_sync_file 1250.5\n",
        ),
    ] {
        let selection: Vec<&str> = selection.split(' ').collect();
        let chosen = fold(file, &selection);
        assert!(
            chosen.starts_with(folded),
            "{file}: {selection:?}: {chosen}"
        );
    }
    assert_refused(
        "strace/calls.txt",
        &["--time=1.."],
        "--time: the samples do not have a time",
    );
}

#[test]
fn rows_of_instruments_are_selected() {
    for (selection, folded) in [
        (&["--time=1ms.."][..], "heat 1\nmain;knead 1\npay 1\n"),
        (&["--time=..50%"], "heat 1\nmain;knead 2\n"),
        (
            &["--time=@1.250000417..@1.250000417"],
            "heat 1\nmain;knead 1\n",
        ),
        (&["--comm=Main Thread"], "main;knead 2\n"),
        (&["--comm=oven", "--cpu=5"], "heat 1\n"),
        (&["--pid-is=7013", "--cpu=4-5"], "heat 2\nmain;knead 1\n"),
        (&["--tid-is=7040"], "pay 1\n"),
    ] {
        let file = "xctrace/threads-and-cores.xml";
        assert_eq!(fold(file, selection), folded, "{selection:?}");
        let input = fs::read(format!("{DATA}/{file}")).unwrap();
        let args = [&["collapse", "xctrace", "-q"], selection].concat();
        assert_eq!(stdout(&run(INFERNO, &args, &input)), folded);
    }
    assert_refused(
        "xctrace/threads-and-cores.xml",
        &["-q", "--cpu=7", "--comm=main"],
        "--comm with --cpu matches none of 5 samples; the profile has threads named `Main Thread`, `oven`; \
         CPUs 4, 0, 5",
    );
    assert_refused(
        "xctrace/tagged-backtraces.xml",
        &["--tid-is=7"],
        "--tid-is: the samples do not have a thread ID",
    );
}

#[test]
fn calls_have_the_times_that_strace_prints() {
    let call =
        |start: &str, name: &str| format!("{start}{name}() = 0\n > /srv/shop(main+0x5) [0x1135]\n");
    let clock = call("7 10:59:59 ", "a") + &call("7 11:00:01.5 ", "b") + &call("7 11:00:03 ", "c");
    assert_eq!(
        fold_input("strace", "--time=2..3", clock.as_bytes()),
        "main;b 1\n"
    );
    let epoch = call("1760000000.5 ", "a") + &call("1760000001.25 ", "b");
    assert_eq!(
        fold_input("strace", "--time=@1760000001..", epoch.as_bytes()),
        "main;b 1\n"
    );
    // The time since the previous call.
    let relative = call("     0.000000 ", "a");
    let output = run(
        INFERNO,
        &["collapse", "strace", "--time=0..1"],
        relative.as_bytes(),
    );
    assert!(stderr(&output).contains("--time: the samples do not have a time"));
}

#[test]
fn functions_have_the_thread_that_uftrace_prints() {
    let calls = " 1.5 us [ 4321] | parse();\n 2 us [ 4322] | read();\n";
    assert_eq!(
        fold_input("uftrace", "--tid-is=4322", calls.as_bytes()),
        "read 2\n"
    );
}

#[test]
fn binary_formats_are_selected() {
    let all = sum(&fold("nettrace/samples.nettrace", &[]));
    let early = sum(&fold("nettrace/samples.nettrace", &["--time=..50%"]));
    let late = sum(&fold("nettrace/samples.nettrace", &["--time=50%.."]));
    assert!(early > 0 && late > 0);
    assert_eq!(early + late, all);
    let mojo = fold("austin/binary.mojo", &[]);
    let process = mojo[1..].split(';').next().unwrap().to_string();
    let chosen = fold("austin/binary.mojo", &["--pid-is", &process]);
    assert!(chosen.starts_with(&format!("P{process};")));
    assert!(mojo.starts_with(&chosen));
}

#[test]
#[cfg(all(feature = "json", feature = "protobuf"))]
fn profiles_in_json_are_selected() {
    let evented = "speedscope/evented.json";
    assert_eq!(
        fold(evented, &["--time=..5ms"]),
        "main 2.5\nmain;bake 2.5\n"
    );
    assert_eq!(
        fold(evented, &["--time=50%..", "--comm=t"]),
        "main 1\nmain;bake 4\n"
    );
    assert_refused(
        evented,
        &["--comm=u"],
        "--comm matches none of 3 samples; the profile has threads named `t`",
    );
    let otlp = |attributes: &str| {
        format!(
            r#"{{"resourceProfiles": [{{"resource": {{"attributes": [{{"key": "process.pid", "value": {{"intValue": "7"}}}}]}},
            "scopeProfiles": [{{"profiles": [{{"sampleType": {{"typeStrindex": 1, "unitStrindex": 2}}, "samples": [
            {{"stackIndex": 1, "values": [3, 4], "timestampsUnixNano": ["1000000000", "3000000000"]}},
            {{"stackIndex": 1, "values": [10], "timestampsUnixNano": ["1000000000", "3000000000"], "attributeIndices": [{attributes}]}}]}}]}}]}}],
            "dictionary": {{"locationTable": [{{}}, {{"lines": [{{"functionIndex": 1}}]}}], "functionTable": [{{}}, {{"nameStrindex": 3}}],
            "stringTable": ["", "cpu", "count", "main", "thread.id", "cpu.logical_number", "thread.name", "till"],
            "attributeTable": [{{}}, {{"keyStrindex": 4, "value": {{"intValue": "8"}}}}, {{"keyStrindex": 5, "value": {{"intValue": "2"}}}},
            {{"keyStrindex": 6, "value": {{"stringValue": "till"}}}}], "stackTable": [{{}}, {{"locationIndices": [1]}}]}}}}"#
        )
    };
    for (selection, folded) in [
        ("--time=1..", "main 9\n"),
        (
            "--time=@3..@3 --tid-is=8 --cpu=2 --comm=till --pid-is=7",
            "main 5\n",
        ),
        ("--pid-is=7", "main 17\n"),
    ] {
        assert_eq!(
            fold_input("otlp", selection, otlp("1, 2, 3").as_bytes()),
            folded,
            "{selection}"
        );
    }
}

#[test]
fn the_log_says_what_was_read() {
    for (file, line) in [
        ("austin/text.txt", "austin: 3 samples of 2 threads"),
        ("strace/calls.txt", "strace: 3 samples of 2 threads"),
        #[cfg(feature = "json")]
        ("speedscope/evented.json", "speedscope: 3 samples in 0.01 s"),
        #[cfg(feature = "perf-data")]
        (
            "perf-data/fp.data",
            "perf.data: 12 samples of 2 threads in 0.043751448 s",
        ),
    ] {
        let path = format!("{DATA}/{file}");
        let output = run(INFERNO, &["collapse", "-v", &path], b"");
        let expected = format!("inferno collapse: info: {line}\n");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
        let quiet = run(INFERNO, &["collapse", "-q", &path], b"");
        assert_eq!(stdout(&output), stdout(&quiet));
    }
}

//! Tests of profiles crafted to break a reader: there is an error or a result, quickly, and in
//! little memory.

#![cfg(all(
    unix,
    feature = "cli",
    feature = "jfr",
    feature = "json",
    feature = "protobuf"
))]

use crate::documents;
use crate::support::deadline;

use std::io::{Seek, SeekFrom, Write};
use std::process::{Command, Output};

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");

/// The nesting depth of some documents.
const LEVELS: usize = 100_000;

/// Folds `input` with 2 GiB of address space.
#[track_caller]
fn fold(format: &str, input: &[u8]) -> Output {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(input).expect("room for it");
    file.seek(SeekFrom::Start(0)).expect("a file");
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 2097152; exec \"$0\" \"$@\"", INFERNO])
        .args(["collapse", format])
        .env_remove("RUST_LOG")
        .stdin(file);
    deadline::run(&mut command)
}

/// Asserts that the output is a single error line that contains `part`.
#[track_caller]
fn assert_refused(format: &str, input: &[u8], part: &str) {
    let output = fold(format, input);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{format}: {message}");
    assert_eq!(message.lines().count(), 1, "{format}: {message}");
    assert!(message.contains(part), "{format}: {message}");
}

#[track_caller]
fn assert_folds(format: &str, input: &[u8], folded: &str) {
    let output = fold(format, input);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{format}: {message}");
    assert!(output.stdout == folded.as_bytes(), "{format}");
}

/// Repeats `open`, then `leaf`, then repeats `close` as often.
fn nested(open: &str, leaf: &str, close: &str) -> String {
    [&open.repeat(LEVELS), leaf, &close.repeat(LEVELS)].concat()
}

#[test]
fn indexes_outside_of_tables_are_refused() {
    let speedscope = r#"{"shared": {"frames": [{"name": "main"}]}, "profiles": [{"type": "sampled", "name": "t",
        "unit": "none", "startValue": 0, "endValue": 1, "samples": [[0, 4294967294]], "weights": [1]}]}"#;
    assert_refused(
        "speedscope",
        speedscope.as_bytes(),
        "outside of the table `frames`",
    );
    let firefox = |stack: &str, prefix: &str, frame: &str, func: &str, name: &str| {
        format!(
            r#"{{"meta": {{"version": 24, "preprocessedProfileVersion": 49}}, "libs": [], "threads": [{{"name": "t",
            "samples": {{"stack": [{stack}]}}, "stackTable": {{"prefix": [{prefix}], "frame": [{frame}]}},
            "frameTable": {{"func": [{func}]}}, "funcTable": {{"name": [{name}]}}, "stringArray": ["main"]}}]}}"#
        )
    };
    assert_folds(
        "firefox",
        firefox("0", "null", "0", "0", "0").as_bytes(),
        "main 1\n",
    );
    for (document, table) in [
        (firefox("7", "null", "0", "0", "0"), "stackTable"),
        (firefox("0", "7", "0", "0", "0"), "stackTable"),
        (firefox("0", "null", "7", "0", "0"), "frameTable"),
        (firefox("0", "null", "0", "7", "0"), "funcTable"),
        (firefox("0", "null", "0", "0", "4294967295"), "stringArray"),
    ] {
        assert_refused("firefox", document.as_bytes(), table);
    }
    let cpuprofile = r#"{"nodes": [{"id": 1, "callFrame": {"functionName": "main"}}], "samples": [18446744073709551615],
        "timeDeltas": [1], "startTime": 0, "endTime": 1}"#;
    assert_refused(
        "cpuprofile",
        cpuprofile.as_bytes(),
        "node 18446744073709551615",
    );
    let chrome = r#"{"traceEvents": [], "stackFrames": {"1": {"name": "main", "parent": "2"}},
        "samples": [{"ts": 1, "sf": "1"}]}"#;
    assert_refused("chrome", chrome.as_bytes(), "stack frame 2");
    // A sample of a missing location, and a type with a missing name.
    assert_refused(
        "pprof",
        b"\x0a\x02\x08\0\x12\x04\x08\x63\x10\x01\x32\0",
        "location 99",
    );
    assert_refused("pprof", b"\x0a\x02\x08\x63\x32\0", "string_table");
    assert_refused("austin", b"MOJ\x03\x02\x011\0\x05\x07", "frame 7");
    assert_refused(
        "heaptrack",
        b"v 10400 3\ni 1 9 9\nt 1 0\na 8 1\n+ 0\n",
        "index",
    );
}

#[test]
fn declared_sizes_are_not_trusted() {
    // A field of 2^63 bytes.
    let mut pprof = b"\x0a\x02\x08\0\x12".to_vec();
    pprof.extend([0xff; 8]);
    pprof.extend([0x7f, 0]);
    assert_refused("pprof", &pprof, "longer than the message");
    assert_refused("otlp", &pprof, "");
    // 2^63 packed numbers in a sample.
    let mut sample = vec![0x12, 10, 0x0a];
    sample.extend([0xff; 8]);
    sample.push(0x7f);
    assert_refused(
        "pprof",
        &[&b"\x0a\x02\x08\0"[..], &sample].concat(),
        "longer than the message",
    );
    // A record of 2 GiB, in which the report is truncated.
    assert_folds("simpleperf", b"SIMPLEPERF\x01\0\xff\xff\xff\x7f", "");
}

/// A recording with one chunk.
fn jfr() -> Vec<u8> {
    let kind = documents::KINDS.iter().find(|kind| kind.name == "jfr");
    (kind.expect("it is one of them").make)(1000).bytes
}

/// A recording with another number at offset `at` in the header.
fn jfr_with(at: usize, number: u64) -> Vec<u8> {
    let mut recording = jfr();
    recording[at..at + 8].copy_from_slice(&number.to_be_bytes());
    recording
}

#[test]
fn chunk_offsets_are_checked() {
    const SIZE: usize = 8;
    const CONSTANTS: usize = 16;
    const METADATA: usize = 24;
    for size in [0, 67, 69, 1 << 40, 1 << 62, u64::MAX] {
        assert_refused("jfr", &jfr_with(SIZE, size), "chunk");
    }
    for at in [CONSTANTS, METADATA] {
        for place in [0, 1 << 20, 1 << 40, u64::MAX] {
            assert_refused("jfr", &jfr_with(at, place), "chunk");
        }
    }
    assert_eq!(fold("jfr", &jfr()).status.code(), Some(0));
}

#[test]
fn the_first_error_of_a_damaged_table_is_always_the_same() {
    // Locations 1 to 50, of which each is in a mapping that does not exist.
    let locations = (1..=50u8).flat_map(|id| [0x22, 4, 0x08, id, 0x10, id + 50]);
    let profile: Vec<u8> = locations.collect();
    for _ in 0..3 {
        assert_refused("pprof", &profile, "the mapping 51 is referenced");
    }
}

#[test]
fn cyclic_callers_do_not_hang_readers() {
    let cpuprofile = r#"{"nodes": [{"id": 1, "callFrame": {"functionName": "a"}, "children": [2]},
        {"id": 2, "callFrame": {"functionName": "b"}, "children": [1]}], "samples": [1], "timeDeltas": [1],
        "startTime": 0, "endTime": 5}"#;
    assert_refused("cpuprofile", cpuprofile.as_bytes(), "cycle");
    let firefox = r#"{"meta": {"version": 24, "preprocessedProfileVersion": 49}, "libs": [], "threads": [{"name": "t",
        "samples": {"stack": [0]}, "stackTable": {"prefix": [1, 0], "frame": [0, 0]}, "frameTable": {"func": [0]},
        "funcTable": {"name": [0]}, "stringArray": ["main"]}]}"#;
    assert_refused("firefox", firefox.as_bytes(), "cycle");
    let chrome = r#"{"traceEvents": [], "stackFrames": {"1": {"name": "a", "parent": "2"},
        "2": {"name": "b", "parent": "1"}}, "samples": [{"ts": 1, "sf": "1"}]}"#;
    assert_refused("chrome", chrome.as_bytes(), "cycle");
    assert_refused(
        "heaptrack",
        b"v 10400 3\ns 1 a\ni 1 1\nt 1 2\nt 1 1\na 8 1\n+ 0\n",
        "cycle",
    );
    let callgrind =
        "events: Ir\nfn=a\n1 5\ncfn=b\ncalls=1 1\n1 9\nfn=b\n1 4\ncfn=a\ncalls=1 1\n1 9\n";
    let output = fold("callgrind", callgrind.as_bytes());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn trees_in_json_may_be_deep() {
    let stack = vec!["f"; LEVELS].join(";");
    let folded = format!("{stack};leaf 7\n");
    let heapprofile = nested(
        r#"{"callFrame":{"functionName":"f"},"selfSize":0,"id":1,"children":["#,
        r#"{"callFrame":{"functionName":"leaf"},"selfSize":7,"id":2,"children":[]}"#,
        "]}",
    );
    assert_folds(
        "heapprofile",
        format!(
            r#"{{"head":{{"callFrame":{{}},"selfSize":0,"id":0,"children":[{heapprofile}]}}}}"#
        )
        .as_bytes(),
        &folded,
    );
    let heads = (1..=LEVELS).map(|id| format!(r#"{{"functionName":"f","id":{id},"children":["#));
    let leaf = r#"{"functionName":"leaf","id":0,"children":[]}"#;
    let head = [&heads.collect::<String>(), leaf, &"]}".repeat(LEVELS)].concat();
    let samples = r#""samples":[0,0],"timestamps":[1,8],"startTime":0,"endTime":0"#;
    let cpuprofile = format!(r#"{{"head":{head},{samples}}}"#);
    assert_folds("cpuprofile", cpuprofile.as_bytes(), &folded);
    let pyinstrument = nested(
        r#"{"function":"f","time":7,"children":["#,
        r#"{"function":"leaf","time":7,"children":[]}"#,
        "]}",
    );
    let pyinstrument = format!(r#"{{"root_frame":{pyinstrument}}}"#);
    assert_folds("pyinstrument", pyinstrument.as_bytes(), &folded);
}

#[test]
fn ignored_values_may_be_nested_deeply() {
    let deep = nested("[", "", "]");
    let object = nested("{\"a\":", "1", "}");
    let shared = r#""shared": {"frames": [{"name": "main"}]}"#;
    let profiles = r#""profiles": [{"type": "sampled", "name": "t", "unit": "none", "samples": [[0]], "weights": [7]}]"#;
    for deep in [&deep, &object] {
        let speedscope = format!(r#"{{{shared}, "exporter": {deep}, {profiles}}}"#);
        assert_folds("speedscope", speedscope.as_bytes(), "main 7\n");
        let chrome = format!(
            r#"[{{"ph": "X", "name": "main", "ts": 1, "dur": 7, "pid": 1, "tid": 1, "cat": {deep}, "args": {deep}}}]"#
        );
        assert_folds("chrome", chrome.as_bytes(), "main 7\n");
        let cpuprofile = format!(
            r#"{{"nodes": [{{"id": 1, "callFrame": {{"functionName": "main"}}, "positionTicks": {deep}}}],
            "samples": [1, 1], "timeDeltas": [0, 7], "startTime": 0, "endTime": 7}}"#
        );
        assert_folds("cpuprofile", cpuprofile.as_bytes(), "main 7\n");
        for format in ["dhat", "firefox", "jstack", "pyspy-dump", "stackprof"] {
            assert_refused(format, deep.as_bytes(), "");
            assert_refused(format, format!("{{\"a\": {deep}}}").as_bytes(), "");
        }
    }
    for end in ["", "}"] {
        let unended = ["{\"profile\":".repeat(LEVELS), end.to_string()].concat();
        for format in [
            "heapprofile",
            "firefox",
            "cpuprofile",
            "chrome",
            "pyinstrument",
            "speedscope",
        ] {
            assert_refused(format, unended.as_bytes(), "");
        }
    }
}

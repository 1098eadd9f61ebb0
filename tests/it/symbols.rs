//! Tests of symbolization for profiles that only have addresses. The program is that of the perf
//! captures, in `perf-data/symfs`.
#![cfg(all(feature = "json", feature = "perf-data", feature = "protobuf"))]

use crate::support::run::{run, stderr, stdout};
use std::fs;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const SYMFS: &str = concat!(
    "--symfs=",
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/perf-data/symfs"
);
const BUILD_ID: &str = "a5fc37a1d01203ea9ffbac9b1e3c20fb2fe2de4f";
const BREAKPAD_ID: &str = "A137FCA512D0EA039FFBAC9B1E3C20FB0";

/// `leaf`, inlined through two functions, was called by `run`, which `_start` called.
const NAMED: &str = "_start;run;leaf;mix_twice;mix 7\n";
const WITH_LINES: &str = "_start (./spin.c:60);run (./spin.c:50);leaf (./spin.c:26);mix_twice (./spin.c:21);mix (./spin.c:17) 7\n";
const UNNAMED: &str = "[spin];[spin];[spin] 7\n";

fn heap() -> String {
    "heap profile: 1: 7 [ 1: 7] @ heapprofile\n\
     1: 7 [ 1: 7] @ 0x7010 0x7127 0x7167\n\
     \n\
     MAPPED_LIBRARIES:\n\
     00007000-00008000 r-xp 00001000 08:01 42 /opt/demo/spin\n"
        .to_string()
}

fn jemalloc() -> String {
    let maps = heap();
    let (_, maps) = maps.split_once("\n\n").expect("maps");
    format!("heap_v2/1\n@ 0x7010 0x7127 0x7167\n  t*: 1: 7 [0: 0]\n{maps}")
}

fn firefox(lib: &str) -> String {
    let lib = format!(r#"{{"name": "spin", "path": "/opt/demo/spin", {lib}}}"#);
    let tables = r#""stackTable": {"prefix": [null, 0, 1], "frame": [0, 1, 2]},
        "frameTable": {"func": [0, 1, 2], "address": [4454, 4390, 4112]},
        "funcTable": {"name": [0, 1, 2], "resource": [0, 0, 0]}, "resourceTable": {"lib": [0]},
        "stringArray": ["0x1166", "0x1126", "0x1010"]"#;
    format!(
        r#"{{"meta": {{"preprocessedProfileVersion": 49, "symbolicated": false}}, "libs": [{lib}],
        "threads": [{{"samples": {{"stack": [2], "weight": [7]}}, {tables}}}]}}"#
    )
}

fn varint(number: u64) -> Vec<u8> {
    match number {
        0..0x80 => vec![number as u8],
        _ => [vec![number as u8 | 0x80], varint(number >> 7)].concat(),
    }
}

/// A protobuf field with text or a message.
fn field(tag: u64, bytes: &[u8]) -> Vec<u8> {
    [
        varint(tag << 3 | 2),
        varint(bytes.len() as u64),
        bytes.to_vec(),
    ]
    .concat()
}

/// A protobuf field with a number.
fn number(tag: u64, number: u64) -> Vec<u8> {
    [varint(tag << 3), varint(number)].concat()
}

fn pprof(build_id: &str) -> Vec<u8> {
    let sample_type = [number(1, 1), number(2, 2)].concat();
    let sample = [field(1, &[1, 2, 3]), field(2, &[7])].concat();
    let addresses = [(1, 0x3010), (2, 0x3126), (3, 0x3166)];
    let location = |(id, address)| [number(1, id), number(2, 1), number(3, address)].concat();
    let mapping = [
        number(1, 1),
        number(2, 0x3000),
        number(3, 0x3fff),
        number(4, 0x1000),
        number(5, 3),
        number(6, 4),
    ];
    let mut profile = [field(1, &sample_type), field(2, &sample)].concat();
    profile.extend(field(3, &mapping.concat()));
    profile.extend(addresses.map(location).iter().flat_map(|it| field(4, it)));
    let strings = ["", "samples", "count", "/opt/demo/spin", build_id];
    profile.extend(strings.iter().flat_map(|it| field(6, it.as_bytes())));
    profile
}

fn simpleperf() -> Vec<u8> {
    let entry = |address| field(3, &[number(1, address), number(2, 1)].concat());
    let entries = [0x40_1010, 0x40_1126, 0x40_1166].map(entry).concat();
    let sample = [entries, number(4, 7)].concat();
    let file = [number(1, 1), field(2, b"/opt/demo/spin")].concat();
    let records = [field(1, &sample), field(3, &file)];
    let records = records.map(|it| [&(it.len() as u32).to_le_bytes()[..], &it].concat());
    [b"SIMPLEPERF\x01\0", &records.concat()[..], &[0; 4]].concat()
}

/// Folds a profile, and returns the text and the warnings.
fn fold(format: &str, flags: &[&str], profile: &[u8]) -> (String, String) {
    let args = [&["collapse", format][..], flags].concat();
    let output = run(INFERNO, &args, profile);
    (stdout(&output), stderr(&output))
}

#[track_caller]
fn assert_named(format: &str, profile: &[u8]) {
    let named = fold(format, &[SYMFS], profile);
    assert_eq!(named, (NAMED.to_string(), String::new()), "{format}");
}

#[track_caller]
fn assert_unnamed(format: &str, flags: &[&str], profile: &[u8], reason: &str) {
    let (folded, warning) = fold(format, flags, profile);
    assert_eq!(folded, UNNAMED, "{format}");
    assert_eq!(warning.lines().count(), 1, "{warning}");
    assert!(warning.contains(&format!("in spin ({reason}")), "{warning}");
}

#[test]
fn functions_are_found_in_the_files_that_were_mapped() {
    assert_named("gperftools", heap().as_bytes());
    assert_named("jemalloc", jemalloc().as_bytes());
    assert_named("firefox", firefox("\"codeId\": null").as_bytes());
    assert_named("pprof", &pprof(""));
    assert_named("simpleperf", &simpleperf());
}

#[test]
fn a_file_must_have_the_build_id_of_the_profile() {
    let code_id = |id: &str| firefox(&format!("\"codeId\": \"{id}\"")).into_bytes();
    let breakpad_id = |id: &str| firefox(&format!("\"breakpadId\": \"{id}\"")).into_bytes();
    for (format, profile) in [
        ("pprof", pprof(BUILD_ID)),
        ("firefox", code_id(BUILD_ID)),
        ("firefox", breakpad_id(BREAKPAD_ID)),
    ] {
        assert_named(format, &profile);
    }
    let other = BUILD_ID.replace('a', "b");
    for (format, profile) in [
        ("pprof", pprof(&other)),
        ("pprof", pprof("go:1.22")),
        ("firefox", code_id(&other)),
        ("firefox", breakpad_id(&BREAKPAD_ID.replace('A', "B"))),
    ] {
        assert_unnamed(
            format,
            &[SYMFS],
            &profile,
            "the file has a different build ID",
        );
    }
}

#[test]
fn without_its_file_a_function_is_named_after_it() {
    let missing = "file not found";
    assert_unnamed("gperftools", &[], heap().as_bytes(), missing);
    assert_unnamed("pprof", &[], &pprof(""), missing);
    let (folded, _) = fold("gperftools", &["--addrs"], heap().as_bytes());
    assert_eq!(folded, "[spin <7166>];[spin <7126>];[spin <7010>] 7\n");
}

#[test]
fn inlined_calls_can_be_left_out() {
    let (folded, _) = fold("gperftools", &[SYMFS, "--no-inline"], heap().as_bytes());
    assert_eq!(folded, "_start;run;leaf 7\n");
}

#[test]
fn lines_come_from_debug_information() {
    for (format, profile) in [
        ("gperftools", heap().into_bytes()),
        ("jemalloc", jemalloc().into_bytes()),
        ("firefox", firefox("\"codeId\": null").into_bytes()),
        ("pprof", pprof("")),
        ("simpleperf", simpleperf()),
    ] {
        let folded = fold(format, &[SYMFS, "--lines"], &profile);
        assert_eq!(folded, (WITH_LINES.to_string(), String::new()), "{format}");
    }
    let guessed = run(INFERNO, &["collapse", SYMFS, "--lines"], heap().as_bytes());
    assert_eq!(stdout(&guessed), WITH_LINES);
}

/// Without a build ID, the inode shows that the file was replaced.
#[cfg(unix)]
#[test]
fn another_file_at_the_path_is_not_used() {
    use std::os::unix::fs::MetadataExt;
    let copy = tempfile::tempdir().expect("a directory");
    let path = copy.path().join("spin");
    let program = &SYMFS["--symfs=".len()..];
    fs::copy(format!("{program}/opt/demo/spin"), &path).expect("a copy");
    let inode = path.metadata().expect("metadata").ino();
    let profile = |inode: u64| {
        let map = format!("08:01 {inode} {}", path.display());
        heap().replace("08:01 42 /opt/demo/spin", &map)
    };
    let (folded, warning) = fold("gperftools", &[], profile(inode).as_bytes());
    assert_eq!((folded.as_str(), warning.as_str()), (NAMED, ""));
    let reason = "the file was replaced";
    assert_unnamed("gperftools", &[], profile(inode + 1).as_bytes(), reason);
}

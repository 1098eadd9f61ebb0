//! Tests of how a file may be encoded: whitespace, text encodings, compression.

#![cfg(feature = "compression")]

use crate::support::run::{assert_fails, assert_folds, run, run_in, stderr, stdout};
use flate2::Compression;
use flate2::write::GzEncoder;
use inferno::decode::decoded;
use std::collections::HashSet;
use std::io::{BufReader, Read, Write};
use std::process::{Command, Stdio};

const DIFF: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const RECURSIVE: &str = env!("CARGO_BIN_EXE_inferno-collapse-recursive");

const FOLDED: &str = "query;scan table 30\nquery;sort 12\n";

/// `FOLDED` in the format of databases.
const WITH_TABS: &str = "query;sort\t12\nquery;scan table\t30\n";

const PERF: &str = env!("CARGO_BIN_EXE_inferno-collapse-perf");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/compressed");

fn drawn(folded: &[u8]) -> String {
    stdout(&run(FLAMEGRAPH, &["--deterministic"], folded))
}

#[test]
fn a_tab_may_be_before_a_count() {
    assert_folds(&run(GUESS, &[], WITH_TABS.as_bytes()), FOLDED);
    assert_folds(&run(RECURSIVE, &[], WITH_TABS.as_bytes()), FOLDED);
    assert_eq!(drawn(WITH_TABS.as_bytes()), drawn(FOLDED.as_bytes()));

    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("before"), FOLDED).expect("a file");
    let both = run_in(
        directory.path(),
        DIFF,
        &["before", "-"],
        WITH_TABS.as_bytes(),
    );
    assert_folds(&both, "query;scan table 30 30\nquery;sort 12 12\n");
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(bytes).collect()
}

/// `text` as written on Windows, with byte order marks.
fn marked(text: &str) -> [Vec<u8>; 4] {
    let lines = text.replace('\n', "\r\n");
    [
        ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
        utf16(&lines, u16::to_le_bytes),
        utf16(&lines, u16::to_be_bytes),
        gzip(&utf16(text, u16::to_le_bytes)),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

#[test]
fn text_may_have_a_byte_order_mark_and_be_utf16() {
    let folded = "main;größe 😀 2\nmain;日本 3\n";
    let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("input");
    for (text, script) in std::iter::zip(marked(folded), marked(script)) {
        std::fs::write(&path, &text).expect("a file");
        assert_folds(&run(GUESS, &[], &text), folded);
        assert_folds(&run_in(directory.path(), GUESS, &["input"], b""), folded);
        assert_folds(&run(RECURSIVE, &[], &text), folded);
        assert_eq!(drawn(&text), drawn(folded.as_bytes()));
        let both = run_in(directory.path(), DIFF, &["input", "-"], &text);
        assert_folds(&both, "main;größe 😀 2 2\nmain;日本 3 3\n");

        std::fs::write(&path, &script).expect("a file");
        for tool in [PERF, GUESS] {
            assert_folds(&run(tool, &[], &script), "prog;main;leaf 7\n");
            assert_folds(
                &run_in(directory.path(), tool, &["input"], b""),
                "prog;main;leaf 7\n",
            );
        }
    }
}

#[test]
fn a_buffer_may_end_within_a_character() {
    let mut text = utf16("main 3\nmain 4\n", u16::to_le_bytes);
    text.push(b'x');
    let folded = inferno::folded::read(&text[..]).expect("text");
    assert_eq!(folded.tree.totals()[0].to_string(), "7");
    let lone = [
        utf16("a", u16::to_le_bytes),
        vec![0, 0xd8],
        utf16(" 3", u16::to_le_bytes)[2..].to_vec(),
    ]
    .concat();
    assert_folds(&run(GUESS, &[], &lone), "a\u{fffd} 3\n");
}

#[test]
fn the_library_reads_text_with_a_mark_too() {
    use inferno::collapse::{Collapse, guess, perf};

    let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    for text in &marked(script)[..3] {
        let mut folded = Vec::new();
        perf::Folder::default()
            .collapse(&text[..], &mut folded)
            .expect("a profile");
        guess::Folder::default()
            .collapse(&text[..], &mut folded)
            .expect("a profile");
        assert_eq!(folded, b"prog;main;leaf 7\nprog;main;leaf 7\n");
        let tree = perf::Folder::default()
            .collapse_slice_to_tree(text)
            .expect("a profile");
        assert_eq!(tree.totals()[0].to_string(), "7");
    }
}

/// Returns one byte at a time, like a slow pipe.
struct OneByOne<'a>(&'a [u8]);

impl Read for OneByOne<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn compression_is_recognized_with_reads_of_any_size() {
    let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    let mut inputs = marked(script).to_vec();
    for file in ["script.gz", "script.zst"] {
        inputs.push(std::fs::read(format!("{DATA}/{file}")).expect("a fixture"));
    }
    for input in inputs {
        let slow = std::io::BufReader::with_capacity(1, OneByOne(&input));
        let mut text = String::new();
        let mut decoded = inferno::decode::decoded(slow).expect("a known format");
        decoded.read_to_string(&mut text).expect("whole data");
        assert_eq!(text.replace("\r\n", "\n"), script);
    }
    let gz = std::fs::read(format!("{DATA}/script.gz")).expect("a fixture");
    let mut child = Command::new(PERF)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tool runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    for byte in &gz {
        stdin.write_all(&[*byte]).expect("a reader");
    }
    drop(stdin);
    let output = child.wait_with_output().expect("the tool ends");
    assert_eq!(stdout(&output), "prog;main;leaf 7\n");
}

#[test]
fn the_checksum_of_a_zstd_frame_is_checked() {
    let mut frame = std::fs::read(format!("{DATA}/script.zst")).expect("a fixture");
    *frame.last_mut().expect("a checksum") ^= 1;
    let output = run(PERF, &[], &frame);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("its checksum is wrong"));
}

#[test]
fn a_zstd_frame_may_be_cut_in_its_header() {
    let frame = std::fs::read(format!("{DATA}/script.zst")).expect("a fixture");
    for length in 1..6 {
        let output = run(PERF, &[], &[&frame, &frame[..length]].concat());
        assert_eq!(stdout(&output), "prog;main;leaf 7\n", "{length}");
        let errors = stderr(&output);
        assert!(errors.contains("the zstd data is truncated"), "{errors}");
    }
}

#[test]
fn zstd_may_have_skippable_frames_anywhere() {
    let frame = std::fs::read(format!("{DATA}/script.zst")).expect("a fixture");
    let skipped =
        |number: u8| [&[0x50 + number, 0x2a, 0x4d, 0x18, 3, 0, 0, 0], &b"xyz"[..]].concat();
    let all = [
        skipped(0),
        frame.clone(),
        skipped(15),
        skipped(3),
        frame,
        skipped(1),
    ]
    .concat();
    assert_folds(&run(PERF, &[], &all), "prog;main;leaf 14\n");
}

#[test]
fn whole_lines_of_truncated_data_are_read_with_a_warning() {
    let lines: String = (0..40_000u32)
        .map(|line| format!("main;f{} 1\n", line.wrapping_mul(2_654_435_761)))
        .collect();
    let whole_lines: HashSet<&str> = lines.lines().collect();
    let whole = gzip(lines.as_bytes());
    let output = run(GUESS, &[], &whole[..whole.len() / 2]);
    let folded = stdout(&output);
    assert!(output.status.success() && folded.lines().count() > 1000);
    assert!(
        folded.lines().all(|line| whole_lines.contains(line)),
        "no line is cut"
    );
    assert!(
        stderr(&output).contains("the gzip data is truncated"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_kept_of_truncated_data_is_independent_of_read_sizes() {
    // Lines that compress badly, longer than what is decoded at a time.
    let numbers = (0..20_000u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let long = numbers
        .map(|number| format!("{number:x}"))
        .collect::<String>();
    let whole = gzip(format!("a 1\n{long} 2\n").as_bytes());
    for length in [whole.len() / 4, whole.len() / 2, whole.len() - 9] {
        let cut = &whole[..length];
        let read = |reader: &mut dyn Read| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes).ok()
        };
        let mut at_once = decoded(cut).expect("a head");
        let mut bit_by_bit = decoded(BufReader::with_capacity(13, cut)).expect("a head");
        let kept = read(&mut at_once).expect("a warning only");
        assert!(kept.starts_with(b"a 1\n"));
        assert_eq!(read(&mut bit_by_bit), Some(kept));
    }
}

#[test]
fn the_error_for_other_compression_names_it() {
    let memray = " (or if memray recorded it, `memray transform speedscope`)";
    for (start, program) in [
        (&b"\xfd7zXZ\0\0\x04"[..], "xz"),
        (b"BZh91AY&SY", "bzip2"),
        (b"LZIP\x01\x0c\0\0", "lzip"),
        (b"PK\x03\x04\x14\0\0\0", "zip"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z"),
        (b"\x1f\x9d\x90\x61", "compress"),
        (b"\x5d\0\0\x80\0\xff", "lzma"),
        (b"\x04\x22\x4d\x18\x64\x40\xa7\0", "lz4"),
    ] {
        let input = [start, &[0x55; 100]].concat();
        let advice = if program == "lz4" { memray } else { "" };
        let message = format!(
            "compressed with {program}, but only gzip and zstd are supported: decompress it first{advice}\n"
        );
        for (tool, name) in [(PERF, "perf"), (GUESS, "guess"), (RECURSIVE, "recursive")] {
            let expected = format!("inferno-collapse-{name}: error: standard input: {message}");
            assert_fails(&run(tool, &[], &input), &expected);
        }
        let expected = format!("inferno-flamegraph: error: standard input: {message}");
        assert_fails(&run(FLAMEGRAPH, &[], &input), &expected);
    }
}

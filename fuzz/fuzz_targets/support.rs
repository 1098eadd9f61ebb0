//! Shared by several targets.
#![allow(dead_code)] // Each target is a separate crate and uses a part of this.

use inferno::call_tree::{CallTree, ValueType};
use inferno::collapse::formats::{self, FormatEntry};
use inferno::collapse::guess;
use inferno::folded;
use std::io::{self, BufReader, Read};

/// A reader that returns a few bytes at a time, like a slow pipe.
pub struct Trickle<'t>(pub &'t [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (1 + self.0.len() % 7).min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

/// The parts of an input, which are separated by a byte that cannot occur in UTF-8.
pub fn parts<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == 0xff);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

pub fn unfold(text: &[u8]) -> CallTree {
    folded::read(text).expect("a slice can be read").tree
}

pub fn fold(tree: &CallTree) -> Vec<u8> {
    let mut text = Vec::new();
    folded::write(tree, &mut text).expect("a vector takes all");
    text
}

/// The sum of all samples, if it is so small that adding a few profiles cannot saturate.
pub fn total(tree: &CallTree) -> Option<u64> {
    let total = tree.totals()[0].whole();
    (total < u64::MAX / 8).then_some(total)
}

/// The formats in JSON.
pub const JSON: &[&str] = &[
    "bpftrace",
    "chrome",
    "cpuprofile",
    "dhat",
    "firefox",
    "heapprofile",
    "jstack",
    "pyinstrument",
    "pyspy-dump",
    "speedscope",
    "stackprof",
];

/// The formats in protocol buffers.
pub const PROTOBUF: &[&str] = &["otlp", "pprof", "simpleperf"];

/// Reads `input` in the format with index `format` among those for which `is_meant` returns true.
/// The result must not depend on the size of reads, and must be readable as folded text.
pub fn check_document(is_meant: impl Fn(&str) -> bool, format: u8, input: &[u8]) {
    let entries = formats::all().filter(|entry| entry.is_document() && is_meant(entry.name));
    let entries: Vec<FormatEntry> = entries.collect();
    let entry = entries[usize::from(format) % entries.len()];
    let options = guess::Options::default();
    let whole = entry.read(input, &options);
    let slow = entry.read(BufReader::with_capacity(64, Trickle(input)), &options);
    match (whole, slow) {
        (Ok(whole), Ok(slow)) => {
            let values = whole.values();
            let tree = whole.merged();
            let text = fold(&tree);
            assert_eq!(fold(&slow.merged()), text);
            if is_unambiguous(&text) {
                assert_eq!(total(&unfold(&text)), total(&tree));
            }
            check_sum(entry, &values, &tree);
        }
        (Err(whole), Err(slow)) => assert_eq!(whole.to_string(), slow.to_string()),
        (whole, slow) => panic!("{:?} and {:?}", whole.is_ok(), slow.is_ok()),
    }
}

/// Whether the text starts with no byte order mark, and no stack looks like a comment or ends in
/// something like a count.
fn is_unambiguous(text: &[u8]) -> bool {
    let has_mark = matches!(text.first(), Some(0xef | 0xfe | 0xff));
    let mut lines = text.split(|byte| *byte == b'\n');
    !has_mark
        && lines.all(|line| {
            let mut words = line.rsplit(u8::is_ascii_whitespace).skip(1);
            let last = words.find(|word| !word.is_empty()).unwrap_or_default();
            !line.starts_with(b"#") && !last.last().is_some_and(u8::is_ascii_digit)
        })
}

/// The tree must add up to the profile's sum of the counted value. (A call graph may be
/// inconsistent, and the tree of a heap only contains the remaining blocks.)
fn check_sum(entry: FormatEntry, values: &[ValueType], tree: &CallTree) {
    const ESTIMATED: [&str; 3] = ["callgrind", "cprofile", "massif"];
    let sum = values.iter().find(|value| value.is_default);
    let is_comparable = !ESTIMATED.contains(&entry.name) && !tree.is_differential();
    let (true, Some(total), Some(sum)) = (is_comparable, total(tree), sum) else {
        return;
    };
    assert_eq!(total, sum.sum.whole(), "{}", entry.name);
}

//! Tests of heat maps: the times of samples in a graph.

use crate::support::run::{run_in, stderr, stdout};
use std::fs;
use std::path::Path;

const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// A sample as it is in the file.
#[derive(Debug, PartialEq)]
struct Sample {
    thread: usize,
    /// In ticks.
    start: u64,
    length: u64,
    /// Starting with 1.
    stack: u64,
    count: u64,
}

/// The samples of a graph, their sum, and the total of the graph.
#[derive(Debug)]
struct Times {
    tick: u64,
    samples: Vec<Sample>,
    total: f64,
    sum: f64,
}

/// The kinds of numbers, as src/flamegraph/times.rs has them.
const OF_THREAD: usize = 9;
const START: usize = 3;
const LENGTH: usize = 2;
const STACK: usize = 6;
const COUNT: usize = 7;

/// Reads what src/flamegraph/pack.rs packs.
struct Numbers {
    bits: Vec<bool>,
    at: usize,
    /// By kind: the length of a code, the code, and its symbol.
    codes: Vec<Vec<(u64, u64, u64)>>,
}

impl Numbers {
    fn new(text: &str) -> Numbers {
        let digits = || (b'!'..=b'~').filter(|byte| !b"&<>".contains(byte));
        let digit = |byte| digits().position(|digit| digit == byte).expect("a digit");
        let values: Vec<usize> = text.bytes().map(digit).collect();
        let pairs = values.chunks(2).map(|pair| 91 * pair[0] + pair[1]);
        let bits = pairs.flat_map(|pair| (0..13).rev().map(move |bit| pair >> bit & 1 > 0));
        let mut numbers = Numbers {
            bits: bits.collect(),
            at: 0,
            codes: Vec::new(),
        };
        for _ in 0..numbers.take(5) {
            let symbols = numbers.take(9);
            let lengths = (0..symbols).map(|symbol| (numbers.take(4), symbol));
            let mut used: Vec<_> = lengths.filter(|(length, _)| *length > 0).collect();
            used.sort_unstable();
            let (mut next, mut before) = (0, 0);
            let codes = used.into_iter().map(|(length, symbol)| {
                next <<= length - before;
                (before, next) = (length, next + 1);
                (length, next - 1, symbol)
            });
            let codes = codes.collect();
            numbers.codes.push(codes);
        }
        numbers
    }

    fn take(&mut self, count: u64) -> u64 {
        let bits = &self.bits[self.at..][..count as usize];
        self.at += bits.len();
        bits.iter()
            .fold(0, |value, bit| value << 1 | u64::from(*bit))
    }

    fn next(&mut self, kind: usize) -> u64 {
        let (mut length, mut code) = (0, 0);
        let symbol = loop {
            (length, code) = (length + 1, code << 1 | self.take(1));
            let found = self.codes[kind]
                .iter()
                .find(|it| (it.0, it.1) == (length, code));
            if let Some((_, _, symbol)) = found {
                break *symbol;
            }
        };
        match symbol {
            0..16 => symbol,
            _ => (2 + symbol % 2) << (symbol / 2 - 5) | self.take(symbol / 2 - 5),
        }
    }
}

fn field<'t>(text: &'t str, before: &str, after: char) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split(after).next()
}

/// The times in a graph, if it has any.
fn times(svg: &str) -> Option<Times> {
    let profile = svg
        .split_once("<metadata id=\"profile\">")
        .expect("a profile")
        .1;
    let profile = profile.split_once("</metadata>").expect("its end").0;
    let mut lines = profile.lines();
    let settings = lines.next()?.replace("&quot;", "\"");
    let number = |name: &str| {
        let text = field(&settings, name, ',')?;
        text.trim_end_matches('}').parse().ok()
    };
    let unit: f64 = field(&settings, "\"unit\":\"", '"')?.parse().ok()?;
    let tick = number("\"tick\":")?;
    let samples = samples(lines.nth(1)?, number("\"samples\":")?);
    let sum = samples.iter().map(|sample| sample.count as f64 * unit);
    Some(Times {
        tick,
        total: field(svg, "total_samples=\"", '"')?.parse().ok()?,
        sum: sum.sum(),
        samples,
    })
}

fn samples(line: &str, count: u64) -> Vec<Sample> {
    let mut numbers = Numbers::new(line);
    let mut followers = std::collections::HashMap::new();
    let mut samples = Vec::new();
    let mut thread = 0;
    while samples.len() < count as usize {
        let of_thread = numbers.next(OF_THREAD);
        let kind = numbers.next(OF_THREAD);
        let usual = (kind & 2 == 0).then(|| numbers.next(COUNT));
        let (mut start, mut stack) = (0, 0);
        for _ in 0..of_thread {
            start += numbers.next(START);
            match numbers.next(STACK) {
                0 => {}
                other => drop(followers.insert(stack, other)),
            }
            stack = followers[&stack];
            let length = (kind & 1 == 1).then(|| numbers.next(LENGTH));
            samples.push(Sample {
                thread,
                start,
                length: length.unwrap_or(0),
                stack,
                count: usual.unwrap_or_else(|| numbers.next(COUNT)),
            });
        }
        thread += 1;
    }
    samples
}

#[track_caller]
fn drawn(args: &[&str], input: &[u8]) -> (Option<Times>, String) {
    let output = run_in(Path::new(DATA), FLAMEGRAPH, args, input);
    (times(&stdout(&output)), stderr(&output))
}

/// Two threads, one of which starts later.
const SCRIPT: &str = "\
oven 11/11 5.000000: 10 cycles:\n\t 12 mix (oven)\n\t 34 main (oven)\n\n\
oven 11/12 5.500000: 10 cycles:\n\t 12 heat (oven)\n\t 34 main (oven)\n\n\
oven 11/11 6.000000: 10 cycles:\n\t 12 bake (oven)\n\t 34 main (oven)\n\n\
oven 11/12 6.200000: 30 cycles:\n\t 12 heat (oven)\n\t 34 main (oven)\n\n\
oven 11/11 35.000000: 10 cycles:\n\t 12 mix (oven)\n\t 34 main (oven)\n\n";

#[test]
fn samples_have_their_times_stacks_and_counts() {
    let (times, warnings) = drawn(&["--heatmap"], SCRIPT.as_bytes());
    assert_eq!(warnings, "");
    let times = times.expect("times");
    // A column of the heat map has half a second, and a thousand ticks.
    assert_eq!(times.tick, 500_000);
    let sample = |thread, start, stack, count| Sample {
        thread,
        start,
        length: 0,
        stack,
        count,
    };
    // Stacks are sorted: bake, heat, mix. The unit is 10 cycles.
    let expected = [
        sample(0, 0, 3, 1),
        sample(0, 2000, 1, 1),
        sample(0, 60_000, 3, 1),
        sample(1, 1000, 2, 1),
        sample(1, 2400, 2, 3),
    ];
    assert_eq!(times.samples, expected);
}

#[test]
fn all_samples_of_each_format_with_times_are_there() {
    for (file, flags) in [
        ("perf/c-fp.txt", &[][..]),
        ("perf-data/fp.data", &["--symfs", "perf-data/symfs"]),
        ("chrome/spans.json", &[]),
        ("chrome/samples-out-of-order.json", &[]),
        ("chrome/chunks-with-nulls.json", &[]),
        ("cpuprofile/time.cpuprofile", &[]),
        ("cpuprofile/samples.cpuprofile", &["--value", "samples"]),
        ("firefox/processed.json", &[]),
        ("jfr/bakery.jfr.gz", &[]),
        ("nettrace/samples.nettrace", &[]),
        ("chrome/argument-of-begin.json", &["--tid-is", "1"]),
        ("simpleperf/cpu.proto", &[]),
        ("speedscope/below-zero.json", &[]),
        ("xctrace/time-profile.xml", &[]),
    ] {
        let (times, _) = drawn(&[&["--heatmap", file], flags].concat(), b"");
        let times = times.unwrap_or_else(|| panic!("{file} has times"));
        assert!(!times.samples.is_empty(), "{file}");
        let difference = (times.sum - times.total).abs();
        assert!(difference <= 1e-6 * times.total, "{file}: {times:?}");
    }
}

/// Speedscope profiles have times only if they measure time.
#[test]
fn speedscope_profiles_have_intervals() {
    let profile = |unit: &str, profile: &str| {
        format!(
            r#"{{"$schema": "https://www.speedscope.app/file-format-schema.json",
              "shared": {{"frames": [{{"name": "a"}}, {{"name": "b"}}]}},
              "profiles": [{{"name": "t", "unit": "{unit}", "startValue": 2, "endValue": 62, {profile}}}]}}"#
        )
    };
    let sampled = r#""type": "sampled", "samples": [[0], [0, 1], [0]], "weights": [30, 20, 10]"#;
    let evented = r#""type": "evented", "events": [{"type": "O", "frame": 0, "at": 2}, {"type": "O", "frame": 1, "at": 32},
        {"type": "C", "frame": 1, "at": 52}, {"type": "C", "frame": 0, "at": 62}]"#;
    for kind in [sampled, evented] {
        let (times, warnings) = drawn(&["--heatmap"], profile("seconds", kind).as_bytes());
        assert_eq!(warnings, "", "{kind}");
        let times = times.expect("times");
        assert_eq!(times.tick, 1_000_000);
        let found = times.samples.iter();
        let found: Vec<_> = found
            .map(|it| (it.start, it.length, it.stack, it.count))
            .collect();
        let expected = [
            (0, 30_000, 1, 3),
            (30_000, 20_000, 2, 2),
            (50_000, 10_000, 1, 1),
        ];
        assert_eq!(found, expected, "{kind}");
    }
    let (times, warnings) = drawn(&["--heatmap"], profile("bytes", sampled).as_bytes());
    assert!(times.is_none());
    assert_eq!(warnings, NO_TIMES);
}

const NO_TIMES: &str = "inferno-flamegraph: warning: there is no heat map: the profile does not record when samples were taken\n";

#[test]
fn samples_stay_with_their_stacks_whatever_is_done_to_these() {
    let script = SCRIPT.repeat(3);
    for (flags, total) in [
        (&["--keep", "mix|bake"][..], 90.0),
        (&["--base", "main"], 210.0),
        (&["--reverse"], 210.0),
        (&["--max-frames", "4"], 210.0),
        (&["--minwidth", "30"], 210.0),
        (&["--per", "thread"], 210.0),
        (&["--threads"], 210.0),
        (&["--time", "0..1.1"], 90.0),
    ] {
        let (times, warnings) = drawn(&[&["--heatmap"], flags].concat(), script.as_bytes());
        assert_eq!(warnings, "", "{flags:?}");
        let times = times.expect("times");
        assert_eq!((times.total, times.sum), (total, total), "{flags:?}");
    }
}

#[test]
fn the_times_of_several_profiles_start_together() {
    let directory = tempfile::tempdir().expect("a directory");
    let later = SCRIPT
        .replace(" 5.", " 905.")
        .replace(" 6.", " 906.")
        .replace(" 35.", " 935.");
    fs::write(directory.path().join("first"), SCRIPT).expect("a file");
    fs::write(directory.path().join("second"), later).expect("a file");
    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["--heatmap", "first", "second"],
        b"",
    );
    let times = times(&stdout(&output)).expect("times");
    assert_eq!(times.samples.len(), 10);
    assert_eq!(times.samples.iter().map(|it| it.start).max(), Some(60_000));
}

#[test]
fn a_profile_without_times_has_no_heat_map_and_a_warning_says_so() {
    let without_times = "oven 11/11 10 cycles:\n\t 12 mix (oven)\n\t 34 main (oven)\n\n";
    for input in ["a;b 3\n", without_times] {
        let (times, warnings) = drawn(&["--heatmap"], input.as_bytes());
        assert!(times.is_none(), "{input}");
        assert_eq!(warnings, NO_TIMES);
    }
    let (times, warnings) = drawn(&["--heatmap", "perf/c-fp.txt", "-"], b"a;b 1000000000\n");
    let times = times.expect("times");
    assert!(times.sum < times.total);
    assert!(
        warnings.contains("the heat map has ") && warnings.contains("other samples have no time"),
        "{warnings}"
    );
}

#[test]
fn without_the_flag_there_are_no_times() {
    let (times, _) = drawn(&[], SCRIPT.as_bytes());
    assert!(times.is_none());
}

#[cfg(feature = "picture")]
#[test]
fn a_picture_has_no_heat_map() {
    let output = run_in(
        Path::new(DATA),
        FLAMEGRAPH,
        &["--heatmap", "--format", "png"],
        b"",
    );
    assert!(stderr(&output).contains("--heatmap requires --format svg or html"));
    assert_eq!(output.status.code(), Some(2));
}

//! Checks that no sample is lost: the output of a fixture adds up to its input, which is counted
//! here in the simplest way that the format allows. Generated profiles of most formats are in the
//! formats' own tests; this file covers vsprof, where not all calls count, and recursive.

use inferno::collapse::{Collapse, recursive, vsprof};
use proptest::prelude::*;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// Folds with the tool, and returns the sum of the counts and the standard error.
fn fold(tool: &str, profile: &Path) -> (u64, String) {
    let output = Command::new(tool)
        .arg("-v")
        .args(args_of(profile))
        .arg(profile)
        .output()
        .expect("the tool runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {stderr}", profile.display());
    (sum_of_folded(&output.stdout), stderr)
}

fn sum_of_folded(folded: &[u8]) -> u64 {
    let folded = String::from_utf8_lossy(folded);
    let counts = folded.lines().map(|line| line.rsplit_once(' '));
    let parsed = counts.map(|count| count.expect("a count").1.parse::<u64>().expect("a number"));
    parsed.fold(0, u64::saturating_add)
}

fn args_of(profile: &Path) -> Vec<String> {
    let name = profile.file_name().expect("a name").to_string_lossy();
    let case = name.split('.').next().expect("a case").to_string();
    let args = fs::read_to_string(profile.with_file_name(case + ".args")).unwrap_or_default();
    args.lines().map(str::to_string).collect()
}

fn profiles(format: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(DATA).join(format)).expect("fixtures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.is_file())
        .filter(|path| {
            let name = path.to_string_lossy();
            ![".folded", ".args", ".stderr"]
                .iter()
                .any(|end| name.ends_with(end))
        })
        .collect()
}

fn text_of(profile: &Path) -> String {
    let file = BufReader::new(File::open(profile).expect("the fixture"));
    let mut text = Vec::new();
    let mut reader = inferno::decode::decoded(file).expect("a compression we know");
    reader.read_to_end(&mut text).expect("the whole fixture");
    String::from_utf8_lossy(&text).into_owned()
}

/// Asserts that the sum of each folded fixture is that of `count`, minus what the tool says it skipped.
fn assert_nothing_is_lost(tool: &str, format: &str, count: impl Fn(&str, &[String]) -> u64) {
    let profiles = profiles(format);
    assert!(!profiles.is_empty());
    for profile in profiles {
        let expected = count(&text_of(&profile), &args_of(&profile));
        let (sum, stderr) = fold(tool, &profile);
        assert_eq!(sum + skipped(&stderr), expected, "{}", profile.display());
    }
}

/// The number of samples of idle threads that the tool skipped.
fn skipped(stderr: &str) -> u64 {
    let number = |line: &str| {
        let text = line.split("skipped ").nth(1)?;
        let number = text.split(" sample").next()?;
        text.contains("idle threads")
            .then(|| number.parse::<u64>().ok())?
    };
    stderr.lines().filter_map(number).sum()
}

#[test]
fn perf_keeps_all_periods_of_the_event() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-perf");
    assert_nothing_is_lost(tool, "perf", |text, args| {
        let joined = args.join("=");
        let filter = joined.split("--event-filter=").nth(1);
        let samples: Vec<PerfSample> = samples_of_perf(text);
        if !text.contains("cpu-clock") && !text.split_whitespace().any(is_time) {
            return periods_without_events(text);
        }
        let event = filter.unwrap_or(without_modifiers(&samples[0].event));
        let is_counted = |sample: &&PerfSample| {
            [&*sample.event, without_modifiers(&sample.event)].contains(&event)
        };
        samples
            .iter()
            .filter(is_counted)
            .map(|sample| sample.period)
            .fold(0, u64::saturating_add)
    });
}

/// The sum of periods if there is only a command besides them above stacks, or the number of
/// stacks; without call chains, each line is a stack.
fn periods_without_events(text: &str) -> u64 {
    let lines: Vec<&str> = std::iter::once("").chain(text.lines()).collect();
    let is_frame = |line: &str| line.starts_with('\t');
    if !lines.iter().any(|line| is_frame(line)) {
        return text.lines().count() as u64;
    }
    let period = |line: &str| {
        line.split_whitespace()
            .last()
            .and_then(|it| it.parse().ok())
    };
    lines
        .windows(2)
        .filter(|pair| !is_frame(pair[0]) && is_frame(pair[1]))
        .map(|pair| period(pair[0]).unwrap_or(1))
        .sum()
}

struct PerfSample {
    event: String,
    period: u64,
}

/// All samples with frames, on the same line or on separate lines.
fn samples_of_perf(text: &str) -> Vec<PerfSample> {
    let text = text.replace('\r', "");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect();
    let is_frame = |line: &str| line.starts_with('\t');
    let mut samples = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // A frame may be followed by its source location, or by the next sample, which has a time.
        let is_after_frame = at > 0 && is_frame(lines[at - 1]);
        let is_event = line.contains(|char: char| char.is_ascii_digit())
            && !is_frame(line)
            && (!is_after_frame || line.split_whitespace().any(is_time));
        let has_frames =
            line.ends_with(')') || lines.get(at + 1).is_some_and(|next| is_frame(next));
        if is_event && has_frames {
            samples.push(sample_of_perf(line));
        }
    }
    samples
}

fn sample_of_perf(line: &str) -> PerfSample {
    let words: Vec<&str> = line.split_whitespace().collect();
    let start = words.iter().position(|word| is_time(word)).unwrap_or(0);
    let is_event =
        |at: &usize| words[*at].ends_with(':') && words[*at].contains(char::is_alphabetic);
    let at = (start..words.len()).find(is_event);
    let event = at.map_or("", |at| words[at].trim_end_matches(':'));
    // A number that is not preceded by a time is the thread's ID.
    let is_period = |at: &usize| *at > 1 && words[at - 2].ends_with(':');
    let period = at
        .filter(is_period)
        .and_then(|at| words[at - 1].parse().ok());
    PerfSample {
        event: event.to_string(),
        period: period.unwrap_or(1),
    }
}

/// `1519.774261:`
fn is_time(word: &str) -> bool {
    word.ends_with(':') && word.starts_with(|char: char| char.is_ascii_digit())
}

/// `cycles` for `cycles:u`.
fn without_modifiers(event: &str) -> &str {
    let is_modifiers = |text: &str| text.chars().all(|char| "ukhpP".contains(char));
    match event.rsplit_once(':') {
        Some((name, modifiers)) if is_modifiers(modifiers) => name,
        _ => event,
    }
}

#[test]
fn dtrace_keeps_all_counts() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-dtrace");
    assert_nothing_is_lost(tool, "dtrace", |text, _| {
        // A count is on its own line, or at the end of the last line of a stack, after its keys.
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let next = lines.iter().skip(1).chain([&""]);
        let pairs = lines.iter().zip(next);
        let count = |(line, next): (&&str, &&str)| {
            let word = line.split_whitespace().next_back()?;
            let is_count = word == *line || next.is_empty();
            let number = word.trim_start_matches('+').parse::<u64>();
            number.ok().filter(|_| is_count)
        };
        pairs.filter_map(count).sum::<u64>()
    });
}

#[test]
fn sample_keeps_the_counts_of_all_threads() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-sample");
    assert_nothing_is_lost(tool, "sample", |text, _| {
        let graph = text
            .lines()
            .skip_while(|line| !line.starts_with("Call graph:"));
        let thread = |line: &str| {
            line.strip_prefix("    ")?
                .split_once(' ')?
                .0
                .parse::<u64>()
                .ok()
        };
        graph
            .take_while(|line| !line.starts_with("Total number in stack"))
            .filter_map(thread)
            .sum::<u64>()
    });
}

#[test]
fn vtune_keeps_all_self_times_in_milliseconds() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-vtune");
    assert_nothing_is_lost(tool, "vtune", |text, _| {
        let rows = text
            .lines()
            .skip_while(|line| !line.starts_with("Function Stack,"));
        let seconds = |row: &str| row.rsplit(',').nth(1)?.parse::<f64>().ok();
        rows.skip(1)
            .filter_map(seconds)
            .map(|time| (time * 1000.0).round() as u64)
            .sum()
    });
}

#[test]
fn xctrace_keeps_every_row_with_a_backtrace() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-xctrace");
    assert_nothing_is_lost(tool, "xctrace", |text, _| {
        let rows = text.split("<row>").skip(1);
        let is_whole = |row: &&str| row.contains("</row>") && row.contains("backtrace");
        rows.filter(is_whole).count() as u64
    });
}

#[test]
fn ghcprof_keeps_the_individual_costs_of_all_rows() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-ghcprof");
    assert_nothing_is_lost(tool, "ghcprof", |text, args| {
        let (from_end, scale) = match args.first().map(String::as_str) {
            Some("--bytes") => (1, 1.0),
            Some("--ticks") => (2, 1.0),
            _ => (6, 10.0),
        };
        let is_header = |line: &&str| line.starts_with("COST CENTRE") && line.contains(" no. ");
        let rows = text.lines().skip_while(|line| !is_header(line)).skip(2);
        let cost = |row: &str| {
            let words: Vec<&str> = row.split_whitespace().collect();
            words[words.len() - from_end]
                .parse::<f64>()
                .expect("a cost")
                * scale
        };
        // A row that does not start at the column of names is broken.
        let is_broken = |row: &str| row.starts_with("ex.hs");
        rows.take_while(|row| row.split_whitespace().count() > 8)
            .filter(|row| !is_broken(row))
            .map(|row| cost(row).round() as u64)
            .sum()
    });
}

#[test]
fn recursive_keeps_all_counts() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-recursive");
    assert_nothing_is_lost(tool, "recursive", |text, _| sum_of_folded(text.as_bytes()));
}

#[test]
fn vsprof_keeps_all_calls_except_those_that_led_to_calls() {
    let tool = env!("CARGO_BIN_EXE_inferno-collapse-vsprof");
    assert_nothing_is_lost(tool, "vsprof", |text, _| calls_of_vsprof(text));
}

/// The calls of all rows, minus those that led to the calls of rows below, which are counted there.
fn calls_of_vsprof(text: &str) -> u64 {
    let rows = text.lines().skip(1).map(|row| {
        let parts: Vec<&str> = row.split('"').collect();
        let level = parts[0].trim_end_matches(',').parse().expect("a level");
        let calls = match parts[2] {
            "," => parts[3].replace(',', ""),
            unquoted => unquoted.split(',').nth(1).expect("calls").to_string(),
        };
        (level, calls.parse().expect("a number"))
    });
    let mut sum = 0;
    add_own_calls(&rows.collect::<Vec<_>>(), &mut sum);
    sum
}

/// Adds the self calls of the function in the first row, and of all rows below it; returns those of
/// the function. Only callees with callees of their own, and the last one, are subtracted from
/// their caller, as in the published tools.
fn add_own_calls(rows: &[(u64, u64)], sum: &mut u64) -> u64 {
    let (level, mut own) = rows[0];
    let starts: Vec<usize> = (1..rows.len())
        .filter(|&at| rows[at].0 == level + 1)
        .collect();
    let mut led_to_all = false;
    for (at, &start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(rows.len());
        let of_callee = add_own_calls(&rows[start..end], sum);
        let is_last = end == rows.len();
        led_to_all = is_last && of_callee == own;
        if of_callee < own && (is_last || end - start > 1) {
            own -= of_callee;
        }
    }
    *sum += if led_to_all { 0 } else { own };
    own
}

/// Folds with the library, and returns the sum of the counts.
fn folded_sum(mut folder: impl Collapse, profile: &str) -> u64 {
    let mut folded = Vec::new();
    let result = folder.collapse(profile.as_bytes(), &mut folded);
    result.expect("a profile");
    sum_of_folded(&folded)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn vsprof_keeps_the_calls_of_generated_summaries(
        functions in prop::collection::vec((0u64..4, 0u64..6), 1..30)
    ) {
        let header = text_of(&profiles("vsprof")[0]).lines().next().expect("a header").to_string();
        let mut csv = header + "\n0,\"a.exe\",0,100.00,\n";
        let mut level = 0;
        for (back, calls) in functions {
            level = u64::max(level + 1 - back.min(level), 1);
            csv += &format!("{level},\"f(a,b)\",\"{calls}\",1.00,\n");
        }
        prop_assert_eq!(folded_sum(vsprof::Folder::default(), &csv), calls_of_vsprof(&csv));
    }

    #[test]
    fn recursive_keeps_the_counts_of_generated_stacks(
        stacks in prop::collection::vec(("[ab](;[ab]){0,9}", 0u64..1 << 40), 1..30)
    ) {
        let lines = stacks.iter().map(|(stack, count)| format!("{stack} {count}\n"));
        let folded = lines.collect::<String>();
        let sum: u64 = stacks.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(folded_sum(recursive::Folder::default(), &folded), sum);
    }
}

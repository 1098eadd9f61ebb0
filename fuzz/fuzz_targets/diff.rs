//! Comparing two profiles: no sample is lost on either side, and swapping the profiles swaps the
//! columns.
//!
//! An input is flags and two profiles, separated by bytes of 0xff.

#![no_main]

mod support;

use inferno::differential::{self, Options};
use libfuzzer_sys::fuzz_target;
use support::{total, unfold};

fn compare(options: Options, before: &[u8], after: &[u8]) -> Option<String> {
    let mut lines = Vec::new();
    differential::from_readers(options, before, after, &mut lines).ok()?;
    Some(String::from_utf8_lossy(&lines).into_owned())
}

/// Splits each line into its stack and its two counts.
fn columns(lines: &str) -> Vec<(&str, u64, u64)> {
    let column = |line| {
        let (rest, after): (&str, &str) = str::rsplit_once(line, ' ').expect("a count after");
        let (stack, before) = rest.rsplit_once(' ').expect("a count before");
        (
            stack,
            before.parse().expect("a number"),
            after.parse().expect("a number"),
        )
    };
    lines
        .strip_suffix('\n')
        .map_or(Vec::new(), |lines| lines.split('\n').map(column).collect())
}

/// The sum of a profile whose counts are integers. Fractions are truncated in each line, so sums differ.
fn whole(profile: &[u8]) -> Option<u64> {
    (!profile.contains(&b'.'))
        .then(|| total(&unfold(profile)))
        .flatten()
}

fuzz_target!(|input: &[u8]| {
    let [flags, before, after] = support::parts(input);
    let flag = |bit: u8| flags.first().is_some_and(|byte| byte >> bit & 1 == 1);
    let mut options = Options::default();
    (options.normalize, options.strip_hex) = (flag(0), flag(1));
    // In a profile that is read as a tree, such lines are comments.
    if input.contains(&b'#') {
        return;
    }
    let Some(lines) = compare(options, before, after) else {
        return;
    };
    let sums = columns(&lines)
        .iter()
        .fold((0_u64, 0_u64), |sums, (_, before, after)| {
            (
                sums.0.saturating_add(*before),
                sums.1.saturating_add(*after),
            )
        });
    if let Some(all) = whole(after) {
        assert_eq!(sums.1, all);
    }
    if let (Some(all), false) = (whole(before), options.normalize) {
        assert_eq!(sums.0, all);
    }
    if !options.normalize {
        let turned = compare(options, after, before).expect("the same profiles");
        let turned = columns(&turned)
            .into_iter()
            .map(|(stack, after, before)| (stack, before, after));
        assert!(turned.eq(columns(&lines)));
    }
    let tree = differential::compare(&unfold(before), &unfold(after), options);
    assert_eq!(total(&tree), total(&unfold(after)));
    if !options.normalize {
        let sum = tree.totals_before().first().copied().unwrap_or_default();
        assert_eq!(sum, unfold(before).totals()[0]);
    }
});

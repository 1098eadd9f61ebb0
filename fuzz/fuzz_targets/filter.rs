//! Filters: the stacks kept and dropped by the same pattern add up to all samples, and steps that
//! only rename or move frames lose none.
//!
//! An input is a pattern, a replacement and folded stacks, separated by bytes of 0xff.

#![no_main]

mod support;

use inferno::filter::{Filter, PatternError};
use libfuzzer_sys::fuzz_target;
use support::{fold, total, unfold};

/// Long patterns can take long to compile and match, which is not a finding.
const LONGEST_PATTERN: usize = 60;

fn check(pattern: &str, replacement: &str, stacks: &[u8]) -> Result<(), PatternError> {
    let apply = |filter: Filter| filter.apply(unfold(stacks));
    let all = unfold(stacks);
    let kept = apply(Filter::new().keep(pattern)?);
    let dropped = apply(Filter::new().drop(pattern)?);
    // Fractions of a sample are truncated in both parts.
    if let (Some(all), Some(kept), Some(dropped)) = (total(&all), total(&kept), total(&dropped)) {
        assert!(all - (kept + dropped) <= 1, "{all} = {kept} + {dropped}");
    }
    for filter in [
        Filter::new().hide(pattern)?,
        Filter::new().skip_after(pattern)?,
        Filter::new().fold_callees(pattern)?,
        Filter::new().rename(pattern, replacement)?,
    ] {
        let changed = apply(filter);
        assert_eq!(total(&changed), total(&all));
        let written = fold(&changed);
        let again = unfold(&written);
        assert_eq!(total(&again), total(&all), "it can be read again");
        // Reading trims whitespace around stacks, which a replacement may have added.
        assert_eq!(again.len(), unfold(&fold(&again)).len());
    }
    Ok(())
}

fuzz_target!(|input: &[u8]| {
    let [pattern, replacement, stacks] = support::parts(input).map(String::from_utf8_lossy);
    if pattern.len() <= LONGEST_PATTERN {
        // An invalid pattern is an error.
        let _ = check(&pattern, &replacement, stacks.as_bytes());
    }
});

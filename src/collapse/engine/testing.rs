//! Helpers for tests of formats.

use super::Engine;
use super::format::Format;
use crate::call_tree::Forest;
use crate::folded;
use crate::input::Reader;
use std::collections::BTreeMap;
use std::io;

/// Folds `profile` on every code path, all of which must have the same result: the folded text, or
/// the message of the error.
pub(crate) fn fold<F: Format>(format: &F, profile: &[u8]) -> Result<String, String> {
    let expected = to_text(Engine::new(1).fold_slice(format, profile));
    for block_size in [1, 7, 64, 1 << 20] {
        for nthreads in [1, 3] {
            let engine = Engine::with_block_size(nthreads, block_size);
            let way = format!("{nthreads} threads, blocks of {block_size} bytes");
            let from_slice = to_text(engine.fold_slice(format, profile));
            assert_eq!(from_slice, expected, "slice, {way}");
            let from_stream = to_text(engine.fold(format, Reader::Stream(&mut &*profile)));
            assert_eq!(from_stream, expected, "stream, {way}");
            let from_file = to_text(engine.fold(format, Reader::of(&profile)));
            assert_eq!(from_file, expected, "file, {way}");
        }
    }
    expected
}

/// The folded text of a forest, which must be the same after merging.
pub(crate) fn to_text(folded: io::Result<Forest>) -> Result<String, String> {
    let forest = folded.map_err(|error| error.to_string())?;
    let (mut text, mut merged) = (Vec::new(), Vec::new());
    folded::write_forest(&forest, &mut text).map_err(|error| error.to_string())?;
    folded::write(&forest.merged(), &mut merged).map_err(|error| error.to_string())?;
    let [text, merged] = [text, merged].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert_eq!(text, merged, "merged before and while written");
    Ok(text)
}

/// The counts of the stacks in folded text.
pub(crate) fn counts(folded: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (stack, count) in folded.lines().map(|line| line.rsplit_once(' ').unwrap()) {
        *counts.entry(stack.to_string()).or_default() += count.parse::<u64>().unwrap();
    }
    counts
}

//! `perf.data`: no file panics, and reading from a pipe produces the same result as reading from
//! memory. Start from real files:
//! `cargo fuzz run perf_data fuzz/corpus/perf_data tests/data/perf-data`.

#![no_main]

use inferno::collapse::Collapse;
use inferno::collapse::perf_data::{Folder, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let mut options = Options::default();
    // Reads only small files that are the same on every machine.
    options.symfs = Some("tests/data/perf-data/symfs".into());
    options.kallsyms = Some("tests/data/perf-data/kallsyms".into());
    let mut folder = Folder::from(options);
    let from_slice = folder.collapse_slice_to_tree(file);
    let from_reader = folder.collapse_to_tree(file);
    assert_eq!(from_slice.is_ok(), from_reader.is_ok());
    if let (Ok(one), Ok(other)) = (from_slice, from_reader) {
        assert_eq!(one.totals()[0], other.totals()[0]);
    }
});

//! Every format: no input panics, and a reader and a file produce the same result as a slice,
//! including errors.

#![no_main]

use inferno::call_tree::Forest;
use inferno::collapse::{
    Collapse, dtrace, ghcprof, guess, recursive, sample, vsprof, vtune, xctrace,
};
use libfuzzer_sys::fuzz_target;

fn check(mut folder: impl Collapse, text: &[u8]) {
    let from_slice = folder.collapse_slice_to_tree(text);
    let from_reader = folder.collapse_to_tree(text);
    let from_file = folder.collapse_file_to_forest(&text).map(Forest::merged);
    for other in [from_reader, from_file] {
        match (&from_slice, other) {
            (Ok(one), Ok(other)) => assert_eq!(one.totals()[0], other.totals()[0]),
            (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
            (one, other) => panic!("{:?} and {:?}", one.is_ok(), other.is_ok()),
        }
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (format, text) = input;
    match format % 8 {
        0 => check(dtrace::Folder::default(), text),
        1 => check(ghcprof::Folder::default(), text),
        2 => check(guess::Folder::default(), text),
        3 => check(recursive::Folder::default(), text),
        4 => check(sample::Folder::default(), text),
        5 => check(vsprof::Folder::default(), text),
        6 => check(vtune::Folder::default(), text),
        _ => check(xctrace::Folder::default(), text),
    }
});

//! The output of `perf script`: the fast way and the slow one give the same.

#![no_main]

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};
use inferno::folded;
use libfuzzer_sys::fuzz_target;

fn fold(text: &[u8]) -> Vec<u8> {
    let mut options = Options::default();
    options.include_tid = true;
    options.annotate_kernel = true;
    let tree = Folder::from(options).collapse_slice_to_tree(text);
    let mut out = Vec::new();
    folded::write(&tree.expect("perf has no errors"), &mut out).expect("a vector takes all");
    out
}

fuzz_target!(|text: &[u8]| {
    // Stacks that come again are known as a whole, and their lines foretold.
    let text = [text, b"\n\n"].concat().repeat(4);
    let expected = fold(&text);
    // A carriage return before the line end makes no line another, but all samples go the slow way.
    let slow: Vec<u8> = text
        .split(|byte| *byte == b'\n')
        .collect::<Vec<_>>()
        .join(&b"\r\n"[..]);
    assert_eq!(fold(&slow), expected);
});

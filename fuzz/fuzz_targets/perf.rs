//! The output of `perf script`: fast paths and the slow path produce the same result.

#![no_main]

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};
use inferno::folded;
use libfuzzer_sys::fuzz_target;

fn fold(text: &[u8], skip_after: &[&str]) -> Vec<u8> {
    let mut options = Options::default();
    options.include_tid = true;
    options.annotate_kernel = true;
    options.skip_after = skip_after.iter().map(|name| name.to_string()).collect();
    let tree = Folder::from(options).collapse_slice_to_tree(text);
    let mut out = Vec::new();
    folded::write(&tree.expect("perf has no errors"), &mut out).expect("a vector takes all");
    out
}

/// A carriage return before the line end does not change a line, but all samples take the slow
/// path.
fn slow(text: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    lines.join(&b"\r\n"[..])
}

fuzz_target!(|text: &[u8]| {
    // Repeated stacks are cached as a whole, and their lines predicted.
    let text = [text, b"\n\n"].concat().repeat(4);
    let expected = fold(&slow(&text), &[]);
    assert_eq!(fold(&text, &[]), expected);
    // This disables the cache of whole stacks, and samples are read from the last to the first.
    assert_eq!(fold(&text, &["no function\n"]), expected);
});

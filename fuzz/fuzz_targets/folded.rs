//! Folded text: what is written is read again as the same, and any of it can be drawn.

#![no_main]

use inferno::flamegraph::{self, Options};
use inferno::folded;
use libfuzzer_sys::fuzz_target;

fn refold(text: &[u8]) -> Vec<u8> {
    let profile = folded::read(text).expect("a slice can be read");
    let mut out = Vec::new();
    folded::write(&profile.tree, &mut out).expect("a vector takes all");
    out
}

fuzz_target!(|text: &[u8]| {
    let once = refold(text);
    assert_eq!(refold(&once), once);

    let mut svg = Vec::new();
    // Text without a stack is an error, and a picture that says so.
    let _ = flamegraph::from_reader(&mut Options::default(), once.as_slice(), &mut svg);
    assert!(svg.starts_with(b"<?xml"));
});

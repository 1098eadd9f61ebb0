//! Folded text: reading back written text results in the same text, for one tree or several, and
//! any text can be drawn, independent of the order of its lines.

#![no_main]

use inferno::call_tree::Forest;
use inferno::flamegraph::{self, Options};
use inferno::folded;
use libfuzzer_sys::fuzz_target;

fn refold(text: &[u8]) -> Vec<u8> {
    let profile = folded::read(text).expect("a slice can be read");
    let mut out = Vec::new();
    folded::write(&profile.tree, &mut out).expect("a vector takes all");
    out
}

/// Folds the text into three trees, which share some stacks.
fn refold_apart(text: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let tree_of = |at: usize| {
        let lines: Vec<&[u8]> = lines.iter().skip(at).step_by(3).copied().collect();
        folded::read(lines.concat().as_slice())
            .expect("a slice can be read")
            .tree
    };
    let mut out = Vec::new();
    let forest = Forest::from_iter((0..3).map(tree_of));
    folded::write_forest(&forest, &mut out).expect("a vector takes all");
    out
}

/// Draws an image: text without a stack is an error, and produces an image that says so.
fn draw(text: &[u8]) -> Vec<u8> {
    let mut options = Options::default();
    options.deterministic = true;
    let mut svg = Vec::new();
    let _ = flamegraph::from_reader(&mut options, text, &mut svg);
    svg
}

/// Whether text that starts with `line` would be treated as having a byte order mark.
fn has_byte_order_mark(line: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe"];
    marks.iter().any(|mark| line.starts_with(mark))
}

fuzz_target!(|text: &[u8]| {
    let once = refold(text);
    if once.split(|byte| *byte == b'\n').any(has_byte_order_mark) {
        return;
    }
    assert_eq!(refold(&once), once);
    assert_eq!(refold_apart(&once), once);

    let svg = draw(&once);
    assert!(svg.starts_with(b"<?xml"));
    let lines = once.split_inclusive(|byte| *byte == b'\n');
    let last_first: Vec<&[u8]> = lines.rev().collect();
    assert_eq!(draw(&last_first.concat()), svg);
});

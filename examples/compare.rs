//! Draws what changed between two profiles:
//! `cargo run --example compare -- before.folded after.folded > diff.svg`

use inferno::differential::{self, compare};
use inferno::flamegraph::{self, Options};
use inferno::folded;
use std::fs::File;
use std::io;

fn main() -> io::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [before, after] = paths.as_slice() else {
        return Err(io::Error::other("usage: compare BEFORE AFTER"));
    };
    let before = folded::read(File::open(before)?)?.tree;
    let after = folded::read(File::open(after)?)?.tree;
    let options = differential::Options {
        normalize: true,
        ..differential::Options::default()
    };
    let changes = compare(&before, &after, options);
    flamegraph::from_call_tree(&mut Options::default(), &changes, io::stdout().lock())
}

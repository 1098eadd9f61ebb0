//! Folds a profile in any format: `cargo run --example fold -- perf.data > stacks.folded`

use inferno::collapse::guess::{Folder, unrecognized};
use inferno::decode::decoded;
use inferno::folded;
use std::fs::File;
use std::io::{self, BufReader};

fn main() -> io::Result<()> {
    let path = std::env::args().nth(1).ok_or_else(usage)?;
    let folder = Folder::default();
    // Profiles may be compressed.
    let input = decoded(BufReader::new(File::open(path)?))?;
    let forest = folder.try_collapse(input)?.ok_or_else(unrecognized)?;
    folded::write_forest(&forest, io::stdout().lock())
}

fn usage() -> io::Error {
    io::Error::other("usage: fold PROFILE")
}

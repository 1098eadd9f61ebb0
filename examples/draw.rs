//! Draws a profile as a flame graph: `cargo run --example draw -- stacks.folded > flame.svg`

use inferno::flamegraph::{self, Collector, Options};
use std::fs::File;
use std::io;

fn main() -> io::Result<()> {
    let mut options = Options::default();
    options.title = "CPU time".to_string();
    options.colors = "java".parse().map_err(io::Error::other)?;
    let mut stacks = Collector::new(&options);
    for path in std::env::args().skip(1) {
        stacks.add_file(&File::open(path)?)?;
    }
    let tree = stacks.finish()?;
    flamegraph::from_call_tree(&mut options, &tree, io::stdout().lock())
}

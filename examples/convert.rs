//! Converts a profile in any format to the format of another tool:
//!
//!     cargo run --release --example convert -- speedscope examples/rustc-memchr.perf.gz > rustc.speedscope.json

use inferno::collapse::guess::{self, unrecognized};
use inferno::decode::decoded;
use inferno::export::Format;
use std::fs::File;
use std::io::{self, BufReader};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(format), Some(path)) = (
        arguments.first().and_then(|name| Format::named(name)),
        arguments.get(1),
    ) else {
        let names: Vec<&str> = Format::all().map(Format::name).collect();
        return Err(io::Error::other(format!(
            "expected a format ({}) and a file",
            names.join(", ")
        )));
    };
    let profile = decoded(BufReader::new(File::open(path)?))?;
    let forest = guess::Folder::default().try_collapse(profile)?;
    format.write(forest.ok_or_else(unrecognized)?, io::stdout().lock())
}

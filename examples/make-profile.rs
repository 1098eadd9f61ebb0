//! Generates a large profile for measurements, reproducibly:
//!
//!     cargo run --release --example make-profile -- pprof 50 > large.pprof
//!
//! The arguments are a kind of profile and its size in megabytes. Without arguments, it lists the
//! kinds.

#[path = "../benches/documents/mod.rs"]
mod documents;

use documents::KINDS;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, size] = arguments.as_slice() else {
        return list();
    };
    let kind = KINDS.iter().find(|kind| kind.name == *name);
    let (Some(kind), Ok(megabytes)) = (kind, size.parse::<f64>()) else {
        eprintln!("expected a kind of profile and a size in megabytes");
        return ExitCode::FAILURE;
    };
    let made = (kind.make)((megabytes * 1e6) as usize);
    match io::stdout().lock().write_all(&made.bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints each kind with its format.
fn list() -> ExitCode {
    for kind in &KINDS {
        println!("{} {}", kind.name, kind.format);
    }
    ExitCode::SUCCESS
}

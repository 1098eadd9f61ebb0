//! Compares two profiles.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::diff::main()
}

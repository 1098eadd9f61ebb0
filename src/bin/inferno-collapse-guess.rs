//! Folds a profile in any format that is recognized.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::guess::main()
}

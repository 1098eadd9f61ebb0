//! Folds a profile in any format that is recognised.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::guess::main()
}

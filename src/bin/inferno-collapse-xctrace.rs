//! Folds what `xctrace export` writes.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-xctrace")
}

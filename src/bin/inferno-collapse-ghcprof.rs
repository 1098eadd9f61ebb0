//! Folds GHC's profiles.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-ghcprof")
}

//! Folds the CSV of Intel VTune.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-vtune")
}

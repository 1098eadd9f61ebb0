//! Folds the CSV of Intel VTune.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-vtune", formats::VTUNE)
}

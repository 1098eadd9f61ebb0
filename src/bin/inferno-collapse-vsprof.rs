//! Folds the call tree summary of Visual Studio's profiler.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-vsprof", formats::VSPROF)
}

//! Folds the call tree summary of Visual Studio's profiler.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-vsprof")
}

//! Folds the output of macOS's `sample`.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-sample")
}

//! Folds the output of macOS's `sample`.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-sample", formats::SAMPLE)
}

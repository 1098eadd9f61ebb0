//! Folds the output of DTrace.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-dtrace", formats::DTRACE)
}

//! Folds what `perf record` wrote, or the output of `perf script`.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-perf", formats::PERF)
}

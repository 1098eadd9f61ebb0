//! Folds what `perf record` wrote, or the output of `perf script`.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-perf")
}

//! Draws a profile as a flame graph.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::flamegraph::main()
}

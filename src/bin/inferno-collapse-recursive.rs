//! Joins frames that call themselves in folded stacks.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferno::cli::collapse::tool("inferno-collapse-recursive")
}

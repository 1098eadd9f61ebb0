//! Merges recursive calls in folded stacks.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-recursive", formats::RECURSIVE)
}

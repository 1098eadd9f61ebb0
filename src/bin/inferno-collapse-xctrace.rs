//! Folds what `xctrace export` writes.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-xctrace", formats::XCTRACE)
}

//! Folds GHC's profiles.

use inferno::cli::collapse;
use inferno::collapse::formats;
use std::process::ExitCode;

fn main() -> ExitCode {
    collapse::tool("inferno-collapse-ghcprof", formats::GHCPROF)
}

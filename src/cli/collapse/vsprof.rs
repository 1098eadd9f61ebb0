//! Folds the call tree summary of Visual Studio's profiler.

use crate::cli;
use crate::cli::CollapseArgs;
use crate::collapse::vsprof::Folder;
use clap::Parser;
use std::process::ExitCode;

/// Fold the call tree summary of Visual Studio's profiler: one line for each distinct stack, with
/// its number of calls
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-vsprof",
    version,
    after_help = "\
This processes the call tree summary of the built in Visual Studio profiler"
)]
struct Args {
    #[command(flatten)]
    shared: CollapseArgs,
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-vsprof",
        &args.shared,
        Folder::default(),
        "the call tree summary of Visual Studio's profiler, with calls in it",
    )
}

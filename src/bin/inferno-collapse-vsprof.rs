//! Folds the call tree summary of Visual Studio's profiler.

mod common;

use clap::Parser;
use common::CollapseArgs;
use inferno::collapse::vsprof::Folder;
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

fn main() -> ExitCode {
    let args: Args = common::usage::parse();
    common::collapse(
        "inferno-collapse-vsprof",
        &args.shared,
        Folder::default(),
        "the call tree summary of Visual Studio's profiler, with calls in it",
    )
}

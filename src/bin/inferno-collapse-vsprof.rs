//! Folds the call tree summary of Visual Studio's profiler.

mod common;

use clap::Parser;
use common::{CommonArgs, FilterArgs};
use inferno::collapse::vsprof::Folder;
use std::path::PathBuf;
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
    /// Call tree summary, as CSV; `-` or nothing for standard input. It may be compressed
    /// (gzip, zstd)
    #[arg(value_name = "PATH")]
    infile: Option<PathBuf>,

    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

fn main() -> ExitCode {
    let args = Args::parse();
    common::run("inferno-collapse-vsprof", &args.common, |output| {
        common::collapse(
            args.infile.as_deref(),
            Folder::default(),
            "the call tree summary of Visual Studio's profiler, with calls in it",
            &args.filter,
            output,
        )
    })
}

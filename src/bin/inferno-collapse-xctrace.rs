//! Folds what `xctrace export` writes.

mod common;

use clap::Parser;
use common::{CommonArgs, FilterArgs};
use inferno::collapse::xctrace::Folder;
use std::path::PathBuf;
use std::process::ExitCode;

/// Fold a table of samples that `xctrace export` has written: one line for each distinct stack,
/// with the number of samples
#[derive(Debug, Parser)]
#[command(name = "inferno-collapse-xctrace", version)]
struct Args {
    /// XML of xctrace; `-` or nothing for standard input. It may be compressed (gzip, zstd)
    #[arg(value_name = "PATH")]
    infile: Option<PathBuf>,

    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

fn main() -> ExitCode {
    let args = Args::parse();
    common::run("inferno-collapse-xctrace", &args.common, |output| {
        common::collapse(
            args.infile.as_deref(),
            Folder::default(),
            "the XML that `xctrace export` writes of samples",
            &args.filter,
            output,
        )
    })
}

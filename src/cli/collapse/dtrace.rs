//! Folds the output of DTrace.

use crate::cli;
use crate::cli::{CollapseArgs, values};
use crate::collapse::dtrace::{Folder, Options};
use clap::Parser;
use std::process::ExitCode;

/// Fold what DTrace prints of stack() and ustack(): one line for each distinct stack, with its
/// count
#[derive(Debug, Parser)]
#[command(name = "inferno-collapse-dtrace", version)]
struct Args {
    /// Include function offset (except leafs)
    #[arg(long)]
    includeoffset: bool,

    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// Number of threads to use
    #[arg(
        short, long, value_name = "UINT", default_value_t = Options::default().nthreads,
        value_parser = values::count, allow_negative_numbers = true
    )]
    nthreads: usize,

    #[command(flatten)]
    shared: CollapseArgs,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            demangle: !self.no_demangle,
            includeoffset: self.includeoffset,
            nthreads: self.nthreads,
        }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-dtrace",
        &args.shared,
        Folder::from(args.options()),
        "the stacks and counts that dtrace prints",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flags_are_the_default_options() {
        let options = Args::parse_from(["inferno-collapse-dtrace"]).options();
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn flags_set_their_options() {
        let args = ["inferno-collapse-dtrace", "--includeoffset", "-n3"];
        let options = Args::parse_from(args).options();
        assert_eq!((options.includeoffset, options.nthreads), (true, 3));
    }
}

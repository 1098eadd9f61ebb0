//! Folds what `xctrace export` writes.

use crate::cli;
use crate::cli::CollapseArgs;
use crate::collapse::xctrace::{Folder, Options};
use clap::Parser;
use std::process::ExitCode;

/// Fold a table of samples that `xctrace export` has written: one line for each distinct stack,
/// with the number of samples
#[derive(Debug, Parser)]
#[command(name = "inferno-collapse-xctrace", version)]
struct Args {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// Start stacks with their process
    #[arg(long)]
    pid: bool,

    /// Start stacks with their thread; after the process, if that is asked for too
    #[arg(long)]
    tid: bool,

    #[command(flatten)]
    shared: CollapseArgs,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            demangle: !self.no_demangle,
            include_process: self.pid,
            include_thread: self.tid,
        }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-xctrace",
        &args.shared,
        Folder::from(args.options()),
        "the XML that `xctrace export` writes of samples",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let options = |flags: &[&str]| {
            let args = ["inferno-collapse-xctrace"].iter().chain(flags);
            Args::parse_from(args).options()
        };
        assert_eq!(
            format!("{:?}", options(&[])),
            format!("{:?}", Options::default())
        );
        assert!(options(&["--pid"]).include_process);
        assert!(options(&["--tid"]).include_thread);
        assert!(!options(&["--no-demangle"]).demangle);
    }
}

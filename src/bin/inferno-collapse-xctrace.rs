//! Folds what `xctrace export` writes.

mod common;

use clap::Parser;
use common::CollapseArgs;
use inferno::collapse::xctrace::{Folder, Options};
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
        let mut options = Options::default();
        options.demangle = !self.no_demangle;
        options.include_process = self.pid;
        options.include_thread = self.tid;
        options
    }
}

fn main() -> ExitCode {
    let args: Args = common::usage::parse();
    common::collapse(
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

//! Folds the output of macOS's `sample`.

use crate::cli;
use crate::cli::CollapseArgs;
use crate::collapse::sample::{Folder, Options};
use clap::Parser;
use std::process::ExitCode;

/// Fold the call graph that macOS's `sample` writes: one line for each distinct stack, with its
/// count
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-sample",
    version,
    after_help = "\
This processes the result of the sample command on macOS:
        sample 1234 -file out.sample_stacks"
)]
struct Args {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// Leave out the samples of threads that wait in this function, too; may be given several times
    #[arg(long, value_name = "NAME")]
    idle: Vec<String>,

    /// Keep the samples of threads that wait in the system's functions (`mach_msg2_trap`, `kevent`,
    /// ...); with --idle, only those in the functions named are left out
    #[arg(long)]
    no_default_idle: bool,

    /// Don't include modules with function names
    #[arg(long)]
    no_modules: bool,

    #[command(flatten)]
    shared: CollapseArgs,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            demangle: !self.no_demangle,
            no_modules: self.no_modules,
            idle: self.idle.clone(),
            no_default_idle: self.no_default_idle,
        }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-sample",
        &args.shared,
        Folder::from(args.options()),
        "the call graph of macOS's `sample`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let options = |flags: &[&str]| {
            let args = ["inferno-collapse-sample"].iter().chain(flags);
            Args::parse_from(args).options()
        };
        assert_eq!(
            format!("{:?}", options(&[])),
            format!("{:?}", Options::default())
        );
        assert!(options(&["--no-modules"]).no_modules);
        assert!(options(&["--no-default-idle"]).no_default_idle);
        assert_eq!(options(&["--idle", "f", "--idle", "g"]).idle, ["f", "g"]);
    }
}

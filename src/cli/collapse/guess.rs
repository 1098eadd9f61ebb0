//! Folds a profile in any format that is recognised.

use crate::cli;
use crate::cli::perf::PerfArgs;
use crate::cli::{CollapseArgs, Opened};
use crate::collapse::guess::{self, Folder, Options};
use clap::Parser;
use std::process::ExitCode;

/// Fold a profile in any format that is recognised: one line for each distinct stack, with its
/// count
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-guess",
    version,
    after_help = "\
The format is told from the first lines of the input, and folded with the default options of \
its own tool. Folded stacks are added up."
)]
struct Args {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    #[command(flatten)]
    perf: PerfArgs,

    #[command(flatten)]
    shared: CollapseArgs,
}

impl Args {
    fn options(&self) -> Options {
        let mut options = Options::default();
        options.demangle = !self.no_demangle;
        options.nthreads = self.perf.nthreads;
        options.perf = self.perf.options();
        options
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse_with("inferno-collapse-guess", &args.shared, |input| {
        let folder = Folder::from(args.options());
        input.open(|opened| {
            let forest = match opened {
                Opened::PerfData(file) => {
                    return cli::fold_perf_data(file, args.options().perf_data());
                }
                Opened::File(file) => folder.try_collapse_file(file),
                Opened::Stream(reader) => folder.try_collapse(reader),
            };
            cli::expect_stacks(forest?.ok_or_else(guess::unrecognised)?, "some")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let nthreads = |flags: &[&str]| {
            let args = ["inferno-collapse-guess"].iter().chain(flags);
            Args::parse_from(args).options().nthreads
        };
        assert_eq!(nthreads(&[]), Options::default().nthreads);
        assert_eq!(nthreads(&["-n", "3"]), 3);
    }
}

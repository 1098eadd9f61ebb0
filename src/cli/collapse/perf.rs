//! Folds what `perf record` wrote, or the output of `perf script`.

use crate::call_tree::Forest;
use crate::cli;
use crate::cli::perf::PerfArgs;
use crate::cli::{CollapseArgs, Opened};
use crate::collapse::Collapse;
use crate::collapse::perf::{self, Folder};
use crate::collapse::perf_data::{self, is_perf_data};
use clap::Parser;
use std::io::{self, BufRead, Read};
use std::process::ExitCode;

/// Fold perf.data, or the output of `perf script`: one line for each distinct stack, with its count
#[derive(Debug, Parser)]
#[command(name = "inferno-collapse-perf", version)]
struct Args {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// Omit all callers of functions of this name, and the process name; can be repeated
    ///
    /// Has no effect on stacks in which no function has the name, which is to be given as perf
    /// prints it: with arguments, without offset.
    #[arg(long, value_name = "STRING")]
    skip_after: Vec<String>,

    #[command(flatten)]
    perf: PerfArgs,

    #[command(flatten)]
    shared: CollapseArgs,
}

impl Args {
    fn options(&self) -> perf::Options {
        self.perf_data_options().stacks
    }

    fn perf_data_options(&self) -> perf_data::Options {
        let mut options = self.perf.options();
        options.stacks.demangle = !self.no_demangle;
        options.stacks.skip_after = self.skip_after.clone();
        options
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse_with("inferno-collapse-perf", &args.shared, |input| {
        input.open(|opened| {
            let forest = match opened {
                Opened::PerfData(file) => {
                    return cli::fold_perf_data(file, args.perf_data_options());
                }
                Opened::File(file) => Folder::from(args.options()).collapse_file_to_forest(file),
                Opened::Stream(reader) => fold(&args, reader),
            };
            cli::expect_stacks(forest?, "the output of `perf script`")
        })
    })
}

/// Folds either of what perf writes.
fn fold(args: &Args, mut reader: impl BufRead) -> io::Result<Forest> {
    let mut head = Vec::new();
    reader.by_ref().take(8).read_to_end(&mut head)?;
    let is_perf_data = is_perf_data(&head) == Some(true);
    let whole = head.as_slice().chain(reader);
    match is_perf_data {
        true => perf_data::Folder::from(args.perf_data_options()).collapse_to_forest(whole),
        false => Folder::from(args.options()).collapse_to_forest(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let flags = "--no-demangle --skip-after a --skip-after=b --pid";
        let args = ["inferno-collapse-perf"]
            .into_iter()
            .chain(flags.split(' '));
        let options = Args::parse_from(args).options();
        assert!(!options.demangle && options.include_pid);
        assert_eq!(options.skip_after, ["a", "b"]);
    }
}

//! Flags for profiles in any format, and the tool that folds them.

use super::collapse::CollapseArgs;
use super::every::EveryArgs;
use super::per::PerArgs;
use super::perf::PerfArgs;
use super::selection::SelectionArgs;
use super::usage;
use crate::collapse::guess::Options;
use clap::{Args, Command, CommandFactory, Parser};
use std::process::ExitCode;

/// Flags that apply to every format that supports them.
#[derive(Debug, Args)]
pub struct GuessArgs {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// The value to count; --list-values lists them [default: depends on the format]
    #[arg(long, alias = "sample-type", value_name = "NAME")]
    value: Option<String>,

    /// Start each stack with its thread, if the profile has threads
    #[arg(long)]
    threads: bool,

    /// Append file and line to names, if the profile has them
    #[arg(long)]
    lines: bool,

    #[command(flatten)]
    perf: PerfArgs,

    #[command(flatten)]
    selection: SelectionArgs,
}

impl GuessArgs {
    /// The options of the flags.
    pub fn options(&self) -> Options {
        Options {
            demangle: !self.no_demangle,
            value: self.value.clone(),
            threads: self.threads,
            lines: self.lines,
            selection: self.selection.selection(),
            nthreads: self.perf.nthreads,
            perf: self.perf.options(),
            ..Options::default()
        }
    }
}

/// Fold profiles in any recognized format: one line for each distinct stack, with its count
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-guess",
    version,
    after_help = "\
The format is recognized by the first lines of the input, and folded with the default options of \
its own tool. Folded stacks are added up."
)]
struct Tool {
    #[command(flatten, next_help_heading = "Reading")]
    guess: GuessArgs,

    #[command(flatten, next_help_heading = None)]
    per: PerArgs,

    #[command(flatten)]
    every: EveryArgs,

    #[command(flatten)]
    collapse: CollapseArgs,
}

/// The command line of the tool.
pub fn tool_command() -> Command {
    usage::without_rarely_used(Tool::command())
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let tool: Tool = usage::args(&usage::matches(tool_command()));
    let options = tool.guess.options();
    const NAME: &str = "inferno-collapse-guess";
    let (per, every) = (tool.per.per, tool.every.every);
    tool.collapse.run_guess(NAME, &options, per, every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let options = |flags: &[&str]| {
            let args = ["inferno-collapse-guess"].iter().chain(flags);
            Tool::parse_from(args).guess.options()
        };
        assert_eq!(
            format!("{:?}", options(&[])),
            format!("{:?}", Options::default())
        );
        let flags = [
            "-n",
            "3",
            "--value",
            "cpu",
            "--threads",
            "--lines",
            "--no-demangle",
        ];
        let options = options(&flags);
        assert_eq!(
            (options.nthreads, options.value.as_deref()),
            (3, Some("cpu"))
        );
        assert!(options.threads && options.lines && !options.demangle);
    }
}

//! Compares two profiles.

use crate::cli;
use crate::cli::guess::GuessArgs;
use crate::cli::{CommonArgs, Input, Opened, Output, usage};
use crate::collapse::guess;
use crate::differential::{self, Options, Profile};
use clap::{ArgMatches, Command, CommandFactory, Parser};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compare two profiles: write one line for each stack, with its count before and after
#[derive(Debug, Parser)]
#[command(
    name = "inferno-diff-folded",
    version,
    // `-n` is a different flag here.
    mut_arg("nthreads", |arg| arg.short(None)),
    after_help = "\
A flame graph of the result is as wide as the second profile, and colored by what grew (red) and
what shrank (blue):
        inferno-diff-folded before.folded after.folded | inferno-flamegraph > diff.svg"
)]
struct Args {
    /// Normalize sample counts: scale those of the first profile to the total of the second
    #[arg(short, long)]
    normalize: bool,

    /// Strip hex numbers (addresses): 0x45fe becomes 0x...
    #[arg(short, long)]
    strip_hex: bool,

    /// Folded stacks before, or a profile in any supported format; `-` for standard input. It may
    /// be compressed (gzip, zstd)
    #[arg(value_name = "PATH1")]
    before: PathBuf,

    /// The same after
    #[arg(value_name = "PATH2")]
    after: PathBuf,

    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten, next_help_heading = "Reading")]
    guess: GuessArgs,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            normalize: self.normalize,
            strip_hex: self.strip_hex,
        }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    run("inferno-diff-folded", &usage::matches(tool_command()))
}

/// The command line of the tool.
pub fn tool_command() -> Command {
    usage::without_rarely_used(Args::command())
}

/// `inferno diff`
pub fn command() -> Command {
    tool_command().name("diff")
}

/// Runs the comparison for parsed arguments.
pub fn run(tool: &str, matches: &ArgMatches) -> ExitCode {
    let args: Args = usage::args(matches);
    let (before, after) = (
        Input::new(Some(&args.before)),
        Input::new(Some(&args.after)),
    );
    if (&before, &after) == (&Input::Stdin, &Input::Stdin) {
        let message = "only one of the two profiles can be standard input";
        usage::conflict(Args::command(), message);
    }
    cli::run(tool, &args.common, |output| {
        compare(&args, &before, &after, output)
    })
}

fn compare(args: &Args, before: &Input, after: &Input, output: &Output) -> io::Result<()> {
    let (before, after) = (read(args, before)?, read(args, after)?);
    output.write(|writer| differential::write(args.options(), before, &after, writer))
}

fn read(args: &Args, input: &Input) -> io::Result<Profile> {
    let options = args.options();
    let folder = guess::Folder::from(args.guess.options());
    input.open(|opened| {
        let profile = match opened {
            Opened::File(file) => Profile::read_any_file(options, &folder, file)?,
            Opened::Stream(reader) => Profile::read_any(options, &folder, reader)?,
        };
        match profile.is_empty() {
            true => Err(cli::no_stacks(cli::ANY_PROFILE)),
            false => Ok(profile),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let options = |flags: &[&str]| {
            let args = ["inferno-diff-folded", "a", "b"].iter().chain(flags);
            let options = Args::parse_from(args).options();
            (options.normalize, options.strip_hex)
        };
        let default = Options::default();
        assert_eq!(options(&[]), (default.normalize, default.strip_hex));
        assert_eq!(options(&["-n"]), (true, false));
        assert_eq!(options(&["--strip-hex"]), (false, true));
        assert_eq!(options(&["-sn"]), (true, true));
    }
}

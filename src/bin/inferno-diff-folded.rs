//! Compares two folded profiles.

mod common;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use common::{CommonArgs, Input, Output};
use inferno::differential::{self, Options, Profile};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compare two folded profiles: write one line for each stack, with its count before and after
#[derive(Debug, Parser)]
#[command(
    name = "inferno-diff-folded",
    version,
    after_help = "\
A flame graph of the result is as wide as the second profile, and coloured by what grew (red) and
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

    /// Folded stacks before; `-` for standard input. They may be compressed (gzip, zstd)
    #[arg(value_name = "PATH1")]
    before: PathBuf,

    /// Folded stacks after; `-` for standard input. They may be compressed (gzip, zstd)
    #[arg(value_name = "PATH2")]
    after: PathBuf,

    #[command(flatten)]
    common: CommonArgs,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            normalize: self.normalize,
            strip_hex: self.strip_hex,
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (before, after) = (
        Input::new(Some(&args.before)),
        Input::new(Some(&args.after)),
    );
    if (&before, &after) == (&Input::Stdin, &Input::Stdin) {
        let message = "only one of the two profiles can be standard input";
        Args::command()
            .error(ErrorKind::ArgumentConflict, message)
            .exit();
    }
    common::run("inferno-diff-folded", &args.common, |output| {
        run(args.options(), &before, &after, output)
    })
}

fn run(options: Options, before: &Input, after: &Input, output: &Output) -> io::Result<()> {
    let read = |input: &Input| input.read(|reader| Profile::read(options, reader));
    let (before, after) = (read(before)?, read(after)?);
    output.write(|writer| differential::write(options, before, &after, writer))
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

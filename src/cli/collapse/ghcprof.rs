//! Folds GHC's profiles.

use crate::cli;
use crate::cli::CollapseArgs;
use crate::collapse::ghcprof::{Folder, Options, Source};
use clap::Parser;
use std::process::ExitCode;

/// Fold a .prof file of GHC: one line for each distinct stack of cost centres, with its count
#[derive(Debug, Parser)]
#[command(name = "inferno-collapse-ghcprof", version)]
struct Args {
    /// Source stack cost centre from the %time column, in thousandths (the default)
    #[arg(long, group = "source")]
    time: bool,

    /// Source stack cost centre from the bytes column (profiles of +RTS -P or -pa)
    #[arg(long, group = "source")]
    bytes: bool,

    /// Source stack cost centre from the ticks column (profiles of +RTS -P or -pa)
    #[arg(long, group = "source")]
    ticks: bool,

    #[command(flatten)]
    shared: CollapseArgs,
}

impl Args {
    fn options(&self) -> Options {
        let source = match self {
            Args { bytes: true, .. } => Source::Bytes,
            Args { ticks: true, .. } => Source::Ticks,
            _ => Source::PercentTime,
        };
        Options { source }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-ghcprof",
        &args.shared,
        Folder::from(args.options()),
        "the table of calls in a .prof file of GHC",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(flags: &[&str]) -> Source {
        let args = ["inferno-collapse-ghcprof"].iter().chain(flags);
        Args::parse_from(args).options().source
    }

    #[test]
    fn no_flags_are_the_default_options() {
        assert_eq!(source(&[]), Options::default().source);
    }

    #[test]
    fn flags_set_their_options() {
        assert_eq!(source(&["--time"]), Source::PercentTime);
        assert_eq!(source(&["--bytes"]), Source::Bytes);
        assert_eq!(source(&["--ticks"]), Source::Ticks);
        let both = ["inferno-collapse-ghcprof", "--ticks", "--bytes"];
        assert!(Args::try_parse_from(both).is_err());
    }
}

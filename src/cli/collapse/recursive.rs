//! Joins frames that call themselves in folded stacks.

use crate::cli;
use crate::cli::{CollapseArgs, values};
use crate::collapse::recursive::{Folder, Options};
use clap::Parser;
use std::process::ExitCode;

/// Join frames that call themselves in folded stacks: `main;f;f;f;g` becomes `main;f;g`
#[derive(Debug, Parser)]
#[command(name = "inferno-collapse-recursive", version)]
struct Args {
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
            nthreads: self.nthreads,
        }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-recursive",
        &args.shared,
        Folder::from(args.options()),
        "folded stacks",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flags_are_the_default_options() {
        let options = Args::parse_from(["inferno-collapse-recursive"]).options();
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn flags_set_their_options() {
        let args = ["inferno-collapse-recursive", "-n3"];
        assert_eq!(Args::parse_from(args).options().nthreads, 3);
    }
}

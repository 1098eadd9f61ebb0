//! Folds the output of macOS's `sample`.

mod common;

use clap::Parser;
use common::{CommonArgs, FilterArgs};
use inferno::collapse::sample::{Folder, Options};
use std::path::PathBuf;
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

    /// Don't include modules with function names
    #[arg(long)]
    no_modules: bool,

    /// Output of sample; `-` or nothing for standard input. It may be compressed (gzip, zstd)
    #[arg(value_name = "PATH")]
    infile: Option<PathBuf>,

    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

impl Args {
    fn options(&self) -> Options {
        let mut options = Options::default();
        options.demangle = !self.no_demangle;
        options.no_modules = self.no_modules;
        options
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    common::run("inferno-collapse-sample", &args.common, |output| {
        let folder = Folder::from(args.options());
        common::collapse(
            args.infile.as_deref(),
            folder,
            "the call graph of macOS's `sample`",
            &args.filter,
            output,
        )
    })
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
    }
}

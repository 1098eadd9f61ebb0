//! Folds the CSV of Intel VTune.

use crate::cli;
use crate::cli::CollapseArgs;
use crate::collapse::vtune::{Folder, Options};
use clap::Parser;
use std::process::ExitCode;

/// Fold the hotspots of Intel VTune: one line for each distinct stack, with its own milliseconds
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-vtune",
    version,
    after_help = "\
This processes the CSV output of Intel VTune, created as follows:
        vtune -collect hotspots -r <result-dir> -- <program-to-profile>
        vtune -R top-down -call-stack-mode all -column=\"CPU Time:Self\",\"Module\" \\
            -report-out result.csv -filter \"Function Stack\" -format csv \\
            -csv-delimiter comma -r <result-dir>
    Older versions are called amplxe-cl."
)]
struct Args {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

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
        }
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let args: Args = cli::usage::parse();
    cli::collapse(
        "inferno-collapse-vtune",
        &args.shared,
        Folder::from(args.options()),
        "the CSV of a VTune hotspots report",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_their_options() {
        let options = |flags: &[&str]| {
            let args = ["inferno-collapse-vtune"].iter().chain(flags);
            Args::parse_from(args).options()
        };
        assert_eq!(
            format!("{:?}", options(&[])),
            format!("{:?}", Options::default())
        );
        assert!(options(&["--no-modules"]).no_modules);
    }
}

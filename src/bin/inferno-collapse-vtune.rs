//! Folds the CSV of Intel VTune.

mod common;

use clap::Parser;
use common::{CommonArgs, FilterArgs};
use inferno::collapse::vtune::{Folder, Options};
use std::path::PathBuf;
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

    /// CSV of VTune; `-` or nothing for standard input. It may be compressed (gzip, zstd)
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
    common::run("inferno-collapse-vtune", &args.common, |output| {
        let folder = Folder::from(args.options());
        common::collapse(
            args.infile.as_deref(),
            folder,
            "the CSV of a VTune hotspots report",
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

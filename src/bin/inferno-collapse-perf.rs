//! Folds the output of `perf script`.

mod common;

use clap::Parser;
use common::{CommonArgs, FilterArgs};
use inferno::collapse::perf::{Folder, Options};
use std::path::PathBuf;
use std::process::ExitCode;

/// Fold the output of `perf script`: one line for each distinct stack, with its count
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-perf",
    version,
    after_help = "\
perf script must print both PIDs and TIDs for --pid and --tid to work:
        perf script -F comm,pid,tid,cpu,time,period,event,ip,sym,dso"
)]
struct Args {
    /// Include raw addresses where symbols can't be found
    #[arg(long)]
    addrs: bool,

    /// All annotations (--kernel --jit)
    #[arg(long)]
    all: bool,

    /// Annotate jit functions with a `_[j]`
    #[arg(long)]
    jit: bool,

    /// Annotate kernel functions with a `_[k]`
    #[arg(long)]
    kernel: bool,

    /// Include PID with process names (see the note below)
    #[arg(long)]
    pid: bool,

    /// Include TID and PID with process names (see the note below)
    #[arg(long)]
    tid: bool,

    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// Fold samples of this event only, named as perf prints it, with or without modifiers
    /// [default: the event of the first sample]
    #[arg(long, value_name = "STRING")]
    event_filter: Option<String>,

    /// Number of threads to use
    #[arg(short, long, value_name = "UINT", default_value_t = Options::default().nthreads)]
    nthreads: usize,

    /// Omit all callers of functions of this name, and the process name; can be repeated
    ///
    /// Has no effect on stacks in which no function has the name, which is to be given as perf
    /// prints it: with arguments, without offset.
    #[arg(long, value_name = "STRING")]
    skip_after: Vec<String>,

    /// Output of perf script; `-` or nothing for standard input. It may be compressed (gzip, zstd)
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
        options.annotate_jit = self.jit || self.all;
        options.annotate_kernel = self.kernel || self.all;
        options.event_filter = self.event_filter.clone();
        options.include_addrs = self.addrs;
        options.include_pid = self.pid || self.tid;
        options.include_tid = self.tid;
        options.nthreads = self.nthreads;
        options.skip_after = self.skip_after.clone();
        options
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    common::run("inferno-collapse-perf", &args.common, |output| {
        if let Some(path) = args.infile.as_deref() {
            let mut o = inferno::collapse::perf_data::Options::default();
            o.stacks = args.options();
            o.inline = std::env::var_os("INL").is_some();
            let f = inferno::collapse::perf_data::Folder::from(o);
            let tree = f.collapse_path_to_tree(path)?;
            return common::write_folded(args.filter.apply(tree)?, "x", output);
        }
        let folder = Folder::from(args.options());
        common::collapse(
            args.infile.as_deref(),
            folder,
            "the output of `perf script`",
            &args.filter,
            output,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flags_are_the_default_options() {
        let options = Args::parse_from(["inferno-collapse-perf"]).options();
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn flags_set_their_options() {
        let flags =
            "--all --tid --addrs --event-filter cycles:u -n 3 --skip-after a --skip-after=b";
        let args = ["inferno-collapse-perf"]
            .into_iter()
            .chain(flags.split(' '));
        let options = Args::parse_from(args).options();
        assert!(options.annotate_jit && options.annotate_kernel);
        assert!(options.include_addrs && options.include_pid && options.include_tid);
        assert_eq!(options.event_filter.as_deref(), Some("cycles:u"));
        assert_eq!((options.nthreads, options.skip_after.len()), (3, 2));
    }
}

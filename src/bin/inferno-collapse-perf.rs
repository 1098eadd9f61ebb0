//! Folds what `perf record` wrote, or the output of `perf script`.

mod common;

use clap::Parser;
use common::{CollapseArgs, Opened, values};
use inferno::call_tree::Forest;
use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};
use inferno::collapse::perf_data::{self, is_perf_data};
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::process::ExitCode;

/// Fold perf.data, or the output of `perf script`: one line for each distinct stack, with its count
#[derive(Debug, Parser)]
#[command(
    name = "inferno-collapse-perf",
    version,
    after_help = "\
If the input is the output of perf script, that must print both PIDs and TIDs for --pid and --tid to work:
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
    #[arg(
        short, long, value_name = "UINT", default_value_t = Options::default().nthreads,
        value_parser = values::count, allow_negative_numbers = true
    )]
    nthreads: usize,

    /// Omit all callers of functions of this name, and the process name; can be repeated
    ///
    /// Has no effect on stacks in which no function has the name, which is to be given as perf
    /// prints it: with arguments, without offset.
    #[arg(long, value_name = "STRING")]
    skip_after: Vec<String>,

    /// With perf.data: leave out the calls that the compiler inlined, which takes less time
    #[arg(long)]
    no_inline: bool,

    /// With perf.data: a copy of /proc/kallsyms of the kernel that was recorded [default: that of
    /// the running kernel, if it is the same]
    #[arg(long, value_name = "FILE")]
    kallsyms: Option<PathBuf>,

    /// With perf.data: look for programs and libraries below DIR
    #[arg(long, value_name = "DIR")]
    symfs: Option<PathBuf>,

    /// With perf.data: look for debug information in DIR, besides /usr/lib/debug; can be repeated
    #[arg(long, value_name = "DIR")]
    debug_dir: Vec<PathBuf>,

    #[command(flatten)]
    shared: CollapseArgs,
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

    fn perf_data_options(&self) -> perf_data::Options {
        let mut options = perf_data::Options::default();
        options.stacks = self.options();
        options.inline = !self.no_inline;
        options.kallsyms = self.kallsyms.clone();
        options.symfs = self.symfs.clone();
        options.debug_dirs = self.debug_dir.clone();
        options
    }
}

fn main() -> ExitCode {
    let args: Args = common::usage::parse();
    common::collapse_with("inferno-collapse-perf", &args.shared, |input| {
        input.open(|opened| {
            let forest = match opened {
                Opened::PerfData(file) => {
                    return common::fold_perf_data(file, args.perf_data_options());
                }
                Opened::File(file) => Folder::from(args.options()).collapse_file_to_forest(file),
                Opened::Stream(reader) => fold(&args, reader),
            };
            common::expect_stacks(forest?, "the output of `perf script`")
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
    fn no_flags_are_the_default_options() {
        let args = Args::parse_from(["inferno-collapse-perf"]);
        let (options, defaults) = (args.options(), Options::default());
        assert_eq!(format!("{options:?}"), format!("{defaults:?}"));
        let (options, defaults) = (args.perf_data_options(), perf_data::Options::default());
        assert_eq!(format!("{options:?}"), format!("{defaults:?}"));
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

    #[test]
    fn flags_for_perf_data_set_their_options() {
        let flags = "--no-inline --kallsyms k --symfs s --debug-dir a --debug-dir=b --pid";
        let args = ["inferno-collapse-perf"]
            .into_iter()
            .chain(flags.split(' '));
        let options = Args::parse_from(args).perf_data_options();
        assert!(!options.inline && options.stacks.include_pid);
        assert_eq!(options.kallsyms, Some(PathBuf::from("k")));
        assert_eq!(options.symfs, Some(PathBuf::from("s")));
        assert_eq!(options.debug_dirs, [PathBuf::from("a"), PathBuf::from("b")]);
    }
}

//! Flags of all tools that fold perf profiles.

use super::values;
use crate::collapse::perf_data::Options;
use crate::flags::flags_of;
use clap::Args;
use std::path::PathBuf;

/// Options for `perf.data`, and for the output of `perf script`.
#[derive(Debug, Args)]
#[command(next_help_heading = "perf profiles: perf.data, or the output of perf script")]
pub struct PerfArgs {
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

    /// Include PID with process names; requires both PIDs and TIDs in the output of perf script:
    /// perf script -F comm,pid,tid,cpu,time,period,event,ip,sym,dso
    #[arg(long)]
    pid: bool,

    /// Include TID and PID with process names; see --pid
    #[arg(long)]
    tid: bool,

    /// Fold only samples of this event, named as perf prints it, with or without modifiers
    /// [default: the first event of perf.data that has samples, or that of the first sample in
    /// text]
    #[arg(long, visible_alias = "event", value_name = "STRING")]
    event_filter: Option<String>,

    /// Count the nanoseconds for which threads are off the CPU, at the stacks with which they leave it; from
    /// sched:sched_switch events: perf record -e sched:sched_switch -a -g
    #[arg(long, conflicts_with = "event_filter")]
    off_cpu: bool,

    /// With --off-cpu: append the stack of the thread that woke the one that was off the CPU, its
    /// innermost function first, and its name; from sched:sched_waking events, recorded as well
    #[arg(long, requires = "off_cpu")]
    wakers: bool,

    /// With perf.data: omit inlined calls, which is faster
    #[arg(long)]
    no_inline: bool,

    /// With perf.data: a copy of /proc/kallsyms from the recorded kernel [default: that of the
    /// running kernel, if it is the same]
    #[arg(long, value_name = "FILE", value_parser = values::existing_file)]
    kallsyms: Option<PathBuf>,

    /// With perf.data: look for programs and libraries below DIR
    #[arg(long, value_name = "DIR", value_parser = values::existing_directory)]
    symfs: Option<PathBuf>,

    /// With perf.data: look for debug information in DIR in addition to /usr/lib/debug; can be
    /// repeated
    #[arg(long, value_name = "DIR", value_parser = values::existing_directory)]
    debug_dir: Vec<PathBuf>,

    /// Number of threads to use
    #[arg(
        short, long, value_name = "UINT", help_heading = None::<&str>,
        default_value_t = Options::default().stacks.nthreads,
        value_parser = values::count, allow_negative_numbers = true
    )]
    pub nthreads: usize,
}

/// The flags of the tool that folds only perf profiles.
#[derive(Debug, Args)]
#[command(mut_arg("tid", |arg| arg.alias("threads")))]
struct PerfFlags {
    /// Keep mangled names of Rust and C++ functions as they are
    #[arg(long)]
    no_demangle: bool,

    /// Append file and line to names: those in debug information, or in text those of perf script -F +srcline
    #[arg(long)]
    lines: bool,

    /// What to count: `samples`, or the periods of the event (nanoseconds for cpu-clock, cycles for cycles)
    /// [default: the event]
    #[arg(long, alias = "sample-type", value_name = "NAME")]
    value: Option<String>,

    /// Omit all callers of functions of this name, and the process name; can be repeated
    ///
    /// Has no effect on stacks without a function of this name, which must be given as printed by
    /// perf: with arguments, without offset.
    #[arg(long, value_name = "STRING")]
    skip_after: Vec<String>,

    #[command(flatten)]
    perf: PerfArgs,
}

impl From<PerfFlags> for Options {
    fn from(flags: PerfFlags) -> Options {
        let mut options = flags.perf.options();
        options.stacks.lines = flags.lines;
        options.stacks.demangle = !flags.no_demangle;
        options.stacks.count_samples = flags.value.as_deref() == Some("samples");
        options.stacks.skip_after = flags.skip_after;
        options
    }
}

flags_of!(Options: PerfFlags);

impl PerfArgs {
    /// The options of the flags.
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.stacks.annotate_jit = self.jit || self.all;
        options.stacks.annotate_kernel = self.kernel || self.all;
        options.stacks.event_filter = self.event_filter.clone();
        options.stacks.include_addrs = self.addrs;
        options.stacks.include_pid = self.pid || self.tid;
        options.stacks.include_tid = self.tid;
        options.stacks.nthreads = self.nthreads;
        options.stacks.off_cpu = self.off_cpu;
        options.stacks.wakers = self.wakers;
        options.inline = !self.no_inline;
        options.kallsyms = self.kallsyms.clone();
        options.symfs = self.symfs.clone();
        options.debug_dirs = self.debug_dir.clone();
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::path::Path;

    #[derive(Parser)]
    struct Tool {
        #[command(flatten)]
        perf: PerfArgs,
    }

    fn options(flags: &[&str]) -> Result<Options, String> {
        let args = ["tool"].iter().chain(flags);
        let tool = Tool::try_parse_from(args).map_err(|error| error.to_string())?;
        Ok(tool.perf.options())
    }

    #[test]
    fn no_flags_are_the_default_options() {
        let (options, defaults) = (options(&[]).unwrap(), Options::default());
        assert_eq!(format!("{options:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn flags_set_their_options() {
        let flags = "--all --tid --addrs --event-filter cycles:u -n 3 --no-inline";
        let flags: Vec<&str> = flags.split(' ').collect();
        let options = options(&flags).unwrap();
        let stacks = &options.stacks;
        assert!(stacks.annotate_jit && stacks.annotate_kernel && !options.inline);
        assert!(stacks.include_addrs && stacks.include_pid && stacks.include_tid);
        assert_eq!(stacks.event_filter.as_deref(), Some("cycles:u"));
        assert_eq!(stacks.nthreads, 3);
    }

    #[test]
    fn flags_of_the_tool_set_their_options() {
        #[derive(Parser)]
        struct Tool {
            #[command(flatten)]
            options: Options,
        }
        let flags = "tool --no-demangle --skip-after a --skip-after=b --threads --event c";
        let stacks = Tool::parse_from(flags.split(' ')).options.stacks;
        assert!(!stacks.demangle && stacks.include_pid && stacks.include_tid);
        assert_eq!(stacks.skip_after, ["a", "b"]);
        assert_eq!(stacks.event_filter.as_deref(), Some("c"));
    }

    #[test]
    fn wakers_need_off_cpu_time_which_needs_no_other_event() {
        let both = options(&["--off-cpu", "--wakers"]).unwrap().stacks;
        assert!(both.off_cpu && both.wakers);
        options(&["--wakers"]).unwrap_err();
        options(&["--off-cpu", "--event", "cycles"]).unwrap_err();
    }

    #[test]
    fn paths_must_exist() {
        let (file, directory) = ("Cargo.toml", "src");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let with = |flag: &str, name: &str| {
            let path = root.join(name).display().to_string();
            options(&[flag, &path])
        };
        let found = with("--kallsyms", file).unwrap();
        assert_eq!(found.kallsyms, Some(root.join(file)));
        let found = with("--symfs", directory).unwrap();
        assert_eq!(found.symfs, Some(root.join(directory)));
        let found = with("--debug-dir", directory).unwrap();
        assert_eq!(found.debug_dirs, [root.join(directory)]);
        for (flag, name, message) in [
            ("--kallsyms", "nothing", "No such file"),
            ("--kallsyms", directory, "this is a directory"),
            ("--symfs", "nothing", "No such file"),
            ("--symfs", file, "expected a directory"),
            ("--debug-dir", "nothing", "No such file"),
            ("--debug-dir", file, "expected a directory"),
        ] {
            let error = with(flag, name).unwrap_err();
            assert!(error.contains(message) && error.contains(flag), "{error}");
        }
    }
}

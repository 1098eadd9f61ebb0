//! Options for a profile in any format.

use crate::collapse::engine::DEFAULT_NTHREADS;
use crate::collapse::engine::format::Listed;
use crate::collapse::engine::shared::{Shared, SymbolOptions};
use crate::collapse::perf_data;
use crate::collapse::selection::Selection;
use crate::input::invalid;
use std::io;

/// Options for the detected format.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Demangle names of Rust and C++ functions (`_RNv..`, `_ZN..`), without hashes and arguments;
    /// requires the crate's feature `demangle`. Default: `true`.
    pub demangle: bool,

    /// Build a tree [in time order](crate::call_tree::CallTree::in_time_order) for a flame chart, in
    /// formats that record times. The samples of each thread follow those of threads that appeared
    /// earlier; samples without a time are last. Default: `false`.
    pub in_time_order: bool,

    /// Keep the time of each sample, in formats that record it, for the heat map of a graph: see
    /// [`flamegraph::Options::heat_map`](crate::flamegraph::Options::heat_map). Default: `false`.
    pub keep_times: bool,

    /// The number of threads; 0 means 1, and the maximum is 1024. Default: one per logical CPU.
    pub nthreads: usize,

    /// The name of the value to count. Default: `None`, the default value of the format.
    pub value: Option<String>,

    /// Add the thread as the first frame, in formats that record it. Default: `false`.
    pub threads: bool,

    /// Append file and line to names, in formats that record them. Default: `false`.
    pub lines: bool,

    /// The samples to read. Selecting by a criterion that the profile does not record is an error.
    /// Default: all.
    pub selection: Selection,

    /// Options for perf profiles. The fields above override those of the same name here. The event,
    /// the symbol paths, and the options for addresses and inlined calls also apply to other formats.
    pub perf: perf_data::Options,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            in_time_order: false,
            keep_times: false,
            nthreads: *DEFAULT_NTHREADS,
            value: None,
            threads: false,
            lines: false,
            selection: Selection::default(),
            perf: perf_data::Options::default(),
        }
    }
}

impl Options {
    /// Options for a `perf.data` file.
    ///
    /// ```
    /// let mut options = inferno::collapse::guess::Options::default();
    /// options.nthreads = 3;
    /// options.perf.inline = false;
    /// assert_eq!(options.perf_data().stacks.nthreads, 3);
    /// assert!(!options.perf_data().inline);
    /// ```
    pub fn perf_data(&self) -> perf_data::Options {
        let mut options = self.perf.clone();
        options.adopt(&self.shared());
        options
    }

    /// An error if off-CPU time is requested of a format that does not have the scheduler's events.
    pub(crate) fn refuse_off_cpu(&self, format: &str) -> io::Result<()> {
        match self.perf.stacks.off_cpu && format != perf_data::Options::NAME {
            true => Err(invalid(format!(
                "--off-cpu needs events of perf, but the format is `{format}`"
            ))),
            false => Ok(()),
        }
    }

    /// The options that are the same for all formats.
    pub(crate) fn shared(&self) -> Shared {
        Shared {
            value: self.value.clone(),
            event: self.perf.stacks.event_filter.clone(),
            threads: self.threads,
            lines: self.lines,
            addrs: self.perf.stacks.include_addrs,
            symbols: SymbolOptions {
                addrs: self.perf.stacks.include_addrs,
                no_inline: !self.perf.inline,
                symfs: self.perf.symfs.clone(),
                debug_dir: self.perf.debug_dirs.clone(),
            },
            demangle: self.demangle,
            in_time_order: self.in_time_order,
            nthreads: self.nthreads,
            selection: Selection {
                keeps_times: self.keep_times || self.in_time_order,
                ..self.selection.clone()
            },
        }
    }
}

//! Options that several formats share.

use crate::collapse::selection::Selection;
pub use crate::flags::Flags;
use crate::flags::flags;
use crate::warnings::warning;
use std::path::PathBuf;

/// Options that several formats share, under the same name in each of them.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Shared {
    /// The name of the value to count.
    pub value: Option<String>,
    /// The event to count.
    pub event: Option<String>,
    /// Whether to add the thread as the first frame.
    pub threads: bool,
    /// Whether to append file and line to names.
    pub lines: bool,
    /// Whether to include the address of functions without a name.
    pub addrs: bool,
    /// How to symbolize addresses.
    pub symbols: SymbolOptions,
    /// Whether to demangle names.
    pub(crate) demangle: bool,
    /// Whether to keep the time order.
    pub(crate) in_time_order: bool,
    /// The number of threads.
    pub(crate) nthreads: usize,
    /// The samples to read.
    pub(crate) selection: Selection,
}

impl Shared {
    /// Warns that the requested event is ignored, because the format has no events to select.
    pub(crate) fn warn_of_event(&self, format: &str) {
        if let Some(event) = &self.event {
            warning!("{format} has no events: ignoring event {event}");
        }
    }
}

flags! {
    /// Options for symbolizing addresses.
    ///
    /// Symbols come from the files that the profile names, if they exist here and have the build ID in
    /// the profile, if any. Only regular files are opened. This requires the crate's feature
    /// `perf-data`; without it, functions are named after their objects.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct SymbolOptions {
        /// Include the address of functions without a name: `[libc.so.6 <2a1f0>]`
        #[arg(long)]
        pub addrs: bool,

        /// Omit inlined calls, which is faster
        #[arg(long)]
        pub no_inline: bool,

        /// Look for programs and libraries below DIR
        #[arg(long, value_name = "DIR", value_parser = crate::flags::existing_directory)]
        pub symfs: Option<PathBuf>,

        /// Look for debug information in DIR in addition to /usr/lib/debug; can be repeated
        #[arg(long, value_name = "DIR", value_parser = crate::flags::existing_directory)]
        pub debug_dir: Vec<PathBuf>,
    }
}

/// Declares which of the [`Shared`] options a format supports.
macro_rules! shared_options {
    ($($name:ident),*) => {
        const SHARED: &'static [&'static str] = &[$(stringify!($name)),*];

        fn adopt(&mut self, _shared: &$crate::collapse::engine::shared::Shared) {
            $(self.$name.clone_from(&_shared.$name);)*
        }
    };
}
pub(crate) use shared_options;

/// [`Document::roots`] of a format with the option `threads`.
macro_rules! thread_roots {
    ($roots:ident) => {
        fn roots(&self) -> $crate::call_tree::Roots {
            match self.threads {
                true => $crate::call_tree::Roots::$roots,
                false => $crate::call_tree::Roots::Unknown,
            }
        }
    };
}
pub(crate) use thread_roots;

//! Profiles in the formats of other tools.
//!
//! | function | what reads it |
//! |---|---|
//! | `pprof` | `go tool pprof`, Pyroscope, Parca, Grafana, Cloud Profiler |
//! | `speedscope` | [speedscope](https://www.speedscope.app), extensions of editors |
//! | `firefox` | the [Firefox Profiler](https://profiler.firefox.com) |
//! | `d3` | d3-flame-graph, and other readers of a tree as JSON |
//! | [`callgrind`] | KCachegrind, `callgrind_annotate` |
//! | [`tsv`] | DuckDB, Polars, pandas, spreadsheets |
//! | [`folded::write`] | flame graphs, grep, awk |
//!
//! The functions without a link need a feature of the crate: `json`, or for `pprof` both `protobuf` and
//! `compression`. All are on by default. A [`Format`] selects one of the functions by name:
//!
//! ```
//! use inferno::call_tree::CallTree;
//! use inferno::export::Format;
//!
//! let mut tree = CallTree::new();
//! tree.add_stack(["main", "parse"], 3u64);
//!
//! let format = Format::named("callgrind").expect("a format");
//! let mut profile = Vec::new();
//! format.write(tree, &mut profile)?;
//! assert!(profile.starts_with(b"# callgrind format\n"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What is kept
//!
//! All formats keep all stacks with their counts, except callgrind, which only has functions and
//! their calls. Names and counts that a format cannot hold are changed, and a warning is logged:
//!
//! * Empty names become `[unknown]`, except in folded text and TSV. Bytes that are not UTF-8 become
//!   U+FFFD, except in folded text and callgrind.
//! * pprof and callgrind only have whole numbers: times with a fraction become nanoseconds, other
//!   counts are rounded so that the total is preserved. pprof stops at 2⁶³ - 1.
//!
//! Samples without a stack get a frame `[no stack]` in Firefox profiles, and count for a function
//! `root` in callgrind.
//!
//! The two counts of a [differential](crate::call_tree::CallTree::is_differential) tree become two
//! values in pprof and callgrind, two profiles in speedscope, two threads in Firefox, two columns
//! in TSV, and a value and a delta in d3. speedscope, Firefox and d3 preserve the order of a tree
//! [in time order](crate::call_tree::CallTree::in_time_order).

mod amounts;
mod callgrind;
#[cfg_attr(not(feature = "json"), path = "no_json.rs")]
mod json;
mod listing;
#[cfg_attr(
    not(all(feature = "compression", feature = "protobuf")),
    path = "no_pprof.rs"
)]
mod pprof;
mod tsv;

use crate::call_tree::Forest;
use crate::folded;
use std::fmt;
use std::io::{self, Write};

pub use callgrind::write as callgrind;
#[cfg(feature = "json")]
pub use json::{d3, firefox, speedscope};
#[cfg(all(feature = "compression", feature = "protobuf"))]
pub use pprof::write as pprof;
pub use tsv::write as tsv;

/// An output format.
#[derive(Clone, Copy)]
pub struct Format(&'static Entry);

/// An entry in the list of formats.
struct Entry {
    name: &'static str,
    description: &'static str,
    extension: &'static str,
    is_binary: bool,
    write: fn(Forest, &mut dyn Write) -> io::Result<()>,
}

/// The list of formats, in the order in which they are listed to users.
const FORMATS: [&[Entry]; 4] = [
    &[FOLDED],
    pprof::ENTRIES,
    json::ENTRIES,
    &[callgrind::ENTRY, tsv::ENTRY],
];

const FOLDED: Entry = Entry {
    name: "folded",
    description: "a line for each distinct stack, with its count",
    extension: "folded",
    is_binary: false,
    write: |forest, writer| folded::write_forest(&forest, writer),
};

impl Format {
    /// All formats that are enabled by the features of the crate.
    ///
    /// ```
    /// use inferno::export::Format;
    ///
    /// assert!(Format::all().any(|format| format.name() == "folded"));
    /// ```
    pub fn all() -> impl Iterator<Item = Format> {
        FORMATS.into_iter().flatten().map(Format)
    }

    /// The format called `name`, if there is one.
    pub fn named(name: &str) -> Option<Format> {
        Format::all().find(|format| format.name() == name)
    }

    /// The name: `pprof`, `speedscope`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// One line that says what the format is and which tools read it.
    pub fn description(self) -> &'static str {
        self.0.description
    }

    /// The usual file extension, without the leading dot: `pb.gz`.
    pub fn extension(self) -> &'static str {
        self.0.extension
    }

    /// Whether the format is binary and must not be written to a terminal.
    pub fn is_binary(self) -> bool {
        self.0.is_binary
    }

    /// Writes a [`CallTree`](crate::call_tree::CallTree) or a [`Forest`] in this format.
    ///
    /// # Errors
    /// Those of `writer`, which needs no buffering of its own and is flushed at the end.
    pub fn write<W: Write>(self, profile: impl Into<Forest>, mut writer: W) -> io::Result<()> {
        (self.0.write)(profile.into(), &mut writer)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Format").field(&self.name()).finish()
    }
}

/// How many bytes are buffered before they are written.
const BUFFER_SIZE: usize = 1 << 16;

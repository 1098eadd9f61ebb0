//! Turns profiles into flame graphs.
//!
//! A sampling profiler records, thousands of times, which function is running and which functions
//! called it. A *flame graph* shows all these stacks in one image: the width of a function is its
//! share of the samples, and it sits on the function that called it.
//!
//! There are two steps, each a command-line tool and a module of this library:
//!
//! 1. [`collapse`] turns the output of a profiler into stacks with counts: *folded* text, with one
//!    line per stack (`main;parse;read 17`), or a [`CallTree`](call_tree::CallTree).
//! 2. [`flamegraph`] draws them as an SVG that can be searched and zoomed in any browser.
//!
//! Instead of drawing a profile, [`report`] makes tables of its functions, or of what changed
//! between profiles.
//!
//! # From the command line
//!
//! On Linux, with `perf`:
//!
//! ```console
//! $ perf record --call-graph dwarf ./program
//! $ inferno-collapse-perf perf.data > stacks.folded
//! $ inferno-flamegraph < stacks.folded > flame.svg
//! ```
//!
//! or, if the folded stacks are not needed otherwise,
//!
//! ```console
//! $ inferno-flamegraph perf.data > flame.svg
//! ```
//!
//! Open `flame.svg` in a browser: hover over a frame to see its samples, click it to zoom, press
//! Ctrl-F to search.
//!
//! # As a library
//!
//! The same two steps, without writing text in between:
//!
//! ```
//! use inferno::collapse::{Collapse, perf};
//! use inferno::flamegraph;
//!
//! # fn main() -> std::io::Result<()> {
//! let script = "\
//! prog 4321 [000] 100.000001:     250000 cpu-clock:
//! \t    55d0c0de1139 leaf+0x19 (/usr/bin/prog)
//! \t    55d0c0de1180 main+0x20 (/usr/bin/prog)
//!
//! ";
//! let mut folder = perf::Folder::from(perf::Options::default());
//! let tree = folder.collapse_to_tree(script.as_bytes())?;
//!
//! let mut options = flamegraph::Options::default();
//! options.title = "Where the time goes".to_string();
//! let mut svg = Vec::new();
//! flamegraph::from_call_tree(&mut options, &tree, &mut svg)?;
//! # assert!(String::from_utf8_lossy(&svg).contains("leaf (250 µs, 100.00%)"));
//! # Ok(())
//! # }
//! ```
//!
//! A program that has its own stacks can fill a [`CallTree`](call_tree::CallTree) directly, or pass
//! folded lines to [`flamegraph::from_lines`]. [`export`] writes a tree in the formats of other tools.
//!
//! # Features
//!
//! All features are enabled by default. Library users may prefer `default-features = false` and a
//! selection.
//!
//! * `cli`: the command-line tools and their dependencies.
//! * `compression`: gzip and zstd input, see [`decode`].
//! * `demangle`: readable names for Rust and C++ functions.
//! * `filter`: selecting stacks and frames by regular expression, in the module `filter`, and
//!   rules in the module `report`.
//! * `jfr`: recordings of the JDK Flight Recorder.
//! * `json`: profiles in JSON.
//! * `multithreaded`: folding on several cores.
//! * `nameattr`: custom attributes for the frames of selected functions.
//! * `perf-data`: the recordings of `perf record`, without `perf script`, see
//!   [`perf_data`](collapse::perf_data).
//! * `picture`: flame graphs as PNG and PDF, see [`flamegraph::Format`].
//! * `protobuf`: profiles in protocol buffers, such as pprof and OTLP.

#![deny(missing_docs)]
// Some helpers serve only one feature. With all of them, nothing may be unused.
#![cfg_attr(
    not(all(
        feature = "cli",
        feature = "compression",
        feature = "demangle",
        feature = "filter",
        feature = "jfr",
        feature = "json",
        feature = "multithreaded",
        feature = "nameattr",
        feature = "perf-data",
        feature = "picture",
        feature = "protobuf"
    )),
    allow(dead_code, unused_imports)
)]

mod bytes;
pub mod call_tree;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod collapse;
pub mod differential;
pub mod export;
#[cfg(feature = "filter")]
pub mod filter;
mod flags;
pub mod flamegraph;
pub mod folded;
mod input;
mod names;
pub mod report;
#[cfg(feature = "perf-data")]
mod symbols;
mod threads;
pub mod warnings;

pub use input::decode;

/// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

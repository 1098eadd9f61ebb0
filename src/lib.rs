//! From a profile to a flame graph.
//!
//! A profiler that samples writes down, thousands of times, which function is running and who
//! called it. A *flame graph* shows all these stacks in one picture: each function is as wide as
//! its share of the samples, and stands on the function that called it.
//!
//! There are two steps, each a tool for the command line and a module of this library:
//!
//! 1. [`collapse`] turns the output of a profiler into stacks with counts: *folded* text, a line
//!    for each stack (`main;parse;read 17`), or a [`CallTree`](call_tree::CallTree).
//! 2. [`flamegraph`] draws them as an SVG that can be searched and zoomed in any browser.
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
//! or, if the folded stacks are of no other use,
//!
//! ```console
//! $ inferno-flamegraph perf.data > flame.svg
//! ```
//!
//! Open `flame.svg` in a browser: hover over a frame to read its samples, click it to zoom, press
//! Ctrl-F to search.
//!
//! # As a library
//!
//! The same in a program, with no text between the two steps:
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
//! A program that knows its own stacks can fill a [`CallTree`](call_tree::CallTree) itself, or
//! hand folded lines to [`flamegraph::from_lines`].
//!
//! # Features
//!
//! All are on by default; a library user may want `default-features = false` and some of them.
//!
//! * `cli`: the tools, and what only they need.
//! * `compression`: gzip and zstd input, see [`decode`].
//! * `demangle`: readable names for Rust and C++ functions.
//! * `filter`: stacks and frames chosen by regular expressions, in the module `filter`.
//! * `multithreaded`: folding on several cores.
//! * `nameattr`: attributes for the frames of chosen functions.
//! * `perf-data`: what `perf record` writes, without `perf script`, see
//!   [`perf_data`](collapse::perf_data).

#![deny(missing_docs)]

mod blocks;
#[cfg_attr(
    not(feature = "perf-data"),
    allow(dead_code, reason = "perf.data needs more of it")
)]
mod bytes;
pub mod call_tree;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod collapse;
mod count;
mod decimal;
pub mod decode;
pub mod differential;
#[cfg(feature = "filter")]
pub mod filter;
pub mod flamegraph;
pub mod folded;
mod number;
#[cfg(feature = "perf-data")]
mod symbols;
mod table;
mod text;
mod threads;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

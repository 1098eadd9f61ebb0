//! All tests of the library and the tools in one program, because each program takes a while to link.
//!
//! `tests/browser.rs`, which takes minutes in Chromium, and `tests/tidy.rs`, which only checks
//! documents and source files, are separate programs. `cargo test --test it output::` runs the
//! tests in `output.rs`.

#[path = "../../benches/documents/mod.rs"]
mod documents;

mod ci;
mod collapse;
mod conservation;
mod convert;
mod differential;
mod encodings;
mod errors;
mod every;
mod export;
mod filter;
mod flamechart;
mod flamegraph;
mod folded;
mod generated;
mod heatmap;
mod hostile;
mod many;
mod max_frames;
mod messages;
mod output;
mod per;
mod perf_data;
mod picture;
mod pipes;
mod report;
mod selection;
mod subcommands;
mod support;
mod symbols;
mod terminal;
mod tools;
mod units;

//! Reads, unwinds and symbolizes the recordings of `perf record`.

mod choice;
mod compressed;
mod counters;
#[cfg(feature = "multithreaded")]
mod crew;
#[cfg(not(feature = "multithreaded"))]
#[path = "crew_of_one.rs"]
mod crew;
mod deferred;
mod event;
mod fold;
mod frame_tables;
mod header;
mod machine;
mod naming;
mod objects;
mod off_cpu;
mod processes;
mod reader;
mod records;
mod report;
mod resolve;
mod sample;
mod space;
mod stacks;
mod tracing;
mod trampolines;
mod unwind;

pub(super) use fold::{fold_file, fold_reader};

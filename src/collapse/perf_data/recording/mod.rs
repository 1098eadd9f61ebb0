//! Reads, unwinds and symbolizes the recordings of `perf record`.

mod choice;
mod compressed;
mod counters;
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
#[cfg_attr(not(feature = "multithreaded"), path = "one_worker.rs")]
mod workers;

pub(super) use fold::{fold_file, fold_reader};

//! The tools that fold profiles of one format each, and the one that guesses it.

pub mod dtrace;
pub mod ghcprof;
pub mod guess;
pub mod perf;
pub mod recursive;
pub mod sample;
pub mod vsprof;
pub mod vtune;
pub mod xctrace;

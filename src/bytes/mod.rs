//! Helpers for bytes that name no format: text, lines, numbers and blocks.

#[cfg_attr(
    not(feature = "perf-data"),
    allow(dead_code, reason = "perf.data needs more of it")
)]
pub(crate) mod binary;
pub(crate) mod blocks;
pub mod count;
pub(crate) mod decimal;
pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod text;

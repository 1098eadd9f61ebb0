//! Helpers for bytes that name no format: text, lines, numbers and blocks.

pub(crate) mod binary;
pub(crate) mod blocks;
pub mod count;
pub(crate) mod decimal;
pub mod error;
pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod text;

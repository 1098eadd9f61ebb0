//! Caches for lines that repeat.

pub(crate) mod lines;
pub(crate) mod successors;

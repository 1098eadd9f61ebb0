//! From a profile to a flame graph.

mod blocks;
pub mod call_tree;
mod count;
pub mod flamegraph;
pub mod folded;
mod text;

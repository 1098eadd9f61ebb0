//! From a profile to a flame graph.

mod blocks;
pub mod call_tree;
pub mod collapse;
mod count;
pub mod decode;
pub mod flamegraph;
pub mod folded;
mod text;

//! A profile in a few words.

use super::{CallTree, Count, Unit};
use crate::bytes::text::plural;
use ahash::AHashSet;

/// The total and the number of functions of trees that are one profile.
pub(super) fn of(trees: &[CallTree]) -> String {
    let total: Count = trees.iter().map(CallTree::total).sum();
    let names = |tree| CallTree::frame_names(tree).skip(1);
    let functions: AHashSet<&[u8]> = trees.iter().flat_map(names).collect();
    let unit = trees.first().map_or(&Unit::Unknown, CallTree::unit);
    let functions = plural(functions.len() as u64, "function", "functions");
    format!("{}, {functions}", unit.text(total))
}

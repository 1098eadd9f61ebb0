//! A profile in a few words.

use super::{CallTree, Count, Unit};
use ahash::AHashSet;

/// The total and the number of functions of trees that are one profile.
pub(super) fn of(trees: &[CallTree]) -> String {
    let total: Count = trees.iter().map(CallTree::total).sum();
    let names = |tree| CallTree::frame_names(tree).skip(1);
    let functions: AHashSet<&[u8]> = trees.iter().flat_map(names).collect();
    let unit = trees.first().map_or(&Unit::Unknown, CallTree::unit);
    format!("{}, {} functions", unit.text(total), functions.len())
}

//! No flags that select stacks and frames.

use crate::call_tree::CallTree;
use clap::Args;

/// No flags.
#[derive(Debug, Default, Args)]
pub struct FilterArgs {}

/// No filters.
pub struct Filters;

impl Filters {
    pub fn is_empty(&self) -> bool {
        true
    }

    /// Returns `tree` unchanged.
    pub fn apply(&self, tree: CallTree) -> CallTree {
        tree
    }
}

impl FilterArgs {
    pub fn compile(&self) -> Filters {
        Filters
    }
}

//! What is known about a profile apart from its stacks.

use super::{Roots, Unit};
use std::borrow::Cow;

/// The description of a tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Description {
    pub unit: Unit,
    pub roots: Roots,
    pub note: Option<Cow<'static, str>>,
}

impl Description {
    /// Combines the description of stacks with that of others, which are added to them. Either may
    /// have no stacks.
    pub fn add(&mut self, is_empty: bool, other: &Description, is_other_empty: bool) {
        if is_empty {
            self.unit.clone_from(&other.unit);
            self.roots = other.roots;
        } else if !is_other_empty {
            self.unit = self.unit.sum(&other.unit);
            if self.roots != other.roots {
                self.roots = Roots::Unknown;
            }
        }
        if self.note.is_none() {
            self.note.clone_from(&other.note);
        }
    }
}

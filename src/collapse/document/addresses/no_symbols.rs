//! Finds no functions.

use super::{Addresses, Names};

impl Addresses<'_> {
    pub(super) fn find_functions(&self, _: &mut Names) {}
}

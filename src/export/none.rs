//! The formats of a feature that is not enabled.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];

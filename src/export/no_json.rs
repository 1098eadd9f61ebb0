//! No formats in JSON.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];

//! The formats of a feature that is not enabled.

use super::FormatEntry;

pub(super) const ENTRIES: &[FormatEntry] = &[];

//! The formats of a feature that is not enabled.

use super::Row;

pub(super) const ROWS: &[Row] = &[];

//! JDK Flight Recorder.

use super::{Row, rows};

pub(super) const ROWS: &[Row] = rows!(jfr);

//! Formats in protocol buffers.

use super::{Row, rows};

pub(super) const ROWS: &[Row] = rows!(otlp pprof simpleperf);

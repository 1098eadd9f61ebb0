//! Formats in protocol buffers.

use super::{FormatEntry, entries};

pub(super) const ENTRIES: &[FormatEntry] = entries!(otlp pprof simpleperf);

//! JDK Flight Recorder.

use super::{FormatEntry, entries};

pub(super) const ENTRIES: &[FormatEntry] = entries!(jfr);

//! Formats in JSON, and text formats with a variant in JSON.

use super::{FormatEntry, entries};

pub(super) const ENTRIES: &[FormatEntry] = entries! {
    bpftrace chrome cpuprofile dhat firefox ghc heapprofile jstack node_prof pyinstrument pyspy_dump
    safari speedscope stackprof xhprof
};

//! Formats in JSON, and text formats with a variant in JSON.

use super::{Row, rows};

pub(super) const ROWS: &[Row] = rows! {
    bpftrace chrome cpuprofile dhat firefox ghc heapprofile jstack node_prof pyinstrument pyspy_dump
    safari speedscope stackprof xhprof
};

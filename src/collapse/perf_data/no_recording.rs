//! Refuses recordings.

use super::Options;
use crate::call_tree::Forest;
use std::io::{self, BufRead};

pub(super) fn fold_file(options: &Options, _: impl io::Read) -> io::Result<Forest> {
    fold_reader(options, io::empty())
}

pub(super) fn fold_reader(_: &Options, _: impl BufRead) -> io::Result<Forest> {
    let message = "perf.data cannot be read: built without the feature `perf-data`; \
                   take the output of `perf script`";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

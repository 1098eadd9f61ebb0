//! Runs the engine on a single thread.

use super::{Folding, Format, Numbered, NumberedBlock, Source, fold_in_order};
use std::io;

pub(super) fn default_nthreads() -> usize {
    1
}

/// Folds `first` and the rest of `input` on this thread, whatever the number of threads.
pub(super) fn fold<'a, F: Format>(
    folding: &mut Folding<'_, F>,
    _nthreads: usize,
    first: NumberedBlock<'a>,
    input: Numbered<impl Source<'a>>,
) -> io::Result<()> {
    fold_in_order(folding, first, input)
}

//! Runs the engine on several threads.

use super::parts::FileParts;
use super::{Buffer, CallTree, Folding, Format, Numbered, NumberedBlock, ParseError, Source};
use crate::threads::work_together;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::io;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of logical CPUs.
pub(super) fn default_nthreads() -> usize {
    num_cpus::get()
}

/// Folds `first` and the rest of `input` on `nthreads` threads, including this one. This thread's
/// worker folds `first`, because it folded the preceding blocks.
pub(super) fn fold<'a, F: Format>(
    folding: &mut Folding<'_, F>,
    nthreads: usize,
    first: NumberedBlock<'a>,
    mut input: Numbered<impl Source<'a>>,
) -> io::Result<()> {
    let mut own = WorkerResults {
        worker: mem::take(&mut folding.worker),
        tree: mem::take(&mut folding.tree),
        errors: Vec::new(),
    };
    let team = Team {
        format: folding.format,
        prelude: &folding.prelude,
        others: nthreads - 1,
        failed_at: AtomicU64::new(u64::MAX),
    };
    let parts = match input.source.rest() {
        Some(rest) if !F::NUMBERS_LINES => FileParts::of(rest, folding.format, nthreads)?,
        _ => None,
    };
    let (read, mut results) = match parts {
        Some(parts) => team.read_parts(&mut own, first, &parts),
        None => team.read_for_all(&mut own, first, &mut input),
    };
    results.insert(0, own);
    let errors = results.iter_mut().flat_map(|made| made.errors.drain(..));
    if let Some((_, error)) = errors.min_by_key(|(block, _)| *block) {
        return Err(error.into());
    }
    let mut made = results.into_iter().map(|made| (made.worker, made.tree));
    (folding.worker, folding.tree) = made.next().unwrap_or_default();
    folding.others = made.collect();
    read
}

/// The state shared by all workers.
struct Team<'a, F: Format> {
    format: &'a F,
    prelude: &'a F::Prelude,
    /// The number of workers besides the one of this thread.
    others: usize,
    /// The index of the earliest invalid block.
    failed_at: AtomicU64,
}

impl<F: Format> Team<'_, F> {
    /// Lets each worker read parts of a file. Returns the result of reading, and the results of the
    /// other workers.
    fn read_parts(
        &self,
        own: &mut WorkerResults<F::Worker>,
        first: NumberedBlock<'_>,
        parts: &FileParts<'_, F>,
    ) -> (io::Result<()>, Vec<WorkerResults<F::Worker>>) {
        let fold_all = |results: &mut WorkerResults<_>, mut buffer| {
            while let Some(mut part) = parts.take()? {
                while part.at() < self.failed_at.load(Ordering::Relaxed)
                    && let Some(block) = part.next(mem::take(&mut buffer))?
                {
                    self.fold(results, &block);
                    buffer = block.into_buffer();
                }
            }
            Ok(())
        };
        let fold_rest = || {
            let mut results = WorkerResults::default();
            let read = fold_all(&mut results, Buffer::default());
            (read, results)
        };
        let (read, others) = work_together((0..self.others).map(|_| fold_rest), || {
            self.fold(own, &first);
            fold_all(own, first.into_buffer())
        });
        let (reads, results): (Vec<_>, _) = others.into_iter().unzip();
        (reads.into_iter().fold(read, io::Result::and), results)
    }

    /// Reads on this thread, and also folds blocks when the others are busy. Returns the same as
    /// [`Team::read_parts`].
    fn read_for_all<'a>(
        &self,
        own: &mut WorkerResults<F::Worker>,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
    ) -> (io::Result<()>, Vec<WorkerResults<F::Worker>>) {
        let (blocks, queue) = bounded(2 * self.others);
        let (free_buffers, buffers) = bounded(4 * self.others);
        let fold_queue = (0..self.others).map(move |_| {
            let (queue, free_buffers) = (queue.clone(), free_buffers.clone());
            move || self.fold_queue(queue, free_buffers)
        });
        work_together(fold_queue, || {
            self.read_all(first, input, blocks, &buffers, own)
        })
    }

    fn read_all<'a>(
        &self,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
        blocks: Sender<NumberedBlock<'a>>,
        buffers: &Receiver<Buffer>,
        own: &mut WorkerResults<F::Worker>,
    ) -> io::Result<()> {
        self.fold(own, &first);
        let mut next = input.next(self.format, first.into_buffer())?;
        while let Some(block) = next
            && !self.has_failed()
        {
            let free_buffers = match blocks.try_send(block) {
                Ok(()) => None,
                // The block just read is still in this core's cache.
                Err(TrySendError::Full(block) | TrySendError::Disconnected(block)) => {
                    self.fold(own, &block);
                    Some(block.into_buffer())
                }
            };
            let buffer = free_buffers.or_else(|| buffers.try_recv().ok());
            next = input.next(self.format, buffer.unwrap_or_default())?;
        }
        Ok(())
    }

    fn fold_queue(
        &self,
        queue: Receiver<NumberedBlock<'_>>,
        free_buffers: Sender<Buffer>,
    ) -> WorkerResults<F::Worker> {
        let mut results = WorkerResults::default();
        for block in queue {
            self.fold(&mut results, &block);
            // If there are enough free buffers, this one is dropped.
            let _ = free_buffers.try_send(block.into_buffer());
        }
        results
    }

    /// Folds a block. All blocks before an invalid one are folded, so that the earliest error is
    /// found.
    fn fold(&self, results: &mut WorkerResults<F::Worker>, block: &NumberedBlock<'_>) {
        let (worker, tree) = (&mut results.worker, &mut results.tree);
        let folded = self
            .format
            .fold(self.prelude, block.as_block(), worker, tree);
        if let Err(error) = folded {
            self.failed_at.fetch_min(block.index, Ordering::Relaxed);
            results.errors.push((block.index, error));
        }
    }

    fn has_failed(&self) -> bool {
        self.failed_at.load(Ordering::Relaxed) < u64::MAX
    }
}

/// A worker and its results.
#[derive(Default)]
struct WorkerResults<W> {
    worker: W,
    tree: CallTree,
    /// Errors with the indexes of their blocks.
    errors: Vec<(u64, ParseError)>,
}

#[cfg(test)]
mod tests {
    use crate::bytes::error::{Mismatch, ParseError};
    use crate::call_tree::{CallTree, Forest};
    use crate::collapse::engine::Engine;
    use crate::collapse::engine::format::{Block, Format};
    use crate::input::Reader;
    use proptest::prelude::*;

    /// A format of numbered lines, where numbers below ten are invalid.
    struct Numbers;

    impl Format for Numbers {
        type Prelude = ();
        type Worker = ();
        const IS_PARALLEL: bool = true;
        const NUMBERS_LINES: bool = false;

        fn fold(
            &self,
            _: &(),
            block: Block<'_>,
            _: &mut (),
            tree: &mut CallTree,
        ) -> Result<(), ParseError> {
            for line in std::str::from_utf8(block.bytes).unwrap().lines() {
                match line.parse() {
                    Ok(number) if number < 10 => {
                        return Err(Mismatch::end("cut", "more").at_line(number));
                    }
                    _ => tree.add_stack([line], 1),
                };
            }
            Ok(())
        }

        fn conclude(&self, _: &(), _: Vec<()>, _: &mut Forest) -> std::io::Result<()> {
            Ok(())
        }

        fn demangles(&self) -> bool {
            false
        }

        fn sniff(&self, _: &[u8]) -> Option<bool> {
            None
        }
    }

    proptest! {
        #[test]
        fn the_error_is_the_first_one(
            numbers in prop::collection::vec(prop_oneof![9 => 10u64..99, 1 => 0u64..10], 0..300),
            nthreads in 2usize..5,
            block_size in 1usize..40,
        ) {
            let text: String = numbers.iter().map(|number| format!("{number}\n")).collect();
            let text = text.as_bytes();
            let engine = Engine::with_block_size(nthreads, block_size);
            let first = numbers.iter().find(|number| **number < 10);
            for reader in [Reader::of(&text), Reader::Stream(&mut &*text)] {
                let error = engine.fold(&Numbers, reader).err();
                let expected = first.map(|&line| Mismatch::end("cut", "more").at_line(line));
                prop_assert_eq!(
                    error.map(|error| error.to_string()),
                    expected.map(|error| error.to_string())
                );
            }
        }
    }
}

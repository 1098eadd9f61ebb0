//! The part of the engine that runs on several threads.

use super::{
    Buffer, CallTree, Crew, Format, Numbered, NumberedBlock, ParseError, Source, WholeSource,
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Folds `first` and the rest of `input` on `nthreads` threads, of which this is one. Its worker
/// folds `first`, as it did the blocks before.
pub(super) fn fold<'a, F: Format>(
    crew: &mut Crew<'_, F>,
    nthreads: usize,
    first: NumberedBlock<'a>,
    input: Numbered<impl WholeSource<'a>>,
) -> io::Result<()> {
    let own = Harvest {
        worker: mem::take(&mut crew.worker),
        tree: mem::take(&mut crew.tree),
        ..Harvest::default()
    };
    let team = Team {
        format: crew.format,
        prelude: &crew.prelude,
        others: nthreads - 1,
        has_failed: AtomicBool::new(false),
        made: Mutex::default(),
    };
    let read = match input.share() {
        Ok(input) => team.read_in_turn(own, first, input),
        Err(mut input) => team.read_for_all(own, first, &mut input),
    };
    let made = team
        .made
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let made = made.unwrap_or_default();
    (crew.worker, crew.others, crew.tree) = (made.worker, made.others, made.tree);
    if let Some((_, error)) = made.error {
        return Err(error.into());
    }
    read
}

/// What all workers share.
struct Team<'a, F: Format> {
    format: &'a F,
    prelude: &'a F::Prelude,
    /// How many workers there are besides this thread's.
    others: usize,
    has_failed: AtomicBool,
    /// What those have made that are done, but for what others are merging with theirs.
    made: Mutex<Option<Harvest<F::Worker>>>,
}

impl<F: Format> Team<'_, F> {
    /// Lets each worker read what it folds.
    fn read_in_turn<'a>(
        &self,
        mut own: Harvest<F::Worker>,
        first: NumberedBlock<'a>,
        input: Numbered<impl Source<'a> + Send>,
    ) -> io::Result<()> {
        let input = Mutex::new((input, Ok(())));
        let next = |buffer| {
            let (input, read) = &mut *lock(&input);
            if read.is_err() || self.has_failed.load(Ordering::Relaxed) {
                return None;
            }
            input.next(self.format, buffer).unwrap_or_else(|error| {
                *read = Err(error);
                None
            })
        };
        let fold_all = |harvest: &mut Harvest<_>, mut buffer| {
            while let Some(block) = next(buffer) {
                self.fold(harvest, &block);
                buffer = block.into_buffer();
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.others {
                scope.spawn(|| {
                    let mut harvest = Harvest::default();
                    fold_all(&mut harvest, Buffer::default());
                    self.bring(harvest);
                });
            }
            self.fold(&mut own, &first);
            fold_all(&mut own, first.into_buffer());
            self.bring(own);
        });
        input.into_inner().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Reads on this thread, and folds what it has read when the others have enough to do.
    fn read_for_all<'a>(
        &self,
        mut own: Harvest<F::Worker>,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
    ) -> io::Result<()> {
        let (blocks, queue) = bounded(2 * self.others);
        let (spent, buffers) = bounded(4 * self.others);
        thread::scope(|scope| {
            for _ in 0..self.others {
                let (queue, spent) = (queue.clone(), spent.clone());
                scope.spawn(move || self.fold_queue(queue, spent));
            }
            let read = self.read_all(first, input, blocks, &buffers, &mut own);
            self.bring(own);
            read
        })
    }

    fn read_all<'a>(
        &self,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
        blocks: Sender<NumberedBlock<'a>>,
        buffers: &Receiver<Buffer>,
        own: &mut Harvest<F::Worker>,
    ) -> io::Result<()> {
        self.fold(own, &first);
        let mut next = input.next(self.format, first.into_buffer())?;
        while let Some(block) = next
            && !self.has_failed.load(Ordering::Relaxed)
        {
            let spent = match blocks.try_send(block) {
                Ok(()) => None,
                // What was read a moment ago is still in this core's cache.
                Err(TrySendError::Full(block) | TrySendError::Disconnected(block)) => {
                    self.fold(own, &block);
                    Some(block.into_buffer())
                }
            };
            let buffer = spent.or_else(|| buffers.try_recv().ok());
            next = input.next(self.format, buffer.unwrap_or_default())?;
        }
        Ok(())
    }

    fn fold_queue(&self, queue: Receiver<NumberedBlock<'_>>, spent: Sender<Buffer>) {
        let mut harvest = Harvest::default();
        for block in queue {
            self.fold(&mut harvest, &block);
            // If there are buffers enough, this one is freed.
            let _ = spent.try_send(block.into_buffer());
        }
        self.bring(harvest);
    }

    /// Folds a block. All blocks before a bad one are folded by someone, so that the error of the
    /// earliest is known.
    fn fold(&self, harvest: &mut Harvest<F::Worker>, block: &NumberedBlock<'_>) {
        let (worker, tree) = (&mut harvest.worker, &mut harvest.tree);
        let folded = self
            .format
            .fold(self.prelude, block.as_block(), worker, tree);
        if let Err(error) = folded {
            self.has_failed.store(true, Ordering::Relaxed);
            harvest.error.get_or_insert((block.index, error));
        }
    }

    /// Brings in what a worker has made, after it has merged that with what others have brought in
    /// meanwhile: so all trees are merged two by two, by as many threads as can do something.
    fn bring(&self, mut harvest: Harvest<F::Worker>) {
        loop {
            let mut made = lock(&self.made);
            let Some(other) = made.take() else {
                *made = Some(harvest);
                return;
            };
            drop(made);
            harvest.merge(other);
        }
    }
}

/// If another worker has panicked, so will the scope of all of them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker, and what it has made, with others if it has merged that with theirs.
struct Harvest<W> {
    worker: W,
    others: Vec<W>,
    tree: CallTree,
    /// The first error met, with the index of its block.
    error: Option<(u64, ParseError)>,
}

impl<W: Default> Default for Harvest<W> {
    fn default() -> Harvest<W> {
        Harvest {
            worker: W::default(),
            others: Vec::new(),
            tree: CallTree::new(),
            error: None,
        }
    }
}

impl<W> Harvest<W> {
    fn merge(&mut self, mut other: Harvest<W>) {
        if self.tree.len() < other.tree.len() {
            mem::swap(&mut self.tree, &mut other.tree);
        }
        self.tree.merge(&other.tree);
        self.others.push(other.worker);
        self.others.append(&mut other.others);
        let errors = self.error.take().into_iter().chain(other.error);
        self.error = errors.min_by_key(|(index, _)| *index);
    }
}

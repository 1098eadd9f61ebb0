//! Readers and slices to blocks, blocks to workers, their trees to one: the only file that starts
//! threads.
//!
//! ```text
//! reader ─> blocks of whole records ─┬─> bounded channel ─> worker: tree ─┬─> one tree
//!                                    └─> if it is full:    worker: tree ─┘   (merged by addition)
//! ```
//!
//! What comes out depends neither on the number of threads nor on the size of the blocks: counts
//! are sums, a tree has no order of its own, and of several errors the one in the earliest block
//! is reported.

use super::demangle::demangled;
use super::error::ParseError;
use super::format::{Block, Format, count_lines};
use crate::blocks::{BLOCK_SIZE, Blocks, Buffer};
use crate::call_tree::CallTree;
use std::io::{self, Read};

/// The number of threads to use if nobody says.
pub(crate) fn default_nthreads() -> usize {
    #[cfg(feature = "multithreaded")]
    return num_cpus::get();
    #[cfg(not(feature = "multithreaded"))]
    return 1;
}

/// How to fold: on how many threads, and in blocks of how many bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    #[cfg_attr(
        not(feature = "multithreaded"),
        expect(dead_code, reason = "one thread then")
    )]
    nthreads: usize,
    block_size: usize,
}

impl Engine {
    /// As many threads as the options say.
    pub fn of(format: &impl Format) -> Engine {
        Engine::new(format.nthreads())
    }

    pub fn new(nthreads: usize) -> Engine {
        Engine {
            nthreads: nthreads.max(1),
            block_size: BLOCK_SIZE,
        }
    }

    #[cfg(test)]
    pub fn with_block_size(nthreads: usize, block_size: usize) -> Engine {
        Engine {
            block_size,
            ..Engine::new(nthreads)
        }
    }

    /// Folds what `reader` gives, which needs no buffering of its own.
    pub fn fold<F: Format>(&self, format: &F, reader: impl Read) -> io::Result<CallTree> {
        self.fold_source(format, Blocks::with_size(reader, self.block_size))
    }

    /// Folds a profile in memory without copying it.
    pub fn fold_slice<F: Format>(&self, format: &F, profile: &[u8]) -> io::Result<CallTree> {
        let rest = SliceBlocks {
            rest: profile,
            size: self.block_size,
        };
        self.fold_source(format, rest)
    }

    fn fold_source<'a, F: Format>(
        &self,
        format: &F,
        source: impl Source<'a>,
    ) -> io::Result<CallTree> {
        let mut input = Numbered {
            source,
            next_line: 1,
            next_index: 0,
        };
        let mut crew = Crew::new(format);
        while let Some(block) = input.next(format, Buffer::default())? {
            if let Some(prelude) = format.prelude(&block.bytes) {
                crew.prelude = prelude;
                self.fold_rest(&mut crew, block, &mut input)?;
                break;
            }
            crew.fold(&block)?;
        }
        Ok(crew.conclude()?)
    }

    fn fold_rest<'a, F: Format>(
        &self,
        crew: &mut Crew<F>,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
    ) -> io::Result<()> {
        crew.fold(&first)?;
        #[cfg(feature = "multithreaded")]
        if F::IS_PARALLEL && self.nthreads > 1 {
            // One more block shows whether there is work for threads at all.
            let Some(second) = input.next(crew.format, first.into_buffer())? else {
                return Ok(());
            };
            return parallel::fold(crew, self.nthreads, second, input);
        }
        let mut buffer = first.into_buffer();
        while let Some(block) = input.next(crew.format, buffer)? {
            crew.fold(&block)?;
            buffer = block.into_buffer();
        }
        Ok(())
    }
}

/// Gives blocks of whole records.
trait Source<'a> {
    /// The next block, for which `buffer` may be used.
    fn next<F: Format>(&mut self, format: &F, buffer: Buffer) -> io::Result<Option<Bytes<'a>>>;
}

impl<'a, R: Read> Source<'a> for Blocks<R> {
    fn next<F: Format>(&mut self, format: &F, mut buffer: Buffer) -> io::Result<Option<Bytes<'a>>> {
        let is_block = self.next_into(&mut buffer, |block| format.split_point(block))?;
        Ok(is_block.then_some(Bytes::Owned(buffer)))
    }
}

struct SliceBlocks<'a> {
    rest: &'a [u8],
    size: usize,
}

impl<'a> Source<'a> for SliceBlocks<'a> {
    fn next<F: Format>(&mut self, format: &F, _: Buffer) -> io::Result<Option<Bytes<'a>>> {
        let mut size = self.size;
        while size < self.rest.len() {
            let end = format.split_point(&self.rest[..size]);
            if let Some(end) = end.filter(|&end| end > 0) {
                let (block, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Ok(Some(Bytes::Borrowed(block)));
            }
            size *= 2;
        }
        let block = std::mem::take(&mut self.rest);
        Ok((!block.is_empty()).then_some(Bytes::Borrowed(block)))
    }
}

/// A block, read or part of a slice.
enum Bytes<'a> {
    Owned(Buffer),
    Borrowed(&'a [u8]),
}

impl std::ops::Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Owned(buffer) => buffer,
            Bytes::Borrowed(bytes) => bytes,
        }
    }
}

/// A source whose blocks know where they stand.
struct Numbered<S> {
    source: S,
    next_line: u64,
    next_index: u64,
}

struct NumberedBlock<'a> {
    bytes: Bytes<'a>,
    first_line: u64,
    index: u64,
}

impl<'a, S: Source<'a>> Numbered<S> {
    fn next<F: Format>(
        &mut self,
        format: &F,
        buffer: Buffer,
    ) -> io::Result<Option<NumberedBlock<'a>>> {
        let Some(bytes) = self.source.next(format, buffer)? else {
            return Ok(None);
        };
        let (first_line, index) = (self.next_line, self.next_index);
        if F::NUMBERS_LINES {
            self.next_line += count_lines(&bytes);
        }
        self.next_index += 1;
        Ok(Some(NumberedBlock {
            bytes,
            first_line,
            index,
        }))
    }
}

impl NumberedBlock<'_> {
    fn as_block(&self) -> Block<'_> {
        Block {
            bytes: &self.bytes,
            index: self.index,
            first_line: self.first_line,
        }
    }

    /// The memory of the block, for the next one.
    fn into_buffer(self) -> Buffer {
        match self.bytes {
            Bytes::Owned(buffer) => buffer,
            Bytes::Borrowed(_) => Buffer::default(),
        }
    }
}

/// This thread's worker and tree, and what the others have brought.
struct Crew<'f, F: Format> {
    format: &'f F,
    prelude: F::Prelude,
    worker: F::Worker,
    tree: CallTree,
    others: Vec<F::Worker>,
}

impl<'f, F: Format> Crew<'f, F> {
    fn new(format: &'f F) -> Self {
        Crew {
            format,
            prelude: F::Prelude::default(),
            worker: F::Worker::default(),
            tree: CallTree::new(),
            others: Vec::new(),
        }
    }

    fn fold(&mut self, block: &NumberedBlock<'_>) -> Result<(), ParseError> {
        let block = block.as_block();
        self.format
            .fold(&self.prelude, block, &mut self.worker, &mut self.tree)
    }

    fn conclude(mut self) -> Result<CallTree, ParseError> {
        let mut workers = vec![self.worker];
        workers.append(&mut self.others);
        self.format
            .conclude(&self.prelude, workers, &mut self.tree)?;
        Ok(match self.format.demangles() {
            true => demangled(self.tree),
            false => self.tree,
        })
    }
}

#[cfg(feature = "multithreaded")]
mod parallel {
    //! The part of the engine that runs on several threads.

    use super::{Buffer, CallTree, Crew, Format, Numbered, NumberedBlock, ParseError, Source};
    use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    /// What one worker has made.
    struct Harvest<W> {
        worker: W,
        tree: CallTree,
        /// The first error it met, with the index of its block.
        error: Option<(u64, ParseError)>,
    }

    /// What all workers share.
    struct Shared<'a, F: Format> {
        format: &'a F,
        prelude: &'a F::Prelude,
        failed: AtomicBool,
    }

    /// Folds `first` and the rest of `input` on `nthreads` threads, of which this one reads, and
    /// folds what it has read when the others have enough to do.
    pub(super) fn fold<'a, F: Format>(
        crew: &mut Crew<'_, F>,
        nthreads: usize,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
    ) -> io::Result<()> {
        let others = nthreads - 1;
        let (blocks, queue) = bounded::<NumberedBlock<'a>>(2 * others);
        let (spent, buffers) = bounded::<Buffer>(4 * others);
        let shared = Shared {
            format: crew.format,
            prelude: &crew.prelude,
            failed: AtomicBool::new(false),
        };
        let mut own = Harvest {
            worker: std::mem::take(&mut crew.worker),
            tree: std::mem::take(&mut crew.tree),
            error: None,
        };
        let (read, harvests) = thread::scope(|scope| {
            let workers: Vec<_> = (0..others)
                .map(|_| {
                    let (queue, spent, shared) = (queue.clone(), spent.clone(), &shared);
                    scope.spawn(move || work(shared, queue, spent))
                })
                .collect();
            let read = read_all(&shared, first, input, blocks, &buffers, &mut own);
            let harvests: Vec<_> = workers.into_iter().map(join).collect();
            (read, harvests)
        });
        bring_in(crew, own, harvests)?;
        read
    }

    fn read_all<'a, F: Format>(
        shared: &Shared<'_, F>,
        first: NumberedBlock<'a>,
        input: &mut Numbered<impl Source<'a>>,
        blocks: Sender<NumberedBlock<'a>>,
        buffers: &Receiver<Buffer>,
        own: &mut Harvest<F::Worker>,
    ) -> io::Result<()> {
        let mut next = Some(first);
        while let Some(block) = next
            && !shared.failed.load(Ordering::Relaxed)
        {
            let spent = match blocks.try_send(block) {
                Ok(()) => None,
                // What was read a moment ago is still in this core's cache.
                Err(TrySendError::Full(block) | TrySendError::Disconnected(block)) => {
                    own.fold(shared, &block);
                    Some(block.into_buffer())
                }
            };
            let buffer = spent.or_else(|| buffers.try_recv().ok());
            next = input.next(shared.format, buffer.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Folds blocks until there are no more. All that were sent before a bad one are folded, so
    /// that the error of the earliest is known.
    fn work<F: Format>(
        shared: &Shared<'_, F>,
        queue: Receiver<NumberedBlock<'_>>,
        spent: Sender<Buffer>,
    ) -> Harvest<F::Worker> {
        let mut harvest = Harvest {
            worker: F::Worker::default(),
            tree: CallTree::new(),
            error: None,
        };
        for block in queue {
            harvest.fold(shared, &block);
            // If there are buffers enough, this one is freed.
            let _ = spent.try_send(block.into_buffer());
        }
        harvest
    }

    impl<W> Harvest<W> {
        fn fold<F: Format<Worker = W>>(
            &mut self,
            shared: &Shared<'_, F>,
            block: &NumberedBlock<'_>,
        ) {
            let (worker, tree) = (&mut self.worker, &mut self.tree);
            let folded = shared
                .format
                .fold(shared.prelude, block.as_block(), worker, tree);
            if let Err(error) = folded {
                shared.failed.store(true, Ordering::Relaxed);
                self.error.get_or_insert((block.index, error));
            }
        }
    }

    fn join<T>(worker: thread::ScopedJoinHandle<'_, T>) -> T {
        worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn bring_in<F: Format>(
        crew: &mut Crew<'_, F>,
        own: Harvest<F::Worker>,
        harvests: Vec<Harvest<F::Worker>>,
    ) -> Result<(), ParseError> {
        (crew.worker, crew.tree) = (own.worker, own.tree);
        let mut first_error = own.error;
        for harvest in harvests {
            crew.tree.merge(&harvest.tree);
            crew.others.push(harvest.worker);
            let errors = first_error.into_iter().chain(harvest.error);
            first_error = errors.min_by_key(|(index, _)| *index);
        }
        first_error.map_or(Ok(()), |(_, error)| Err(error))
    }
}

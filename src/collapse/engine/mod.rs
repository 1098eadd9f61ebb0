//! Splits input into blocks, distributes these to workers, and collects their trees in a forest.
//!
//! ```text
//! reader ─> blocks of whole records ─┬─> worker: tree ─┬─> forest
//!                                    └─> worker: tree ─┘
//! ```
//!
//! Each worker reads its own part of a file, so that none waits for another one's input. A stream, and
//! a file in a format that numbers its lines, is read by one thread, which sends blocks through a
//! bounded channel, so that the writer at the other end of a pipe can continue.
//!
//! The result depends neither on the number of threads nor on the size of blocks: counts are sums,
//! a tree has no inherent order, and of several errors, the one in the earliest block is reported.

mod chosen;
pub(crate) mod error;
pub(crate) mod folder;
pub(crate) mod format;
pub(crate) mod notes;
#[cfg_attr(not(feature = "multithreaded"), path = "sequential.rs")]
mod parallel;
mod parts;
pub(crate) mod shared;
#[cfg(test)]
pub(crate) mod testing;

use super::selection::Chooser;
use crate::bytes::blocks::{
    BLOCK_SIZE, Blocks, Buffer, MAX_RECORD_SIZE, next_size, record_too_long,
};
use crate::bytes::error::ParseError;
use crate::call_tree::{CallTree, Forest};
use crate::input::Reader;
use crate::input::decode::may_have_mark;
use crate::names::demangle::demangled;
use crate::threads::allowed;
use chosen::ChosenText;
use format::{Block, Format, count_lines};
use std::io;

/// The default number of threads for folding: one per logical CPU.
pub static DEFAULT_NTHREADS: once_cell::sync::Lazy<usize> =
    once_cell::sync::Lazy::new(parallel::default_nthreads);

/// The parameters of folding: the number of threads, and the size of blocks in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    nthreads: usize,
    block_size: usize,
}

impl Engine {
    /// Creates an engine with the number of threads from the options.
    pub fn of(format: &impl Format) -> Engine {
        Engine::new(format.nthreads())
    }

    pub fn new(nthreads: usize) -> Engine {
        Engine {
            nthreads: allowed(nthreads),
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

    /// Folds the input of `reader`, which does not need to be buffered.
    pub fn fold<F: Format>(&self, format: &F, reader: Reader<'_>) -> io::Result<Forest> {
        reader.with_text(|reader| match format.chooser() {
            Some(chooser) => self.fold_chosen(format, chooser, reader),
            None => self.fold_all(format, reader),
        })
    }

    fn fold_all<F: Format>(&self, format: &F, reader: Reader<'_>) -> io::Result<Forest> {
        self.fold_source(format, Blocks::with_size(reader, self.block_size))
    }

    /// Folds the selected samples. If a survey is needed first, the input is read twice: a file
    /// from its start, a stream from memory.
    fn fold_chosen<F: Format>(
        &self,
        format: &F,
        mut chooser: Chooser,
        reader: Reader<'_>,
    ) -> io::Result<Forest> {
        if !chooser.needs_survey(true) {
            return self.fold_selected(format, &mut chooser, reader);
        }
        let input = reader.rereadable()?;
        input.read(|reader| self.survey(format, &mut chooser, reader))?;
        input.read(|reader| self.fold_selected(format, &mut chooser, reader))
    }

    fn survey<F: Format>(
        &self,
        format: &F,
        chooser: &mut Chooser,
        reader: Reader<'_>,
    ) -> io::Result<()> {
        chooser.start_survey();
        io::copy(
            &mut ChosenText::new(format, chooser, reader),
            &mut io::sink(),
        )?;
        chooser.end_survey();
        Ok(())
    }

    fn fold_selected<F: Format>(
        &self,
        format: &F,
        chooser: &mut Chooser,
        reader: Reader<'_>,
    ) -> io::Result<Forest> {
        let mut chosen = ChosenText::new(format, chooser, reader);
        let forest = self.fold_all(format, Reader::Stream(&mut chosen))?;
        chooser.finish(F::ORIGIN_ADVICE)?;
        Ok(forest)
    }

    /// Folds a profile in memory without copying it.
    pub fn fold_slice<F: Format>(&self, format: &F, profile: &[u8]) -> io::Result<Forest> {
        if may_have_mark(profile) || format.chooser().is_some() {
            return self.fold(format, Reader::Stream(&mut &*profile));
        }
        let rest = SliceBlocks {
            rest: profile,
            offset: 0,
            size: self.block_size,
        };
        self.fold_source(format, rest)
    }

    fn fold_source<'a, F: Format>(
        &self,
        format: &F,
        source: impl Source<'a>,
    ) -> io::Result<Forest> {
        let mut input = Numbered {
            source,
            next: Position { line: 1, index: 0 },
        };
        let mut folding = Folding::new(format);
        while let Some(block) = input.next(format, Buffer::default())? {
            if let Some(prelude) = format.prelude(&block.bytes) {
                folding.prelude = prelude;
                self.fold_rest(&mut folding, block, input)?;
                break;
            }
            folding.fold(&block)?;
        }
        folding.conclude()
    }

    fn fold_rest<'a, F: Format>(
        &self,
        folding: &mut Folding<F>,
        first: NumberedBlock<'a>,
        input: Numbered<impl Source<'a>>,
    ) -> io::Result<()> {
        if F::IS_PARALLEL && self.nthreads > 1 && !input.source.is_at_end() {
            return parallel::fold(folding, self.nthreads, first, input);
        }
        fold_in_order(folding, first, input)
    }
}

/// Folds `first` and the rest of `input` on this thread.
fn fold_in_order<'a, F: Format>(
    folding: &mut Folding<F>,
    first: NumberedBlock<'a>,
    mut input: Numbered<impl Source<'a>>,
) -> io::Result<()> {
    folding.fold(&first)?;
    let mut buffer = first.into_buffer();
    while let Some(block) = input.next(folding.format, buffer)? {
        folding.fold(&block)?;
        buffer = block.into_buffer();
    }
    Ok(())
}

/// A source of blocks of whole records.
trait Source<'a> {
    /// The next block, which may reuse `buffer`.
    fn next<F: Format>(&mut self, format: &F, buffer: Buffer) -> io::Result<Option<Bytes<'a>>>;

    /// Whether it is known that there are no more blocks.
    fn is_at_end(&self) -> bool;

    /// The rest of the input, if it is a file that several threads can read.
    fn rest(&self) -> Option<parts::RestOfFile<'_>> {
        None
    }
}

impl<'a> Source<'a> for Blocks<Reader<'_>> {
    fn next<F: Format>(&mut self, format: &F, mut buffer: Buffer) -> io::Result<Option<Bytes<'a>>> {
        let is_block = self.next_into(&mut buffer, |block| format.split_point(block))?;
        Ok(is_block.then_some(Bytes::Owned(buffer)))
    }

    fn is_at_end(&self) -> bool {
        Blocks::is_at_end(self)
    }

    fn rest(&self) -> Option<parts::RestOfFile<'_>> {
        let (reader, carry) = self.reader();
        let (file, at) = reader.file()?;
        Some(parts::RestOfFile {
            file,
            start: at - carry as u64,
            block_size: self.size(),
        })
    }
}

struct SliceBlocks<'a> {
    rest: &'a [u8],
    /// The offset of the remaining bytes in the profile.
    offset: u64,
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
                self.offset += end as u64;
                return Ok(Some(Bytes::Borrowed(block)));
            }
            size = next_size(size, MAX_RECORD_SIZE as usize)
                .ok_or_else(|| record_too_long(self.offset))?;
        }
        let block = std::mem::take(&mut self.rest);
        Ok((!block.is_empty()).then_some(Bytes::Borrowed(block)))
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

/// The bytes of a block: owned, or a part of a slice.
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

/// A source that numbers its blocks.
struct Numbered<S> {
    source: S,
    next: Position,
}

/// The position of a block: its first line, and its index.
#[derive(Clone, Copy)]
struct Position {
    line: u64,
    index: u64,
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
        let Position { line, index } = self.next;
        if F::NUMBERS_LINES {
            self.next.line += count_lines(&bytes);
        }
        self.next.index += 1;
        Ok(Some(NumberedBlock {
            bytes,
            first_line: line,
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

    /// The memory of the block, for reuse.
    fn into_buffer(self) -> Buffer {
        match self.bytes {
            Bytes::Owned(buffer) => buffer,
            Bytes::Borrowed(_) => Buffer::default(),
        }
    }
}

/// The worker and tree of this thread, and the results of the others.
struct Folding<'f, F: Format> {
    format: &'f F,
    prelude: F::Prelude,
    worker: F::Worker,
    tree: CallTree,
    others: Vec<(F::Worker, CallTree)>,
}

impl<'f, F: Format> Folding<'f, F> {
    fn new(format: &'f F) -> Self {
        Folding {
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

    fn conclude(self) -> io::Result<Forest> {
        let own = [(self.worker, self.tree)].into_iter();
        let (workers, trees): (Vec<_>, Vec<_>) = own.chain(self.others).unzip();
        let mut forest = Forest::from_iter(trees);
        self.format.conclude(&self.prelude, workers, &mut forest)?;
        Ok(match self.format.demangles() {
            true => forest.map(demangled),
            false => forest,
        })
    }
}

//! The interface between record formats and the engine.

use super::notes::LinePosition;
use super::shared::{Flags, Shared};
use crate::bytes::decimal::Decimal;
use crate::bytes::error::ParseError;
use crate::bytes::lines::after_last_line;
use crate::call_tree::{CallTree, Forest};
use crate::collapse::selection::{Chooser, Criterion, Selection};
use crate::input::Reader;
use std::io;

/// A record format: defines the end of records, and folds them into a tree.
///
/// The type that implements it holds the options, which all workers share. It does not start
/// threads, open files or write output, and never sees a partial record (except at the end of the
/// input, which may be truncated).
pub(crate) trait Format: Sync {
    /// Data determined once from the start of the input, such as the perf event to count.
    type Prelude: Default + Sync;

    /// The state of a worker between blocks: caches, and notes for [`Format::conclude`].
    type Worker: Default + Send;

    /// Whether blocks can be folded in any order by several workers. Otherwise, a single worker
    /// gets them in order.
    const IS_PARALLEL: bool;

    /// Whether [`Block::first_line`] is needed. Counting all preceding lines is costly, and most
    /// formats need the number only for errors.
    const NUMBERS_LINES: bool = true;

    /// Advice on how to record the data that samples are selected by, for the error if it is
    /// missing.
    const ORIGIN_ADVICE: &'static str = "";

    /// Determines the prelude from a block. If the result is `None`, the block is folded with the
    /// default, and the next block is tried. By default, there is no prelude.
    fn prelude(&self, _block: &[u8]) -> Option<Self::Prelude> {
        Some(Self::Prelude::default())
    }

    /// The end of the last record in `block`; `None` if no record ends in it. By default, a record
    /// is a line.
    fn split_point(&self, block: &[u8]) -> Option<usize> {
        after_last_line(block)
    }

    /// Selects samples, unless all are folded.
    fn chooser(&self) -> Option<Chooser> {
        None
    }

    /// Appends a block of whole records to `text`, with blank lines in place of samples that are
    /// not selected, so that line numbers stay the same. Only called if there is a
    /// [`Format::chooser`].
    fn blank_out(&self, block: &[u8], _chooser: &mut Chooser, text: &mut Vec<u8>) {
        text.extend_from_slice(block);
    }

    /// Folds a block of whole records into `tree`.
    fn fold(
        &self,
        prelude: &Self::Prelude,
        block: Block<'_>,
        worker: &mut Self::Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError>;

    /// Called once after all blocks are folded.
    fn conclude(
        &self,
        prelude: &Self::Prelude,
        workers: Vec<Self::Worker>,
        forest: &mut Forest,
    ) -> std::io::Result<()>;

    /// The number of threads to fold on, if the format is parallel.
    fn nthreads(&self) -> usize {
        1
    }

    /// Whether to demangle names after folding.
    fn demangles(&self) -> bool;

    /// Whether the input that starts with `head` is in this format; `None` if more bytes are
    /// needed.
    fn sniff(&self, head: &[u8]) -> Option<bool>;
}

/// A format that reads its input itself, or through the engine, implemented by its `Options`.
pub(crate) trait Listed: Default + Flags {
    /// The name of the format on the command line.
    const NAME: &'static str;

    /// A description for lists and messages: "a GHC .prof file".
    const DESCRIPTION: &'static str;

    /// What the error for input without stacks says was expected.
    const EXPECTED: &'static str;

    /// Additional help text.
    const HELP: &'static str = "";

    /// What samples record about their origin.
    const ORIGIN: &'static [Criterion] = &[];

    /// How a stream is divided into samples, if it may be without an end.
    const SAMPLES: Option<Samples> = None;

    /// Whether the input that starts with `head` is in this format; `None` if more bytes are
    /// needed.
    fn sniff(head: &[u8]) -> Option<bool>;

    /// Copies the options that apply to this format.
    fn adopt(&mut self, options: &Shared);

    /// Selects samples by [`Listed::ORIGIN`].
    fn select(&mut self, _selection: &Selection) {}

    /// Folds the whole input.
    fn fold(self, reader: Reader<'_>) -> io::Result<Forest>;
}

/// How a stream of records is divided into samples.
#[derive(Clone, Copy)]
pub(crate) struct Samples {
    /// The end of the last whole record in a block; `None` if no record ends in it.
    pub split_point: fn(&[u8]) -> Option<usize>,
    /// Calls a function with each sample in a block of whole records; `None` if records do not have
    /// a time.
    pub for_each: Option<ForEachSample>,
}

pub(crate) type ForEachSample = fn(&[u8], &mut dyn FnMut(SampleStart<'_>));

/// The start of a sample.
pub(crate) struct SampleStart<'a> {
    /// Where it is in its block.
    pub offset: usize,
    /// In seconds, if it is printed.
    pub time: Option<Decimal>,
    pub event: Option<&'a [u8]>,
}

/// Implements `Collapse` for a `Folder` through the engine; its field `options` is the [`Format`].
///
/// In the published crate, these folders are distinct structs. So they are here, instead of aliases of
/// a generic one, as the folders of documents are.
macro_rules! impl_collapse {
    ($folder:ty) => {
        impl $crate::collapse::engine::folder::Collapse for $folder {
            fn collapse<R, W>(&mut self, mut reader: R, writer: W) -> std::io::Result<()>
            where
                R: std::io::BufRead,
                W: std::io::Write,
            {
                let forest = self.fold($crate::input::Reader::Stream(&mut reader))?;
                $crate::folded::write_forest(&forest, writer)
            }

            fn collapse_file<P, W>(&mut self, infile: Option<P>, writer: W) -> std::io::Result<()>
            where
                P: AsRef<std::path::Path>,
                W: std::io::Write,
            {
                let forest = $crate::collapse::engine::folder::fold_file(infile, |reader| {
                    self.fold(reader)
                })?;
                $crate::folded::write_forest(&forest, writer)
            }

            fn is_applicable(&mut self, input: &str) -> Option<bool> {
                $crate::collapse::engine::format::Format::sniff(&self.options, input.as_bytes())
            }

            fn collapse_to_tree<R>(
                &mut self,
                mut reader: R,
            ) -> std::io::Result<$crate::call_tree::CallTree>
            where
                R: std::io::BufRead,
            {
                let reader = $crate::input::Reader::Stream(&mut reader);
                self.fold(reader).map($crate::call_tree::Forest::merged)
            }

            fn collapse_to_forest<R>(
                &mut self,
                mut reader: R,
            ) -> std::io::Result<$crate::call_tree::Forest>
            where
                R: std::io::BufRead,
            {
                self.fold($crate::input::Reader::Stream(&mut reader))
            }

            fn collapse_file_to_forest(
                &mut self,
                file: &dyn $crate::input::ReadAt,
            ) -> std::io::Result<$crate::call_tree::Forest> {
                self.fold($crate::input::Reader::of(file))
            }

            fn collapse_slice_to_tree(
                &mut self,
                profile: &[u8],
            ) -> std::io::Result<$crate::call_tree::CallTree> {
                let engine = $crate::collapse::engine::Engine::of(&self.options);
                let folded = engine.fold_slice(&self.options, profile);
                folded.map($crate::call_tree::Forest::merged)
            }
        }

        impl $folder {
            /// Folds `reader` into one tree per thread.
            pub(crate) fn fold(
                &self,
                reader: $crate::input::Reader<'_>,
            ) -> std::io::Result<$crate::call_tree::Forest> {
                $crate::collapse::engine::Engine::of(&self.options).fold(&self.options, reader)
            }
        }
    };
}
pub(crate) use impl_collapse;

/// Whole records, and their position in the input.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    pub bytes: &'a [u8],
    /// The number of preceding blocks.
    pub index: u64,
    /// The number of the first line, starting with 1. It is always 1 if the format does not number
    /// lines.
    pub first_line: u64,
}

impl Block<'_> {
    /// The number of the line that contains `part`, which must be a slice of the block.
    #[cold]
    pub fn line_of(&self, part: &[u8]) -> u64 {
        self.first_line + count_lines(&self.bytes[..offset_in(self.bytes, part)])
    }

    /// The position of the line that contains `part`, from which the line number is computed later.
    #[cold]
    pub fn position_of(&self, part: &[u8]) -> LinePosition {
        LinePosition {
            block: self.index,
            line: self.line_of(part),
        }
    }

    /// Whether `line`, one of the lines of the block, is at the end of the block and has no line
    /// end. Then it is the last line of the input, and may be truncated.
    pub fn is_unterminated(&self, line: &[u8]) -> bool {
        offset_in(self.bytes, line) + line.len() == self.bytes.len()
    }
}

/// The offset of `part` in `text`, of which it must be a slice.
pub(crate) fn offset_in(text: &[u8], part: &[u8]) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    offset.min(text.len())
}

/// The number of line ends in `text`.
pub(crate) fn count_lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

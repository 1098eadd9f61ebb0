//! DTrace: the output of an aggregation by `stack()` or `ustack()`.
//!
//! ```text
//! input  = header, { record }
//! header = { line that is not blank }, blank line       (or up to the first stack)
//! record = [ keys ], { frame line | blank line }, count line      (the leaf first, the root last)
//! frame  = [ module "`" ] symbol [ "+" offset ]         (surrounded by whitespace)
//! count  = [ keys, whitespace ], [ "-" ], digits       (surrounded by whitespace)
//! ```
//!
//! ```text
//! CPU     ID                    FUNCTION:NAME
//!   0  64091                        :tick-60s
//!
//!               unix`idle+0x114
//!               unix`thread_start+0x8
//!              1641
//!
//!               libc.so.1`_write+0x7
//!               java/io/FileOutputStream.writeBytes([BIIZ)V
//!               0xfffffd7fff2a
//!                 3
//! ```
//!
//! For example, `dtrace -n 'profile-997 /execname == "prog"/ { @[ustack()] = count(); }'` prints
//! such text. A key with two stacks (`@[stack(), ustack()]`) is printed with a blank line between
//! them, and is folded as one stack. Other keys (`@[execname, pid, ustack()]`) become its root
//! frames, in the same order. Stacks with a negative count, which sums can produce, are skipped
//! with a warning.
//!
//! Functions are named ``module`symbol``, without offset; C++ functions without arguments. Frames
//! that contain `outer->inner` (inlined Java functions) become two.
//!
//! # Performance
//!
//! A block is read backwards, so that a stack starts with its count and its outermost frame, and
//! each line is a step down the call tree. The next line is usually the last one seen below the
//! same node (see `successors`), so it is compared with that instead of being looked up. Other
//! lines are looked up in a cache, without their offset; only new lines are parsed.

mod frame;
mod head;
mod record;
mod stack;

use super::bcc;
use super::engine::DEFAULT_NTHREADS;
use super::engine::format::Listed;
use super::engine::format::{Block, Format, count_lines, impl_collapse, offset_in};
use super::engine::notes::{LineCounts, LinePosition, Notes};
use super::engine::shared::Shared;
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::lines::whole_lines;
use crate::bytes::text::trim;
use crate::call_tree::{CallTree, Forest};
use crate::flags::flags;
use crate::input::Reader;
use crate::warnings::warning;
use head::{indentation, is_head_line, skip_header};
use record::{Role, STACK_INDENT, after_last_record, number_line};
use stack::{BlockFolder, StackCaches};
use std::io;

flags! {
    /// Options for DTrace output.
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub struct Options {
        /// Demangle names of Rust and C++ functions (`_RNv..`, `_ZN..`), without hashes and arguments;
        /// requires the crate's feature `demangle`. Default: `true`.
        #[arg(
            long = "no-demangle", action = clap::ArgAction::SetFalse,
            help = "Keep mangled names of Rust and C++ functions as they are"
        )]
        pub demangle: bool,

        /// Keep the offsets of callers, so that each call site becomes a separate frame:
        /// ``unix`main+0x8``. The leaf of a stack never has an offset. Default: `false`.
        #[arg(long, help = "Include function offsets (except of leaves)")]
        pub includeoffset: bool,

        /// The number of threads; 0 means 1, and the maximum is 1024. Default: one per logical CPU.
        #[arg(
            short, long, value_name = "UINT", help = "Number of threads to use",
            default_value_t = *DEFAULT_NTHREADS, value_parser = crate::flags::count,
            allow_negative_numbers = true
        )]
        pub nthreads: usize,
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            includeoffset: false,
            nthreads: *DEFAULT_NTHREADS,
        }
    }
}

/// Folds the output of DTrace. See the [module](self) for the format.
///
/// Input that ends in the middle of a stack is folded up to the last complete stack, with a
/// warning; if there is none, it is an error.
///
/// ```
/// use inferno::collapse::{Collapse, dtrace::Folder};
///
/// let output = "\
/// CPU     ID                    FUNCTION:NAME
///   0  64091                        :tick-60s
///
///               prog`leaf+0x114
///               prog`main+0x8
///              1641
/// ";
/// let mut folded = Vec::new();
/// Folder::default().collapse(output.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"prog`main;prog`leaf 1641\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

impl_collapse!(Folder);

/// The state of a worker between blocks.
#[derive(Default)]
pub(crate) struct Worker {
    header: Header,
    stacks: StackCaches,
    /// The first line of the incomplete stack at the end of the input.
    unfinished: Option<LinePosition>,
    /// Negative counts.
    negative: Notes<LinePosition>,
    /// The number of lines in the blocks it folded.
    counts: LineCounts,
}

/// The state of a worker with regard to the header.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Header {
    /// The worker did not receive the first block, which has the header.
    #[default]
    NotSeen,
    Open,
    Skipped,
}

impl Listed for Options {
    const NAME: &'static str = "dtrace";
    const DESCRIPTION: &'static str = "DTrace output of stack() and ustack()";
    const EXPECTED: &'static str = "stacks and counts printed by dtrace";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Options::default(), head)
    }

    fn adopt(&mut self, options: &Shared) {
        self.demangle = options.demangle;
        self.nthreads = options.nthreads;
    }

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        Folder::from(self).fold(reader)
    }
}

impl Format for Options {
    /// Determines only that the header has ended.
    type Prelude = ();
    type Worker = Worker;
    const IS_PARALLEL: bool = true;
    const NUMBERS_LINES: bool = false;

    fn nthreads(&self) -> usize {
        self.nthreads
    }

    fn demangles(&self) -> bool {
        self.demangle
    }

    fn prelude(&self, block: &[u8]) -> Option<()> {
        skip_header(block).map(|_| ())
    }

    fn split_point(&self, block: &[u8]) -> Option<usize> {
        after_last_record(block)
    }

    fn fold(
        &self,
        _: &(),
        block: Block<'_>,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        if block.index == 0 {
            worker.header = Header::Open;
        }
        let mut body = block.bytes;
        if worker.header == Header::Open {
            let Some(rest) = skip_header(body) else {
                worker.counts.add(block.index, count_lines(body));
                return Ok(());
            };
            (body, worker.header) = (rest, Header::Skipped);
        }
        let header = count_lines(&block.bytes[..offset_in(block.bytes, body)]);
        let mut folder = BlockFolder::new(self.includeoffset, &mut worker.stacks, tree);
        let lines = folder.fold_lines(body);
        let unfinished = folder.unfinished().map(|line| block.position_of(line));
        let negative = folder.negative();
        if negative.stacks > 0 {
            let position = block.position_of(negative.first);
            let notes = Notes::of(negative.stacks, negative.first, position);
            worker.negative.merge(notes);
        }
        worker.unfinished = worker.unfinished.or(unfinished);
        worker.counts.add(block.index, header + lines);
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, forest: &mut Forest) -> io::Result<()> {
        if workers
            .iter()
            .all(|worker| worker.header != Header::Skipped)
        {
            warning!("File ended while skipping headers, expected a blank line, then stacks");
        }
        let unfinished = workers.iter().find_map(|worker| worker.unfinished);
        let (mut counts, mut negative) = (LineCounts::default(), Notes::default());
        for worker in workers {
            counts.merge(worker.counts);
            negative.merge(worker.negative);
        }
        let negative = negative.numbered(|position| counts.number(position));
        let expected = "counts that are not negative";
        negative.log_as("skipped", ["stack", "stacks"], expected);
        let Some(position) = unfinished else {
            return Ok(());
        };
        let error = Mismatch::end(
            "Input data ends in the middle of a stack",
            "a line with its count",
        )
        .at_line(counts.number(position));
        if forest.is_empty() {
            return Err(error.into());
        }
        warning!("{error}; this stack is skipped");
        Ok(())
    }

    /// After the header, there must be a stack, with or without keys, and its count.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let body = skip_header(head)?;
        let mut stack = FirstStack::default();
        for line in whole_lines(body) {
            if bcc::thread(line).is_some() {
                return Some(false);
            }
            let end = offset_in(body, line) + line.len();
            let number = number_line(body, &body[..end]);
            if number.is_some_and(|number| number.role == Role::Count) {
                return Some(stack.is_whole());
            }
            if number.is_none() && !trim(line).is_empty() && !is_head_line(line) {
                stack.add(line);
                if !stack.is_likely() {
                    return Some(false);
                }
            }
        }
        None
    }
}

/// Evidence of whether the first lines are a stack printed by DTrace or a similar tool.
#[derive(Default)]
struct FirstStack {
    lines: u64,
    /// The number of lines that are keys, or frames without a module.
    unclear: u64,
    /// The indentation of the last line.
    indent: usize,
    /// Whether all lines have the same indentation.
    has_equal_indent: bool,
}

impl FirstStack {
    fn add(&mut self, line: &[u8]) {
        let indent = indentation(line);
        self.has_equal_indent = self.lines == 0 || (self.has_equal_indent && indent == self.indent);
        self.lines += 1;
        self.indent = indent;
        if !looks_like_frame(trim(line)) && indent != STACK_INDENT {
            // Folded text may be indented too.
            let count = if line.contains(&b';') { 2 } else { 1 };
            self.unclear += count;
        }
    }

    /// There may be a line of keys above the frames. Functions without a module are indented.
    fn is_likely(&self) -> bool {
        self.unclear <= 1
            || (self.has_equal_indent && self.indent > 0 && self.unclear == self.lines)
    }

    fn is_whole(&self) -> bool {
        self.is_likely()
            && (self.unclear < self.lines
                || (self.has_equal_indent && self.indent > 0 && self.lines > 0))
    }
}

/// Whether DTrace may have printed the line as a frame: it has a module, or is an address.
fn looks_like_frame(line: &[u8]) -> bool {
    let address = line.strip_prefix(b"0x");
    memchr::memchr(b'`', line).is_some()
        || address.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests;

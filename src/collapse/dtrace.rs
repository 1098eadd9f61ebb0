//! Stacks that DTrace has counted: what it prints of an aggregation by `stack()` or `ustack()`.
//!
//! ```text
//! input  = header, blank line, { record }
//! header = { line that is not blank }
//! record = { frame line | blank line }, count line      (the leaf first, the root last)
//! frame  = [ module "`" ] symbol [ "+" offset ]         (in white space)
//! count  = digits                                       (in white space)
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
//! `dtrace -n 'profile-997 /execname == "prog"/ { @[ustack()] = count(); }'` prints such text. A
//! key of two stacks (`@[stack(), ustack()]`) is printed with a blank line between them, and is
//! folded as one stack.
//!
//! Functions are named `module`, `` ` ``, symbol, without their offset; C++ functions without
//! their arguments. Frames that hold `outer->inner` (inlined Java functions) become two.
//!
//! # How it is fast
//!
//! A block is read backwards: then a stack starts with its count and its outermost frame, and each
//! line is a step in the call tree. The next line is mostly the one that came last below the same
//! node (`successors` of the module above), so that it is compared, and not looked for. Other lines
//! are looked up, without their offset, in a cache; only those never seen before are parsed.

mod frame;
mod stack;

use super::DEFAULT_NTHREADS;
use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, count_lines, impl_collapse, offset_in};
use super::notes::{LineCounts, LinePlace};
use crate::call_tree::{CallTree, Forest};
use crate::count::parse_digits;
use crate::folded::{lines_of, whole_lines};
use crate::text::trim;
use stack::{BlockFolder, Stacks};

/// What to make of the output of DTrace.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Write mangled names of Rust and C++ functions (`_RNv..`, `_ZN..`) as in their source,
    /// without hashes and arguments; the crate's feature `demangle` does it. Default: `true`.
    pub demangle: bool,

    /// Keep the offsets of the callers, so that each place a function calls from is a frame of
    /// its own: ``unix`main+0x8``. The leaf of a stack never has an offset. Default: `false`.
    pub includeoffset: bool,

    /// The number of threads to use; 0 is taken as 1, and more than 1024 as that. Default: one for
    /// each logical CPU.
    pub nthreads: usize,
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

/// Folds the output of DTrace. See the [module](self) for what is read.
///
/// Input that ends in the middle of a stack is folded up to there, with a warning; if nothing was
/// whole, it is an error.
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

/// What a worker keeps from block to block.
#[derive(Default)]
pub(crate) struct Worker {
    header: Header,
    stacks: Stacks,
    /// The line at which the stack starts that the input ends in.
    unfinished: Option<LinePlace>,
    /// How many lines the blocks have that it folded.
    counts: LineCounts,
}

/// What a worker has seen of the header.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Header {
    /// It has only seen later blocks, if any.
    #[default]
    Elsewhere,
    Open,
    Skipped,
}

impl Format for Options {
    /// Only that the header ends.
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
        after_last_count(block)
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
        let unfinished = folder.unfinished().map(|line| block.place_of(line));
        worker.unfinished = worker.unfinished.or(unfinished);
        worker.counts.add(block.index, header + lines);
        Ok(())
    }

    fn conclude(
        &self,
        _: &(),
        workers: Vec<Worker>,
        forest: &mut Forest,
    ) -> Result<(), ParseError> {
        if workers
            .iter()
            .all(|worker| worker.header != Header::Skipped)
        {
            log::warn!("File ended while skipping headers, expected a blank line, then stacks");
        }
        let Some(place) = workers.iter().find_map(|worker| worker.unfinished) else {
            return Ok(());
        };
        let mut counts = LineCounts::default();
        for worker in workers {
            counts.merge(worker.counts);
        }
        let error = ParseError::new(ErrorKind::EndsInStack, counts.number(place));
        if forest.is_empty() {
            return Err(error);
        }
        log::warn!("{error}; this stack is left out");
        Ok(())
    }

    /// After the first blank line there must be a frame, and a count after frames.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let body = skip_header(head)?;
        let mut has_frames = false;
        for line in whole_lines(body).map(trim) {
            if line.is_empty() {
                continue;
            }
            if parse_count(line).is_some() {
                return Some(has_frames);
            }
            if !looks_like_frame(line) {
                return Some(false);
            }
            has_frames = true;
        }
        None
    }
}

/// What follows the first blank line.
fn skip_header(text: &[u8]) -> Option<&[u8]> {
    let blank = lines_of(text).find(|line| trim(line).is_empty())?;
    let (_, rest) = text.split_at(offset_in(text, blank) + blank.len());
    Some(rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// Where the last count line of `block` ends.
fn after_last_count(block: &[u8]) -> Option<usize> {
    let mut end = memchr::memrchr(b'\n', block)?;
    loop {
        let start = memchr::memrchr(b'\n', &block[..end]);
        let line = &block[start.map_or(0, |at| at + 1)..end];
        if parse_count(trim(line)).is_some() {
            return Some(end + 1);
        }
        end = start?;
    }
}

/// The count that a line without white space around it is. What does not fit a `u64` is none.
fn parse_count(line: &[u8]) -> Option<u64> {
    match line.first() {
        Some(b'0'..=b'9') => parse_digits(line),
        Some(b'+') => parse_digits(&line[1..]),
        _ => None,
    }
}

/// Whether DTrace can have printed the line as a frame: it has a module, or is an address.
fn looks_like_frame(line: &[u8]) -> bool {
    let address = line.strip_prefix(b"0x");
    memchr::memchr(b'`', line).is_some()
        || address.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests;

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
//! Each line is compared with the one at the same depth, counted from the root, of the stack
//! before: mostly it is the same function. Other lines are looked up, without their offset, in a
//! cache; only those never seen before are parsed. A line is a step in the call tree that is
//! mostly remembered too.

use super::DEFAULT_NTHREADS;
use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, count_lines, impl_collapse, offset_in};
use super::lines::{LineCache, LineId};
use super::notes::{LineCounts, LinePlace};
use super::symbol::{fix_partially_demangled_rust, split_inlined, without_separators};
use crate::call_tree::{CallTree, Forest, NodeId};
use crate::count::parse_digits;
use crate::folded::{lines_of, whole_lines};
use crate::text::{lossy, trim};
use std::borrow::Cow;

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

    /// The number of threads to use; 0 is taken as 1. Default: one for each logical CPU.
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
    lines: LineCache<()>,
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
        let mut folder = BlockFolder {
            includes_offsets: self.includeoffset,
            lines: &mut worker.lines,
            tree,
            pending: Vec::new(),
            levels: Vec::new(),
        };
        let lines = folder.fold_lines(body);
        let unfinished = folder.pending.first();
        worker.unfinished = unfinished.map(|line| block.place_of(line));
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

/// Folds the lines of one block.
struct BlockFolder<'a> {
    includes_offsets: bool,
    lines: &'a mut LineCache<()>,
    tree: &'a mut CallTree,
    /// The lines of the stack that is being read, the leaf's first.
    pending: Vec<&'a [u8]>,
    /// The stack read before, the root first.
    levels: Vec<Level<'a>>,
}

/// A line of a stack.
struct Level<'a> {
    key: Key<'a>,
    node: NodeId,
}

/// What the name of a line hangs on.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Key<'a> {
    text: &'a [u8],
    /// Whether it is a leaf among lines with offsets.
    loses_offset: bool,
}

impl<'a> BlockFolder<'a> {
    /// Folds all lines, and tells how many they are.
    fn fold_lines(&mut self, body: &'a [u8]) -> u64 {
        let mut lines = 0;
        for line in lines_of(body).map(trim) {
            lines += 1;
            if line.is_empty() {
                continue;
            }
            match parse_count(line) {
                Some(count) => self.fold_stack(count),
                None => self.pending.push(line),
            }
        }
        lines
    }

    fn fold_stack(&mut self, count: u64) {
        self.walk();
        let node = self
            .levels
            .last()
            .map_or(CallTree::ROOT, |level| level.node);
        self.tree.add(node, count);
        self.pending.clear();
    }

    /// Makes `levels` those of the pending lines.
    fn walk(&mut self) {
        let shared = self.shared_levels();
        self.levels.truncate(shared);
        for index in (0..self.pending.len() - shared).rev() {
            let key = self.key(self.pending[index], index == 0);
            let caller = self.levels.last();
            let parent = caller.map_or(CallTree::ROOT, |level| level.node);
            let line = self.look_up(key);
            let node = self.lines.walk(line, parent, self.tree);
            self.levels.push(Level { key, node });
        }
    }

    /// How many levels, from the root, are the same as in the stack before.
    fn shared_levels(&self) -> usize {
        let leaf = self.pending.len().saturating_sub(1);
        let lines = self.pending.iter().rev().enumerate();
        self.levels
            .iter()
            .zip(lines)
            .take_while(|(level, (depth, line))| match self.includes_offsets {
                true => level.key == self.key(line, *depth == leaf),
                false => is_without_offset(level.key.text, line),
            })
            .count()
    }

    fn key<'l>(&self, line: &'l [u8], is_leaf: bool) -> Key<'l> {
        match self.includes_offsets {
            true => Key {
                text: line,
                loses_offset: is_leaf,
            },
            false => Key {
                text: without_offset(line),
                loses_offset: false,
            },
        }
    }

    fn look_up(&mut self, key: Key<'_>) -> LineId {
        let includes_offsets = self.includes_offsets;
        let context = u64::from(key.loses_offset);
        self.lines.look_up(context, key.text, |frames| {
            let line = lossy(key.text);
            name_frames(&line, includes_offsets, key.loses_offset, |name| {
                frames.push(self.tree.intern(name.as_bytes()));
            });
        })
    }
}

fn without_offset(line: &[u8]) -> &[u8] {
    memchr::memrchr(b'+', line).map_or(line, |at| &line[..at])
}

/// Whether `name` is `line` without its offset.
fn is_without_offset(name: &[u8], line: &[u8]) -> bool {
    match line.strip_prefix(name) {
        Some([b'+', offset @ ..]) => !offset.contains(&b'+'),
        Some([]) => !name.contains(&b'+'),
        _ => false,
    }
}

/// Calls `add` with the name of each frame a line stands for, the outermost first.
#[cold]
fn name_frames(line: &str, has_offset: bool, loses_offset: bool, mut add: impl FnMut(&str)) {
    let function = match without_arguments(line) {
        "" => "-",
        function => function,
    };
    let function = repair(function, has_offset);
    let parts = split_inlined(&function);
    let is_java = parts.len() > 1 || (has_offset && function.contains('/'));
    for (index, part) in parts.iter().enumerate() {
        let part = match is_java {
            true => part.trim_start_matches('L'),
            false => part,
        };
        let mut name = without_separators(part);
        if index > 0 {
            name.to_mut().push_str("_[i]");
        }
        let offset = match loses_offset && index + 1 == parts.len() {
            true => memchr::memrchr(b'+', name.as_bytes()),
            false => None,
        };
        add(&name[..offset.unwrap_or(name.len())]);
    }
}

/// A C++ or Rust function without its arguments: what follows the last opening parenthesis or
/// angle bracket behind the first `::`.
fn without_arguments(function: &str) -> &str {
    let scope = memchr::memmem::find(function.as_bytes(), b"::");
    let end = scope.and_then(|scope| {
        let bracket = memchr::memrchr2(b'(', b'<', &function.as_bytes()[scope + 2..])?;
        Some(scope + 2 + bracket)
    });
    end.map_or(function, |end| &function[..end])
}

/// The function with its Rust name repaired, which stands behind the module and before the offset.
fn repair(function: &str, has_offset: bool) -> Cow<'_, str> {
    let module_end = memchr::memchr(b'`', function.as_bytes());
    let Some(module_end) = module_end.map(|at| at + 1) else {
        return Cow::Borrowed(function);
    };
    let name_end = match has_offset {
        true => function[module_end..].rfind('+').map(|at| module_end + at),
        false => None,
    };
    let (head, offset) = function.split_at(name_end.unwrap_or(function.len()));
    let (module, name) = head.split_at(module_end);
    match fix_partially_demangled_rust(name.trim_end()) {
        Cow::Borrowed(fixed) if fixed.len() == name.trim_end().len() => Cow::Borrowed(function),
        fixed => Cow::Owned([module, &fixed, offset].concat()),
    }
}

#[cfg(test)]
mod tests;

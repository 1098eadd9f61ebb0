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
//! node (`successors`), so that it is compared, and not looked for. Other lines are looked up,
//! without their offset, in a cache; only those never seen before are parsed.

use super::DEFAULT_NTHREADS;
use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, count_lines, impl_collapse, offset_in};
use super::lines::{LineCache, LineId};
use super::notes::{LineCounts, LinePlace};
use super::successors::{Successor, Successors};
use super::symbol::{fix_partially_demangled_rust, split_inlined, without_separators};
use crate::call_tree::{CallTree, Forest, NodeId};
use crate::count::parse_digits;
use crate::folded::{lines_of, whole_lines};
use crate::text::{hex_digits_at_end, lossy, trim};
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
    lines: LineCache<Facts>,
    successors: Successors,
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
            successors: &mut worker.successors,
            tree,
            stack: None,
            unfinished: None,
        };
        let lines = folder.fold_lines(body);
        worker.unfinished = folder.unfinished.map(|line| block.place_of(line));
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

/// Folds the lines of one block, from the last to the first.
struct BlockFolder<'a> {
    includes_offsets: bool,
    lines: &'a mut LineCache<Facts>,
    successors: &'a mut Successors,
    tree: &'a mut CallTree,
    /// The stack whose count was read. Lines before any count belong to a stack that the input
    /// ends in.
    stack: Option<Stack<'a>>,
    /// The line at which that stack starts.
    unfinished: Option<&'a [u8]>,
}

/// A stack, of which the outer frames were read.
struct Stack<'a> {
    count: u64,
    node: NodeId,
    /// With offsets, the line read last: it loses its own if no other follows, being the leaf then.
    held: Option<&'a [u8]>,
}

impl Stack<'_> {
    fn of(count: u64) -> Self {
        Stack {
            count,
            node: CallTree::ROOT,
            held: None,
        }
    }
}

impl<'a> BlockFolder<'a> {
    /// Folds all lines, and tells how many they are.
    fn fold_lines(&mut self, body: &'a [u8]) -> u64 {
        let mut lines = 0;
        let mut rest = (!body.is_empty()).then(|| body.strip_suffix(b"\n").unwrap_or(body));
        while let Some(text) = rest {
            lines += 1;
            rest = match self.fold_foretold(text) {
                Some(before) => Some(before),
                None => self.fold_last_line(text),
            };
        }
        self.finish_stack();
        lines
    }

    /// Folds the last line of `text` if it is the one that came last below the same frame, and
    /// gives the lines before it.
    #[inline]
    fn fold_foretold(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let stack = self.stack.as_mut().filter(|_| !self.includes_offsets)?;
        let Successor { line, node } = self.successors.latest(stack.node)?;
        let (_, name) = self.lines.key(line);
        let before = strip_frame(text, name, *self.lines.facts(line))?;
        stack.node = node;
        Some(before)
    }

    /// Folds the last line of `text`, which ends without a line end, and gives the lines before it.
    fn fold_last_line(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (before, line) = match memchr::memrchr(b'\n', text) {
            Some(at) => (Some(&text[..at]), &text[at + 1..]),
            None => (None, text),
        };
        let line = trim(line);
        if let Some(count) = parse_count(line) {
            self.finish_stack();
            self.stack = Some(Stack::of(count));
        } else if !line.is_empty() {
            self.fold_frame(line);
        }
        before
    }

    fn fold_frame(&mut self, line: &'a [u8]) {
        let Some(stack) = &mut self.stack else {
            self.unfinished = Some(line);
            return;
        };
        if !self.includes_offsets {
            self.step(without_offset(line), false);
        } else if let Some(caller) = stack.held.replace(line) {
            self.step(caller, false);
        }
    }

    fn finish_stack(&mut self) {
        if let Some(leaf) = self.stack.as_mut().and_then(|stack| stack.held.take()) {
            self.step(leaf, true);
        }
        if let Some(stack) = self.stack.take() {
            self.tree.add(stack.node, stack.count);
        }
    }

    /// Steps down the tree by the frames of a line.
    fn step(&mut self, text: &[u8], loses_offset: bool) {
        let line = self.look_up(text, loses_offset);
        let Some(stack) = &mut self.stack else { return };
        let node = self.lines.walk(line, stack.node, self.tree);
        if !self.includes_offsets {
            self.successors.note(stack.node, Successor { line, node });
        }
        stack.node = node;
    }

    fn look_up(&mut self, text: &[u8], loses_offset: bool) -> LineId {
        let context = u64::from(loses_offset);
        let (tree, has_offset) = (&mut *self.tree, self.includes_offsets);
        self.lines.look_up(context, text, |frames| {
            name_frames(&lossy(text), has_offset, loses_offset, |name| {
                frames.push(tree.intern(name.as_bytes()));
            });
            Facts::of(text)
        })
    }
}

/// What is known of a line beyond its frames.
#[derive(Clone, Copy)]
struct Facts {
    /// Whether a line that says this and no more would be this one.
    is_line: bool,
}

impl Facts {
    fn of(text: &[u8]) -> Facts {
        Facts {
            is_line: trim(text) == text
                && without_offset(text) == text
                && parse_count(text).is_none()
                && !text.is_empty(),
        }
    }
}

fn without_offset(line: &[u8]) -> &[u8] {
    memchr::memrchr(b'+', line).map_or(line, |at| &line[..at])
}

/// `text` without its last line, if that is `name` as DTrace prints frames: indented, and with an
/// offset or without.
#[inline]
fn strip_frame<'t>(text: &'t [u8], name: &[u8], facts: Facts) -> Option<&'t [u8]> {
    const INDENTATION: &[u8] = b"\n              ";
    let (before, _digits) = text.split_at(text.len() - hex_digits_at_end(text));
    let frame = match before.strip_suffix(b"+0x") {
        Some(frame) => frame,
        None if facts.is_line => text,
        None => return None,
    };
    frame.strip_suffix(name)?.strip_suffix(INDENTATION)
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

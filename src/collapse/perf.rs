//! The output of `perf script`.
//!
//! ```text
//! input  = { comment | sample | blank line }
//! sample = event line, { frame line }, blank line     (the leaf first, the root last)
//! ```
//!
//! ```text
//! # captured on: Tue May  7 10:12:52 2024
//! swapper     0 [000] 26012.170881:    1001001 cpu-clock:pppH:
//!     ffffffff8103ce3b native_safe_halt+0xb ([kernel.kallsyms])
//!     ffffffff8101b4ba default_idle+0x2a ([kernel.kallsyms])
//!         55d0c0de1139 _start+0x25 (/usr/bin/prog)
//!
//! false 64414 20110.539270:      34467 cycles:u:  ffffffff9aa3c8de [unknown] ([unknown])
//! ```
//!
//! The stack of a sample is its command's name and its functions, without offsets and arguments;
//! its count is the period perf printed, or 1. A comment is a line that is `#`, or starts with it
//! and white space or `=` (a thread may be called `#1`). An event line ends the sample before it,
//! be there a blank line or not.
//!
//! Only one event is folded: [`Options::event_filter`], or the first in the input. Counts of
//! different events are no sum of anything. A warning tells what was left out.
//!
//! # How it is fast
//!
//! Profiles print the same frame lines, and often the same stacks, all the time. So a line is
//! parsed once only, and what is looked up for a sample is as little and as seldom as can be:
//!
//! 1. A sample that reads as one before, but for addresses, has its node already: all of it is
//!    compared at once (`known`). Where few stacks come again, this is left off, and blocks are read
//!    backwards: then no sample is looked for, as one starts at the line that is no frame.
//! 2. Else the sample is gone through from its last line, which is the root. The lines it shares
//!    with the sample before are nodes of the tree already (`stack`).
//! 3. The next line is mostly the one that came last below the same node (`successors` of the module
//!    above). Whether it is can be told by comparing them: nothing is looked up, no line end is
//!    looked for.
//! 4. Of other lines the address and the offset are dropped, unless the frame is named after its
//!    address: what is left tells the function, and is looked up among those seen (`key`, and
//!    `lines` of the module above). They are few, so that they stay in a core's caches.
//! 5. A frame more is one step in the call tree: a number (parent, frame) looked up in a table.
//!
//! Samples that don't look as perf usually prints them take the slow way, line by line. Both ways
//! end in `stack::Stacks`, and tests hold them against each other.

mod event;
mod frame;
mod key;
mod known;
mod modules;
mod report;
mod samples;
mod stack;

use super::DEFAULT_NTHREADS;
use super::error::ParseError;
use super::format::{Block, Format, count_lines, impl_collapse};
use crate::call_tree::{CallTree, Forest};
use crate::folded::whole_lines;
use crate::text::{trim, trim_end};
#[cfg(feature = "perf-data")]
pub(super) use event::EventName;
use event::{EventLine, EventReader};
pub(super) use frame::FrameLine;
#[cfg(feature = "perf-data")]
pub(super) use frame::{function_name, name_frames};
pub(super) use report::Report;
use samples::{Samples, after_last_blank_line, are_plain, start_of_sample};
use stack::{Stack, Stacks};

/// What to make of the output of `perf script`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Put `_[j]` behind functions that were compiled at run time (in `/tmp/perf-PID.map`, or
    /// `jitted-PID-N.so`). Default: `false`.
    pub annotate_jit: bool,

    /// Put `_[k]` behind functions of the kernel. Default: `false`.
    pub annotate_kernel: bool,

    /// Write mangled names of Rust and C++ functions (`_RNv..`, `_ZN..`) as in their source,
    /// without hashes and arguments; the crate's feature `demangle` does it. Default: `true`.
    pub demangle: bool,

    /// Fold the samples of this event only, given with or without its modifiers (`cycles`,
    /// `cycles:u`). Default: `None`, the event of the first sample.
    pub event_filter: Option<String>,

    /// Name functions without a symbol by their address too: `[libc.so.6 <7f722d142778>]`.
    /// Default: `false`.
    pub include_addrs: bool,

    /// Put the process id behind the command's name: `java-24636`. Default: `false`.
    pub include_pid: bool,

    /// Put the process and thread ids behind the command's name: `java-24636/25607`. Default:
    /// `false`.
    pub include_tid: bool,

    /// The number of threads to use; 0 is taken as 1. Default: one for each logical CPU.
    pub nthreads: usize,

    /// Leave out what called the innermost function of one of these names, the command's name
    /// too. A name is to be given as perf prints it, without the offset. Default: none.
    pub skip_after: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            annotate_jit: false,
            annotate_kernel: false,
            demangle: true,
            event_filter: None,
            include_addrs: false,
            include_pid: false,
            include_tid: false,
            nthreads: *DEFAULT_NTHREADS,
            skip_after: Vec::new(),
        }
    }
}

/// Folds the output of `perf script`. See the [module](self) for what is read.
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
    events: EventReader,
    stacks: Stacks,
    report: Report,
}

impl Format for Options {
    /// The event to fold.
    type Prelude = Option<Vec<u8>>;
    type Worker = Worker;
    const IS_PARALLEL: bool = true;
    const NUMBERS_LINES: bool = false;

    fn nthreads(&self) -> usize {
        self.nthreads
    }

    fn demangles(&self) -> bool {
        self.demangle
    }

    fn prelude(&self, block: &[u8]) -> Option<Self::Prelude> {
        match &self.event_filter {
            Some(name) => Some(Some(name.as_bytes().to_vec())),
            None => first_event(block).map(|name| Some(name.to_vec())),
        }
    }

    fn split_point(&self, block: &[u8]) -> Option<usize> {
        last_boundary(block)
    }

    fn fold(
        &self,
        prelude: &Self::Prelude,
        block: Block<'_>,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        worker.stacks.start_block();
        let mut folder = BlockFolder {
            options: self,
            filter: prelude.as_deref(),
            block,
            worker,
            tree,
        };
        let lines = folder.fold_all();
        worker.report.lines.add(block.index, lines);
        Ok(())
    }

    fn conclude(
        &self,
        prelude: &Self::Prelude,
        workers: Vec<Worker>,
        forest: &mut Forest,
    ) -> Result<(), ParseError> {
        let reports = workers.into_iter().map(|worker| worker.report);
        Report::merge(reports).log(
            prelude.as_deref(),
            self.event_filter.is_some(),
            forest.is_empty(),
        );
        Ok(())
    }

    /// The first line that is no comment must be an event line, and the line after it a frame or
    /// another event.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let mut is_after_event = false;
        for line in whole_lines(head).map(trim_end) {
            if trim(line).is_empty() {
                is_after_event = false;
            } else if line.starts_with(b"#") {
                continue;
            } else if is_after_event {
                return Some(FrameLine::parse(line).is_some() || is_event_line(line));
            } else {
                let Class::Event(event) = classify(line, false) else {
                    return Some(false);
                };
                if FrameLine::parse(event.payload).is_some() {
                    return Some(true);
                }
                is_after_event = true;
            }
        }
        None
    }
}

/// A line in a sample or between samples.
enum Class<'a> {
    Blank,
    Comment,
    Event(EventLine<'a>),
    Frame(FrameLine<'a>),
    Unknown,
}

/// Tells what a line is that has no white space at its end. perf starts frame lines with a tab,
/// and event lines never.
fn classify(line: &[u8], is_in_sample: bool) -> Class<'_> {
    if line.is_empty() {
        return Class::Blank;
    }
    if is_comment(line) {
        return Class::Comment;
    }
    let event = match line[0] {
        b'\t' => None,
        _ => EventLine::parse(line),
    };
    if !is_in_sample {
        return event.map_or(Class::Unknown, Class::Event);
    }
    let frame = FrameLine::parse(line);
    match (event, frame) {
        (Some(event), _) if event.has_time && event.event.is_some() => Class::Event(event),
        (_, Some(frame)) if frame.has_hex_address() => Class::Frame(frame),
        (Some(event), _) if event.event.is_some() => Class::Event(event),
        (_, Some(frame)) => Class::Frame(frame),
        _ => Class::Unknown,
    }
}

fn is_comment(line: &[u8]) -> bool {
    let after = line.get(1);
    line[0] == b'#' && after.is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'=')
}

fn is_event_line(line: &[u8]) -> bool {
    matches!(classify(line, true), Class::Event(_))
}

/// The name of the first event in `block`.
fn first_event(block: &[u8]) -> Option<&[u8]> {
    let mut is_in_sample = false;
    for line in crate::folded::lines_of(block).map(trim_end) {
        match classify(line, is_in_sample) {
            Class::Blank => is_in_sample = false,
            Class::Event(line) => match line.event.filter(|event| !event.is_record()) {
                Some(event) => return Some(event.name),
                None => is_in_sample = true,
            },
            _ => {}
        }
    }
    None
}

/// Where the last blank line of `block` ends, or failing that where its last event line starts:
/// a sample never goes on beyond either.
fn last_boundary(block: &[u8]) -> Option<usize> {
    if let Some(end) = after_last_blank_line(block) {
        return Some(end);
    }
    let mut end = memchr::memrchr(b'\n', block)?;
    loop {
        let start = memchr::memrchr(b'\n', &block[..end]).map_or(0, |at| at + 1);
        let line = trim_end(&block[start..end]);
        if line.is_empty() {
            return Some(end + 1);
        }
        if start == 0 {
            return None;
        }
        if is_event_line(line) {
            return Some(start);
        }
        end = start - 1;
    }
}

/// Folds the samples of one block.
struct BlockFolder<'a> {
    options: &'a Options,
    filter: Option<&'a [u8]>,
    block: Block<'a>,
    worker: &'a mut Worker,
    tree: &'a mut CallTree,
}

impl<'a> BlockFolder<'a> {
    /// Folds all samples, and tells how many lines there were.
    fn fold_all(&mut self) -> u64 {
        // To leave a sample out it takes its event, with which it starts.
        let leaves_out = self.worker.report.leaves_out();
        match leaves_out || self.worker.stacks.looks_for_whole(self.options) {
            true => self.fold_forwards(),
            false => self.fold_backwards(),
        }
    }

    /// Folds samples that are cut out of the block before they are read.
    fn fold_forwards(&mut self) -> u64 {
        let bytes = self.block.bytes;
        let mut samples = Samples::new(bytes);
        let mut line_ends = 0;
        for sample in samples.by_ref() {
            line_ends += self.fold_plain(&sample).unwrap_or_else(|| {
                self.fold_lines(&bytes[sample.first_line.start..sample.others.end]);
                count_lines(&bytes[sample.others])
            });
        }
        line_ends + samples.line_ends_between() as u64
    }

    /// Folds samples from the last to the first, which need not be looked for: one starts at the
    /// line that is no frame.
    fn fold_backwards(&mut self) -> u64 {
        let bytes = self.block.bytes;
        let mut line_ends = 0;
        let mut not_plain = Vec::new();
        let mut rest = bytes;
        while let Some(last) = rest.iter().rposition(|byte| *byte != b'\n') {
            let end = last + 1;
            line_ends += rest.len() - end;
            let start = match self.fold_last(end) {
                Some((start, frames)) => {
                    line_ends += frames;
                    start
                }
                None => {
                    let start = after_last_blank_line(&bytes[..end]).unwrap_or(0);
                    not_plain.push(start..end);
                    start
                }
            };
            rest = &bytes[..start];
        }
        let mut line_ends = (line_ends + rest.len()) as u64;
        // From the first to the last: of odd lines the first is told.
        for piece in not_plain.into_iter().rev() {
            line_ends += count_lines(&bytes[piece.clone()]);
            self.fold_lines(&bytes[piece]);
        }
        line_ends
    }

    /// Folds a sample as perf usually prints it: an event line, then lines that start with a tab.
    /// Tells how many these are. If it is something else, nothing is folded, and `None` is the
    /// answer.
    fn fold_plain(&mut self, sample: &samples::Sample) -> Option<u64> {
        let bytes = self.block.bytes;
        let event = self.read_plain_event(&bytes[sample.first_line.clone()])?;
        let others = sample.others.clone();
        if !self.is_wanted(&event) {
            let others = &bytes[others];
            return are_plain(others, self.options).then(|| {
                self.leave_out(&event);
                count_lines(others)
            });
        }
        let stacks = &mut self.worker.stacks;
        let stack = stacks.read_plain(bytes, others, &event, self.options, self.tree)?;
        self.count(&event, stack);
        Some(stack.lines as u64)
    }

    /// The same for the sample that ends at `end`. Tells where it starts, too.
    fn fold_last(&mut self, end: usize) -> Option<(usize, usize)> {
        let bytes = self.block.bytes;
        let stacks = &mut self.worker.stacks;
        let frames = stacks.read_ahead(bytes, end, self.options, self.tree);
        let start = start_of_sample(&bytes[..frames.place.start])?;
        let event = self.read_plain_event(&bytes[start..frames.place.start])?;
        if !self.is_wanted(&event) {
            self.leave_out(&event);
            return Some((start, frames.lines));
        }
        let stacks = &mut self.worker.stacks;
        let stack = stacks.finish_ahead(bytes, frames.place, &event, self.options, self.tree)?;
        self.count(&event, stack);
        Some((start, stack.lines))
    }

    /// Reads an event line as perf usually prints it above frames.
    fn read_plain_event(&mut self, line: &'a [u8]) -> Option<EventLine<'a>> {
        let line = trim_end(line);
        if line.is_empty() || line[0] == b'\t' || is_comment(line) {
            return None;
        }
        let event = self.worker.events.read(line)?;
        let is_frame = !event.payload.is_empty() && FrameLine::parse(event.payload).is_some();
        (!is_frame).then_some(event)
    }

    /// Folds lines one by one.
    fn fold_lines(&mut self, piece: &'a [u8]) {
        let mut sample: Option<Sample<'a>> = None;
        let mut lines = crate::folded::lines_of(piece).map(trim_end).peekable();
        while let Some(line) = lines.next() {
            match classify(line, sample.is_some()) {
                Class::Blank => self.end(sample.take()),
                Class::Comment => {}
                Class::Event(event) => {
                    self.end(sample.take());
                    let is_followed = lines.peek().is_some_and(|next| is_frame_after_event(next));
                    sample = self.begin(event, is_followed);
                }
                Class::Frame(_) => {
                    if let Some(sample) = &mut sample {
                        sample.frames.push(line);
                    }
                }
                Class::Unknown => self.note_unknown(line, sample.as_ref()),
            }
        }
        self.end(sample);
    }

    /// Begins a sample; if the event line is all of it, ends it too.
    fn begin(&mut self, event: EventLine<'a>, is_followed: bool) -> Option<Sample<'a>> {
        let is_wanted = self.is_wanted(&event);
        let mut sample = Sample {
            event,
            is_wanted,
            frames: Vec::new(),
        };
        if FrameLine::parse(event.payload).is_some() && !is_followed {
            sample.frames.push(event.payload);
            self.end(Some(sample));
            return None;
        }
        Some(sample)
    }

    fn end(&mut self, sample: Option<Sample<'a>>) {
        let Some(sample) = sample else {
            return;
        };
        if !sample.is_wanted {
            return self.leave_out(&sample.event);
        }
        let lines = sample.frames.iter().rev().copied();
        let stacks = &mut self.worker.stacks;
        let stack = stacks.read_lines(lines, &sample.event, self.options, self.tree);
        self.count(&sample.event, stack);
    }

    fn is_wanted(&self, line: &EventLine<'_>) -> bool {
        match (self.filter, &line.event) {
            (_, Some(event)) if event.is_record() => false,
            (Some(filter), Some(event)) => event.is(filter),
            _ => true,
        }
    }

    fn count(&mut self, event: &EventLine<'_>, stack: Stack) {
        match stack.node {
            Some(node) => self.tree.add(node, event.period.unwrap_or(1)),
            None => self.worker.report.without_stack += 1,
        }
    }

    #[cold]
    fn leave_out(&mut self, line: &EventLine<'_>) {
        if let Some(event) = line.event.filter(|event| !event.is_record()) {
            self.worker.report.leave_out(event.name);
        }
    }

    #[cold]
    fn note_unknown(&mut self, line: &[u8], sample: Option<&Sample<'_>>) {
        let notes = match sample {
            Some(sample) if !sample.is_wanted => return,
            Some(_) if is_source_line(line) => return,
            Some(_) => &mut self.worker.report.no_frames,
            None => &mut self.worker.report.no_events,
        };
        notes.add(line, || self.block.place_of(line));
    }
}

/// A sample that is read line by line.
struct Sample<'a> {
    event: EventLine<'a>,
    is_wanted: bool,
    frames: Vec<&'a [u8]>,
}

/// Whether the line after an event line is the first frame of its sample, so that what stands
/// behind the event is not.
fn is_frame_after_event(line: &[u8]) -> bool {
    let is_indented = line.first().is_some_and(u8::is_ascii_whitespace);
    is_indented && matches!(classify(line, true), Class::Frame(frame) if frame.has_hex_address())
}

/// Whether `line` is what `perf script -F +srcline` puts below a frame: `  main.c:12`, or where it
/// has no line number `  libc.so.6[2724a]` and `  [kernel.kallsyms]+0x12`.
fn is_source_line(line: &[u8]) -> bool {
    let text = match line.strip_prefix(b"  ") {
        Some(text) if !text.starts_with(b" ") => text,
        _ => return false,
    };
    let has_number = memchr::memrchr(b':', text)
        .is_some_and(|at| at > 0 && text[at + 1..].iter().all(u8::is_ascii_digit));
    has_number || text.ends_with(b"]") || memchr::memmem::find(text, b"+0x").is_some()
}

#[cfg(test)]
mod tests;

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
//! The stack of a sample consists of the command name and functions, without offsets and arguments;
//! its count is the printed period, or 1. A comment is a line that starts with `#` followed by
//! nothing, whitespace or `=` (because a thread may be called `#1`). An event line ends the
//! previous sample, with or without a blank line.
//!
//! The fields are those selected with `perf script -F`. Without an event, samples count 1 or their
//! period, and without a command name, their stack starts with the outermost function. A line
//! without a time, and without both a thread and an event, looks like other text. It only starts a
//! sample if the first sample of the input has such a line, too (`start`, `class`).
//!
//! Only one event is folded: [`Options::event_filter`], or the first in the input, because counts
//! of different events cannot be added. A warning lists the skipped samples.
//!
//! # Performance
//!
//! Profiles repeat the same frame lines, and often the same stacks, so each line is parsed only
//! once, and lookups are minimized:
//!
//! 1. A sample that equals an earlier one, except for addresses, already has a node: the whole sample is
//!    compared at once (`known`). If few stacks repeat, this is disabled, and blocks are read
//!    backwards. Then there is no need to search for the start of samples: a sample starts at the line
//!    that is not a frame.
//! 2. Otherwise, the sample is read from its last line, which is the root. The lines it shares with the
//!    previous sample already have nodes (`stack`).
//! 3. The next line is usually the last one seen below the same node (see `successors`). Checking that
//!    only takes a comparison: no lookup, and no search for a line end.
//! 4. The other lines are looked up without address and offset (`key`, and `lines` in the parent
//!    module), unless the frame is named after its address. There are so few distinct keys that they
//!    stay in a core's caches.
//! 5. Each frame is a step down the call tree: a lookup of the pair (parent, frame) in a table.
//!
//! Samples that are not in perf's usual form are read line by line, on the slow path. Both paths
//! end in `stack::StackReader`, and tests compare them.

pub(super) mod absences;
mod block;
mod chosen;
mod class;
mod end;
mod event;
mod event_reader;
mod frame;
mod jit;
mod key;
mod known;
mod modules;
mod off_cpu;
mod report;
mod samples;
mod stack;
mod start;
mod sums;

use super::engine::DEFAULT_NTHREADS;
use super::engine::format::{Block, Format, Samples, impl_collapse};
use super::selection::{Chooser, Selection};
use crate::bytes::error::ParseError;
use crate::bytes::lines::whole_lines;
use crate::bytes::text::{trim, trim_end};
use crate::call_tree::{CallTree, Forest, Roots, Timeline};
use absences::SWITCH;
use block::BlockFolder;
use class::{Class, First, classify, first_of_sample, is_event_line, is_other_field};
use end::{End, without_cut_line};
use event::EventLine;
pub(super) use event::EventName;
use event_reader::EventReader;
pub(super) use frame::FrameLine;
use frame::one_line_frame;
pub(super) use frame::{function_name, name_frames};
use off_cpu::OffCpu;
pub(super) use report::Report;
use samples::last_boundary;
use stack::StackReader;
use std::io;
pub(super) use sums::Sums;

/// Options for the output of `perf script`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Append `_[j]` to JIT-compiled functions (in `/tmp/perf-PID.map`, or `jitted-PID-N.so`).
    /// Default: `false`.
    pub annotate_jit: bool,

    /// Append `_[k]` to kernel functions. Default: `false`.
    pub annotate_kernel: bool,

    /// Demangle names of Rust and C++ functions (`_RNv..`, `_ZN..`), without hashes and arguments;
    /// requires the crate's feature `demangle`. Default: `true`.
    pub demangle: bool,

    /// Fold only samples of this event, given with or without modifiers (`cycles`, `cycles:u`).
    /// Default: `None`, the event of the first sample; in `perf.data`, the first event that has
    /// samples.
    pub event_filter: Option<String>,

    /// Include the address in the names of functions without a symbol: `[libc.so.6
    /// <7f722d142778>]`. Default: `false`.
    pub include_addrs: bool,

    /// Append the process ID to the command name: `java-24636`. Default: `false`.
    pub include_pid: bool,

    /// Append the process and thread IDs to the command name: `java-24636/25607`. Default: `false`.
    pub include_tid: bool,

    /// Build a tree [in time order](CallTree::in_time_order), for a flame chart. The samples of
    /// each thread follow those of threads that appeared earlier. This uses a single thread.
    /// Default: `false`.
    pub in_time_order: bool,

    /// Count samples instead of their periods, which are nanoseconds for `cpu-clock` and cycles for
    /// `cycles`. Default: `false`.
    pub count_samples: bool,

    /// Append file and line to the names of functions: `parse (/srv/shop/parse.c:7)`. In text, they
    /// are those that `perf script -F +srcline` prints below frames; in `perf.data`, they come from
    /// debug information, and in functions that called others it is the line of the call. Default:
    /// `false`.
    pub lines: bool,

    /// The number of threads; 0 means 1, and the maximum is 1024. Default: one per logical CPU.
    pub nthreads: usize,

    /// The samples to read. Default: all.
    pub selection: Selection,

    /// Count the nanoseconds for which threads are off the CPU, at the stacks with which they leave
    /// it: a sample of `sched:sched_switch` lasts until the next one in which its thread returns.
    /// Default: `false`.
    ///
    /// * Time without a recorded return is not counted, which a warning mentions.
    /// * [`selection`](Options::selection) applies to the thread that leaves. If an interval is
    ///   partly in the selected time, that part is counted.
    /// * [`event_filter`](Options::event_filter) is ignored.
    /// * Text is read by a single thread.
    pub off_cpu: bool,

    /// With [`off_cpu`](Options::off_cpu): append the stack of the thread that woke the one that
    /// was off the CPU, as recorded by `sched:sched_waking`, starting with its innermost function,
    /// and the name of that thread. Default: `false`.
    pub wakers: bool,

    /// Remove the callers of the innermost function with one of these names, including the command
    /// name. Names are given as printed by perf, without the offset. Default: none.
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
            in_time_order: false,
            count_samples: false,
            lines: false,
            nthreads: *DEFAULT_NTHREADS,
            off_cpu: false,
            wakers: false,
            selection: Selection::default(),
            skip_after: Vec::new(),
        }
    }
}

impl Options {
    /// The chooser for the selection; `None` if all samples are folded.
    pub(super) fn new_chooser(&self) -> Option<Chooser> {
        (!self.selection.is_empty()).then(|| Chooser::new(&self.selection))
    }

    /// Whether samples are kept one by one.
    pub(super) fn needs_order(&self) -> bool {
        self.in_time_order || self.selection.keeps_times
    }

    /// Restricts reading to `selection`, including its event.
    pub(crate) fn select(&mut self, selection: &Selection) {
        self.selection = selection.clone();
        self.event_filter = self
            .event_filter
            .take()
            .or_else(|| selection.division.event().cloned());
    }

    /// The name of the event to fold, unless it is the first one.
    pub(super) fn folded_event(&self) -> Option<&str> {
        match self.off_cpu {
            true => Some(SWITCH),
            false => self.event_filter.as_deref(),
        }
    }

    /// What the first frames of stacks stand for.
    pub(crate) fn roots(&self) -> Roots {
        match (self.skip_after.is_empty(), self.include_tid) {
            (false, _) => Roots::Unknown,
            (true, false) => Roots::Processes,
            (true, true) => Roots::NumberedThreads,
        }
    }
}

/// How a stream is divided into samples.
pub(super) const SAMPLES: Samples = Samples {
    split_point: last_boundary,
    for_each: Some(chosen::for_each_sample),
};

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

/// The state of a worker between blocks.
#[derive(Default)]
pub(crate) struct Worker {
    events: EventReader,
    stacks: StackReader,
    sums: Sums,
    report: Report,
    timeline: Timeline,
    off_cpu: OffCpu,
}

impl Format for Options {
    type Prelude = Prelude;
    type Worker = Worker;
    const IS_PARALLEL: bool = true;
    const NUMBERS_LINES: bool = false;
    const ORIGIN_ADVICE: &'static str =
        "; `perf script -F comm,pid,tid,cpu,time,period,event,ip,sym,dso` prints all criteria";

    fn nthreads(&self) -> usize {
        match self.needs_order() || self.off_cpu {
            true => 1,
            false => self.nthreads,
        }
    }

    fn demangles(&self) -> bool {
        self.demangle
    }

    fn prelude(&self, block: &[u8]) -> Option<Prelude> {
        let prelude = first_sample(block)?;
        Some(match self.folded_event() {
            Some(name) => Prelude {
                event: Some(name.as_bytes().to_vec()),
                ..prelude
            },
            None => prelude,
        })
    }

    fn split_point(&self, block: &[u8]) -> Option<usize> {
        last_boundary(block)
    }

    fn chooser(&self) -> Option<Chooser> {
        // Off-CPU time is selected when its end is known.
        self.new_chooser().filter(|_| !self.off_cpu)
    }

    fn blank_out(&self, block: &[u8], chooser: &mut Chooser, text: &mut Vec<u8>) {
        chosen::blank_out(block, chooser, text);
    }

    fn fold(
        &self,
        prelude: &Prelude,
        block: Block<'_>,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        worker.stacks.start_block();
        let whole = without_cut_line(block.bytes, prelude.have_modules);
        worker.report.end = worker.report.end.max(End::of(&block, whole));
        let mut folder = BlockFolder {
            options: self,
            prelude,
            block: Block {
                bytes: whole,
                ..block
            },
            worker,
            tree,
        };
        let lines = folder.fold_all();
        worker.report.lines.add(block.index, lines);
        Ok(())
    }

    fn conclude(
        &self,
        prelude: &Prelude,
        workers: Vec<Worker>,
        forest: &mut Forest,
    ) -> io::Result<()> {
        let mut reports = Vec::new();
        let mut sums = Sums::default();
        for mut worker in workers {
            if self.off_cpu {
                worker.finish_off_cpu(self, forest.first_mut())?;
            }
            sums.merge(worker.sums);
            let mut report = worker.report;
            report.jit_maps.merge(worker.stacks.jit_maps());
            reports.push(report);
            if self.in_time_order {
                *forest = worker
                    .timeline
                    .chart(forest.first_mut(), |node| node)
                    .into();
            } else if worker.timeline.len() > 0 {
                *forest.first_mut().timeline_mut() = worker.timeline;
            }
        }
        sums.log(prelude.event.as_deref());
        sums.describe(forest, prelude.event.as_deref(), self);
        // Samples with few fields may lack the command.
        if !prelude.has_any_fields {
            forest.set_roots(self.roots());
        }
        let was_asked_for = self.folded_event().is_some() && !self.selection.division.is_window();
        Report::merge(reports).log(prelude.event.as_deref(), was_asked_for, forest.is_empty());
        Ok(())
    }

    /// The first line that is not a comment must be an event line, followed by a frame or another
    /// event. Event lines with few fields must be followed by frames and a blank line.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let mut is_after_event = false;
        let mut is_after_blank = false;
        let mut lines = whole_lines(head).map(trim_end);
        while let Some(line) = lines.next() {
            if trim(line).is_empty() {
                is_after_event = false;
                is_after_blank = true;
                continue;
            }
            if line.starts_with(b"#") {
                continue;
            }
            if line.starts_with(b"dtrace: ") {
                // DTrace's messages about probes resemble events.
                return Some(false);
            }
            if is_after_event {
                return Some(FrameLine::parse(line).is_some() || is_event_line(line));
            }
            match classify(line, false) {
                Class::Event(event) if event.start.tid.is_some() => {
                    if FrameLine::parse(event.payload).is_some() {
                        return Some(true);
                    }
                    is_after_event = true;
                }
                _ => return sniff_any_fields(line, lines, is_after_blank),
            }
        }
        None
    }
}

/// Whether the sample that starts with `line` is from `perf script -F`; `None` if more bytes are
/// needed.
fn sniff_any_fields<'a>(
    line: &'a [u8],
    rest: impl Iterator<Item = &'a [u8]>,
    is_after_blank: bool,
) -> Option<bool> {
    let mut rest = rest.peekable();
    let next = *rest.peek()?;
    match first_of_sample(line, Some(next), is_after_blank) {
        // Stacks of bpftrace look the same, but are preceded by such lines.
        Some(_) if line.starts_with(b"@") => Some(false),
        Some(First::Only(_)) => Some(one_line_frame(next).is_some()),
        Some(First::Above(_) | First::Frame) => {
            let is_in_sample = |line: &&[u8]| {
                line.starts_with(b"\t") && FrameLine::parse(line).is_some() || is_other_field(line)
            };
            rest.find(|line| !is_in_sample(line))
                .map(|line| line.is_empty())
        }
        None => Some(false),
    }
}

/// Properties determined by the first sample.
#[derive(Debug, Default)]
pub(crate) struct Prelude {
    /// The event to fold.
    event: Option<Vec<u8>>,
    /// Whether event lines may have any fields, and so lack both a time and an event.
    has_any_fields: bool,
    /// Whether frames include modules.
    have_modules: bool,
}

/// Determines the properties from the first sample in `block`.
fn first_sample(block: &[u8]) -> Option<Prelude> {
    let mut lines = crate::bytes::lines::lines_of(block)
        .map(trim_end)
        .peekable();
    let mut is_after_blank = true;
    while let Some(line) = lines.next() {
        let next = lines.peek().copied();
        match classify(line, false) {
            Class::Blank => is_after_blank = true,
            Class::Event(line) if line.is_record() => is_after_blank = false,
            Class::Event(line) => return Some(Prelude::of(&line, next, false)),
            Class::Unknown => match first_of_sample(line, next, is_after_blank) {
                Some(First::Above(line)) => return Some(Prelude::of(&line, next, true)),
                Some(First::Only(line)) => return Some(Prelude::of(&line, None, true)),
                Some(First::Frame) => return Some(Prelude::of(&EventLine::NONE, Some(line), true)),
                None => is_after_blank = false,
            },
            Class::Comment | Class::Frame(_) => {}
        }
    }
    None
}

impl Prelude {
    /// Determines the properties from the first line of a sample and the `next` line.
    fn of(line: &EventLine<'_>, next: Option<&[u8]>, has_any_fields: bool) -> Prelude {
        let next = next.filter(|next| next.first().is_some_and(u8::is_ascii_whitespace));
        let frame = next.and_then(FrameLine::parse);
        let frame = frame.or_else(|| FrameLine::parse(line.payload));
        Prelude {
            event: line.event.map(|event| event.name.to_vec()),
            has_any_fields,
            have_modules: frame.is_some_and(|frame| !frame.module.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests;

//! Folds the samples of a block, forwards or backwards.

use super::chosen::origin;
use super::class::{
    Class, First, classify, first_of_sample, is_bare_frame, is_comment, is_frame_after_event,
    is_other_field, is_sample_of_one_line, source_location,
};
use super::event::EventLine;
use super::frame::FrameLine;
use super::samples::{self, Samples, after_last_blank_line, are_plain, start_of_sample};
use super::stack::ReadStack;
use super::{Options, Prelude, Worker};
use crate::bytes::lines::lines_of;
use crate::bytes::text::trim_end;
use crate::call_tree::{CallTree, Moment, NodeId};
use crate::collapse::engine::format::{Block, count_lines, offset_in};

/// Folds the samples of one block.
pub(super) struct BlockFolder<'a> {
    pub options: &'a Options,
    pub prelude: &'a Prelude,
    pub block: Block<'a>,
    pub worker: &'a mut Worker,
    pub tree: &'a mut CallTree,
}

impl<'a> BlockFolder<'a> {
    /// Folds all samples, and returns the number of lines.
    pub fn fold_all(&mut self) -> u64 {
        if self.options.off_cpu {
            self.fold_lines(self.block.bytes);
            return count_lines(self.block.bytes);
        }
        // Skipping a sample requires its event, which is at its start.
        let has_skipped = self.worker.report.has_skipped();
        match has_skipped
            || self.options.needs_order()
            || self.worker.stacks.looks_for_whole(self.options)
        {
            true => self.fold_forwards(),
            false => self.fold_backwards(),
        }
    }

    /// Folds samples that are separated before they are read.
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

    /// Folds samples from the last to the first. Their starts need not be searched for: a sample
    /// starts at the line that is not a frame.
    pub fn fold_backwards(&mut self) -> u64 {
        let bytes = self.block.bytes;
        let mut line_ends = 0;
        let mut not_plain = Vec::new();
        let mut rest = bytes;
        while let Some(last) = rest.iter().rposition(|byte| *byte != b'\n') {
            let end = last + 1;
            let (start, lines) = self.fold_last(end).unwrap_or_else(|| {
                let start = after_last_blank_line(&bytes[..end]).unwrap_or(0);
                not_plain.push(start..end);
                (start, count_lines(&bytes[start..end]))
            });
            line_ends += lines + (rest.len() - end) as u64;
            rest = &bytes[..start];
        }
        // In forward order, because a warning quotes the first unexpected line.
        for piece in not_plain.into_iter().rev() {
            self.fold_lines(&bytes[piece]);
        }
        line_ends + rest.len() as u64
    }

    /// Folds a sample in perf's usual form: an event line, then lines that start with a tab.
    /// Returns the number of lines, or `None` if the sample has another form; then nothing is
    /// folded.
    fn fold_plain(&mut self, sample: &samples::SampleRanges) -> Option<u64> {
        let bytes = self.block.bytes;
        let others = sample.others.clone();
        let line = &bytes[sample.first_line.clone()];
        let event = self.read_plain_event(line, &bytes[others.clone()])?;
        if !self.is_wanted(&event) {
            let others = &bytes[others];
            return are_plain(others, self.options).then(|| {
                self.skip(&event);
                count_lines(others)
            });
        }
        let stacks = &mut self.worker.stacks;
        let stack = stacks.read_plain(bytes, others, &event, self.options, self.tree)?;
        self.count(line, &event, stack);
        Some(stack.lines as u64)
    }

    /// Folds the sample that ends at `end`, and also returns its start.
    fn fold_last(&mut self, end: usize) -> Option<(usize, u64)> {
        let bytes = self.block.bytes;
        let stacks = &mut self.worker.stacks;
        let middle = stacks.read_ahead(bytes, end, self.options, self.tree);
        let start = start_of_sample(&bytes[..middle])?;
        let event = self.read_plain_event(&bytes[start..middle], &bytes[middle..end])?;
        if !self.is_wanted(&event) {
            self.skip(&event);
            return Some((start, count_lines(&bytes[middle..end])));
        }
        let stacks = &mut self.worker.stacks;
        let stack = stacks.finish_ahead(bytes, middle..end, &event, self.options, self.tree)?;
        self.count(&bytes[start..middle], &event, stack);
        Some((start, stack.lines as u64))
    }

    /// Reads an event line in perf's usual form above `frames`, each with the preceding line end.
    fn read_plain_event(&mut self, line: &'a [u8], frames: &[u8]) -> Option<EventLine<'a>> {
        let line = trim_end(line);
        if line.is_empty() || line[0] == b'\t' || is_comment(line) {
            return None;
        }
        let event = match self.worker.events.read(line) {
            Some(event) => event,
            None if self.prelude.has_any_fields => event_above(line, frames)?,
            None => return None,
        };
        let is_frame = !event.payload.is_empty() && FrameLine::parse(event.payload).is_some();
        (!is_frame).then_some(event)
    }

    /// Folds lines one by one.
    pub fn fold_lines(&mut self, piece: &'a [u8]) {
        let mut sample: Option<Sample<'a>> = None;
        let mut lines = lines_of(piece).map(trim_end).peekable();
        let mut is_after_blank = true;
        while let Some(line) = lines.next() {
            let class = classify(line, sample.is_some());
            let was_after_blank = is_after_blank;
            is_after_blank = match class {
                Class::Blank => true,
                Class::Comment => is_after_blank,
                // The sample does not continue.
                _ => sample.is_none() && is_bare_frame(line),
            };
            match class {
                Class::Blank => self.end(sample.take()),
                Class::Comment => {}
                Class::Event(event) => {
                    self.end(sample.take());
                    let is_followed = lines.peek().is_some_and(|next| is_frame_after_event(next));
                    sample = self.begin(line, event, is_followed, lines.peek().copied());
                }
                Class::Frame(_) => {
                    if let Some(sample) = &mut sample {
                        let next = lines.peek().copied();
                        sample.frames.push(self.with_source(line, next));
                    }
                }
                Class::Unknown if sample.is_some() && !is_sample_of_one_line(line) => {
                    self.note_unknown(line, sample.as_ref());
                }
                Class::Unknown => {
                    self.end(sample.take());
                    sample =
                        self.begin_with_any_fields(line, lines.peek().copied(), was_after_blank);
                    if is_bare_frame(line) {
                        // Its source location would be taken for the first line of the next sample.
                        lines.next_if(|next| is_other_field(next));
                    }
                }
            }
        }
        self.end(sample);
    }

    /// Begins a sample with a line that may lack a thread, a time or an event.
    #[cold]
    fn begin_with_any_fields(
        &mut self,
        line: &'a [u8],
        next: Option<&'a [u8]>,
        is_after_blank: bool,
    ) -> Option<Sample<'a>> {
        let first = first_of_sample(line, next, is_after_blank);
        match first.filter(|_| self.prelude.has_any_fields) {
            Some(First::Above(event)) => self.begin(line, event, true, next),
            Some(First::Only(event)) => self.begin(line, event, false, next),
            Some(First::Frame) => {
                let mut sample = self.begin(line, EventLine::NONE, true, next)?;
                sample.frames.push(self.with_source(line, next));
                Some(sample)
            }
            None => {
                self.note_unknown(line, None);
                None
            }
        }
    }

    /// Begins a sample, and ends it if it consists only of the event line. `next` is the line after it, and
    /// `is_followed` whether that is a frame.
    fn begin(
        &mut self,
        line: &'a [u8],
        event: EventLine<'a>,
        is_followed: bool,
        next: Option<&'a [u8]>,
    ) -> Option<Sample<'a>> {
        let is_wanted = self.is_wanted(&event);
        let mut sample = Sample {
            line,
            event,
            is_wanted,
            frames: Vec::new(),
        };
        if FrameLine::parse(event.payload).is_some() && !is_followed {
            sample.frames.push(self.with_source(event.payload, next));
            self.end(Some(sample));
            return None;
        }
        Some(sample)
    }

    /// A frame line, including the `next` line if that is its source location, which is wanted.
    fn with_source(&self, line: &'a [u8], next: Option<&'a [u8]>) -> &'a [u8] {
        let wanted = next.filter(|_| self.options.lines);
        match wanted.filter(|next| source_location(next).is_some()) {
            Some(next) => {
                let block = self.block.bytes;
                let both = offset_in(block, line)..offset_in(block, next) + next.len();
                block.get(both).unwrap_or(line)
            }
            None => line,
        }
    }

    fn end(&mut self, sample: Option<Sample<'a>>) {
        let Some(sample) = sample else {
            return;
        };
        if self.options.off_cpu {
            self.take_change(&sample);
            return;
        }
        if !sample.is_wanted {
            return self.skip(&sample.event);
        }
        let lines = sample.frames.iter().rev().copied();
        let stacks = &mut self.worker.stacks;
        let stack = stacks.read_lines(lines, &sample.event, self.options, self.tree);
        self.count(sample.line, &sample.event, stack);
    }

    #[inline]
    fn is_wanted(&self, line: &EventLine<'_>) -> bool {
        match (self.prelude.event.as_deref(), &line.event) {
            (_, Some(event)) if event.is_record() => false,
            (Some(filter), Some(event)) => event.is(filter),
            // If an event was requested, samples without an event are skipped.
            (_, None) => self.options.event_filter.is_none(),
            (None, Some(_)) => true,
        }
    }

    fn count(&mut self, line: &[u8], event: &EventLine<'_>, stack: ReadStack) {
        match stack.node {
            Some(node) => {
                self.worker.sums.add(event.period);
                let count = match self.options.count_samples {
                    true => 1,
                    false => event.period.unwrap_or(1),
                };
                self.tree.add(node, count);
                if self.options.needs_order() {
                    self.note_time(line, event, node, count);
                }
            }
            None => self.worker.report.without_stack += 1,
        }
    }

    #[cold]
    fn note_time(&mut self, line: &[u8], event: &EventLine<'_>, node: NodeId, count: u64) {
        let timeline = &mut self.worker.timeline;
        let thread = event.start.tid.unwrap_or(event.start.comm);
        let moment = match self.options.in_time_order {
            true => Some(Moment::at(timeline.len())),
            false => {
                let time = origin(line, event).time;
                time.and_then(|time| Moment::between(time, None))
            }
        };
        if let Some(moment) = moment {
            timeline.add(thread, moment, node, count);
        }
    }

    #[cold]
    fn skip(&mut self, line: &EventLine<'_>) {
        if !line.is_record() {
            let name = line.event.map(|event| event.name);
            self.worker.report.skip(name.unwrap_or(b"no event printed"));
        }
    }

    #[cold]
    fn note_unknown(&mut self, line: &[u8], sample: Option<&Sample<'_>>) {
        let notes = match sample {
            Some(sample) if !sample.is_wanted => return,
            _ if is_other_field(line) => return,
            Some(_) => &mut self.worker.report.no_frames,
            None => &mut self.worker.report.no_events,
        };
        notes.add(line, || self.block.position_of(line));
    }
}

/// Reads a line above `frames` that may lack a thread, a time or an event.
fn event_above<'a>(line: &'a [u8], frames: &[u8]) -> Option<EventLine<'a>> {
    let next = lines_of(frames).map(trim_end).nth(1);
    match first_of_sample(line, next, true)? {
        First::Above(event) => Some(event),
        First::Only(_) | First::Frame => None,
    }
}

/// A sample that is read line by line.
pub(super) struct Sample<'a> {
    /// The first line.
    pub line: &'a [u8],
    pub event: EventLine<'a>,
    is_wanted: bool,
    /// Frame lines, some with their source locations.
    pub frames: Vec<&'a [u8]>,
}

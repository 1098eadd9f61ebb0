//! Collects the problems and skipped samples of a profile in the workers, and logs them at the end.

use super::end::End;
use super::jit::JitMaps;
use crate::bytes::text::lossy;
use crate::bytes::text::plural;
use crate::collapse::engine::notes::{LineCounts, LinePosition, Notes};
use crate::warnings::warning;
use ahash::AHashMap;

/// The observations of one worker.
#[derive(Debug, Default)]
pub(in crate::collapse) struct Report {
    /// Lines between samples that are not event lines.
    pub no_events: Notes<LinePosition>,
    /// Lines in samples that are not frame lines.
    pub no_frames: Notes<LinePosition>,
    /// The number of samples without a stack.
    pub without_stack: u64,
    /// The end of the last block.
    pub(super) end: End,
    pub(super) jit_maps: JitMaps,
    /// The number of lines in the blocks it folded.
    pub lines: LineCounts,
    /// The number of skipped samples of each other event.
    skipped: AHashMap<Vec<u8>, u64>,
}

impl Report {
    pub fn skip(&mut self, event: &[u8]) {
        self.skip_all(event, 1);
    }

    /// Counts `count` skipped samples of an event.
    pub fn skip_all(&mut self, event: &[u8], count: u64) {
        match self.skipped.get_mut(event) {
            Some(samples) => *samples += count,
            None => {
                self.skipped.insert(event.to_vec(), count);
            }
        }
    }

    /// Whether there are samples of other events.
    pub fn has_skipped(&self) -> bool {
        !self.skipped.is_empty()
    }

    pub fn merge(reports: impl IntoIterator<Item = Report>) -> Report {
        let mut all = Report::default();
        for report in reports {
            all.no_events.merge(report.no_events);
            all.no_frames.merge(report.no_frames);
            all.without_stack += report.without_stack;
            all.end = all.end.max(report.end);
            all.jit_maps.merge(&report.jit_maps);
            all.lines.merge(report.lines);
            for (event, samples) in report.skipped {
                *all.skipped.entry(event).or_default() += samples;
            }
        }
        all
    }

    /// Logs warnings. If an event was requested, samples of other events are only mentioned if it
    /// has none.
    pub fn log(&self, filter: Option<&[u8]>, was_asked_for: bool, is_empty: bool) {
        let (no_events, no_frames) = self.numbered_notes();
        no_events.log("an event line (`comm tid time: event:`)");
        no_frames.log("a frame line (`address symbol (module)`)");
        if let Some(position) = self.end.cut {
            let line = self.lines.number(position);
            warning!(
                "the input ends within a sample, whose stack is counted as far as it goes [line {line}]"
            );
        }
        if self.without_stack > 0 {
            warning!("{}", self.describe_without_stack(is_empty));
        }
        self.jit_maps.log();
        if let Some(filter) = filter
            && !self.skipped.is_empty()
            && (is_empty || !was_asked_for)
        {
            warning!("{}", self.describe_skipped(filter, is_empty));
        }
    }

    fn describe_without_stack(&self, is_empty: bool) -> String {
        let samples = plural(self.without_stack, "sample has", "samples have");
        let advice = match is_empty {
            true => "; record with `perf record -g`, and let `perf script` print fields ip and sym",
            false => "",
        };
        format!("{samples} no stack and cannot be shown{advice}")
    }

    /// The lines that are not event lines, and those that are not frame lines, with their numbers.
    pub fn numbered_notes(&self) -> (Notes, Notes) {
        let number = |position| self.lines.number(position);
        (
            self.no_events.numbered(number),
            self.no_frames.numbered(number),
        )
    }

    fn describe_skipped(&self, filter: &[u8], is_empty: bool) -> String {
        let mut events: Vec<_> = self.skipped.iter().collect();
        events.sort();
        let events: Vec<String> = events
            .into_iter()
            .map(|(event, n)| format!("`{}` ({})", lossy(event), plural(*n, "sample", "samples")))
            .collect();
        let (filter, events) = (lossy(filter), events.join(", "));
        let found = match is_empty {
            true => format!("no sample of event `{filter}` has a stack; the profile has"),
            false => format!("only event `{filter}` is shown; left out:"),
        };
        format!("{found} {events}; choose one with the event filter (--event EVENT)")
    }
}

//! What was odd or left out in a profile: gathered by the workers, logged once at the end.

use super::end::End;
use super::jit::JitMaps;
use crate::collapse::notes::{LineCounts, LinePlace, Notes, plural};
use crate::text::lossy;
use ahash::AHashMap;

/// What one worker noted.
#[derive(Debug, Default)]
pub(in crate::collapse) struct Report {
    /// Lines between samples that are no event lines.
    pub no_events: Notes<LinePlace>,
    /// Lines in samples that are no frame lines.
    pub no_frames: Notes<LinePlace>,
    /// How many samples had no stack at all.
    pub without_stack: u64,
    /// How the last of the blocks ends.
    pub(super) end: End,
    pub(super) jit_maps: JitMaps,
    /// How many lines the blocks have that it folded.
    pub lines: LineCounts,
    /// How many samples of which other event there were.
    left_out: AHashMap<Vec<u8>, u64>,
}

impl Report {
    pub fn leave_out(&mut self, event: &[u8]) {
        self.leave_out_all(event, 1);
    }

    /// Notes that `count` samples of an event are left out.
    pub fn leave_out_all(&mut self, event: &[u8], count: u64) {
        match self.left_out.get_mut(event) {
            Some(samples) => *samples += count,
            None => {
                self.left_out.insert(event.to_vec(), count);
            }
        }
    }

    /// Whether there are samples of other events.
    pub fn leaves_out(&self) -> bool {
        !self.left_out.is_empty()
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
            for (event, samples) in report.left_out {
                *all.left_out.entry(event).or_default() += samples;
            }
        }
        all
    }

    /// Logs what the user should know. Samples of other events are no news to who asked for one,
    /// unless there is none of it.
    pub fn log(&self, filter: Option<&[u8]>, was_asked_for: bool, is_empty: bool) {
        let (no_events, no_frames) = self.numbered_notes();
        no_events.log("an event line (`comm tid time: event:`)");
        no_frames.log("a frame line (`address symbol (module)`)");
        if let Some(place) = self.end.cut {
            let line = self.lines.number(place);
            log::warn!(
                "the input ends within a sample, whose stack is counted as far as it goes [line {line}]"
            );
        }
        if self.without_stack > 0 {
            log::warn!("{}", self.describe_without_stack(is_empty));
        }
        self.jit_maps.log();
        if let Some(filter) = filter
            && !self.left_out.is_empty()
            && (is_empty || !was_asked_for)
        {
            log::warn!("{}", self.describe_left_out(filter, is_empty));
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

    /// The lines that are no event lines, and no frame lines, with their numbers.
    pub fn numbered_notes(&self) -> (Notes, Notes) {
        let number = |place| self.lines.number(place);
        (
            self.no_events.numbered(number),
            self.no_frames.numbered(number),
        )
    }

    fn describe_left_out(&self, filter: &[u8], is_empty: bool) -> String {
        let mut events: Vec<_> = self.left_out.iter().collect();
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
        format!("{found} {events}; choose one with the event filter (--event-filter EVENT)")
    }
}

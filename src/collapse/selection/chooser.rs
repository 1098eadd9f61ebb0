//! Selects samples while reading a profile.

use super::seen::Seen;
use super::time::{Span, TimeRange, Window};
use super::{Criterion, Division, IdRange, Selection};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::Moment;
use crate::input::invalid;
use std::io;

/// The origin of a sample, as far as recorded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SampleOrigin<'a> {
    /// In seconds, relative to any point that all samples share.
    pub time: Option<Decimal>,
    pub comm: Option<&'a [u8]>,
    pub pid: Option<u64>,
    pub tid: Option<u64>,
    pub cpu: Option<u64>,
}

/// A selection, and its state in the current profile.
#[derive(Debug, Default)]
pub(crate) struct Chooser {
    selection: Selection,
    window: Option<Window>,
    is_surveying: bool,
    seen: Seen,
    chosen: u64,
    /// When the latest selected sample was taken, if times are kept.
    latest: Option<Moment>,
    /// The ID or the name of its thread.
    thread: Vec<u8>,
}

impl Chooser {
    /// Creates a chooser. If it [needs a survey](Chooser::needs_survey), that must come first.
    pub fn new(selection: &Selection) -> Chooser {
        let mut chooser = Chooser {
            selection: selection.clone(),
            ..Chooser::default()
        };
        if let Some(range) = chooser.time().filter(|range| range.is_absolute()) {
            chooser.window = Some(range.window(Span::at(Decimal::ZERO)));
        }
        chooser
    }

    /// Whether samples are selected by time.
    pub fn selects_by_time(&self) -> bool {
        self.time().is_some()
    }

    fn time(&self) -> Option<&TimeRange> {
        self.selection.time.as_ref()
    }

    /// Whether all samples must be seen once before selecting any.
    pub fn needs_survey(&self, is_in_time_order: bool) -> bool {
        self.window.is_none()
            && self
                .time()
                .is_some_and(|range| !is_in_time_order || range.has_shares())
    }

    /// Selects nothing until [`Chooser::end_survey`], to determine the time range of the samples.
    pub fn start_survey(&mut self) {
        self.is_surveying = true;
    }

    /// Prepares for reading the profile from its start.
    pub fn end_survey(&mut self) {
        let seen = std::mem::take(&mut self.seen);
        self.is_surveying = false;
        self.window = self
            .time()
            .zip(seen.span)
            .map(|(range, span)| range.window(span));
    }

    /// Notes the time of a sample whose interval is selected later, by [`Chooser::clip`].
    pub fn see(&mut self, origin: &SampleOrigin<'_>) {
        match self.is_surveying {
            true => self.seen.note(origin, &self.selection),
            false => self.set_window(origin.time),
        }
    }

    /// Whether a sample is selected.
    pub fn takes(&mut self, origin: &SampleOrigin<'_>) -> bool {
        self.seen.note(origin, &self.selection);
        if self.is_surveying {
            return false;
        }
        self.set_window(origin.time);
        let takes = self.is_in_time(origin.time)
            && self.is_wanted(origin)
            && self.selection.division.takes(origin);
        self.chosen += u64::from(takes);
        self.note_moment(takes.then_some(origin.time).flatten(), None, origin);
        takes
    }

    /// The selected part of an interval from `origin`.
    pub fn clip(
        &mut self,
        start: Decimal,
        end: Decimal,
        origin: &SampleOrigin<'_>,
    ) -> Option<(Decimal, Decimal)> {
        let at = |time| SampleOrigin {
            time: Some(time),
            ..*origin
        };
        self.seen.note(&at(start), &self.selection);
        self.seen.extend(end);
        if self.is_surveying || !self.is_wanted(origin) {
            return None;
        }
        let clipped = match (self.time(), self.window) {
            (None, _) => Some((start, end)),
            (Some(_), window) => window?.clip(start, end),
        };
        let clipped = clipped.filter(|_| self.selection.division.takes(origin));
        self.chosen += u64::from(clipped.is_some());
        let (start, end) = clipped.unzip();
        self.note_moment(start, end, origin);
        clipped
    }

    fn note_moment(
        &mut self,
        start: Option<Decimal>,
        end: Option<Decimal>,
        origin: &SampleOrigin<'_>,
    ) {
        if !self.selection.keeps_times {
            return;
        }
        self.latest = start.and_then(|start| Moment::between(start, end));
        self.thread.clear();
        match origin.tid {
            Some(tid) => {
                let pid = origin.pid.unwrap_or_default();
                self.thread.extend(pid.to_le_bytes());
                self.thread.extend(tid.to_le_bytes());
            }
            None => self.thread.extend(origin.comm.unwrap_or_default()),
        }
    }

    /// Whether the tree keeps the times of samples.
    pub fn keeps_times(&self) -> bool {
        self.selection.keeps_times
    }

    /// The thread of the latest sample: its IDs or its name.
    pub fn thread(&self) -> &[u8] {
        &self.thread
    }

    /// The thread of the latest selected sample, and its time, unless that is not kept, or was taken already.
    pub fn take_moment(&mut self) -> Option<(&[u8], Moment)> {
        let moment = self.latest.take()?;
        Some((&self.thread, moment))
    }

    /// The selected nanoseconds of an interval from `origin`, whose ends are in nanoseconds too.
    pub fn clip_nanos(&mut self, start: u64, end: u64, origin: &SampleOrigin<'_>) -> Option<u64> {
        let (start, end) = (Decimal::from_nanos(start), Decimal::from_nanos(end));
        let (from, to) = self.clip(start, end, origin)?;
        // Only the end of an interval may be in the window.
        (from < to || start == end).then(|| (to - from).to_nanos())?
    }

    /// What the profile is divided into.
    pub fn division(&self) -> &Division {
        &self.selection.division
    }

    /// In a profile in time order, the first sample determines its start.
    fn set_window(&mut self, time: Option<Decimal>) {
        if self.window.is_none()
            && let Some(time) = time
            && let Some(range) = self.time()
        {
            self.window = Some(range.window(Span::at(time)));
        }
    }

    fn is_in_time(&self, time: Option<Decimal>) -> bool {
        self.time().is_none()
            || self
                .window
                .zip(time)
                .is_some_and(|(window, time)| window.contains(time))
    }

    fn is_wanted(&self, origin: &SampleOrigin<'_>) -> bool {
        let Selection {
            comms,
            pids,
            tids,
            cpus,
            ..
        } = &self.selection;
        let is_named = |name| comms.iter().any(|pattern| pattern.matches(name));
        (comms.is_empty() || origin.comm.is_some_and(is_named))
            && has_id(pids, origin.pid)
            && has_id(tids, origin.tid)
            && has_id(cpus, origin.cpu)
    }

    /// Logs what the profile in this format has, if it was seen.
    pub fn log_overview(&self, format: &str) {
        if let Some(overview) = self.seen.overview() {
            log::info!("{format}: {overview}");
        }
    }

    /// Finishes the profile.
    ///
    /// # Errors
    /// The profile has samples, but none was selected. `advice` says how to record the data that samples are
    /// selected by.
    pub fn finish(&self, advice: &str) -> io::Result<()> {
        let is_part = matches!(self.division(), Division::One(_) | Division::Window { .. });
        if self.chosen > 0 || self.seen.samples == 0 || self.is_surveying || is_part {
            return Ok(());
        }
        let criteria = || self.selection.criteria();
        if let Some(lacking) = criteria().find(|it| self.seen.lacks(*it)) {
            let (flag, property) = (lacking.flag(), lacking.property());
            return Err(invalid(format!(
                "{flag}: the samples do not have {property}{advice}"
            )));
        }
        let flags: Vec<&str> = criteria().map(Criterion::flag).collect();
        let there: Vec<String> = criteria().map(|it| self.seen.describe(it)).collect();
        Err(invalid(format!(
            "{} matches none of {}; the profile has {}",
            flags.join(" with "),
            plural(self.seen.samples, "sample", "samples"),
            there.join("; ")
        )))
    }
}

/// Whether `id` is one of the `wanted` ones, if there are any.
fn has_id(wanted: &[IdRange], id: Option<u64>) -> bool {
    wanted.is_empty() || id.is_some_and(|id| wanted.iter().any(|range| range.contains(id)))
}

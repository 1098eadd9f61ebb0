//! Determines where windows start and end.

use super::stream::{Arrival, Stream};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::lossy;
use crate::collapse::engine::format::{SampleStart, Samples};
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Divides a stream into windows of the same length, the first of which starts with the first sample.
pub(super) struct Clock {
    every: Duration,
    samples: Samples,
    first: Option<First>,
    /// The event of the first sample, which all windows fold.
    pub event: Option<String>,
}

/// The start of the first window.
#[derive(Clone, Copy)]
enum First {
    /// In the time of the samples, in seconds.
    InData(Decimal),
    /// In the time at which records are read.
    Read(Instant, SystemTime),
}

/// A window of time.
pub(super) struct Window {
    /// Its start.
    pub name: String,
    /// Its end, if that does not depend on the times of samples.
    pub deadline: Option<Instant>,
    /// The times of samples for which it is closed: those from its end on, and those before the
    /// previous window, which belong to another recording.
    other_times: Option<(Decimal, Decimal)>,
}

impl Clock {
    pub fn new(every: Duration, samples: Samples) -> Clock {
        Clock {
            every,
            samples,
            first: None,
            event: None,
        }
    }

    /// The window of the next records of the stream; `None` at its end.
    pub fn next_window(&mut self, stream: &mut Stream) -> io::Result<Option<Window>> {
        stream.split_at(self.samples.split_point);
        while stream.records().is_empty() {
            if let Arrival::End = stream.wait(None)? {
                return Ok(None);
            }
        }
        let first = match self.first {
            Some(first) => first,
            None => self.start(stream)?,
        };
        Ok(Some(match first {
            First::Read(instant, time) => self.window_of_reading(instant, time),
            First::InData(first) => self.window_in_data(first, stream.records()),
        }))
    }

    /// Sets the start of the first window, which requires a sample.
    fn start(&mut self, stream: &mut Stream) -> io::Result<First> {
        let mut time = None;
        if let Some(for_each) = self.samples.for_each {
            let mut is_found = false;
            while !is_found {
                for_each(stream.records(), &mut |sample| {
                    if !std::mem::replace(&mut is_found, true) {
                        time = sample.time;
                        self.event = sample.event.map(|name| lossy(name).into_owned());
                    }
                });
                if !is_found && matches!(stream.wait(None)?, Arrival::End) {
                    break;
                }
            }
        }
        let first = match time {
            Some(time) => First::InData(time),
            None => First::Read(Instant::now(), SystemTime::now()),
        };
        self.first = Some(first);
        Ok(first)
    }

    fn window_of_reading(&self, first: Instant, time: SystemTime) -> Window {
        let start = multiple_below(self.every, first.elapsed());
        let is_whole = self.every.subsec_nanos() == 0;
        Window {
            name: utc(time + start, is_whole),
            deadline: Some(first + start + self.every),
            other_times: None,
        }
    }

    fn window_in_data(&mut self, first: Decimal, records: &[u8]) -> Window {
        let mut time = None;
        self.for_each_time(records, |_, found| {
            time.get_or_insert(found);
        });
        let time = time.unwrap_or(first);
        let every = decimal(self.every);
        let start = match (time - first).to_nanos().map(Duration::from_nanos) {
            Some(since_first) => first + decimal(multiple_below(self.every, since_first)),
            None => {
                // Another recording, whose times are smaller.
                self.first = Some(First::InData(time));
                time
            }
        };
        Window {
            name: start.to_string(),
            deadline: None,
            other_times: Some((start - every, start + every)),
        }
    }

    /// The end of the records that are in the window; `None` if all are, and more may follow.
    pub fn end_of(&self, window: &Window, records: &[u8]) -> Option<usize> {
        if let Some(deadline) = window.deadline {
            return (Instant::now() >= deadline).then_some(0);
        }
        let (before, after) = window.other_times?;
        let mut end = None;
        self.for_each_time(records, |offset, time| {
            if time < before || time >= after {
                end.get_or_insert(offset);
            }
        });
        end
    }

    /// Calls `visit` with the offset and the time of each sample.
    fn for_each_time(&self, records: &[u8], mut visit: impl FnMut(usize, Decimal)) {
        let Some(for_each) = self.samples.for_each else {
            return;
        };
        for_each(records, &mut |SampleStart { offset, time, .. }| {
            if let Some(time) = time {
                visit(offset, time);
            }
        });
    }
}

/// The largest multiple of `step` up to `time`.
fn multiple_below(step: Duration, time: Duration) -> Duration {
    let nanos = time.as_nanos() / step.as_nanos().max(1) * step.as_nanos();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn decimal(duration: Duration) -> Decimal {
    Decimal::from_nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

/// A time as `20260131T235959Z`, with milliseconds unless it `is_whole`, so that names of files are
/// in time order.
fn utc(time: SystemTime, is_whole: bool) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since_epoch.as_secs(), since_epoch.subsec_millis());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let fraction = match is_whole {
        true => String::new(),
        false => format!(".{millis:03}"),
    };
    format!("{year}{month:02}{day:02}T{hour:02}{minute:02}{second:02}{fraction}Z")
}

/// The year, month and day of a number of days after 1970-01-01.
fn date(mut days: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        let at =
            |seconds: u64, millis: u64| UNIX_EPOCH + Duration::from_millis(seconds * 1000 + millis);
        assert_eq!(utc(at(0, 0), true), "19700101T000000Z");
        assert_eq!(utc(at(951_782_400, 5), false), "20000229T000000.005Z");
        assert_eq!(utc(at(1_798_761_599, 999), true), "20261231T235959Z");
        assert_eq!(utc(at(4_107_542_400, 0), true), "21000301T000000Z");
    }

    #[test]
    fn windows_start_at_multiples() {
        let seconds = Duration::from_secs;
        assert_eq!(multiple_below(seconds(60), seconds(59)), seconds(0));
        assert_eq!(multiple_below(seconds(60), seconds(185)), seconds(180));
    }
}

//! The times of samples as compact text, from which the viewer draws the heat map and the flame chart.
//!
//! It is the last line of the profile (see [`data`](super)): numbers packed by [`Packer`], for each thread: how many
//! samples it has; 1 if they have a length, plus 2 if their counts differ; their count if it is always the same; and then
//! the samples in time order. A sample is how many ticks it starts after the previous one, its stack, and its length in
//! ticks and its count, if these differ.
//!
//! A tick is the thousandth part of a column of the heat map, so a range of its cells is a range of ticks. The stack is 0
//! if it is the one that followed the previous stack the last time, or else its position in the profile, starting with 1.

use super::pack::{Kind, Packer};
use super::unit::CountUnit;
use crate::call_tree::{NodeId, Sample, Timeline};

// The kinds of numbers, for which the kinds of other numbers of the profile stand.
const OF_THREAD: Kind = Kind::MODULE;
const START: Kind = Kind::DISTANCE;
const LENGTH: Kind = Kind::LENGTH;
const STACK: Kind = Kind::NAME;

/// The number of ticks in a column.
const COLUMN: u64 = 1000;

/// The largest number of columns.
const MAX_COLUMNS: u64 = 720;

/// As many columns are enough if they are shorter than a second.
const ENOUGH_COLUMNS: u64 = 60;

const SECOND: u64 = 1_000_000_000;

/// The samples of a profile, in ticks.
pub(super) struct Times {
    /// The first time, and the length of a tick, in nanoseconds.
    start: u64,
    tick: u64,
    /// The samples of each thread, in time order.
    threads: Vec<Vec<Sample>>,
}

impl Times {
    pub fn new(timeline: &Timeline) -> Times {
        let samples = timeline.samples();
        let starts = samples.iter().map(|sample| sample.moment.start);
        let start = starts.min().unwrap_or_default();
        let end = samples.iter().map(|sample| sample.moment.end()).max();
        Times {
            start,
            tick: column(end.unwrap_or_default().saturating_sub(start)) / COLUMN,
            threads: in_order(samples),
        }
    }

    /// Fields of the settings: the number of samples, and the length of a tick.
    pub fn settings(&self) -> String {
        let samples: usize = self.threads.iter().map(Vec::len).sum();
        format!(",\"samples\":{samples},\"tick\":{}", self.tick)
    }

    /// All samples, where `position` returns the position of a node's stack, starting with 1.
    pub fn packed(&self, position: impl Fn(NodeId) -> u32, unit: CountUnit) -> Packer {
        let mut packer = Packer::default();
        let mut followers = Followers::default();
        for samples in &self.threads {
            let have_lengths = samples.iter().any(|sample| self.ticks(sample).1 > 0);
            let usual = samples[0].count;
            let differ = samples.iter().any(|sample| sample.count != usual);
            packer.push(OF_THREAD, samples.len() as u64);
            packer.push(OF_THREAD, u64::from(have_lengths) + 2 * u64::from(differ));
            if !differ {
                unit.push(&mut packer, Kind::COUNT, usual);
            }
            let (mut at, mut stack) = (0, 0);
            for sample in samples {
                let (start, length) = self.ticks(sample);
                packer.push(START, start - at);
                let next = position(sample.node);
                let is_expected = followers.replace(stack, next) == next;
                packer.push(STACK, if is_expected { 0 } else { u64::from(next) });
                if have_lengths {
                    packer.push(LENGTH, length);
                }
                if differ {
                    unit.push(&mut packer, Kind::COUNT, sample.count);
                }
                (at, stack) = (start, next);
            }
        }
        packer
    }

    /// The start and the length of a sample. Samples that follow each other still do in ticks.
    fn ticks(&self, sample: &Sample) -> (u64, u64) {
        let in_ticks = |time: u64| (time - self.start) / self.tick;
        let start = in_ticks(sample.moment.start);
        (start, in_ticks(sample.moment.end()) - start)
    }
}

/// The stack that followed each other one the last time.
#[derive(Default)]
struct Followers(Vec<u32>);

impl Followers {
    /// Returns the stack that followed `stack`, and replaces it by `next`.
    fn replace(&mut self, stack: u32, next: u32) -> u32 {
        let index = stack as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        std::mem::replace(&mut self.0[index], next)
    }
}

/// The samples of each thread in time order, the thread that starts first in front.
fn in_order(samples: &[Sample]) -> Vec<Vec<Sample>> {
    let mut threads: Vec<Vec<Sample>> = Vec::new();
    for sample in samples {
        if threads.len() <= sample.thread {
            threads.resize(sample.thread + 1, Vec::new());
        }
        threads[sample.thread].push(sample.clone());
    }
    for samples in &mut threads {
        samples.sort_by_key(|sample| sample.moment.start);
    }
    threads.retain(|samples| !samples.is_empty());
    threads.sort_by_key(|samples| samples[0].moment.start);
    threads
}

/// The length of a column for a profile of this length: a second, unless the profile is so short or so long that another
/// round number is better.
fn column(length: u64) -> u64 {
    let at_least = length / MAX_COLUMNS;
    let wanted = match length / ENOUGH_COLUMNS < SECOND {
        true => length / ENOUGH_COLUMNS,
        false => at_least.max(SECOND),
    };
    round_lengths()
        .find(|round| *round >= wanted)
        .unwrap_or(u64::MAX)
}

/// The lengths of columns, from a microsecond on.
fn round_lengths() -> impl Iterator<Item = u64> {
    const SECONDS: [u64; 13] = [
        10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200,
    ];
    let powers = (3..10).map(|power| 10u64.pow(power));
    let short = powers.flat_map(|power| [power, 2 * power, 5 * power]);
    let long = SECONDS.into_iter().map(|seconds| seconds * SECOND);
    let days = (0..).map_while(|power| 10u64.checked_pow(power)?.checked_mul(86400 * SECOND));
    short.chain(long).chain(days)
}

#[cfg(test)]
mod tests {
    use super::super::test_reader::Reader;
    use super::*;
    use crate::call_tree::{CallTree, Moment};

    #[test]
    fn columns_are_seconds_unless_the_profile_is_short_or_long() {
        const MILLISECOND: u64 = 1_000_000;
        for (length, expected) in [
            (0, 1000),
            (3 * SECOND, 50 * MILLISECOND),
            (10 * SECOND, 200 * MILLISECOND),
            (60 * SECOND, SECOND),
            (720 * SECOND, SECOND),
            (7200 * SECOND, 10 * SECOND),
            (86400 * SECOND, 120 * SECOND),
        ] {
            assert_eq!(column(length), expected, "{length}");
        }
        assert!(column(u64::MAX) >= u64::MAX / MAX_COLUMNS);
    }

    #[test]
    fn samples_of_threads_are_written_in_time_order() {
        let mut timeline = Timeline::default();
        let mut add = |thread: &str, start, length, count: u64| {
            let moment = Moment { start, length };
            timeline.add(thread.as_bytes(), moment, CallTree::ROOT, count);
        };
        // One column has 1 s.
        add("a", 60 * SECOND, 0, 7);
        add("b", 3_000_000, 2_500_000, 8);
        add("a", 0, 0, 7);
        add("b", 5_500_000, 0, 9);
        let times = Times::new(&timeline);
        assert_eq!(times.tick, 1_000_000);
        let mut text = Vec::new();
        times
            .packed(|_| 1, CountUnit::of(1_000_000_000))
            .write(&mut text);
        let mut reader = Reader::new(std::str::from_utf8(&text).unwrap());
        let mut read = |kinds: &[Kind]| -> Vec<u128> {
            kinds.iter().map(|kind| reader.number(*kind)).collect()
        };
        assert_eq!(read(&[OF_THREAD, OF_THREAD, Kind::COUNT]), [2, 0, 7]);
        assert_eq!(read(&[START, STACK, START, STACK]), [0, 1, 60_000, 1]);
        assert_eq!(read(&[OF_THREAD, OF_THREAD]), [2, 3]);
        let with_all = [START, STACK, LENGTH, Kind::COUNT];
        assert_eq!(read(&with_all), [3, 0, 2, 8]);
        assert_eq!(read(&with_all), [2, 0, 0, 9]);
    }
}

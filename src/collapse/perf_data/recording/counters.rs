//! The counters of an event group at a sample (`perf record -e '{a,b}:S'`).
//!
//! ```text
//! alone = value, [time enabled], [time running], [id], [lost]
//! group = count, [time enabled], [time running], { value, [id], [lost] }
//! ```
//!
//! Only the leader of a group takes samples, each of which has the values of all its counters. The
//! difference to the previous value of a counter is the number of events since the previous sample.

use super::event::read_format;
use crate::bytes::binary::{Bytes, Words};
use ahash::AHashMap;

/// The counter values in a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readings<'a> {
    is_group: bool,
    words: Words<'a>,
    count: usize,
    /// The number of words per value.
    step: usize,
    /// The offset of an id from its value.
    id: Option<usize>,
}

impl<'a> Readings<'a> {
    /// Reads the values, in the layout of `format`; `None` if they are truncated.
    pub fn read(bytes: &mut Bytes<'a>, format: u64) -> Option<Readings<'a>> {
        let has = |bit: u64| u64::from(format & bit != 0);
        let times = has(read_format::TIME_ENABLED) + has(read_format::TIME_RUNNING);
        let (id, lost) = (has(read_format::ID), has(read_format::LOST));
        let is_group = has(read_format::GROUP) != 0;
        let (count, step, distance) = match is_group {
            true => (bytes.u64()?, 1 + id + lost, 1),
            false => (1, 1 + times + id + lost, 1 + times),
        };
        if is_group {
            bytes.skip_words(times)?;
        }
        let words = bytes.words(count.checked_mul(step)?)?;
        Some(Readings {
            is_group,
            words,
            count: usize::try_from(count).ok()?,
            step: usize::try_from(step).ok()?,
            id: usize::try_from(distance).ok().filter(|_| id != 0),
        })
    }

    /// Whether it only has the counter that took the sample.
    pub fn is_one(self) -> bool {
        !self.is_group
    }

    /// The values, each with the id of its counter if known.
    pub fn iter(self) -> impl Iterator<Item = (Option<u64>, u64)> + 'a {
        let starts = (0..self.count).map(move |index| index * self.step);
        starts.filter_map(move |at| {
            let id = self.id.and_then(|distance| self.words.get(at + distance));
            Some((id, self.words.get(at)?))
        })
    }
}

/// A counter: its id, and its thread if threads inherit counters.
pub(super) type Counter = (u64, Option<i32>);

/// The last value of each counter.
#[derive(Debug, Default)]
pub(super) struct Counters {
    values: AHashMap<Counter, u64>,
}

impl Counters {
    /// The increase of the counter to `value`. A counter that decreases was reset.
    pub fn advance(&mut self, counter: Counter, value: u64) -> u64 {
        let before = self.values.insert(counter, value).unwrap_or(0);
        value.checked_sub(before).unwrap_or(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::binary::ByteOrder;

    type Value = (Option<u64>, u64);

    fn read(words: &[u64], format: u64) -> Option<Vec<Value>> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut bytes = Bytes::new(&bytes, ByteOrder::Little);
        let readings = Readings::read(&mut bytes, format)?;
        assert_eq!(bytes.rest(), b"");
        Some(readings.iter().collect())
    }

    #[test]
    fn values_are_found_in_every_layout() {
        let (both_times, id, group, lost) = (3, 4, 8, 16);
        let cases: [(&[u64], u64, &[Value]); 6] = [
            (&[50], 0, &[(None, 50)]),
            (&[50, 1, 2], both_times, &[(None, 50)]),
            (&[50, 1, 2, 7, 0], both_times | id | lost, &[(Some(7), 50)]),
            (&[2, 50, 60], group, &[(None, 50), (None, 60)]),
            (
                &[2, 1, 50, 7, 0, 60, 8, 0],
                1 | id | group | lost,
                &[(Some(7), 50), (Some(8), 60)],
            ),
            (&[0, 1, 2], both_times | id | group, &[]),
        ];
        for (words, format, expected) in cases {
            assert_eq!(read(words, format).as_deref(), Some(expected), "{format}");
        }
    }

    #[test]
    fn missing_counts_are_not_read() {
        for count in [2, 1 << 61, u64::MAX] {
            assert_eq!(read(&[count, 50, 7], 4 | 8), None);
        }
    }

    #[test]
    fn counters_go_up_or_start_again() {
        let mut counters = Counters::default();
        let mut advance = |id, thread, value| counters.advance((id, thread), value);
        assert_eq!(advance(7, None, 3), 3);
        assert_eq!(advance(7, None, 10), 7);
        assert_eq!(advance(7, Some(1), 10), 10);
        assert_eq!(advance(8, None, 10), 10);
        assert_eq!(advance(7, None, 4), 4);
    }
}

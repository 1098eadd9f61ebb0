//! Reads consecutive event lines, most of which differ only in the time.

use super::event::{EventLine, EventName, Tail, is_time, split_time, split_usual};
use super::start::{Padding, Start};
use crate::collapse::engine::format::offset_in;
use foldhash::fast::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;

/// Reads event lines. Most end like the previous one, with the same period and event, and start
/// like an earlier one, with the same thread.
#[derive(Default)]
pub(super) struct EventReader {
    threads: Threads,
    /// The text after the time in the last usual line.
    tail: Vec<u8>,
    period: Option<u64>,
    /// The lengths of the event's name, and of the event as printed.
    name: usize,
    printed: usize,
}

impl EventReader {
    /// Equivalent to [`EventLine::parse`].
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<EventLine<'a>> {
        let Some((head, tail)) = self.split_usual(line) else {
            return EventLine::parse(line);
        };
        if let Some(event) = self.threads.find_latest(head, tail) {
            return Some(event);
        }
        let Some(start) = split_time(head) else {
            return EventLine::parse(line);
        };
        if let Some(event) = self.threads.find(start, tail) {
            return Some(event);
        }
        let usual = EventLine::parse_usual(start, &head[start.len()..], tail);
        let event = usual.or_else(|| EventLine::parse(line))?;
        self.threads.remember(start, &event, tail);
        Some(event)
    }

    /// Like the function of that name, with a shortcut for lines that end like the previous one.
    fn split_usual<'a>(&mut self, line: &'a [u8]) -> Option<(&'a [u8], Tail<'a>)> {
        if !self.tail.is_empty()
            && let Some(head) = line.strip_suffix(self.tail.as_slice())
        {
            return Some((head, self.tail_of(line)));
        }
        let (head, tail) = split_usual(line)?;
        self.tail.clear();
        self.tail.extend_from_slice(&line[head.len()..]);
        self.period = tail.period;
        self.name = tail.event.name.len();
        self.printed = tail.event.printed.len();
        Some((head, tail))
    }

    /// The tail of a line that ends like the last one.
    fn tail_of<'a>(&self, line: &'a [u8]) -> Tail<'a> {
        let end = line.len() - 1;
        let printed = &line[end - self.printed..end];
        Tail {
            period: self.period,
            event: EventName {
                name: &printed[..self.name],
                printed,
            },
        }
    }
}

/// The texts before the time in usual lines: `COMM [PID/]TID [CPU] `.
#[derive(Default)]
struct Threads {
    hasher: RandomState,
    /// A hash table; new entries may replace others. Either empty or of size [`Threads::SLOTS`].
    slots: Vec<Thread>,
    /// The slot of the thread that was found last.
    latest: usize,
}

/// The start of a line, and the positions of its parts.
#[derive(Clone, Default)]
struct Thread {
    start: Vec<u8>,
    comm: Range<usize>,
    pid: Option<Range<usize>>,
    tid: Option<Range<usize>>,
}

impl Thread {
    /// A line with this start, where `tail` follows the time.
    fn line<'a>(&self, head: &'a [u8], tail: Tail<'a>) -> EventLine<'a> {
        EventLine {
            start: Start {
                comm: &head[self.comm.clone()],
                pid: self.pid.clone().map(|pid| &head[pid]),
                tid: self.tid.clone().map(|tid| &head[tid]),
            },
            has_time: true,
            period: tail.period,
            event: Some(tail.event),
            payload: b"",
        }
    }
}

impl Threads {
    const SLOTS: usize = 256;

    /// Parses a line whose `head` is the start of the last one and a time, followed by `tail`.
    fn find_latest<'a>(&self, head: &'a [u8], tail: Tail<'a>) -> Option<EventLine<'a>> {
        let thread = self.slots.get(self.latest)?;
        let time = head.strip_prefix(thread.start.as_slice())?;
        is_time(time).then(|| thread.line(head, tail))
    }

    /// Parses a line whose `start` equals that of an earlier one.
    fn find<'a>(&mut self, start: &'a [u8], tail: Tail<'a>) -> Option<EventLine<'a>> {
        let slot = self.slot(start);
        let thread = self.slots.get(slot)?;
        if thread.start != start {
            return None;
        }
        self.latest = slot;
        Some(thread.line(start, tail))
    }

    /// Caches the start of a line, if it identifies the thread, and `tail` follows the time.
    fn remember(&mut self, start: &[u8], event: &EventLine<'_>, tail: Tail<'_>) {
        let is_tail = event.event == Some(tail.event) && event.payload.is_empty();
        // The time may affect how it is parsed.
        let is_clear = !start.ends_with(b"  ")
            || event.start.pid.is_some()
            || event.start.tid.is_some_and(|tid| tid.len() >= 5)
            || Start::before_time(start, Padding::Likely)
                == Start::before_time(start, Padding::Unknown);
        if !event.has_time || !is_tail || !is_clear {
            return;
        }
        let range = |part: &[u8]| {
            let at = offset_in(start, part);
            at..at + part.len()
        };
        self.slots.resize(Self::SLOTS, Thread::default());
        self.latest = self.slot(start);
        self.slots[self.latest] = Thread {
            start: start.to_vec(),
            comm: range(event.start.comm),
            pid: event.start.pid.map(range),
            tid: event.start.tid.map(range),
        };
    }

    fn slot(&self, start: &[u8]) -> usize {
        self.hasher.hash_one(start) as usize % Self::SLOTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Lines read before do not affect the result.
        #[test]
        fn lines_are_read_as_each_alone(
            lines in proptest::collection::vec(
                (
                    proptest::sample::select(vec![
                        "prog 12", "prog 1 12", "prog 12/13 [001]", "12/34 z 20164/20179 [001]", "t 1 ", "t 1 [001]   ", "t\t1", "-/7    12 ",
                        "a 5.6: 7", "prog", "prog x", "  prog   12  ", "prog 12 5.6 ", "prog -1",
                        "prog 1 7:", "prog 1 5.6: cycles:", "prog 1 5.6: PERF_RECORD_X", "12", "",
                    ]),
                    proptest::sample::select(vec![
                        "5.6:", "4794564.109216:", "94.109216:", "5.6", "5.6 :", "5:", "[1 5.6:",
                    ]),
                    proptest::sample::select(vec![
                        "250000 cycles:ppp:", "1 cycles:", "1 cy\rcles:", "1 cy\u{b}cles:", "1 cyc\u{e9}les:", "cycles:u:", "  cycles:", "+3 cycles:",
                        "7: cycles:", "99999999999999999999 cycles:", "cycles", "5.6: cycles:",
                        "1 cycles: 7f f (m)", "7:", "",
                    ]),
                ),
                1..60,
            ),
        ) {
            let mut reader = EventReader::default();
            for (start, time, tail) in &lines {
                let line = format!("{start} {time} {tail}");
                let line = line.trim_end().as_bytes();
                proptest::prop_assert_eq!(reader.read(line), EventLine::parse(line));
            }
        }
    }

    #[test]
    fn threads_are_distinguished_even_if_the_cache_is_full() {
        let threads = (0..10 * Threads::SLOTS).map(|thread| thread * thread % 1009);
        let mut reader = EventReader::default();
        for thread in threads {
            let line = format!("prog {thread:>5} 5.6: 7 cycles:");
            let read = reader.read(line.as_bytes());
            assert_eq!(read, EventLine::parse(line.as_bytes()));
        }
    }
}

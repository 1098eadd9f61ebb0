//! Parses the event line of a sample: its thread and its event.
//!
//! ```text
//! event line = start [time ":"] [period] [event [":" modifiers] ":"] [payload]
//! ```
//!
//! ```text
//! java 24636/25607 [000] 4794564.109216:     250000 cycles:ppp:
//! V8 WorkerThread 25607 4794564.109216: cpu_core/cycles/P:
//! ls 24520 [001]   880.251414: syscalls:sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f3f3edaa0b1
//! false 64414 20110.539270:  34467 cycles:u:  ffffffff9aa3c8de [unknown] ([unknown])
//! ```
//!
//! The payload of a tracepoint is free text. In a sample without a call chain, it is followed by
//! its only frame. A comm is free text too, so the start of a line is parsed backwards, from the
//! time; see [`start`](super::start).

use super::frame::one_line_frame;
use super::start::{Padding, Start};
use crate::bytes::count::are_digits;
use crate::bytes::text::{is_ascii_white, rfind_space, trim_end, trim_start};
use std::ops::Range;

/// A parsed event line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventLine<'a> {
    pub start: Start<'a>,
    pub has_time: bool,
    pub period: Option<u64>,
    pub event: Option<EventName<'a>>,
    pub payload: &'a [u8],
}

/// The prefix of side-band records.
const RECORD: &[u8] = b"PERF_RECORD_";

/// The name of an event, `cycles`, and the same with modifiers, as printed by perf: `cycles:u`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collapse) struct EventName<'a> {
    pub name: &'a [u8],
    pub printed: &'a [u8],
}

impl<'a> EventName<'a> {
    pub fn new(printed: &'a [u8]) -> Self {
        let name = match memchr::memrchr(b':', printed) {
            Some(colon) if is_modifiers(&printed[colon + 1..]) => &printed[..colon],
            _ => printed,
        };
        EventName { name, printed }
    }

    /// Whether `filter` is this event's name, with or without its modifiers.
    pub fn is(&self, filter: &[u8]) -> bool {
        self.name == filter || self.printed == filter
    }

    /// Whether this is a side-band record instead of an event (`perf script --show-mmap-events`).
    pub fn is_record(&self) -> bool {
        self.printed.starts_with(RECORD)
    }
}

fn is_modifiers(text: &[u8]) -> bool {
    let is_modifier = |byte: &u8| {
        matches!(
            byte,
            b'u' | b'k'
                | b'h'
                | b'G'
                | b'H'
                | b'p'
                | b'P'
                | b'S'
                | b'D'
                | b'I'
                | b'W'
                | b'e'
                | b'b'
        )
    };
    !text.is_empty() && text.iter().all(is_modifier)
}

impl<'a> EventLine<'a> {
    /// The result for samples that consist only of frames.
    pub const NONE: EventLine<'static> = EventLine {
        start: Start {
            comm: b"",
            pid: None,
            tid: None,
        },
        has_time: false,
        period: None,
        event: None,
        payload: b"",
    };

    /// Parses a line without trailing whitespace; `None` if it has neither a time nor an event of a
    /// thread.
    pub fn parse(line: &'a [u8]) -> Option<EventLine<'a>> {
        EventLine::parse_before_frame(line, EventLine::parse_timed_or_event)
    }

    /// Parses a line from the text `before` a `time` and the `tail` after it, if the result is
    /// unambiguous.
    pub fn parse_usual(before: &'a [u8], time: &[u8], tail: Tail<'a>) -> Option<EventLine<'a>> {
        // The command name may contain a time.
        if before.contains(&b':') {
            return None;
        }
        let start = Start::before_time(before, padding(before, time));
        start.tid.is_some().then_some(EventLine {
            start,
            has_time: true,
            period: tail.period,
            event: Some(tail.event),
            payload: b"",
        })
    }

    /// Parses a line that may have any of the fields of `perf script -F`.
    pub fn parse_any_fields(line: &'a [u8]) -> Option<EventLine<'a>> {
        EventLine::parse_before_frame(line, |text| {
            let any = EventLine::parse_timed_or_event(text)
                .or_else(|| EventLine::parse_event(text))
                .unwrap_or_else(|| EventLine::parse_start(text));
            any.start.has_usual_comm().then_some(any)
        })
    }

    /// Calls `parse` with the line, without the frame at its end if there is one.
    fn parse_before_frame(
        line: &'a [u8],
        parse: impl Fn(&'a [u8]) -> Option<EventLine<'a>>,
    ) -> Option<EventLine<'a>> {
        let Some(frame) = one_line_frame(line) else {
            return parse(line);
        };
        let (fields, payload) = line.split_at(frame);
        let event = parse(trim_end(fields))?;
        Some(EventLine { payload, ..event })
    }

    /// Whether this is a side-band record instead of a sample.
    pub fn is_record(&self) -> bool {
        self.event.is_some_and(|event| event.is_record())
    }

    fn parse_timed_or_event(line: &'a [u8]) -> Option<EventLine<'a>> {
        EventLine::parse_timed(line)
            .or_else(|| EventLine::parse_event(line).filter(|it| it.start.tid.is_some()))
    }

    /// Parses a line with a time: the first one after the IDs of a thread, or the first one of all.
    fn parse_timed(line: &'a [u8]) -> Option<EventLine<'a>> {
        let mut first = None;
        for time in times(line) {
            let before = &line[..time.start];
            let start = Start::before_time(before, padding(before, &line[time.clone()]));
            let has_ids = start.tid.is_some();
            if has_ids || first.is_none() {
                first = Some((start, &line[time.end + 1..]));
            }
            if has_ids {
                break;
            }
        }
        let (start, text) =
            first.filter(|(start, _)| start.tid.is_some() || start.has_usual_comm())?;
        let mut parsed = EventLine {
            start,
            has_time: true,
            ..EventLine::NONE
        };
        parsed.set_event(text);
        Some(parsed)
    }

    /// Parses a line with an event but no time: the first event after a number, or else the last
    /// word, or the first tracepoint.
    fn parse_event(line: &'a [u8]) -> Option<EventLine<'a>> {
        let events = || words(line).filter(|word| is_event(&line[word.clone()]));
        let is_after_number = |word: &Range<usize>| {
            let before = trim_end(&line[..word.start]);
            before
                .last()
                .is_some_and(|byte| byte.is_ascii_digit() || *byte == b']')
        };
        // Commands can have names like `a:b: c`.
        let is_comm = || Start::with_period(line).0.has_usual_comm();
        let event = events()
            .find(is_after_number)
            .or_else(|| events().find(|word| word.end == line.len()))
            .or_else(|| events().find(|word| is_tracepoint(&line[word.clone()]) && !is_comm()))?;
        let (start, period) = Start::with_period(&line[..event.start]);
        Some(EventLine {
            start,
            period,
            event: Some(EventName::new(&line[event.start..event.end - 1])),
            payload: trim_start(&line[event.end..]),
            ..EventLine::NONE
        })
    }

    fn parse_start(line: &'a [u8]) -> EventLine<'a> {
        let (start, period) = Start::with_period(line);
        EventLine {
            start,
            period,
            ..EventLine::NONE
        }
    }

    /// Parses `[PERIOD] EVENT: [payload]`. If several numbers precede the event, the last one is
    /// the period.
    fn set_event(&mut self, text: &'a [u8]) {
        let mut rest = trim_start(text);
        while !rest.is_empty() {
            let (word, after) = split_word(rest);
            let after = trim_start(after);
            if can_start_event(word) {
                if let Some(printed) = word.strip_suffix(b":") {
                    self.event = Some(EventName::new(printed));
                    self.payload = after;
                } else if after.is_empty() || word.starts_with(RECORD) {
                    self.event = Some(EventName::new(word));
                }
                return;
            }
            self.period = parse_period(word);
            rest = after;
        }
    }
}

/// The text after the time in a usual line: `: [PERIOD] EVENT:`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Tail<'a> {
    pub period: Option<u64>,
    pub event: EventName<'a>,
}

/// Splits a usual line after its time, without the colon.
pub(super) fn split_usual(line: &[u8]) -> Option<(&[u8], Tail<'_>)> {
    let (rest, event) = split_last_word(line)?;
    if !event[0].is_ascii_alphabetic() || event.iter().any(|byte| is_ascii_white(*byte)) {
        return None;
    }
    let event = EventName::new(event.strip_suffix(b":")?);
    let mut head = trim_spaces_at_end(rest);
    let mut period = None;
    if !head.ends_with(b":") {
        let (rest, word) = split_last_word(head)?;
        period = Some(crate::bytes::count::parse_digits(word)?);
        head = trim_spaces_at_end(rest);
    }
    Some((head.strip_suffix(b":")?, Tail { period, event }))
}

/// The text before the time at the end of `head`.
#[inline]
pub(super) fn split_time(head: &[u8]) -> Option<&[u8]> {
    let start = &head[..=rfind_space(head)?];
    is_time(&head[start.len()..]).then_some(start)
}

/// A number before the event is its period; a CPU in brackets is skipped.
fn can_start_event(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic)
        || (word.ends_with(b":") && word.iter().any(u8::is_ascii_alphabetic))
}

fn parse_period(word: &[u8]) -> Option<u64> {
    crate::bytes::count::parse_digits(word.strip_prefix(b"+").unwrap_or(word))
}

/// Whether `word` is `seconds.fraction`; perf usually prints microseconds.
pub(super) fn is_time(word: &[u8]) -> bool {
    match word.split_last_chunk::<7>() {
        Some((seconds @ [_, ..], [b'.', micros @ ..])) => are_digits(micros) && are_digits(seconds),
        _ => time_length(word) == Some(word.len()),
    }
}

/// The positions of times in `line`, without the colons after them.
fn times(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memchr::memchr_iter(b':', line).filter_map(|colon| {
        let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let length = line[..colon]
            .iter()
            .rev()
            .take_while(|it| is_part(it))
            .count();
        let start = colon - length;
        let is_word = line[..start]
            .last()
            .is_none_or(|byte| is_ascii_white(*byte));
        (is_word && is_time(&line[start..colon])).then_some(start..colon)
    })
}

/// Whether perf padded the `time` after `before`, and therefore also the IDs.
fn padding(before: &[u8], time: &[u8]) -> Padding {
    let fraction = time.iter().rev().take_while(|byte| **byte != b'.').count();
    match fraction {
        6 | 9 if before.ends_with(b"  ") => Padding::Likely,
        _ => Padding::Unknown,
    }
}

/// The positions of words in `line`.
fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    std::iter::from_fn(move || {
        let rest = trim_start(&line[end..]);
        let start = line.len() - rest.len();
        end = start + split_word(rest).0.len();
        (start < end).then_some(start..end)
    })
}

fn is_event(word: &[u8]) -> bool {
    word.ends_with(b":") && can_start_event(word)
}

/// Whether an event is `system:name:`, which other text may follow.
fn is_tracepoint(event: &[u8]) -> bool {
    event[..event.len() - 1].contains(&b':')
}

/// The length of the `seconds.fraction` at the start of `word`.
fn time_length(word: &[u8]) -> Option<usize> {
    let seconds = count_digits(word);
    let fraction = count_digits(word.get(seconds + 1..)?);
    let is_time = seconds > 0 && fraction > 0 && word[seconds] == b'.';
    is_time.then_some(seconds + 1 + fraction)
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Splits before the first whitespace; the rest starts with it, or is empty.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    // Words are short, so vectorized search is slower.
    let length = text.iter().position(|byte| is_ascii_white(*byte));
    text.split_at(length.unwrap_or(text.len()))
}

/// Splits off the last word; `None` if there is none, or nothing before it.
#[inline]
fn split_last_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = trim_spaces_at_end(text);
    let start = rfind_space(text)? + 1;
    Some((&text[..start], &text[start..]))
}

#[inline]
fn trim_spaces_at_end(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_suffix(b" ") {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> String {
        let Some(parsed) = EventLine::parse(line.as_bytes()) else {
            return "none".to_string();
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let period = parsed
            .period
            .map_or("-".to_string(), |period| period.to_string());
        let event = parsed
            .event
            .map_or("-".to_string(), |event| text(event.name));
        let (comm, pid, tid) = (
            text(parsed.start.comm),
            text(parsed.start.pid.unwrap_or(b"?")),
            text(parsed.start.tid.unwrap_or(b"?")),
        );
        format!(
            "{comm}|{pid}/{tid}|{period}|{event}|{}",
            text(parsed.payload)
        )
    }

    #[test]
    fn modifiers_are_not_part_of_an_events_name() {
        for modifiers in [
            "u", "k", "h", "G", "H", "p", "P", "S", "D", "I", "W", "e", "b", "uppp",
        ] {
            let printed = format!("cycles:{modifiers}");
            assert_eq!(
                EventName::new(printed.as_bytes()).name,
                b"cycles",
                "{printed}"
            );
        }
        for printed in ["cycles:", "cycles:x", "sched:sched_switch"] {
            let name = EventName::new(printed.as_bytes()).name;
            assert_eq!(name, printed.as_bytes());
        }
    }

    #[test]
    fn threads_and_command_names() {
        for (line, expected) in [
            ("java 12/34 [000] 5.6: cycles:", "java|12/34|-|cycles|"),
            (
                "V8 WorkerThread 34 5.6: 7 cycles:",
                "V8 WorkerThread|?/34|7|cycles|",
            ),
            (
                "   swapper     0 [001] 5.6: 7 cycles:",
                "swapper|?/0|7|cycles|",
            ),
            ("a:b c 1 2.0: 7 cycles:", "a:b c|?/1|7|cycles|"),
            (
                "12/34 z 20164/20179 [001] 2.0: 7 cycles:",
                "12/34 z|20164/20179|7|cycles|",
            ),
            (
                "Web Content 5 1234/1240 [002] 2.0: 7 cycles:",
                "Web Content 5|1234/1240|7|cycles|",
            ),
            (
                "worker 42 x 12 [002] 2.0: 7 cycles:",
                "worker 42 x|?/12|7|cycles|",
            ),
            ("a 12/34 56/78 2.0: 7 cycles:", "a 12/34|56/78|7|cycles|"),
            ("gone -1/-1 [002] 2.0: 7 cycles:", "gone|-1/-1|7|cycles|"),
            (
                "foo [001] 12 [001] 2.0: 7 cycles:",
                "foo [001]|?/12|7|cycles|",
            ),
            ("nobody", "none"),
            ("no thread here", "none"),
            ("a 12", "none"),
        ] {
            assert_eq!(show(line), expected, "{line}");
        }
    }

    #[test]
    fn events_periods_and_payloads() {
        for (text, expected) in [
            ("1.0: cycles:u:", "-|cycles|"),
            ("1.0: 5025125   cpu-clock:pppH:", "5025125|cpu-clock|"),
            ("1.0: cycles", "-|cycles|"),
            ("1.0: -5 cycles:", "-|cycles|"),
            ("1.0: 1.5 cycles:", "-|cycles|"),
            ("1.0: 99999999999999999999 cycles:", "-|cycles|"),
            (
                "1.0: cpu/event=0x3c,umask=0x1/:",
                "-|cpu/event=0x3c,umask=0x1/|",
            ),
            ("1.0: 7 cpu_core/cycles/P:", "7|cpu_core/cycles/P|"),
            (
                "1.0: 1 sched:sched_switch: prev=x ==> y",
                "1|sched:sched_switch|prev=x ==> y",
            ),
            (
                "1.0:1 sched:sched_switch: prev=x",
                "1|sched:sched_switch|prev=x",
            ),
            ("1.0: probe:f: (ff)", "-|probe:f|(ff)"),
            ("1.0: 3 cycles:u:  ffff foo (m)", "3|cycles|ffff foo (m)"),
            ("d... 1.0: 3 cycles:", "3|cycles|"),
            ("1.0: PERF_RECORD_MMAP -1/0: [0xff", "-|PERF_RECORD_MMAP|"),
            ("[003] 9 cycles:u:", "9|cycles|"),
            ("1.0: 9 cycles:ukhGHpPSDIWeb:", "9|cycles|"),
            ("1.0: 9 probe:read:", "9|probe:read|"),
        ] {
            let shown = show(&format!("prog 1 {text}"));
            assert_eq!(shown, format!("prog|?/1|{expected}"), "{text}");
        }
    }
}

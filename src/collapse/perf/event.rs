//! The event line of a sample: who ran, and what was counted.
//!
//! ```text
//! event line = comm SP [pid "/"] tid SP {word} [time ":"] [period] [event [":" modifiers] ":"] [payload]
//! ```
//!
//! ```text
//! java 24636/25607 [000] 4794564.109216:     250000 cycles:ppp:
//! V8 WorkerThread 25607 4794564.109216: cpu_core/cycles/P:
//! ls 24520 [001]   880.251414: syscalls:sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f3f3edaa0b1
//! false 64414 20110.539270:  34467 cycles:u:  ffffffff9aa3c8de [unknown] ([unknown])
//! ```
//!
//! The payload of a tracepoint is free text. That of a sample without a call chain is its only
//! frame.

use crate::text::{rfind_space, trim};

/// An event line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventLine<'a> {
    pub comm: &'a [u8],
    /// What perf printed before the slash; `None` if it printed a thread only.
    pub pid: Option<&'a [u8]>,
    pub tid: &'a [u8],
    pub has_time: bool,
    pub period: Option<u64>,
    pub event: Option<EventName<'a>>,
    pub payload: &'a [u8],
}

/// What names of side-band records start with.
const RECORD: &[u8] = b"PERF_RECORD_";

/// The name of an event, `cycles`, and as perf prints it, with modifiers: `cycles:u`.
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

    /// Whether this is no event but a side-band record (`perf script --show-mmap-events`).
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
    /// Takes a line apart that has no white space at its end; `None` if it names no thread.
    pub fn parse(line: &'a [u8]) -> Option<EventLine<'a>> {
        EventLine::parse_usual(line).or_else(|| EventLine::parse_any(line))
    }

    /// Reads `COMM [PID/]TID [CPU] TIME: [PERIOD] EVENT:`, from its end, if no word of the command's
    /// name could be taken for the thread. `None` for all else.
    fn parse_usual(line: &'a [u8]) -> Option<EventLine<'a>> {
        let (head, tail) = split_usual(line)?;
        EventLine::parse_start(split_time(head)?, tail)
    }

    /// Reads `COMM [PID/]TID [CPU]` before a time and `tail`.
    pub fn parse_start(start: &'a [u8], tail: Tail<'a>) -> Option<EventLine<'a>> {
        let (mut rest, mut thread) = split_last_word(start)?;
        if thread.starts_with(b"[") && thread.ends_with(b"]") {
            (rest, thread) = split_last_word(rest)?;
        }
        let comm = trim(rest);
        if !is_usual_thread(thread) || may_hold_thread(comm) {
            return None;
        }
        let (pid, tid) = split_thread(thread);
        Some(EventLine {
            comm,
            pid,
            tid,
            has_time: true,
            period: tail.period,
            event: Some(tail.event),
            payload: b"",
        })
    }

    pub fn parse_any(line: &'a [u8]) -> Option<EventLine<'a>> {
        let thread = find_thread(line)?;
        let (pid, tid) = split_thread(thread.word);
        let comm = trim(&line[..thread.start]);
        let (has_time, text) = after_time(thread.rest);
        let mut parsed = EventLine {
            comm,
            pid,
            tid,
            has_time,
            period: None,
            event: None,
            payload: b"",
        };
        parsed.set_event(text);
        Some(parsed)
    }

    /// Reads `[PERIOD] EVENT: [payload]`. If several numbers stand before the event, the one next
    /// to it is the period.
    fn set_event(&mut self, text: &'a [u8]) {
        let mut rest = text.trim_ascii_start();
        while !rest.is_empty() {
            let (word, after) = split_word(rest);
            let after = after.trim_ascii_start();
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

/// What follows the time on a usual line: `: [PERIOD] EVENT:`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Tail<'a> {
    pub period: Option<u64>,
    pub event: EventName<'a>,
}

/// Splits a usual line behind its time, without the colon there.
pub(super) fn split_usual(line: &[u8]) -> Option<(&[u8], Tail<'_>)> {
    let (rest, event) = split_last_word(line)?;
    if !event[0].is_ascii_alphabetic() {
        return None;
    }
    let event = EventName::new(event.strip_suffix(b":")?);
    let mut head = trim_spaces_at_end(rest);
    let mut period = None;
    if !head.ends_with(b":") {
        let (rest, word) = split_last_word(head)?;
        period = Some(crate::count::parse_digits(word)?);
        head = trim_spaces_at_end(rest);
    }
    Some((head.strip_suffix(b":")?, Tail { period, event }))
}

/// What is before the time that `head` ends with.
#[inline]
pub(super) fn split_time(head: &[u8]) -> Option<&[u8]> {
    let start = &head[..=rfind_space(head)?];
    is_time(&head[start.len()..]).then_some(start)
}

/// A number before the event is its period, a cpu in brackets is passed over.
fn can_start_event(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic)
        || (word.ends_with(b":") && word.iter().any(u8::is_ascii_alphabetic))
}

fn parse_period(word: &[u8]) -> Option<u64> {
    crate::count::parse_digits(word.strip_prefix(b"+").unwrap_or(word))
}

/// The word that names the thread (`tid` or `pid/tid`), and what follows.
struct ThreadWord<'a> {
    start: usize,
    word: &'a [u8],
    rest: &'a [u8],
}

/// Finds the first word of digits. A command name may end in a number of its own: where a
/// `pid/tid` follows right behind, that is the thread (`Web Content 5 1234/1240`).
fn find_thread(line: &[u8]) -> Option<ThreadWord<'_>> {
    let mut found: Option<ThreadWord<'_>> = None;
    let mut start = match line.first() {
        Some(b' ') => 0,
        _ => memchr::memchr(b' ', line)? + 1,
    };
    while start < line.len() {
        let (word, rest) = split_word(&line[start..]);
        let is_thread = is_thread_word(word) && !rest.is_empty();
        match &found {
            None if is_thread => found = Some(ThreadWord { start, word, rest }),
            Some(first) if is_thread && !first.word.contains(&b'/') && word.contains(&b'/') => {
                return Some(ThreadWord { start, word, rest });
            }
            Some(first) if first.word.contains(&b'/') || is_after_thread(word) => return found,
            _ => {}
        }
        start += word.len() + 1;
    }
    found
}

/// Digits, at least one, and slashes among them; perf prints -1 for a thread that is gone.
fn is_thread_word(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let mut parts = digits.split(|&byte| byte == b'/');
    let is_number = |part: &[u8]| {
        part.strip_prefix(b"-")
            .unwrap_or(part)
            .iter()
            .all(u8::is_ascii_digit)
    };
    digits.iter().any(u8::is_ascii_digit) && parts.all(is_number)
}

fn split_thread(word: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match word.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (Some(&word[..slash]), &word[slash + 1..]),
        None => (None, word),
    }
}

fn is_usual_thread(word: &[u8]) -> bool {
    let is_digit_or_slash = |byte: &u8| (b'/'..=b'9').contains(byte);
    word[0] != b'/' && word.iter().all(is_digit_or_slash)
}

/// Whether `word` is `seconds.fraction`; perf mostly prints microseconds.
pub(super) fn is_time(word: &[u8]) -> bool {
    match word.split_last_chunk::<7>() {
        Some((seconds @ [_, ..], [b'.', micros @ ..])) => {
            micros.iter().all(u8::is_ascii_digit) && seconds.iter().all(u8::is_ascii_digit)
        }
        _ => time_length(word) == Some(word.len()),
    }
}

/// Whether a command's name has a word that starts like a thread's.
fn may_hold_thread(comm: &[u8]) -> bool {
    let mut before = b' ';
    comm.iter().any(|byte| {
        let starts_word = std::mem::replace(&mut before, *byte) == b' ';
        starts_word && matches!(byte, b'-' | b'/'..=b'9')
    })
}

/// Whether `word` can only come after the thread: the cpu, the time, the event.
fn is_after_thread(word: &[u8]) -> bool {
    word.starts_with(b"[") || word.ends_with(b":")
}

/// What follows the time stamp, or all of `text` if it has none before the event.
fn after_time(text: &[u8]) -> (bool, &[u8]) {
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = split_word(rest);
        if let Some(length) = time_length(word)
            && word.get(length) == Some(&b':')
        {
            return (true, &rest[length + 1..]);
        }
        if word.ends_with(b":") {
            break;
        }
        rest = after.get(1..).unwrap_or_default();
    }
    (false, after_cpu(text))
}

fn after_cpu(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    match memchr::memchr(b']', text) {
        Some(end) if text.starts_with(b"[") => &text[end + 1..],
        _ => text,
    }
}

/// The length of the `seconds.fraction` that `word` starts with.
fn time_length(word: &[u8]) -> Option<usize> {
    let seconds = count_digits(word);
    let fraction = count_digits(word.get(seconds + 1..)?);
    let is_time = seconds > 0 && fraction > 0 && word[seconds] == b'.';
    is_time.then_some(seconds + 1 + fraction)
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Splits before the first space; the rest begins with it, or is empty.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    // Words are a few bytes long, so a vector search would not pay.
    let length = text.iter().position(|byte| *byte == b' ');
    text.split_at(length.unwrap_or(text.len()))
}

/// Splits the last word off; `None` if there is none, or nothing before it.
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
            text(parsed.comm),
            text(parsed.pid.unwrap_or(b"?")),
            text(parsed.tid),
        );
        format!(
            "{comm}|{pid}/{tid}|{period}|{event}|{}",
            text(parsed.payload)
        )
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
                "worker|?/42|7|cycles|",
            ),
            ("a 12/34 56/78 2.0: 7 cycles:", "a|12/34|7|cycles|"),
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
            ("[001]", "-|-|"),
            ("cycles:u: ", "-|cycles|"),
            ("[003] 9 cycles:u:", "9|cycles|"),
        ] {
            let shown = show(&format!("prog 1 {text}"));
            assert_eq!(shown, format!("prog|?/1|{expected}"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_usual_line_is_read_as_any_other(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "", "", "prog", "a:b", "12/34", "12", "-1", "/7", "x/7", "[001]", "[1", "5.6:", "5.6",
                "4794564.109216:", "250000", "+3", "99999999999999999999", "cycles:ppp:", "cycles",
                "probe:f:", "7:", "cpu_core/cycles/P:", "PERF_RECORD_MMAP:", "\t12", "é",
            ]), 0..9),
        ) {
            let line = words.join(" ");
            if let Some(usual) = EventLine::parse_usual(line.as_bytes()) {
                let any = EventLine::parse_any(line.as_bytes());
                proptest::prop_assert_eq!(Some(usual), any);
            }
        }
    }

    #[test]
    fn what_perf_prints_is_usual() {
        for line in [
            "cargo  6753   454.275121:    1003009 cpu-clock:pppH:",
            "java 24636/25607 [000] 4794564.109216:     250000 cycles:ppp:",
            "V8 WorkerThread 25607 4794564.109216: 1 cpu_core/cycles/P:",
        ] {
            assert!(EventLine::parse_usual(line.as_bytes()).is_some(), "{line}");
        }
    }
}

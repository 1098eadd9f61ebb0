//! Selects samples of a block by their event lines.

use super::class::{Class, First, classify, first_of_sample, is_bare_frame, is_sample_of_one_line};
use super::event::{EventLine, is_time};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::{is_ascii_white, trim_end};
use crate::collapse::engine::format::{SampleStart, offset_in};
use crate::collapse::selection::{Chooser, SampleOrigin};

/// Appends `block` to `text`, with blank lines in place of samples that are not selected.
pub(super) fn blank_out(block: &[u8], chooser: &mut Chooser, text: &mut Vec<u8>) {
    let mut takes = |origin: &SampleOrigin<'_>, event: Option<&[u8]>| {
        let is_taken = chooser.takes(origin);
        if is_taken && let Some(event) = event {
            chooser.division().note_event(event);
        }
        is_taken
    };
    let mut sample = CurrentSample::default();
    let mut lines = crate::bytes::lines::lines_of(block).peekable();
    while let Some(line) = lines.next() {
        sample.read(line, lines.peek().copied(), &mut takes);
        let end = offset_in(block, line) + line.len();
        if sample.is_taken {
            text.extend_from_slice(line);
        }
        text.extend_from_slice(&block[end..(end + 1).min(block.len())]);
    }
}

/// Calls `visit` with each sample in a block of whole records.
pub(super) fn for_each_sample(block: &[u8], visit: &mut dyn FnMut(SampleStart<'_>)) {
    let mut sample = CurrentSample::default();
    let mut lines = crate::bytes::lines::lines_of(block).peekable();
    while let Some(line) = lines.next() {
        let mut takes = |origin: &SampleOrigin<'_>, event: Option<&[u8]>| {
            visit(SampleStart {
                offset: offset_in(block, line),
                time: origin.time,
                event,
            });
            true
        };
        sample.read(line, lines.peek().copied(), &mut takes);
    }
}

/// Called with the origin and the event of each sample; returns whether it is selected.
type Takes<'a> = dyn FnMut(&SampleOrigin<'_>, Option<&[u8]>) -> bool + 'a;

/// The current sample.
struct CurrentSample {
    is_taken: bool,
    is_inside: bool,
    is_after_blank: bool,
}

impl Default for CurrentSample {
    /// Text before the first sample does not belong to any.
    fn default() -> CurrentSample {
        CurrentSample {
            is_taken: true,
            is_inside: false,
            is_after_blank: true,
        }
    }
}

impl CurrentSample {
    fn read(&mut self, line: &[u8], next: Option<&[u8]>, takes: &mut Takes<'_>) {
        let line = trim_end(line);
        if line.is_empty() {
            *self = CurrentSample::default();
            return;
        }
        if self.is_inside && line.starts_with(b"\t") {
            return;
        }
        let is_sample_alone = !self.is_inside && is_bare_frame(line);
        match classify(line, self.is_inside) {
            Class::Event(event) if event.is_record() => *self = CurrentSample::default(),
            Class::Event(event) => self.begin_with(line, &event, takes),
            Class::Unknown if !self.is_inside || is_sample_of_one_line(line) => {
                self.begin_with_any_fields(line, next.map(trim_end), takes);
            }
            _ => {}
        }
        self.is_after_blank = is_sample_alone;
    }

    fn begin_with(&mut self, line: &[u8], event: &EventLine<'_>, takes: &mut Takes<'_>) {
        let name = event.event.as_ref().map(|event| event.name);
        self.begin(&origin(line, event), name, takes);
    }

    fn begin(&mut self, origin: &SampleOrigin<'_>, event: Option<&[u8]>, takes: &mut Takes<'_>) {
        self.is_taken = takes(origin, event);
        self.is_inside = true;
    }

    /// Begins a sample with a line that may lack a thread, a time or an event.
    fn begin_with_any_fields(&mut self, line: &[u8], next: Option<&[u8]>, takes: &mut Takes<'_>) {
        match first_of_sample(line, next, self.is_after_blank) {
            Some(First::Above(event) | First::Only(event)) => {
                self.begin_with(line, &event, takes);
            }
            Some(First::Frame) => self.begin(&SampleOrigin::default(), None, takes),
            None => {}
        }
    }
}

/// The origin of a sample according to its event line.
pub(super) fn origin<'a>(line: &'a [u8], event: &EventLine<'a>) -> SampleOrigin<'a> {
    let start = &event.start;
    let last = start.tid.unwrap_or(start.comm);
    let rest = match last {
        [] => line,
        _ => &line[offset_in(line, last) + last.len()..],
    };
    let mut words = rest
        .split(|byte| is_ascii_white(*byte))
        .filter(|word| !word.is_empty());
    let cpu = words.clone().next().and_then(parse_cpu);
    SampleOrigin {
        time: words.find_map(parse_time),
        comm: Some(start.comm).filter(|comm| !comm.is_empty()),
        pid: start.pid.and_then(crate::bytes::count::parse_digits),
        tid: start.tid.and_then(crate::bytes::count::parse_digits),
        cpu,
    }
}

/// The CPU number in `[003]`.
fn parse_cpu(word: &[u8]) -> Option<u64> {
    let digits = word.strip_prefix(b"[")?.strip_suffix(b"]")?;
    crate::bytes::count::parse_digits(digits)
}

/// The time in `388.802544:`.
fn parse_time(word: &[u8]) -> Option<Decimal> {
    let time = word.strip_suffix(b":")?;
    is_time(time).then(|| Decimal::parse(time))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::selection::Selection;

    fn chosen(script: &str, set: impl Fn(&mut Selection)) -> String {
        let mut selection = Selection::default();
        set(&mut selection);
        let mut text = Vec::new();
        blank_out(script.as_bytes(), &mut Chooser::new(&selection), &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn lines_keep_their_numbers() {
        let script = "# a 1 1.0: x:\n\na b 7/8 [003] 1.5: 3 x:\n\t12 f (m)\n\nc 9/9 [001] 2.5: y:\n\t34 g (m)\n";
        let first = "# a 1 1.0: x:\n\na b 7/8 [003] 1.5: 3 x:\n\t12 f (m)\n\n\n\n";
        let last = "# a 1 1.0: x:\n\n\n\n\nc 9/9 [001] 2.5: y:\n\t34 g (m)\n";
        assert_eq!(chosen(script, |it| it.comms.push("a b".into())), first);
        assert_eq!(
            chosen(script, |it| it.pids.push("7".parse().unwrap())),
            first
        );
        assert_eq!(
            chosen(script, |it| it.tids.push("8".parse().unwrap())),
            first
        );
        assert_eq!(
            chosen(script, |it| it.cpus.push("3".parse().unwrap())),
            first
        );
        let time = |it: &mut Selection| it.time = Some("0.5..".parse().unwrap());
        assert_eq!(chosen(script, time), last);
    }

    #[test]
    fn samples_without_blank_lines_between_them_are_distinguished() {
        let script = "a 1 1.0: x:  12 f (m)\nb 2 1.1: x:  34 g (m)\na 1 1.2: x:  12 f (m)";
        assert_eq!(
            chosen(script, |it| it.comms.push("a".into())),
            "a 1 1.0: x:  12 f (m)\n\na 1 1.2: x:  12 f (m)"
        );
    }
}

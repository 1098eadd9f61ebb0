//! Parses the start of an event line: the thread.
//!
//! ```text
//! start = [comm SP] [[pid "/"] id SP] ["[" cpu "]" SP] [flags SP]
//! ```
//!
//! perf pads its fields: IDs to 5 bytes, periods to 10. That distinguishes the ID in `my thread
//! 1` from the name that ends in a number in `my thread 1`, and an ID from a period.

use crate::bytes::text::{is_ascii_white, trim, trim_end};

/// The maximum length of a thread name in the kernel; names of kernel workers can be longer, but
/// contain no space.
const MAX_COMM: usize = 15;

/// The thread, as far as printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Start<'a> {
    /// Empty if it was not printed.
    pub comm: &'a [u8],
    pub pid: Option<&'a [u8]>,
    pub tid: Option<&'a [u8]>,
}

/// How certain it is that perf padded the IDs, and the line was not handwritten or printed by
/// another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Unknown,
    Likely,
    Sure,
}

/// A word, and the text before it, up to the whitespace between them.
struct LastWord<'a> {
    before: &'a [u8],
    word: &'a [u8],
    /// The width of the field that ends with the word.
    width: usize,
}

impl<'a> Start<'a> {
    /// Parses the text before a time, a period, or an event. The IDs are directly before that, or
    /// before the CPU.
    fn parse(text: &'a [u8], padding: Padding) -> Start<'a> {
        let text = without_cpu(text).unwrap_or(text);
        let ids = LastWord::of(text).filter(|last| last.is_ids(padding));
        let Some(last) = ids else {
            return Start {
                comm: trim(text),
                ..Start::default()
            };
        };
        let (pid, tid) = split_ids(last.word);
        Start {
            comm: trim(last.before),
            pid,
            tid: Some(tid),
        }
    }

    /// Parses the text before a time, which may also include the CPU's mode (`U`, `d...`).
    pub fn before_time(text: &'a [u8], padding: Padding) -> Start<'a> {
        let start = Start::parse(text, padding);
        if start.tid.is_some() {
            return start;
        }
        let after_mode = LastWord::of(text).filter(|last| is_mode(last.word));
        let after_mode = after_mode.map(|last| Start::parse(last.before, padding));
        after_mode.filter(|it| it.tid.is_some()).unwrap_or(start)
    }

    /// Parses the text before an event, or at the end of a line without a time, with the period.
    pub fn with_period(text: &'a [u8]) -> (Start<'a>, Option<u64>) {
        let Some(last) = LastWord::of(text) else {
            return (Start::default(), None);
        };
        let is_period = || {
            last.is_period()
                || without_cpu(last.before).is_some()
                || LastWord::of(last.before).is_some_and(|it| it.is_ids(Padding::Sure))
        };
        if let Some(period) = crate::bytes::count::parse_digits(last.word)
            && is_period()
        {
            return (Start::without_time(last.before), Some(period));
        }
        (Start::without_time(text), None)
    }

    /// If a CPU is printed, the IDs are before it.
    fn without_time(text: &'a [u8]) -> Start<'a> {
        let has_cpu = without_cpu(text).is_some();
        Start::parse(
            text,
            if has_cpu {
                Padding::Unknown
            } else {
                Padding::Sure
            },
        )
    }

    /// Whether the comm is plausible.
    pub fn has_usual_comm(&self) -> bool {
        self.comm.len() <= MAX_COMM || !self.comm.iter().copied().any(is_ascii_white)
    }
}

impl<'a> LastWord<'a> {
    fn of(text: &'a [u8]) -> Option<LastWord<'a>> {
        let text = trim_end(text);
        let start = text
            .iter()
            .rposition(|byte| is_ascii_white(*byte))
            .map_or(0, |at| at + 1);
        let (before, word) = text.split_at(start);
        let spaces = before.len() - trim_end(before).len();
        // Fields are separated by a space, unless there is no previous field.
        let separator = usize::from(spaces < before.len());
        (!word.is_empty()).then_some(LastWord {
            before,
            word,
            width: word.len() + spaces - separator,
        })
    }

    /// Digits, possibly with slashes, starting with a field of 5 bytes if the IDs are padded; perf
    /// prints -1 for a thread that exited.
    fn is_ids(&self, padding: Padding) -> bool {
        let without_sign = |id: &'a [u8]| id.strip_prefix(b"-").unwrap_or(id);
        let mut ids = self.word.split(|byte| *byte == b'/').map(without_sign);
        without_sign(self.word)
            .first()
            .is_some_and(u8::is_ascii_digit)
            && ids.all(|id| id.iter().all(u8::is_ascii_digit))
            && (self.has_width_of_ids() || !self.must_be_padded(padding))
    }

    fn has_width_of_ids(&self) -> bool {
        const WIDTH: usize = 5;
        let first = self.word.iter().position(|byte| *byte == b'/');
        let first = first.unwrap_or(self.word.len());
        let width = self.width - (self.word.len() - first);
        match trim_end(self.before) {
            [] => width == first.max(WIDTH),
            _ => width >= WIDTH,
        }
    }

    fn must_be_padded(&self, padding: Padding) -> bool {
        let is_first = trim_end(self.before).is_empty();
        let has_slash = self.word.contains(&b'/');
        match padding {
            _ if self.before.ends_with(b"\t") => false,
            Padding::Unknown => is_first && !has_slash,
            Padding::Likely => !has_slash,
            Padding::Sure => true,
        }
    }

    /// A number in a field of 10 bytes, or with more digits than thread IDs have.
    fn is_period(&self) -> bool {
        const WIDTH: usize = 10;
        self.width == WIDTH || self.word.len() >= 8
    }
}

/// `PID/TID`, or only one of them.
fn split_ids(word: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match word.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (Some(&word[..slash]), &word[slash + 1..]),
        None => (None, word),
    }
}

/// The text before the CPU at the end of `text`.
fn without_cpu(text: &[u8]) -> Option<&[u8]> {
    let text = trim_end(text).strip_suffix(b"]")?;
    let last = LastWord::of(text)?;
    let cpu = last.word.strip_prefix(b"[")?;
    (!cpu.is_empty() && cpu.iter().all(u8::is_ascii_digit)).then_some(last.before)
}

/// Whether `word` is a mode of the CPU: `U`, `d..2.`, `Hn`.
fn is_mode(word: &[u8]) -> bool {
    let is_flag = |byte: &u8| byte.is_ascii_alphanumeric() || b".#".contains(byte);
    word.len() <= 6 && word.iter().all(is_flag)
}

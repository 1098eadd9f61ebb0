//! What an event line starts with: who ran.
//!
//! ```text
//! start = [comm SP] [[pid "/"] id SP] ["[" cpu "]" SP] [flags SP]
//! ```
//!
//! perf pads its fields: ids to 5 bytes, periods to 10. That tells the id in `my thread     1` from
//! the name that ends in a number in `my thread 1`, and an id from a period.

use crate::text::{is_ascii_white, trim, trim_end};

/// The longest name the kernel has for a thread; kernel workers may have more, but no space in it.
const LONGEST_COMM: usize = 15;

/// Who ran, as far as perf printed it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Start<'a> {
    /// Empty if it was not printed.
    pub comm: &'a [u8],
    pub pid: Option<&'a [u8]>,
    pub tid: Option<&'a [u8]>,
}

/// How sure it is that perf padded the ids, and nobody wrote the line by hand or printed it with
/// another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Unknown,
    Likely,
    Sure,
}

/// A word, and what is before it, up to the white space between them.
struct LastWord<'a> {
    before: &'a [u8],
    word: &'a [u8],
    /// How wide the field is that the word is at the end of.
    width: usize,
}

impl<'a> Start<'a> {
    /// Reads what is before a time, a period, or an event. The ids are directly before that, but for
    /// the cpu.
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

    /// Reads what is before a time, where words that tell the cpu's mode (`U`, `d...`) may be, too.
    pub fn before_time(text: &'a [u8], padding: Padding) -> Start<'a> {
        let start = Start::parse(text, padding);
        if start.tid.is_some() {
            return start;
        }
        let behind_mode = LastWord::of(text).filter(|last| is_mode(last.word));
        let behind_mode = behind_mode.map(|last| Start::parse(last.before, padding));
        behind_mode.filter(|it| it.tid.is_some()).unwrap_or(start)
    }

    /// Reads what is before an event or at the end of a line that has no time, and the period.
    pub fn with_period(text: &'a [u8]) -> (Start<'a>, Option<u64>) {
        let Some(last) = LastWord::of(text) else {
            return (Start::default(), None);
        };
        let is_period = || {
            last.is_period()
                || without_cpu(last.before).is_some()
                || LastWord::of(last.before).is_some_and(|it| it.is_ids(Padding::Sure))
        };
        if let Some(period) = crate::count::parse_digits(last.word)
            && is_period()
        {
            return (Start::without_time(last.before), Some(period));
        }
        (Start::without_time(text), None)
    }

    /// If a cpu is printed, so are the ids before it.
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

    /// Whether the comm can be one.
    pub fn has_usual_comm(&self) -> bool {
        self.comm.len() <= LONGEST_COMM || !self.comm.iter().copied().any(is_ascii_white)
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
        // A space is between fields, unless there is no field before.
        let separator = usize::from(spaces < before.len());
        (!word.is_empty()).then_some(LastWord {
            before,
            word,
            width: word.len() + spaces - separator,
        })
    }

    /// Digits, and slashes among them, of which the first are in a field of 5 bytes if they are
    /// padded; perf prints -1 for a thread that is gone.
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

    /// A number in a field of 10 bytes, or with more digits than the ids of threads have.
    fn is_period(&self) -> bool {
        const WIDTH: usize = 10;
        self.width == WIDTH || self.word.len() >= 8
    }
}

/// `PID/TID`, or what is one of them only.
fn split_ids(word: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match word.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (Some(&word[..slash]), &word[slash + 1..]),
        None => (None, word),
    }
}

/// What is before the cpu that `text` ends with.
fn without_cpu(text: &[u8]) -> Option<&[u8]> {
    let text = trim_end(text).strip_suffix(b"]")?;
    let last = LastWord::of(text)?;
    let cpu = last.word.strip_prefix(b"[")?;
    (!cpu.is_empty() && cpu.iter().all(u8::is_ascii_digit)).then_some(last.before)
}

/// Whether `word` is one of those that tell what the cpu did: `U`, `d..2.`, `Hn`.
fn is_mode(word: &[u8]) -> bool {
    let is_flag = |byte: &u8| byte.is_ascii_alphanumeric() || b".#".contains(byte);
    word.len() <= 6 && word.iter().all(is_flag)
}

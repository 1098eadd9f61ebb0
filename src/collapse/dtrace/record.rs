//! Finds the end of records, and the keys printed before and after their stacks.
//!
//! DTrace prints the keys of an aggregation in order, followed by the value:
//!
//! ```text
//! @[execname, pid, ustack()]              @[ustack(), execname]
//!
//!   node                 1234                           libc`read+0xa
//!               libc`read+0xa                           node`main+0x1
//!               node`main+0x1             node                        2
//!                 2
//! ```
//!
//! So a line that ends in a number may be the end or the start of a record. It is the end if the
//! line above it is a frame, and usually if a blank line follows; otherwise, it is the start of the
//! record whose end was read before, because records are read from their end.

use super::head::{indentation, is_head_line};
use super::looks_like_frame;
use crate::bytes::count::parse_digits;
use crate::bytes::lines::split_line;
use crate::bytes::text::{is_ascii_white, trim, trim_end};

/// The default indentation of frames in DTrace.
pub(super) const STACK_INDENT: usize = 14;

/// The last column of an aggregation's value if there is no key before it.
const VALUE_END: usize = 17;

/// A line that ends in a number.
#[derive(Clone, Copy)]
pub(super) struct NumberLine<'a> {
    /// The text up to the end of the line.
    pub text: &'a [u8],
    /// The text before the line.
    pub above: Option<&'a [u8]>,
    /// The part of the line before the number.
    pub keys: &'a [u8],
    /// `None` if it is negative.
    pub count: Option<u64>,
    /// The column at which the number ends.
    pub column: usize,
    pub role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The end of a record.
    Count,
    /// The first line of the record below it, or the end of a record if there is none.
    Unclear,
    /// Like `Unclear`, but a first line only if the value of the record below it extends beyond the
    /// width of a key.
    UnclearUnlessWide,
}

/// The end of a record.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    /// The text up to the end.
    pub text: &'a [u8],
    pub column: usize,
}

impl End<'_> {
    /// The end of a record that is truncated by the end of the input.
    pub const MISSING: End<'static> = End {
        text: b"",
        column: usize::MAX,
    };
}

impl NumberLine<'_> {
    /// Whether it starts the record whose end is below it, if there is one.
    pub fn is_key_of(&self, end: Option<End>) -> bool {
        end.is_some_and(|end| match self.role {
            Role::Count => false,
            Role::Unclear => !self.is_row_above(end),
            Role::UnclearUnlessWide => end.column >= VALUE_END,
        })
    }

    /// Whether both are rows of a table without stacks.
    fn is_row_above(&self, end: End) -> bool {
        let (above, line) = split_last_line(end.text);
        let has_keys = |line| ending(trim(line)).is_some_and(|ending| !ending.keys.is_empty());
        !self.keys.is_empty()
            && self.column == end.column
            && above.is_some_and(|above| above.len() == self.text.len())
            && has_keys(line)
    }
}

/// Parses the last line of `text`, where `text` is a prefix of `body`, if the line is the end of a
/// record or keys.
pub(super) fn number_line<'a>(body: &[u8], text: &'a [u8]) -> Option<NumberLine<'a>> {
    let (above, line) = split_last_line(text);
    let Ending { keys, gap, count } = ending(trim(line))?;
    let column = trim_end(line).len();
    let below = body.get(text.len() + 1..).unwrap_or_default();
    let mut number = NumberLine {
        text,
        above,
        keys,
        count,
        column,
        role: Role::Count,
    };
    let is_value = keys.is_empty() && !ends_in_int(column);
    if is_value && matches!(below.first(), None | Some(b'\n')) {
        return Some(number);
    }
    if gap_before_number(line)? == Gap::Narrow && !is_outdented(line, above) {
        return None;
    }
    let is_below_frame = above.is_some_and(|above| is_frame(above).unwrap_or(true));
    number.role = match gap {
        _ if is_below_frame => Role::Count,
        Gap::Narrow => return None,
        _ if !is_blank(below) => Role::Unclear,
        _ if !ends_in_int(column) => Role::Count,
        _ if keys.is_empty() => Role::UnclearUnlessWide,
        _ => Role::Unclear,
    };
    Some(number)
}

/// The end of the last record of `block` that is certain to end there, whatever follows the block.
pub(super) fn after_last_record(block: &[u8]) -> Option<usize> {
    let mut rest = Some(&block[..memchr::memrchr(b'\n', block)?]);
    while let Some(text) = rest {
        let (above, _) = split_last_line(text);
        if let Some(number) = number_line(block, text)
            && number.role == Role::Count
            && match above.map(is_frame) {
                Some(Some(true)) => true,
                None | Some(Some(false)) => is_line_below(block, text),
                Some(None) => false,
            }
        {
            return Some(text.len() + 1);
        }
        rest = above;
    }
    None
}

fn is_line_below(block: &[u8], text: &[u8]) -> bool {
    memchr::memchr(b'\n', &block[text.len() + 1..]).is_some()
}

/// The end of a trimmed line.
struct Ending<'a> {
    keys: &'a [u8],
    gap: Gap,
    count: Option<u64>,
}

/// The space between the keys and the number.
#[derive(PartialEq, Eq)]
enum Gap {
    /// Wide enough to separate the columns of a table.
    Wide,
    /// A single space.
    Narrow,
}

fn ending(line: &[u8]) -> Option<Ending<'_>> {
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let (head, digits) = line.split_at(line.len() - digits.count());
    if digits.is_empty() {
        return None;
    }
    let (head, is_negative) = match head {
        [head @ .., b'-'] => (head, true),
        [head @ .., b'+'] => (head, false),
        _ => (head, false),
    };
    let keys = trim_end(head);
    let gap = match &head[keys.len()..] {
        [] if keys.is_empty() => Gap::Wide,
        [] => return None,
        [b' '] if !keys.iter().all(is_of_numbers) => Gap::Narrow,
        _ => Gap::Wide,
    };
    // Larger numbers saturate.
    let count = parse_digits(digits).unwrap_or(u64::MAX);
    Some(Ending {
        keys,
        gap,
        count: (!is_negative).then_some(count),
    })
}

fn is_of_numbers(byte: &u8) -> bool {
    byte.is_ascii_digit() || is_ascii_white(*byte)
}

/// Whether a line has an indentation that DTrace uses only for frames.
fn is_usual_frame(line: &[u8]) -> bool {
    let frame = trim(line);
    indentation(line) == STACK_INDENT && !frame.first().is_some_and(|byte| may_start_number(*byte))
}

/// Whether a line that starts with this byte may be a number.
pub(super) fn may_start_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+')
}

/// Whether the text before a number cannot be keys: a bar of a distribution, `8 |@@@@`, or the
/// output of bpftrace, `]: 5`.
fn is_no_key(keys: &[u8]) -> bool {
    let bar = memchr::memrchr(b'|', keys);
    keys == b"]:"
        || bar.is_some_and(|at| {
            let value = trim_end(&keys[..at]);
            keys[at + 1..].iter().all(|byte| b"@ ".contains(byte))
                && value.last().is_some_and(u8::is_ascii_digit)
        })
}

/// Whether an `int` key can end in this column: DTrace pads these to 9, and text to 52.
pub(super) fn ends_in_int(column: usize) -> bool {
    matches!(column % 52, 9 | 18)
}

/// The space before the number at the end of the line, if the number may be a count or a key.
fn gap_before_number(line: &[u8]) -> Option<Gap> {
    let ending = ending(trim(line))?;
    let is_other = is_head_line(line) || is_no_key(ending.keys) || is_usual_frame(line);
    (!is_other).then_some(ending.gap)
}

/// Whether the last line of `text` can be a frame. A line that ends in a number after a single
/// space is a frame unless it is indented differently from a frame above it: `None` if more lines
/// are needed to decide.
fn is_frame(mut text: &[u8]) -> Option<bool> {
    let mut is_frame = true;
    loop {
        let (above, line) = split_last_line(text);
        if !is_stack_line(line) {
            return Some(!is_frame);
        }
        match (gap_before_number(line), above) {
            (Some(Gap::Wide), _) => return Some(!is_frame),
            (Some(Gap::Narrow), None) => return None,
            (Some(Gap::Narrow), Some(above)) if is_outdented(line, Some(above)) => {
                (is_frame, text) = (!is_frame, above);
            }
            _ => return Some(is_frame),
        }
    }
}

/// Whether a line is indented less than the one above it.
fn is_outdented(line: &[u8], above: Option<&[u8]>) -> bool {
    let above = above.map(last_line);
    above.is_some_and(|above| indentation(line) < indentation(above))
}

/// Whether the first line is blank or missing.
fn is_blank(text: &[u8]) -> bool {
    trim(split_line(text).0).is_empty()
}

/// Splits off the last line of a text that ends without a line end.
pub(super) fn split_last_line(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match memchr::memrchr(b'\n', text) {
        Some(at) => (Some(&text[..at]), &text[at + 1..]),
        None => (None, text),
    }
}

fn last_line(text: &[u8]) -> &[u8] {
    split_last_line(text).1
}

/// The lines of a record above its count.
pub(super) struct Record<'a> {
    text: &'a [u8],
    /// Lines with less indentation are keys.
    pub indent: usize,
    /// Whether the first line is a key even if it is indented more.
    starts_with_number: bool,
}

impl<'a> Record<'a> {
    /// The record that ends at `end`.
    pub fn find(body: &[u8], end: End<'a>) -> Record<'a> {
        let above = split_last_line(end.text).0.unwrap_or_default();
        let (mut start, mut starts_with_number) = (above.len(), false);
        let mut indents = Indents::default();
        let mut rest = Some(above);
        while let Some(text) = rest {
            let (before, line) = split_last_line(text);
            let number = number_line(body, text);
            starts_with_number = number.is_some_and(|number| number.is_key_of(Some(end)));
            if number.is_none() || starts_with_number {
                start = text.len() - line.len();
            }
            if number.is_some() {
                break;
            }
            if is_stack_line(line) {
                indents.note(line);
            }
            rest = before;
        }
        Record {
            text: &above[start..],
            indent: indents.of_frames(),
            starts_with_number,
        }
    }

    pub fn has_keys(&self) -> bool {
        self.keys().next().is_some()
    }

    /// The keys before the stack, in the order in which they are printed.
    pub fn keys(&self) -> impl Iterator<Item = &'a [u8]> {
        let lines = self.text.split(|byte| *byte == b'\n').enumerate();
        lines
            .filter(|(index, line)| {
                let is_first = self.starts_with_number && *index == 0;
                is_first || (indentation(line) < self.indent && is_stack_line(line))
            })
            .flat_map(|(_, line)| split_keys(trim(line)))
    }
}

/// The indentation of a record's lines, which are read from the last to the first.
#[derive(Default)]
struct Indents<'a> {
    /// The line read last.
    first: &'a [u8],
    /// The minimum of the others.
    min: Option<usize>,
    has_usual: bool,
}

impl<'a> Indents<'a> {
    fn note(&mut self, line: &'a [u8]) {
        if !self.first.is_empty() {
            let indent = indentation(self.first);
            self.min = Some(self.min.map_or(indent, |min| min.min(indent)));
        }
        self.first = line;
        self.has_usual |= indentation(line) == STACK_INDENT;
    }

    /// The minimum indentation of frames.
    fn of_frames(&self) -> usize {
        let first = trim(self.first);
        match self.min {
            _ if self.has_usual => STACK_INDENT,
            _ if looks_like_frame(first) => 0,
            Some(min) => min,
            // There are keys but no stack.
            None if split_keys(first).nth(1).is_some() => usize::MAX,
            None => 0,
        }
    }
}

fn is_stack_line(line: &[u8]) -> bool {
    !trim(line).is_empty() && !is_head_line(line)
}

/// The keys in a line, in separate columns. Text may contain single spaces, and numbers may be
/// separated by one.
pub(super) fn split_keys(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let end = if rest.iter().all(is_of_numbers) {
            rest.iter().position(|byte| is_ascii_white(*byte))
        } else {
            let is_gap = |pair: &[u8]| pair == b"  " || pair[0] == b'\t';
            rest.windows(2).position(is_gap)
        };
        let (key, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = trim(after);
        (!key.is_empty()).then_some(key)
    })
}

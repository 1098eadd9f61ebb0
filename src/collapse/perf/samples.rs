//! Splits blocks into samples, and samples into lines.

use super::Options;
use super::class::{always_starts_sample, is_bare_frame, is_other_field};
use super::frame::may_name_address;
use crate::bytes::text::{
    is_ascii_white, leading_spaces, spaces, trim_end, trim_start, without_leading_spaces,
};
use memchr::memmem::FindIter;
use std::ops::Range;

/// Splits a block into samples, which are separated by blank lines.
///
/// Lines shared with the previous sample are skipped as a whole, and predicted lines are only
/// compared, so finding line ends is left to the reader of a sample.
pub(super) struct Samples<'a> {
    block: &'a [u8],
    ends: FindIter<'a, 'static>,
    /// The start of the next sample.
    start: usize,
    /// The number of bytes of the block outside of samples, all of which are line ends.
    between: usize,
}

/// A sample, by its positions in the block.
pub(super) struct SampleRanges {
    pub first_line: Range<usize>,
    /// The other lines, each with the preceding line end.
    pub others: Range<usize>,
}

impl<'a> Samples<'a> {
    pub fn new(block: &'a [u8]) -> Samples<'a> {
        Samples {
            block,
            ends: memchr::memmem::find_iter(block, b"\n\n"),
            start: 0,
            between: 0,
        }
    }

    /// The number of line ends outside of samples so far.
    pub fn line_ends_between(&self) -> usize {
        self.between
    }

    fn cut(&self, sample: Range<usize>) -> SampleRanges {
        let line_end = memchr::memchr(b'\n', &self.block[sample.clone()]);
        let middle = line_end.map_or(sample.end, |at| sample.start + at);
        SampleRanges {
            first_line: sample.start..middle,
            others: middle..sample.end,
        }
    }
}

impl Iterator for Samples<'_> {
    type Item = SampleRanges;

    fn next(&mut self) -> Option<SampleRanges> {
        let text = &self.block[self.start..];
        let blank = text.iter().take_while(|byte| **byte == b'\n').count();
        self.between += blank;
        let start = self.start + blank;
        if start == self.block.len() {
            return None;
        }
        let end = match self.ends.find(|end| *end > start) {
            Some(end) => end,
            None => self.block.len() - usize::from(text.ends_with(b"\n")),
        };
        self.start = end;
        Some(self.cut(start..end))
    }
}

/// The end of the last blank line in `text`.
pub(super) fn after_last_blank_line(text: &[u8]) -> Option<usize> {
    let mut line_ends = memchr::memrchr_iter(b'\n', text);
    let at = line_ends.find(|at| text[..*at].ends_with(b"\n"))?;
    Some(at + 1)
}

/// The end of the last blank line in `block`, or if there is none, the start of the last line that
/// starts a sample: a sample never extends beyond either.
pub(super) fn last_boundary(block: &[u8]) -> Option<usize> {
    if let Some(end) = after_last_blank_line(block) {
        return Some(end);
    }
    let mut end = memchr::memrchr(b'\n', block)?;
    let mut bare_frames = BareFrames::default();
    loop {
        let start = memchr::memrchr(b'\n', &block[..end]).map_or(0, |at| at + 1);
        let line = trim_end(&block[start..end]);
        if line.is_empty() {
            return Some(end + 1);
        }
        if start == 0 {
            return bare_frames.start_of_last(line);
        }
        bare_frames.add(start, line);
        if always_starts_sample(line) {
            return Some(start);
        }
        end = start - 1;
    }
}

/// Lines read backwards. If the first is a sample of a single frame and all others are, too, or are
/// what perf prints below frames, each frame starts a sample.
#[derive(Default)]
struct BareFrames {
    last: Option<usize>,
    has_others: bool,
}

impl BareFrames {
    fn add(&mut self, start: usize, line: &[u8]) {
        match is_bare_frame(line) {
            true => self.last = self.last.or(Some(start)),
            false => self.has_others |= !is_other_field(line),
        }
    }

    fn start_of_last(&self, first_line: &[u8]) -> Option<usize> {
        let are_all = is_bare_frame(first_line) && !self.has_others;
        self.last.filter(|_| are_all)
    }
}

/// The start of the last line of `text`, if that starts a sample.
pub(super) fn start_of_sample(text: &[u8]) -> Option<usize> {
    let start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let is_first = matches!(&text[..start], [] | [b'\n'] | [.., b'\n', b'\n']);
    is_first.then_some(start)
}

/// Splits the last line off `text`, whose lines are preceded by their line ends. Returns the rest
/// and the line.
pub(super) fn split_last_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b'\n', text)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Whether all lines of `text` are frames in perf's usual form; they are preceded by their line
/// ends.
pub(super) fn are_plain(mut text: &[u8], options: &Options) -> bool {
    while let Some((rest, line)) = split_last_line(text) {
        if plain_tail_start(line, options).is_none() {
            return false;
        }
        text = rest;
    }
    true
}

/// The positions of addresses in `text`, whose lines are plain and preceded by their line ends.
pub(super) fn addresses_in(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memchr::memchr_iter(b'\n', text).map_while(|at| {
        let address = find_address(&text[at + 1..])?;
        Some(at + 1 + address.start..at + 1 + address.end)
    })
}

/// Whether frames in `text`, whose lines are plain, may be named after their addresses.
pub(super) fn may_name_addresses(text: &[u8], options: &Options) -> bool {
    let has_no_symbol = |address: Range<usize>| text[address.end..].starts_with(b" (");
    options.include_addrs
        && (may_name_address(text, options) || addresses_in(text).any(has_no_symbol))
}

/// The tail of the first line of `text`: the part after its address.
pub(super) fn first_tail(text: &[u8]) -> Option<&[u8]> {
    let line = text.strip_prefix(b"\n")?;
    let tail = &line[find_address(line)?.end..];
    Some(&tail[..memchr::memchr(b'\n', tail).unwrap_or(tail.len())])
}

/// The start of the tail of a frame line, which determines its frames: after the address, or
/// including it if the frame may be named after it. `None` if the line is a single word.
pub(super) fn tail_start(line: &[u8], options: &Options) -> Option<usize> {
    let address = find_word(line)?;
    let tail = &line[address.end..];
    Some(match may_name_address(tail, options) {
        true => address.start,
        // Text that starts with a tab is a whole line elsewhere.
        false => address.end + usize::from(tail.starts_with(b"\t")),
    })
}

/// The start of the tail of a line in perf's usual form; `None` for other lines. If the address
/// belongs to the tail, the tail is the whole line.
#[inline]
pub(super) fn plain_tail_start(line: &[u8], options: &Options) -> Option<usize> {
    let address = find_address(line)?;
    Some(match may_name_address(&line[address.end..], options) {
        true => 0,
        false => address.end,
    })
}

/// The position of the address in a line that starts with a tab; the space after it marks its end.
#[inline]
fn find_address(line: &[u8]) -> Option<Range<usize>> {
    let rest = line.strip_prefix(b"\t")?;
    if let Some((field, [b' ', ..])) = rest.split_first_chunk()
        && let Some(spaces) = spaces_before_word(field)
    {
        return Some(spaces + 1..17);
    }
    find_in_other_field(line)
}

/// The position of the address in a line that starts with a tab, in a field of any width.
#[inline(never)]
fn find_in_other_field(line: &[u8]) -> Option<Range<usize>> {
    let word = without_leading_spaces(&line[1..]);
    if let Some(chunk) = word.first_chunk()
        && let length @ 1..16 = spaces(chunk).trailing_zeros() as usize / 8
        && has_no_control(chunk, length)
    {
        let start = line.len() - word.len();
        return Some(start..start + length);
    }
    find_word(line).filter(|word| line[word.end] == b' ')
}

/// The position of the first word of a line, if whitespace follows it.
fn find_word(line: &[u8]) -> Option<Range<usize>> {
    let start = line.len() - trim_start(line).len();
    let length = line[start..]
        .iter()
        .position(|byte| is_ascii_white(*byte))?;
    Some(start..start + length)
}

/// `text` without its last line, if `tail`, which `text` ends with, is the tail of that line
/// according to [`plain_tail_start`].
#[inline]
pub(super) fn strip_plain<'t>(text: &'t [u8], tail: &[u8]) -> Option<&'t [u8]> {
    match tail {
        [b' ', ..] => strip_address(text, tail.len()),
        [b'\t', ..] => text[..text.len() - tail.len()].strip_suffix(b"\n"),
        _ => None,
    }
}

/// `text` without its last line, if that is an address and `tail` bytes, which start with a space.
#[inline]
fn strip_address(text: &[u8], tail: usize) -> Option<&[u8]> {
    let before = &text[..text.len() - tail];
    if let Some((mut rest, field)) = before.split_last_chunk()
        && let Some(spaces) = spaces_before_word(field)
    {
        while spaces > 0
            && let Some(shorter) = rest.strip_suffix(b" ")
        {
            rest = shorter;
        }
        if let Some(rest) = rest.strip_suffix(b"\n\t") {
            return Some(rest);
        }
    }
    let (rest, line) = split_last_line(text)?;
    let is_before = find_address(line)?.end + tail == line.len();
    is_before.then_some(rest)
}

/// Whether the first `length` bytes are visible or spaces.
#[inline]
fn has_no_control(bytes: &[u8; 16], length: usize) -> bool {
    odd_bytes(u128::from_le_bytes(*bytes)) << (128 - 8 * length) == 0
}

/// The top bits of control and non-ASCII characters; bytes above such a character may also be set.
#[inline]
fn odd_bytes(bytes: u128) -> u128 {
    const SPACES: u128 = u128::from_ne_bytes([b' '; 16]);
    const TOP: u128 = u128::from_ne_bytes([0x80; 16]);
    (bytes.wrapping_sub(SPACES) | bytes) & TOP
}

/// The number of leading spaces in `field`, if only a word follows them, which is how perf prints
/// addresses. All bytes are checked at once.
#[inline]
fn spaces_before_word(field: &[u8; 16]) -> Option<usize> {
    let odd = odd_bytes(u128::from_le_bytes(*field));
    let before = leading_spaces(field);
    let is_word = spaces(field).checked_shr(8 * before as u32) == Some(0);
    (is_word && odd == 0).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_all_addresses_at_once_agrees_with_one_by_one() {
        for line in [
            "\t    7f722d142778 foo (m)",
            "\tffffffff8103ce3b foo (m)",
            "\t               0 foo (m)",
            "\t                 foo (m)",
            "\t  7f 22d142778   foo (m)",
            "\t    \t7f2d142778 foo (m)",
            "\t                         7f722d142778 foo (m)",
            "\t    7f722d1427787f722d142778 foo (m)",
            "\t 7f foo (m)",
            "\tx",
            "\t",
            "",
            "    7f722d142778 foo (m)",
        ] {
            let line = line.as_bytes();
            let expected = match line {
                [b'\t', ..] => {
                    let start = line.len() - line.trim_ascii_start().len();
                    let length = line[start..].iter().position(|byte| *byte == b' ');
                    length.map(|length| start..start + length)
                }
                _ => None,
            };
            assert_eq!(find_address(line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_line_is_stripped_only_as_a_whole() {
        for (text, expected) in [
            ("\n\t    7f722d142778 foo (m)", Some("")),
            ("\nx\n\t    7f722d142778 foo (m)", Some("\nx")),
            ("\n\t 7 foo (m)", Some("")),
            (
                "\n\t                         7f722d142778 foo (m)",
                Some(""),
            ),
            ("\n\t 1                       7f722d142778 foo (m)", None),
            ("\n\t100000000060e681b foo (m)", Some("")),
            ("\n\t    7f722d142778 bar foo (m)", None),
            ("\n    7f722d142778 foo (m)", None),
            // What looks like a field of 16 bytes spans two lines.
            ("\n\t   7f\n\tdeadbeef12 foo (m)", Some("\n\t   7f")),
            ("\n\t foo (m)", None),
        ] {
            let rest = strip_address(text.as_bytes(), " foo (m)".len());
            assert_eq!(rest, expected.map(str::as_bytes), "{text:?}");
        }
    }

    #[test]
    fn a_sample_starts_after_a_blank_line() {
        for (text, expected) in [
            ("", Some(0)),
            ("a", Some(0)),
            ("\na", Some(1)),
            ("\n\na", Some(2)),
            ("x\n\na", Some(3)),
            ("x\n\n\na", Some(4)),
            ("x\na", None),
            ("\nx\na", None),
            ("x\n\na\nb", None),
        ] {
            assert_eq!(start_of_sample(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn samples_are_separated_by_blank_lines() {
        let cut = |text: &str| -> Vec<String> {
            Samples::new(text.as_bytes())
                .map(|sample| format!("{}|{}", &text[sample.first_line], &text[sample.others]))
                .collect()
        };
        let none: [&str; 0] = [];
        assert_eq!(cut(""), none);
        assert_eq!(cut("a"), ["a|"]);
        assert_eq!(cut("a\n"), ["a|"]);
        assert_eq!(cut("a\nb\nc"), ["a|\nb\nc"]);
        assert_eq!(cut("a\nb\nc\n\nd\n"), ["a|\nb\nc", "d|"]);
        assert_eq!(cut("\n\n\na\nb\n\n\n\n\nc\nd\n"), ["a|\nb", "c|\nd"]);
        assert_eq!(cut("\na\n\n"), ["a|"]);
        assert_eq!(cut("a\n\n\n"), ["a|"]);
    }
}

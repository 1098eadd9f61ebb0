//! Blocks cut into samples, and these into lines.

use super::Options;
use crate::text::{spaces, trim_start};
use std::ops::Range;

/// Cuts a block into samples: what stands between blank lines.
///
/// It is the only one that looks for line ends, once, from the start to the end of the block.
pub(super) struct Samples<'a> {
    block: &'a [u8],
    ends: memchr::Memchr<'a>,
    /// Where the next line starts.
    start: usize,
}

/// A sample by its places in the block.
pub(super) struct Sample {
    pub all: Range<usize>,
    pub first_line: Range<usize>,
    /// Whether all lines but the first look as perf usually prints a frame.
    pub is_plain: bool,
}

/// A frame line, by its places in the block.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainLine {
    pub start: usize,
    /// Where what tells the frame starts: behind the address, unless that is asked for.
    pub told: usize,
    pub end: usize,
}

impl<'a> Samples<'a> {
    pub fn new(block: &'a [u8]) -> Samples<'a> {
        Samples {
            block,
            ends: memchr::memchr_iter(b'\n', block),
            start: 0,
        }
    }

    /// Goes to the next sample. `lines` becomes its lines but the first, if it is plain.
    pub fn next(&mut self, options: &Options, lines: &mut Vec<PlainLine>) -> Option<Sample> {
        let first_line = self.next_line()?;
        let mut sample = Sample {
            all: first_line.clone(),
            is_plain: true,
            first_line,
        };
        lines.clear();
        if sample.all.is_empty() {
            return Some(sample);
        }
        while let Some(line) = self.next_line().filter(|line| !line.is_empty()) {
            sample.all.end = line.end;
            if sample.is_plain {
                match find_address(&self.block[line.clone()]) {
                    Some(address) => lines.push(PlainLine::new(line, address, options)),
                    None => sample.is_plain = false,
                }
            }
        }
        Some(sample)
    }

    #[inline]
    fn next_line(&mut self) -> Option<Range<usize>> {
        let start = self.start;
        let end = match self.ends.next() {
            Some(end) => end,
            None if start < self.block.len() => self.block.len(),
            None => return None,
        };
        self.start = end + 1;
        Some(start..end)
    }
}

impl PlainLine {
    #[inline]
    fn new(line: Range<usize>, address: Range<usize>, options: &Options) -> PlainLine {
        let told = match options.include_addrs {
            true => address.start,
            false => address.end,
        };
        PlainLine {
            start: line.start,
            told: line.start + told,
            end: line.end,
        }
    }
}

/// Where in a frame line what tells the frame starts; `None` if the line is a word.
pub(super) fn told_in(line: &[u8], options: &Options) -> Option<usize> {
    let address = find_word(line)?;
    Some(PlainLine::new(0..line.len(), address, options).told)
}

/// Where the address is in a line that starts with a tab; the space behind it tells its end.
#[inline]
fn find_address(line: &[u8]) -> Option<Range<usize>> {
    match line {
        [b'\t', rest @ ..] => match rest.first_chunk().and_then(spaces_before_word) {
            Some(spaces) => Some(spaces + 1..17),
            None => find_word(line),
        },
        _ => None,
    }
}

fn find_word(line: &[u8]) -> Option<Range<usize>> {
    let start = line.len() - trim_start(line).len();
    let length = line[start..].iter().position(|byte| *byte == b' ')?;
    Some(start..start + length)
}

/// How many spaces `field` starts with, if behind them comes one word, and then a last space: so
/// perf prints addresses. All bytes are looked at at once.
#[inline]
fn spaces_before_word(field: &[u8; 17]) -> Option<usize> {
    let [word @ .., b' '] = field else {
        return None;
    };
    const ALL: u128 = u128::from_ne_bytes([0x80; 16]);
    let spaces = spaces(word);
    let before = ((spaces ^ ALL).trailing_zeros() / 8) as usize;
    let starts_word = word.get(before).is_some_and(u8::is_ascii_graphic);
    (starts_word && spaces >> (8 * before) == 0).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_all_at_once_as_one_by_one() {
        for line in [
            "\t    7f722d142778 foo (m)",
            "\tffffffff8103ce3b foo (m)",
            "\t               0 foo (m)",
            "\t                 foo (m)",
            "\t  7f 22d142778   foo (m)",
            "\t    \t7f2d142778 foo (m)",
            "\t 7f foo (m)",
            "\tx",
            "\t",
            "",
            "    7f722d142778 foo (m)",
        ] {
            let line = line.as_bytes();
            let expected = match line {
                [b'\t', ..] => find_word(line),
                _ => None,
            };
            assert_eq!(find_address(line), expected, "{line:?}");
        }
    }
}

//! Parses rows of the report.

use super::Options;
use crate::bytes::count::split_number;
use crate::bytes::error::Mismatch;
use crate::bytes::text::{trim, without_leading_spaces};
use crate::collapse::engine::error::unreadable_line;

/// A function, with its depth and time.
#[derive(Debug, PartialEq)]
pub(super) struct Row<'a> {
    /// 0 for a function without callers.
    pub depth: usize,
    pub name: &'a [u8],
    /// Whether the name is in quotes, which are not part of it.
    pub is_quoted: bool,
    pub milliseconds: u64,
    /// Empty if unknown.
    pub module: &'a [u8],
}

impl<'a> Row<'a> {
    /// Parses a trimmed line.
    pub fn parse(line: &'a [u8], options: &Options) -> Result<Row<'a>, Mismatch> {
        let text = without_leading_spaces(line);
        let depth = line.len() - text.len();
        let Some((name, is_quoted, rest)) = split_name(text) else {
            return Err(unreadable(line));
        };
        let (milliseconds, module) = split_seconds(rest)?;
        let module = match module {
            None if !options.no_modules => return Err(unreadable(line)),
            module => module.unwrap_or_default(),
        };
        Ok(Row {
            depth,
            name: trim(name),
            is_quoted,
            milliseconds,
            module,
        })
    }

    /// Splits off the row that `text` starts with, if it is complete and in VTune's usual form. It
    /// is split from the end, where little has to be searched, least of all if its module is
    /// `module`. The result equals that of [`Row::parse`] if [`Row::is_name_whole`].
    #[inline]
    pub fn split_plain(text: &'a [u8], module: &[u8]) -> Option<(Row<'a>, &'a [u8])> {
        let (line, after) = text.split_at(memchr::memchr(b'\n', text)?);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let unindented = without_leading_spaces(line);
        let (rest, module) = split_module(unindented, module)?;
        let (name, milliseconds) = split_seconds_at_end(rest)?;
        let (name, is_quoted) = match name {
            [b'"', name @ ..] => (name.strip_suffix(b"\"")?, true),
            _ => (name, false),
        };
        let row = Row {
            depth: line.len() - unindented.len(),
            name: trim(name),
            is_quoted,
            milliseconds,
            module,
        };
        let is_trimmed = module.last().is_none_or(u8::is_ascii_graphic);
        is_trimmed.then_some((row, &after[1..]))
    }

    /// Whether the name of a row that was split from its end has no earlier end.
    pub fn is_name_whole(&self) -> bool {
        memchr::memchr(self.name_end(), self.name).is_none()
    }

    /// Whether it has no earlier end, and is ASCII without a `;` and a line end, so that its frame
    /// has the same name. All bytes are checked at once.
    pub fn is_name_plain(&self) -> bool {
        let end = self.name_end();
        // Sets the top bit if the byte cannot be in a plain name.
        let odd = |byte: u8| {
            let is = |other: u8| if byte == other { 0xff } else { 0 };
            byte | is(b';') | is(b'\r') | is(end)
        };
        let Some(last) = self.name.last_chunk::<16>() else {
            return self.name.iter().all(|byte| odd(*byte) < 0x80);
        };
        let mut any_odd = [0; 16];
        let (chunks, _) = self.name.as_chunks::<16>();
        for chunk in chunks.iter().chain([last]) {
            for at in 0..16 {
                any_odd[at] |= odd(chunk[at]);
            }
        }
        u128::from_ne_bytes(any_odd) & u128::from_ne_bytes([0x80; 16]) == 0
    }

    /// The character that ends a name.
    fn name_end(&self) -> u8 {
        if self.is_quoted { b'"' } else { b',' }
    }
}

#[cold]
fn unreadable(line: &[u8]) -> Mismatch {
    unreadable_line("`FUNCTION,SECONDS,MODULE`", line)
}

/// Splits a row after the name of its function, and returns whether that is quoted.
fn split_name(text: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let comma = memchr::memchr(b',', text)?;
        return Some((&text[..comma], false, &text[comma + 1..]));
    };
    let end = memchr::memchr_iter(b'"', quoted).find(|&at| quoted.get(at + 1) == Some(&b','))?;
    Some((&quoted[..end], true, &quoted[end + 2..]))
}

/// Splits `..,MODULE`, where the module may be `expected`.
#[inline]
fn split_module<'a>(text: &'a [u8], expected: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    if let Some((before, module)) = text.split_at_checked(text.len().wrapping_sub(expected.len()))
        && module == expected
        && let [before @ .., b','] = before
    {
        return Some((before, module));
    }
    split_last_field(text)
}

/// Splits `..,SECONDS`.
#[inline]
fn split_seconds_at_end(text: &[u8]) -> Option<(&[u8], u64)> {
    if let Some(end) = text.last_chunk()
        && let Some(milliseconds) = few_milliseconds(*end)
    {
        return Some((&text[..text.len() - ",0.000".len()], milliseconds));
    }
    let (before, seconds) = split_last_field(text)?;
    Some((before, plain_milliseconds(seconds)?))
}

fn split_last_field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let comma = memchr::memrchr(b',', text)?;
    Some((&text[..comma], &text[comma + 1..]))
}

/// Splits `SECONDS[,MODULE]`, and converts seconds to milliseconds: rounded, and saturating at the
/// limits.
#[cold]
fn split_seconds(text: &[u8]) -> Result<(u64, Option<&[u8]>), Mismatch> {
    let mut parts = text.splitn(2, |byte| *byte == b',');
    let (time, module) = (parts.next().unwrap_or_default(), parts.next());
    let seconds = std::str::from_utf8(time).ok();
    match seconds.and_then(|text| text.parse::<f64>().ok()) {
        // The conversion saturates, and maps NaN to zero.
        Some(seconds) => Ok(((seconds * 1000.0).round() as u64, module)),
        None => Err(Mismatch::unlike(
            "Invalid `CPU Time:Self` field",
            "a number of seconds",
            time,
        )),
    }
}

/// Converts `DIGITS.DIGITS` to milliseconds if it has at most three decimal places, VTune's usual
/// form. Then no rounding is needed.
#[inline]
fn plain_milliseconds(seconds: &[u8]) -> Option<u64> {
    const MAX_SECONDS: u64 = 1_000_000_000;
    let (whole, _, rest) = split_number(seconds)?;
    let (fraction, digits, rest) = split_number(rest.strip_prefix(b".")?)?;
    let unit = match digits {
        1 => 100,
        2 => 10,
        3 => 1,
        _ => return None,
    };
    let is_plain = rest.is_empty() && whole < MAX_SECONDS;
    is_plain.then(|| whole * 1000 + fraction * unit)
}

/// Converts the end of a text, `,DIGIT.DIGITS` with three decimal places, all at once.
#[inline]
fn few_milliseconds(end: [u8; 8]) -> Option<u64> {
    const USUAL: u64 = u64::from_be_bytes(*b"\0\0,0.000");
    // When added to a byte above 9, this sets a bit that no digit has.
    const SIX: u64 = u64::from_be_bytes([0, 0, 0, 6, 0, 6, 6, 6]);
    const UNUSUAL: u64 = u64::from_be_bytes([0, 0, 0xff, 0xf0, 0xff, 0xf0, 0xf0, 0xf0]);
    // The values of the digits, and 0 for the comma and the point.
    let values = u64::from_be_bytes(end) << 16 >> 16 ^ USUAL;
    let is_usual = (values | (values + SIX)) & UNUSUAL == 0;
    let digit = |place: u32| values >> (8 * place) & 0xff;
    is_usual.then(|| 1000 * digit(4) + 100 * digit(2) + 10 * digit(1) + digit(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::lines::split_line;
    use crate::bytes::text::trim_end;
    use proptest::prelude::*;

    #[test]
    fn fast_and_slow_parsers_of_milliseconds_agree() {
        for usual in [b"f\",0.000", b"f\",1.234", b"f\",9.999"] {
            for (place, byte) in (0..8).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
                let mut end = *usual;
                end[place] = byte;
                let is_usual = end[2] == b',' && end[4] == b'.';
                let expected = plain_milliseconds(&end[3..]).filter(|_| is_usual);
                assert_eq!(few_milliseconds(end), expected, "{end:?}");
            }
        }
    }

    #[test]
    fn seconds_that_do_not_fit_are_not_plain() {
        assert_eq!(plain_milliseconds(b"999999999.5"), Some(999_999_999_500));
        assert_eq!(plain_milliseconds(b"66666666666666666.0"), None);
    }

    proptest! {
        #[test]
        fn fast_and_slow_checks_of_names_agree(
            name in prop::collection::vec(prop::sample::select(b"aaaaaaaaaa a\x7f".to_vec()), 0..50),
            odd in prop::option::of((0usize..50, prop::sample::select(b";\r\",\x80\xff:".to_vec()))),
            is_quoted: bool,
        ) {
            let mut name = name;
            if let Some((at, byte)) = odd && let Some(place) = name.get_mut(at) {
                *place = byte;
            }
            let row = Row { depth: 0, name: &name, is_quoted, milliseconds: 0, module: b"" };
            let is_plain = name.is_ascii() && !name.iter().any(|byte| b";\r".contains(byte)) && row.is_name_whole();
            prop_assert_eq!(row.is_name_plain(), is_plain);
        }

        #[test]
        fn plain_rows_are_parsed_like_others(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    " ", "  ", "\"", "\",", ",", "f", "g(int, char)", "`", "0.520,", "12.05,", "9.9999,",
                    "1,", "0", ".5", "m", "libx.so", "\r", "\n", "\u{2003}", "é",
                ]),
                1..9,
            ),
            ends_badly: bool,
            module in prop::sample::select(vec!["", "m", "libx.so", "0.520,m", "libpthread.so.0", "é"]),
            no_modules: bool,
        ) {
            let options = Options { no_modules, ..Options::default() };
            let end: &[u8] = if ends_badly { b"\xff\xe2\x80\x83\n" } else { b"\n" };
            let text = [parts.concat().as_bytes(), end, b"f,1,m\n"].concat();
            if let Some((row, after)) = Row::split_plain(&text, module.as_bytes())
                && row.is_name_whole()
            {
                let (line, rest) = split_line(&text);
                prop_assert_eq!(after, rest);
                prop_assert_eq!(Row::parse(trim_end(line), &options).ok(), Some(row));
            }
        }
    }
}

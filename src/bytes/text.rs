//! Small helpers for lines of bytes that are usually UTF-8.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `line` without whitespace (Unicode's `White_Space`) at both ends.
#[inline]
pub(crate) fn trim(line: &[u8]) -> &[u8] {
    trim_start(trim_end(line))
}

/// `line` without whitespace at its end, including `\r` and `\n`.
#[inline]
pub(crate) fn trim_end(line: &[u8]) -> &[u8] {
    match line.last() {
        Some(byte) if byte.is_ascii_graphic() => line,
        Some(0x80..) => trim_with(line, str::trim_end),
        _ => trim_end_slow(line),
    }
}

/// `line` without whitespace at its start.
#[inline]
pub(crate) fn trim_start(line: &[u8]) -> &[u8] {
    let line = match line {
        [b' ', ..] => without_leading_spaces(line),
        _ => line,
    };
    match line.first() {
        Some(byte) if byte.is_ascii_graphic() => line,
        _ => trim_start_slow(line),
    }
}

fn trim_start_slow(line: &[u8]) -> &[u8] {
    let rest = line.iter().position(|&byte| !is_ascii_white(byte));
    let rest = &line[rest.unwrap_or(line.len())..];
    match rest.first() {
        Some(0x80..) => trim_with(rest, str::trim_start),
        _ => rest,
    }
}

/// `line` without leading spaces, which most formats use for indentation.
#[inline]
pub(crate) fn without_leading_spaces(mut line: &[u8]) -> &[u8] {
    while let Some(chunk) = line.first_chunk() {
        let spaces = leading_spaces(chunk);
        line = &line[spaces..];
        if spaces < chunk.len() {
            return line;
        }
    }
    let spaces = line.iter().take_while(|byte| **byte == b' ').count();
    &line[spaces..]
}

fn trim_end_slow(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'..=b'\r'] = line {
        line = rest;
    }
    match line.last() {
        Some(0x80..) => trim_with(line, str::trim_end),
        _ => line,
    }
}

fn trim_with(line: &[u8], trim: fn(&str) -> &str) -> &[u8] {
    std::str::from_utf8(line).map_or(line, |text| trim(text).as_bytes())
}

/// Whether a byte is ASCII whitespace, including the vertical tab, which `u8::is_ascii_whitespace`
/// excludes.
pub(crate) fn is_ascii_white(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

/// A mask of which of 16 bytes are spaces: the top bit of each, where the first byte is the lowest.
#[inline]
pub(crate) fn spaces(bytes: &[u8; 16]) -> u128 {
    const LOW: u128 = u128::from_ne_bytes([0x7f; 16]);
    let without_spaces = u128::from_le_bytes(*bytes) ^ u128::from_ne_bytes([b' '; 16]);
    !(((without_spaces & LOW) + LOW) | without_spaces | LOW)
}

/// The number of leading spaces in `bytes`, all checked at once.
#[inline]
pub(crate) fn leading_spaces(bytes: &[u8; 16]) -> usize {
    let others = u128::from_le_bytes(*bytes) ^ u128::from_ne_bytes([b' '; 16]);
    (others.trailing_zeros() / 8) as usize
}

/// The part of `text` before a final `+0x` and hex digits: the offset within a function.
#[inline]
pub(crate) fn strip_hex_offset(text: &[u8]) -> Option<&[u8]> {
    text[..text.len() - hex_digits_at_end(text)].strip_suffix(b"+0x")
}

/// The number of hex digits at the end of `text`.
#[inline]
fn hex_digits_at_end(text: &[u8]) -> usize {
    count_at_end(text, hex_digits, u8::is_ascii_hexdigit)
}

/// The number of decimal digits at the end of `text`.
#[inline]
pub(crate) fn digits_at_end(text: &[u8]) -> usize {
    count_at_end(text, digits, u8::is_ascii_digit)
}

/// The number of bytes of some class at the end of `text`. `in_chunk` checks eight bytes at once.
/// If all eight match, or there are fewer, `is_one` checks them one by one.
#[inline]
fn count_at_end(text: &[u8], in_chunk: fn(u64) -> u64, is_one: fn(&u8) -> bool) -> usize {
    if let Some(chunk) = text.last_chunk()
        && let others @ 1.. = TOP & !in_chunk(u64::from_le_bytes(*chunk))
    {
        return (others.leading_zeros() / 8) as usize;
    }
    text.iter().rev().take_while(|byte| is_one(byte)).count()
}

const TOP: u64 = u64::from_ne_bytes([0x80; 8]);

/// A mask of which of 8 bytes are digits: the top bit of each, where the first byte is the lowest.
#[inline]
fn digits(bytes: u64) -> u64 {
    in_range(bytes, b'0', b'9') & !bytes & TOP
}

/// A mask of which of 8 bytes are hex digits.
#[inline]
fn hex_digits(bytes: u64) -> u64 {
    const CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    let letters = in_range(bytes | CASE, b'a', b'f');
    (in_range(bytes, b'0', b'9') | letters) & !bytes & TOP
}

/// Sets the top bit of each byte whose lower bits are from `first` to `last`.
#[inline]
fn in_range(bytes: u64, first: u8, last: u8) -> u64 {
    // All bytes are now at most 0x7f, so no sum carries into the next byte.
    let ascii = bytes & !TOP;
    let is_from = |first: u8| ascii + u64::from_ne_bytes([0x80 - first; 8]);
    is_from(first) & !is_from(last + 1)
}

/// The position of the last space, which is expected near the end.
#[inline]
pub(crate) fn rfind_space(text: &[u8]) -> Option<usize> {
    if let Some((before, chunk)) = text.split_last_chunk()
        && let spaces @ 1.. = spaces(chunk)
    {
        return Some(before.len() + 15 - (spaces.leading_zeros() / 8) as usize);
    }
    text.iter().rposition(|byte| *byte == b' ')
}

/// `bytes` as text, with U+FFFD for invalid UTF-8.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Plain validation is several times faster than validation that locates the error.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The start of `line` for a message: on one line, printable, and not too long.
pub(crate) fn excerpt(line: &[u8]) -> String {
    const MAX_CHARS: usize = 80;
    let text = lossy(trim(line));
    let mut quoted: String = text
        .chars()
        .take(MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        quoted.push('…');
    }
    quoted
}

/// `text` with escapes in the place of what would start a new line, or move the cursor, change
/// colors or turn the order of what follows on a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match is_printable(character) {
            true => out.push(character),
            false => out.extend(character.escape_default()),
        }
    }
    out
}

fn is_printable(character: char) -> bool {
    let turns_text = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !character.is_control() && !turns_text
}

/// A string of JSON.
pub(crate) fn json_string(text: &str) -> String {
    let mut literal = "\"".to_string();
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\0'..='\u{1f}' => {
                // Writing into a String does not fail.
                let _ = write!(literal, "\\u{:04x}", u32::from(character));
            }
            other => literal.push(other),
        }
    }
    literal + "\""
}

/// `1 line`, `2 lines`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_control_characters_are_escaped() {
        for (text, expected) in [
            (
                "main;parse \u{e9}\u{301} \\ '\"",
                "main;parse \u{e9}\u{301} \\ '\"",
            ),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[31mred\u{7}\0", "\\u{1b}[31mred\\u{7}\\u{0}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("a\u{202e}b\u{2028}", "a\\u{202e}b\\u{2028}"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn counting_all_digits_at_once_agrees_with_one_by_one() {
        for byte in 0..=255u8 {
            for (start, end) in [
                ("", "0fA9"),
                ("main+0x", "1c"),
                ("0123456789abcdefABCDEF", ""),
            ] {
                let text = [start.as_bytes(), &[byte], end.as_bytes()].concat();
                let count =
                    |is_one: fn(&u8) -> bool| text.iter().rev().take_while(|b| is_one(b)).count();
                assert_eq!(
                    hex_digits_at_end(&text),
                    count(u8::is_ascii_hexdigit),
                    "{text:?}"
                );
                assert_eq!(digits_at_end(&text), count(u8::is_ascii_digit), "{text:?}");
            }
        }
    }

    #[test]
    fn trims_as_str_does() {
        for text in [
            "",
            " ",
            "a",
            " a b\t\r\n",
            "\u{b}x\u{b}",
            "\u{a0} \u{2003}é \u{85}",
            "é",
            " é ",
        ] {
            assert_eq!(trim(text.as_bytes()), text.trim().as_bytes(), "{text:?}");
            assert_eq!(
                trim_end(text.as_bytes()),
                text.trim_end().as_bytes(),
                "{text:?}"
            );
            assert_eq!(
                trim_start(text.as_bytes()),
                text.trim_start().as_bytes(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn any_number_of_leading_spaces_is_removed() {
        for spaces in 0..40 {
            for rest in ["", "x", "\tx y", "x                                y"] {
                let line = " ".repeat(spaces) + rest;
                assert_eq!(without_leading_spaces(line.as_bytes()), rest.as_bytes());
            }
        }
    }

    #[test]
    fn finds_spaces_among_any_bytes() {
        let mut text: Vec<u8> = (0..=255).filter(|byte| *byte != b' ').collect();
        assert_eq!(rfind_space(&text), None);
        for at in 0..text.len() {
            text.insert(at, b' ');
            for start in [0, at.saturating_sub(16), at] {
                assert_eq!(rfind_space(&text[start..]), Some(at - start));
            }
            let chunk = text[at..].first_chunk();
            assert!(chunk.is_none_or(|chunk| spaces(chunk) == 0x80));
            text.remove(at);
        }
        assert_eq!(rfind_space(b""), None);
    }

    #[test]
    fn leaves_what_is_not_utf8() {
        assert_eq!(trim(b" \xff\xfe \n"), b"\xff\xfe");
    }

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(excerpt(b"\ta\0b\xff\n"), "a\\0b\u{fffd}");
        assert_eq!(excerpt(&[b'x'; 100]).chars().count(), 81);
    }
}

//! Compresses text and numbers to text that needs no escaping in XML.

/// The digits: 56 that end a number, followed by 28 that do not. They do not include `<`, `>`, `&`
/// or the mark.
const DIGITS: &[u8; 84] =
    b"()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]_`abcdefghijklmnopqrstuvwxyz{|}~";

/// The number of digits that end a number, and of those that do not.
const ENDS: u64 = 56;
const GOES_ON: u64 = 28;

/// Precedes a reference to earlier text; a double mark represents the character itself.
const MARK: u8 = b'^';

/// Writes `value` in one digit if below 56, in two if below 1624, and so on: the lowest digits
/// first, in base 28 after subtracting 56.
pub(super) fn push_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= ENDS {
        value -= ENDS;
        out.push(DIGITS[(ENDS + value % GOES_ON) as usize]);
        value /= GOES_ON;
    }
    out.push(DIGITS[value as usize]);
}

/// Like [`push_number`], for larger numbers, because 128-bit division is many times slower.
pub(super) fn push_large_number(out: &mut Vec<u8>, mut value: u128) {
    while value > u128::from(u64::MAX) {
        value -= u128::from(ENDS);
        out.push(DIGITS[(ENDS + (value % u128::from(GOES_ON)) as u64) as usize]);
        value /= u128::from(GOES_ON);
    }
    push_number(out, value as u64);
}

/// Writes a value below 4096 in two digits, base 64.
pub(super) fn push_pair(out: &mut Vec<u8>, value: u32) {
    out.push(DIGITS[(value >> 6 & 63) as usize]);
    out.push(DIGITS[(value & 63) as usize]);
}

/// Replaces most repeated text with references: the mark, the distance back and the length, both in
/// UTF-16 units. This compresses the names of a profile to a quarter.
///
/// Earlier text is found by a hash of the next eight bytes, in a table with only the latest
/// position: a megabyte takes a few milliseconds. References cover only ASCII, so that units are
/// bytes.
pub(super) fn shorten(text: &str) -> Shortened {
    Shortener::new(text.as_bytes()).finish()
}

/// A compressed text, and its original length in UTF-16 units.
pub(super) struct Shortened {
    pub text: String,
    pub units: usize,
}

const MIN_MATCH: usize = 8;

struct Shortener<'t> {
    text: &'t [u8],
    out: Vec<u8>,
    /// By hash: one plus a position in the text, and the number of UTF-16 units before it.
    places: Vec<(u32, u32)>,
    at: usize,
    /// The number of UTF-16 units before `at`.
    units: usize,
}

impl<'t> Shortener<'t> {
    fn new(text: &'t [u8]) -> Shortener<'t> {
        const PLACES: usize = 1 << 15;
        Shortener {
            text,
            out: Vec::with_capacity(text.len() / 2),
            places: vec![(0, 0); PLACES],
            at: 0,
            units: 0,
        }
    }

    fn finish(mut self) -> Shortened {
        while self.at < self.text.len() {
            match self.find() {
                Some((distance, length)) => {
                    self.out.push(MARK);
                    push_number(&mut self.out, distance as u64);
                    push_number(&mut self.out, length as u64);
                    self.at += length;
                    self.units += length;
                }
                None => self.push_literal(),
            }
        }
        // Copied parts consist of whole characters.
        Shortened {
            text: String::from_utf8(self.out).unwrap_or_default(),
            units: self.units,
        }
    }

    fn push_literal(&mut self) {
        let byte = self.text[self.at];
        self.out.push(byte);
        if byte == MARK {
            self.out.push(byte);
        }
        self.at += 1;
        // A character has one unit, or two if it has four bytes.
        self.units += match byte {
            0x80..0xc0 => 0,
            0xf0.. => 2,
            _ => 1,
        };
    }

    /// The distance in units back to an earlier copy of the text from here on, and the length of
    /// the match.
    fn find(&mut self) -> Option<(usize, usize)> {
        let next = self.text[self.at..].first_chunk::<MIN_MATCH>()?;
        if !next.is_ascii() {
            return None;
        }
        let word = u64::from_le_bytes(*next);
        let hash = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 49) as usize;
        let here = (self.at as u32 + 1, self.units as u32);
        let (place, units) = std::mem::replace(&mut self.places[hash], here);
        let place = (place as usize).checked_sub(1)?;
        let before = &self.text[place..];
        if before.first_chunk() != Some(next) {
            return None;
        }
        let length = common_ascii(before, &self.text[self.at..]);
        Some((self.units - units as usize, length))
    }
}

/// The length of the common ASCII prefix of `a` and `b`.
fn common_ascii(a: &[u8], b: &[u8]) -> usize {
    let is_common = |a: &[u8; MIN_MATCH], b: &[u8; MIN_MATCH]| a == b && a.is_ascii();
    let words = a.as_chunks().0.iter().zip(b.as_chunks().0);
    let start = MIN_MATCH * words.take_while(|(a, b)| is_common(a, b)).count();
    let bytes = a[start..].iter().zip(&b[start..]);
    start + bytes.take_while(|(a, b)| a == b && a.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digit(text: &[u8], at: &mut usize) -> u128 {
        let digit = DIGITS.iter().position(|digit| *digit == text[*at]).unwrap();
        *at += 1;
        digit as u128
    }

    fn number(text: &[u8], at: &mut usize) -> u128 {
        match digit(text, at) {
            digit if digit < u128::from(ENDS) => digit,
            digit => digit + u128::from(GOES_ON) * number(text, at),
        }
    }

    /// The inverse, as implemented by the viewer.
    fn lengthen(text: &str) -> String {
        let mut units: Vec<u16> = Vec::new();
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            at += character.len_utf8();
            if character != '^' || text[at..].starts_with('^') {
                at += usize::from(character == '^');
                units.extend(character.encode_utf16(&mut [0; 2]).iter());
                continue;
            }
            let distance = number(text.as_bytes(), &mut at) as usize;
            for _ in 0..number(text.as_bytes(), &mut at) {
                units.push(units[units.len() - distance]);
            }
        }
        String::from_utf16(&units).unwrap()
    }

    #[test]
    fn repeated_text_is_referenced() {
        let text = "alloc::vec::Vec\nalloc::vec::Drain\n";
        assert_eq!(shorten(text).text, "alloc::vec::Vec\n^84Drain\n");
        assert_eq!(shorten("aaaaaaaaaaaaaaaaaaaa").text, "a^);");
        assert_eq!(shorten("a^b").text, "a^^b");
    }

    #[test]
    fn small_numbers_are_short() {
        for (value, length) in [
            (0, 1),
            (55, 1),
            (56, 2),
            (1623, 2),
            (1624, 3),
            (u128::MAX, 27),
        ] {
            let mut out = Vec::new();
            push_large_number(&mut out, value);
            assert_eq!(out.len(), length, "{value}");
            assert_eq!(number(&out, &mut 0), value);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(parts in prop::collection::vec("(std::|core\\^::iter|é|😀|関数|[a-c^]){0,9}", 0..50)) {
            let text = parts.join("\n");
            let shortened = shorten(&text);
            prop_assert_eq!(shortened.units, text.encode_utf16().count());
            prop_assert_eq!(lengthen(&shortened.text), text);
        }
    }
}

//! Decodes text that starts with a byte order mark, as written by editors and shells on Windows.

use std::io::{self, Chain, Cursor, Read};

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const LITTLE_MARK: &[u8] = b"\xff\xfe";
const BIG_MARK: &[u8] = b"\xfe\xff";

/// Whether text that starts with `head`, of at least 3 bytes, has a byte order mark.
pub(crate) fn has_mark(head: &[u8]) -> bool {
    [UTF8_MARK, LITTLE_MARK, BIG_MARK]
        .iter()
        .any(|mark| head.starts_with(mark))
}

/// Whether text may have a byte order mark, if fewer than 3 bytes are known.
pub(crate) fn may_have_mark(head: &[u8]) -> bool {
    matches!(head.first(), Some(0xef | 0xfe | 0xff))
}

/// The text of a reader as UTF-8 without a byte order mark. Text without a mark is unchanged.
pub(crate) enum Text<R> {
    Utf8(Headed<R>),
    Utf16(Utf16<Headed<R>>),
}

/// A reader preceded by the bytes already read from it.
type Headed<R> = Chain<Cursor<Vec<u8>>, R>;

impl<R: Read> Text<R> {
    pub fn new(mut reader: R) -> io::Result<Text<R>> {
        let mut head = Vec::new();
        let longest = UTF8_MARK.len() as u64;
        reader.by_ref().take(longest).read_to_end(&mut head)?;
        let is_little = head.starts_with(LITTLE_MARK);
        let is_utf16 = is_little || head.starts_with(BIG_MARK);
        let mark = match is_utf16 {
            true => LITTLE_MARK.len(),
            false if head == UTF8_MARK => UTF8_MARK.len(),
            false => 0,
        };
        head.drain(..mark);
        let reader = Cursor::new(head).chain(reader);
        Ok(match is_utf16 {
            true => Text::Utf16(Utf16::new(reader, is_little)),
            false => Text::Utf8(reader),
        })
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Text::Utf8(reader) => reader.read(buffer),
            Text::Utf16(reader) => reader.read(buffer),
        }
    }
}

/// Decodes UTF-16 to UTF-8. Invalid code units become U+FFFD.
pub(crate) struct Utf16<R> {
    reader: R,
    is_little: bool,
    /// Bytes that were read but not decoded: an incomplete character.
    undecoded: Vec<u8>,
    decoded: Cursor<Vec<u8>>,
}

impl<R: Read> Utf16<R> {
    fn new(reader: R, is_little: bool) -> Utf16<R> {
        Utf16 {
            reader,
            is_little,
            undecoded: Vec::new(),
            decoded: Cursor::default(),
        }
    }

    /// Decodes the next bytes; `false` at the end.
    fn decode_more(&mut self) -> io::Result<bool> {
        const READ_SIZE: usize = 1 << 14;
        let start = self.undecoded.len();
        self.undecoded.resize(start + READ_SIZE, 0);
        let read = self.reader.read(&mut self.undecoded[start..]);
        self.undecoded
            .truncate(start + *read.as_ref().unwrap_or(&0));
        let is_at_end = read? == 0;
        let whole = match is_at_end {
            true => self.undecoded.len(),
            false => self.whole_characters(),
        };
        let units = self.undecoded[..whole]
            .chunks(2)
            .map(|unit| self.unit(unit));
        let chars =
            char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER));
        self.decoded = Cursor::new(chars.collect::<String>().into_bytes());
        self.undecoded.drain(..whole);
        Ok(!is_at_end || whole > 0)
    }

    /// The number of bytes up to the last whole character.
    fn whole_characters(&self) -> usize {
        let whole = self.undecoded.len() / 2 * 2;
        let is_first_half = |unit: u16| (0xd800..0xdc00).contains(&unit);
        match self.undecoded[..whole].rchunks(2).next() {
            Some(last) if is_first_half(self.unit(last)) => whole - 2,
            _ => whole,
        }
    }

    fn unit(&self, bytes: &[u8]) -> u16 {
        match (bytes, self.is_little) {
            (&[a, b], true) => u16::from_le_bytes([a, b]),
            (&[a, b], false) => u16::from_be_bytes([a, b]),
            // Half a code unit at the end, which is not a character.
            _ => 0xdfff,
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.decoded.read(buffer)?;
            if read > 0 || buffer.is_empty() || !self.decode_more()? {
                return Ok(read);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_may_end_anywhere() {
        let text = "ab😀\u{e000}c";
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for (bytes, is_little) in [(little, true), (big, false)] {
            for end in 0..=bytes.len() {
                let (first, second) = bytes.split_at(end);
                let mut decoded = String::new();
                Utf16::new(first.chain(second), is_little)
                    .read_to_string(&mut decoded)
                    .unwrap();
                assert_eq!(decoded, text, "{end}");
            }
        }
    }
}

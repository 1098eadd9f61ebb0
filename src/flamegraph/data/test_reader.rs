//! Reads what is packed, as the viewer does.

use super::pack::Kind;
use super::shorten::{MATCH, MIN_LENGTH};

/// Reads the numbers of a [`Packer`](super::pack::Packer).
pub(super) struct Reader {
    bits: Vec<bool>,
    at: usize,
    /// By kind, the code of each symbol.
    codes: Vec<Vec<(u32, u32, u32)>>,
}

impl Reader {
    pub fn new(text: &str) -> Reader {
        let digits: Vec<usize> = text
            .bytes()
            .map(|byte| digits().position(|digit| digit == byte).unwrap())
            .collect();
        let pairs = digits.chunks(2).map(|pair| 91 * pair[0] + pair[1]);
        let bits = pairs.flat_map(|pair| (0..13).rev().map(move |bit| pair >> bit & 1 > 0));
        let mut reader = Reader {
            bits: bits.collect(),
            at: 0,
            codes: Vec::new(),
        };
        for _ in 0..reader.take(5) {
            let lengths: Vec<u32> = (0..reader.take(9)).map(|_| reader.take(4) as u32).collect();
            let mut ordered: Vec<(u32, u32)> = (0..)
                .zip(&lengths)
                .filter(|it| *it.1 > 0)
                .map(|(symbol, length)| (*length, symbol))
                .collect();
            ordered.sort_unstable();
            let (mut next, mut before) = (0, 0);
            let codes = ordered.iter().map(|&(length, symbol)| {
                next <<= length - before;
                before = length;
                next += 1;
                (length, next - 1, symbol)
            });
            let codes = codes.collect();
            reader.codes.push(codes);
        }
        reader
    }

    fn take(&mut self, count: u32) -> u128 {
        let bits = &self.bits[self.at..][..count as usize];
        self.at += bits.len();
        bits.iter()
            .fold(0, |value, bit| value << 1 | u128::from(*bit))
    }

    pub fn symbol(&mut self, kind: Kind) -> u32 {
        let (mut length, mut code) = (0, 0);
        loop {
            (length, code) = (length + 1, code << 1 | self.take(1) as u32);
            let codes = &self.codes[kind.0 as usize];
            if let Some(found) = codes.iter().find(|it| (it.0, it.1) == (length, code)) {
                return found.2;
            }
        }
    }

    pub fn number(&mut self, kind: Kind) -> u128 {
        let symbol = self.symbol(kind);
        match symbol {
            0..16 => symbol.into(),
            _ => {
                let bits = symbol / 2 - 5;
                u128::from(2 + symbol % 2) << bits | self.take(bits)
            }
        }
    }
}

/// The digits in base 91.
fn digits() -> impl Iterator<Item = u8> {
    (b'!'..=b'~').filter(|byte| !b"&<>".contains(byte))
}

/// The inverse of [`shorten`](super::shorten::shorten).
pub(super) fn lengthen(reader: &mut Reader, length: usize) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let symbol = reader.symbol(Kind::LITERAL);
        if symbol != MATCH {
            bytes.push(symbol as u8);
            continue;
        }
        let length = MIN_LENGTH + reader.number(Kind::LENGTH) as usize;
        let distance = 1 + reader.number(Kind::DISTANCE) as usize;
        for _ in 0..length {
            bytes.push(bytes[bytes.len() - distance]);
        }
    }
    String::from_utf8(bytes).unwrap()
}

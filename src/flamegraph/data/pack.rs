//! Packs numbers into text that needs no escaping in XML: the more frequent a number is, the fewer bits it
//! takes.
//!
//! Each [`Kind`] of number has a Huffman code. A number below 16 is a symbol. A larger one is a symbol for the
//! position of its first bit and the next one, followed by its other bits. Two characters hold 13 bits, the
//! highest first. The text starts with the lengths of the codes:
//!
//! * 5 bits: how many kinds there are. For each of them:
//!     * 9 bits: how many symbols there are.
//!     * 4 bits for each symbol: the length of its code, 0 if it does not occur. The codes are in order of
//!       their length, and those of the same length in order of their symbols.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind(pub(super) u32);

impl Kind {
    /// A byte of text, or [`MATCH`](super::shorten::MATCH). These and the next are symbols of their own, up to 510.
    pub const LITERAL: Kind = Kind(0);
    /// Half a color.
    pub const COLOR: Kind = Kind(1);
    /// The length of repeated text, and the distance back to the previous copy.
    pub const LENGTH: Kind = Kind(2);
    pub const DISTANCE: Kind = Kind(3);
    /// How many frames of a stack end, and how many begin.
    pub const CLOSED: Kind = Kind(4);
    pub const OPENED: Kind = Kind(5);
    /// The number of a name.
    pub const NAME: Kind = Kind(6);
    /// A self count, and the one in the baseline.
    pub const COUNT: Kind = Kind(7);
    pub const BEFORE: Kind = Kind(8);
    /// The module of a function.
    pub const MODULE: Kind = Kind(9);

    /// A choice among the callees of a function, which so far has `callees`.
    #[inline]
    pub fn choice(callees: u32) -> Kind {
        Kind(10 + callees.max(1).ilog2().min(5))
    }

    /// 16 bits of a large number.
    const REST: Kind = Kind(31);
}

const KINDS: usize = 16;
const SYMBOLS: usize = 512;
const ALL_SYMBOLS: usize = SYMBOLS << 5;

/// Codes are at most this long, so that the viewer reads them with a small table.
const MAX_LENGTH: u8 = 12;

/// The bits in two characters.
const PAIR: u32 = 13;

/// A collection of numbers.
#[derive(Default)]
pub(super) struct Packer {
    /// The kind in 5 bits, the symbol in 9, and up to 16 more bits of the number.
    tokens: Vec<u32>,
}

impl Packer {
    pub fn with_capacity(numbers: usize) -> Packer {
        Packer {
            tokens: Vec::with_capacity(numbers),
        }
    }

    #[inline]
    pub fn push(&mut self, kind: Kind, value: u64) {
        match value {
            0..16 => self.push_symbol(kind, value as u32),
            16..0x4_0000 => {
                let value = value as u32;
                let bits = value.ilog2() - 1;
                let extra = value & !(!0 << bits);
                self.push_symbol(kind, 2 * (bits + 4) + (value >> bits));
                if let Some(token) = self.tokens.last_mut() {
                    *token |= extra;
                }
            }
            _ => self.push_large(kind, value.into()),
        }
    }

    #[inline]
    pub fn push_symbol(&mut self, kind: Kind, symbol: u32) {
        self.tokens.push(kind.0 << 25 | symbol << 16);
    }

    /// Like [`push`](Packer::push), for any number.
    #[cold]
    pub fn push_large(&mut self, kind: Kind, value: u128) {
        if value < 0x4_0000 {
            return self.push(kind, value as u64);
        }
        let mut bits = value.ilog2() - 1;
        let symbol = 2 * (bits + 4) + (value >> bits) as u32;
        let first = rest_of(bits);
        bits -= first;
        let part = |value: u128, bits: u32| value as u32 & !(!0 << bits);
        self.push_symbol(kind, symbol);
        if let Some(token) = self.tokens.last_mut() {
            *token |= part(value >> bits, first);
        }
        while bits > 0 {
            bits -= 16;
            self.tokens
                .push(Kind::REST.0 << 25 | part(value >> bits, 16));
        }
    }

    /// Appends the numbers as text.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut counts = [0u32; ALL_SYMBOLS];
        for token in &self.tokens {
            counts[index(*token)] += 1;
        }
        let mut writer = Writer::new(out);
        let mut codes = [Code::default(); ALL_SYMBOLS];
        codes[(Kind::REST.0 as usize) << 9].length = 16;
        writer.push(KINDS as u32, 5);
        for kind in 0..KINDS {
            let of_kind = kind * SYMBOLS..(kind + 1) * SYMBOLS;
            let lengths = code_lengths(&counts[of_kind.clone()]);
            writer.push(lengths.len() as u32, 9);
            lengths
                .iter()
                .for_each(|length| writer.push(u32::from(*length), 4));
            assign_codes(kind as u32, &lengths, &mut codes[of_kind]);
        }
        for token in &self.tokens {
            let code = codes[index(*token)];
            writer.push(code.bits | token & 0xffff, code.length);
        }
        writer.finish();
    }
}

/// The kind and the symbol of a token.
#[inline]
fn index(token: u32) -> usize {
    (token >> 16) as usize % ALL_SYMBOLS
}

/// The number of bits of `bits` that are not in parts of 16.
fn rest_of(bits: u32) -> u32 {
    match bits {
        0 => 0,
        _ => (bits - 1) % 16 + 1,
    }
}

/// The code of a symbol, followed by as many zeros as the number has other bits.
#[derive(Clone, Copy, Default)]
struct Code {
    bits: u32,
    /// The number of bits, including these zeros.
    length: u32,
}

fn assign_codes(kind: u32, lengths: &[u8], codes: &mut [Code]) {
    let mut next = 0;
    for length in 1..=MAX_LENGTH {
        next <<= 1;
        for (symbol, _) in lengths.iter().enumerate().filter(|it| *it.1 == length) {
            let is_number = kind > Kind::COLOR.0 && symbol >= 16;
            let extra = if is_number { symbol / 2 - 5 } else { 0 };
            let extra = rest_of(extra as u32);
            codes[symbol] = Code {
                bits: next << extra,
                length: u32::from(length) + extra,
            };
            next += 1;
        }
    }
}

/// The length of the code of each symbol, up to the last that occurs.
fn code_lengths(counts: &[u32]) -> Vec<u8> {
    let size = counts.iter().rposition(|count| *count > 0);
    let mut counts = counts[..size.map_or(0, |last| last + 1)].to_vec();
    loop {
        let lengths = huffman(&counts);
        if lengths.iter().all(|length| *length <= MAX_LENGTH) {
            return lengths;
        }
        // More even counts have shorter codes.
        counts
            .iter_mut()
            .filter(|count| **count > 0)
            .for_each(|count| *count = *count / 2 + 1);
    }
}

/// The lengths of the codes of a Huffman tree.
fn huffman(counts: &[u32]) -> Vec<u8> {
    let used = (0..counts.len()).filter(|symbol| counts[*symbol] > 0);
    let mut heap: BinaryHeap<_> = used
        .map(|symbol| Reverse((u64::from(counts[symbol]), symbol)))
        .collect();
    // By symbol, and by pair of nodes after that: the pair that a node is in.
    let mut above = vec![0; counts.len()];
    if heap.len() == 1 {
        let is_used = counts.iter().map(|count| u8::from(*count > 0));
        return is_used.collect();
    }
    while let (Some(Reverse((a, left))), Some(Reverse((b, right)))) = (heap.pop(), heap.pop()) {
        let pair = above.len();
        (above[left], above[right]) = (pair, pair);
        above.push(0);
        if heap.is_empty() {
            break;
        }
        heap.push(Reverse((a + b, pair)));
    }
    let mut depths = vec![0u8; above.len()];
    for node in (0..above.len().saturating_sub(1)).rev() {
        if above[node] > 0 {
            depths[node] = depths[above[node]].saturating_add(1);
        }
    }
    depths.truncate(counts.len());
    depths
}

/// Writes bits as text.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
    bits: u64,
    count: u32,
}

impl<'o> Writer<'o> {
    fn new(out: &'o mut Vec<u8>) -> Writer<'o> {
        Writer {
            out,
            bits: 0,
            count: 0,
        }
    }

    #[inline]
    fn push(&mut self, bits: u32, count: u32) {
        self.bits = self.bits << count | u64::from(bits);
        self.count += count;
        while self.count >= 2 * PAIR {
            self.count -= 2 * PAIR;
            let pairs = (self.bits >> self.count) as usize;
            let [a, b] = PAIRS[pairs >> PAIR & ((1 << PAIR) - 1)];
            let [c, d] = PAIRS[pairs & ((1 << PAIR) - 1)];
            self.out.extend_from_slice(&[a, b, c, d]);
        }
    }

    fn finish(mut self) {
        if self.count > 0 {
            self.push(0, 2 * PAIR - self.count);
        }
    }
}

/// Two digits in base 91 for each number.
static PAIRS: [[u8; 2]; 1 << PAIR] = {
    let mut pairs = [[0; 2]; 1 << PAIR];
    let mut pair = 0;
    while pair < pairs.len() {
        pairs[pair] = [digit(pair / 91), digit(pair % 91)];
        pair += 1;
    }
    pairs
};

/// The visible ASCII characters except `&`, `<` and `>`.
const fn digit(value: usize) -> u8 {
    match value as u8 + b'!' {
        byte @ ..b'&' => byte,
        byte if byte < b'<' - 1 => byte + 1,
        byte if byte == b'<' - 1 => b'=',
        byte => byte + 3,
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_reader::Reader;
    use super::*;
    use proptest::prelude::*;

    fn packed(push: impl FnOnce(&mut Packer)) -> String {
        let (mut packer, mut out) = (Packer::default(), Vec::new());
        push(&mut packer);
        packer.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_need_no_escaping() {
        let digits: Vec<u8> = (0..91).map(digit).collect();
        assert!(digits.is_sorted() && digits.iter().all(u8::is_ascii_graphic));
        assert!(!digits.iter().any(|byte| b"&<>".contains(byte)));
    }

    #[test]
    fn frequent_numbers_are_short() {
        let text = |others: u64| {
            packed(|packer| {
                (0..1000).for_each(|_| packer.push(Kind::COUNT, 7));
                (0..others).for_each(|other| packer.push(Kind::COUNT, 8 + other % 8));
            })
        };
        // One bit each, in characters of 6.5 bits, and the lengths of the codes.
        assert!((1000 * 2 / 13..1000 * 2 / 13 + 60).contains(&text(1).len()));
        assert!(text(1000).len() > 2 * text(1).len());
    }

    #[test]
    fn codes_are_not_too_long() {
        // The counts of a Huffman tree that is as deep as possible.
        let mut counts = vec![1, 1];
        for at in 2..30 {
            counts.push(counts[at - 1] + counts[at - 2]);
        }
        assert_eq!(huffman(&counts).into_iter().max(), Some(29));
        let lengths = code_lengths(&counts);
        assert_eq!(lengths.iter().max(), Some(&MAX_LENGTH));
        let kraft: f64 = lengths.iter().map(|it| 0.5f64.powi(i32::from(*it))).sum();
        assert!(kraft <= 1.0);
    }

    proptest! {
        #[test]
        fn all_numbers_are_read_back(numbers in prop::collection::vec((0u32..16, any::<u128>(), 0u32..128), 0..200)) {
            let number = |&(kind, value, bits): &(u32, u128, u32)| match kind {
                0 | 1 => (Kind(kind), value % 511),
                _ => (Kind(kind), value >> bits),
            };
            let text = packed(|packer| {
                for (kind, value) in numbers.iter().map(number) {
                    match (kind.0, u64::try_from(value)) {
                        (0 | 1, _) => packer.push_symbol(kind, value as u32),
                        (_, Ok(value)) => packer.push(kind, value),
                        _ => packer.push_large(kind, value),
                    }
                }
            });
            let mut reader = Reader::new(&text);
            for (kind, value) in numbers.iter().map(number) {
                let found = match kind.0 {
                    0 | 1 => reader.symbol(kind).into(),
                    _ => reader.number(kind),
                };
                prop_assert_eq!(found, value);
            }
        }
    }
}

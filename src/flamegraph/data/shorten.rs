//! Packs text. Most repeated text becomes a reference to an earlier copy.

use super::pack::{Kind, Packer};
use crate::bytes::lines::common_prefix_of_short;

/// The symbol that precedes a reference: its length less 3, because shorter ones would take more room than the
/// text, and the distance back less 1.
pub(super) const MATCH: u32 = 256;
pub(super) const MIN_LENGTH: usize = 3;

/// References are at least this long, in bytes, because these are fast to find.
const MIN_MATCH: usize = 8;

/// Of the positions in repeated text, this share is remembered.
const STEP: usize = 4;

/// Packs `text`: the names of a profile take a sixth of their bytes.
///
/// Earlier text is found by a hash of the next eight bytes, in a table with only the latest
/// position: a megabyte takes a few milliseconds.
pub(super) fn shorten(text: &[u8], packer: &mut Packer) {
    let mut positions = vec![0; 1 << POSITION_BITS];
    let mut at = 0;
    while at < text.len() {
        match find(text, at, &mut positions) {
            Some((position, length)) => {
                packer.push_symbol(Kind::LITERAL, MATCH);
                packer.push(Kind::LENGTH, (length - MIN_LENGTH) as u64);
                packer.push(Kind::DISTANCE, (at - position - 1) as u64);
                for inner in (at + STEP..at + length).step_by(STEP) {
                    remember(text, inner, &mut positions);
                }
                at += length;
            }
            None => {
                packer.push_symbol(Kind::LITERAL, text[at].into());
                at += 1;
            }
        }
    }
}

const POSITION_BITS: u32 = 16;

/// Stores a position, plus one, by the hash of the text there. Returns the previous one, or 0.
#[inline]
fn remember(text: &[u8], at: usize, positions: &mut [u32]) -> Option<(usize, u64)> {
    let word = u64::from_le_bytes(*text[at..].first_chunk::<MIN_MATCH>()?);
    let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - POSITION_BITS);
    let position = std::mem::replace(&mut positions[hash as usize], at as u32 + 1);
    Some((position as usize, word))
}

/// An earlier copy of the text from `at` on, and the length of what is the same.
#[inline]
fn find(text: &[u8], at: usize, positions: &mut [u32]) -> Option<(usize, usize)> {
    let (position, word) = remember(text, at, positions)?;
    let position = position.checked_sub(1)?;
    let before = u64::from_le_bytes(*text[position..].first_chunk()?);
    let length = || common_prefix_of_short(&text[position..], &text[at..]);
    (before == word).then(|| (position, length()))
}

#[cfg(test)]
mod tests {
    use super::super::test_reader::{Reader, lengthen};
    use super::*;
    use proptest::prelude::*;

    fn packed(text: &str) -> String {
        let (mut packer, mut out) = (Packer::default(), Vec::new());
        shorten(text.as_bytes(), &mut packer);
        packer.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn repeated_text_is_referenced() {
        let once = "alloc::vec::Vec<T>::from_iter";
        let names = |count: usize| packed(&vec![once; count].join("\n"));
        assert!(names(100).len() < names(1).len() + 150);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(parts in prop::collection::vec("(std::|core\\^::iter|é|😀|関数|[a-c^]){0,9}", 0..50)) {
            let text = parts.join("\n");
            let found = lengthen(&mut Reader::new(&packed(&text)), text.len());
            prop_assert_eq!(found, text);
        }
    }
}

//! Decompresses xz data: the symbols in `.gnu_debugdata`.
//!
//! ```text
//! file  = header (12 bytes), { block }, 0, ..
//! block = header (its first byte: how many words more it has), { chunk }, 0,
//!         zeros up to a whole word, checksum
//! chunk = control (1 byte), size, [ packed size, properties ], data
//! ```
//!
//! The decoder keeps a whole block in memory, and a few bytes can expand to megabytes. Since chunks
//! declare their size, the sum is checked before decoding.

use super::untrusted::MAX_WHOLE_SIZE;

const HEADER: usize = 12;

/// Decompresses `packed`; `None` if it is damaged, or too large.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    if unpacked_size(packed)? > MAX_WHOLE_SIZE {
        return None;
    }
    let mut bytes = Vec::new();
    lzma_rs::xz_decompress(&mut { packed }, &mut bytes).ok()?;
    Some(bytes)
}

/// The decompressed size of `packed`.
fn unpacked_size(packed: &[u8]) -> Option<u64> {
    let checksum = match packed.get(7)? & 0xf {
        0 => 0,
        1 => 4,
        4 => 8,
        10 => 32,
        _ => return None,
    };
    let (mut at, mut total) = (HEADER, 0u64);
    loop {
        let words = usize::from(*packed.get(at)?);
        if words == 0 {
            return Some(total);
        }
        at += 4 * (words + 1);
        while let Some((size, length)) = chunk(packed.get(at..)?)? {
            total = total.saturating_add(size);
            at += length;
        }
        at = (at + 1).next_multiple_of(4) + checksum;
    }
}

/// The decompressed size of the chunk that `bytes` start with, and its length; `Some(None)` after
/// the last chunk.
#[expect(clippy::option_option, reason = "the end is no damage")]
fn chunk(bytes: &[u8]) -> Option<Option<(u64, usize)>> {
    let number = |at: usize| {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*bytes)) + 1)
    };
    let control = *bytes.first()?;
    let has_properties = usize::from(control >= 0xc0);
    Some(match control {
        0 => None,
        1 | 2 => Some((number(1)? as u64, 3 + number(1)?)),
        0x80.. => {
            let size = (usize::from(control & 0x1f) << 16) + number(1)?;
            Some((size as u64, 5 + has_properties + number(3)?))
        }
        _ => return None,
    })
}

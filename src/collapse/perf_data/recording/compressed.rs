//! Decompresses records (`perf record -z`).
//!
//! A recording has a single zstd frame without an end, split into records anywhere. The decoder
//! needs whole blocks, so data is buffered until a block is complete. The decoder also retains the
//! window, the data that later blocks may refer to, until the frame ends; [`Inflater::finish`] ends
//! it. [`Inflater::end`] accounts for the retained data.
//!
//! ```text
//! frame = header (up to 18 bytes), { block }
//! header = magic (32 bits), description (8), window (8; none if all is one segment), ..
//! block = last (1 bit), type (2), size (21), data
//! ```

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const LONGEST_HEADER: usize = 18;
const BLOCK_HEADER: usize = 3;
/// The type of a block that repeats one byte.
const REPEATED: u32 = 1;

#[derive(Default)]
pub(super) struct Inflater {
    decoder: Option<FrameDecoder>,
    /// The window size of this frame, if specified.
    window: Option<u64>,
    /// Data that was not decoded yet.
    undecoded: Vec<u8>,
    /// Decoded data, and how much of it was consumed.
    decoded: Vec<u8>,
    consumed: usize,
    /// The number of bytes decoded in total.
    total: u64,
    /// Whether further data is dropped, because it depends on damaged data.
    is_given_up: bool,
}

impl Inflater {
    /// Adds the next piece, to be decoded by [`Inflater::decode_block`].
    pub fn add(&mut self, piece: &[u8]) {
        if !self.is_given_up {
            self.undecoded.extend_from_slice(piece);
        }
    }

    /// Ends the frame with an empty block, so that everything is decoded.
    pub fn finish(&mut self) {
        const LAST_BLOCK: [u8; BLOCK_HEADER] = [1, 0, 0];
        if self.decoder.is_some() {
            self.undecoded.clear();
            self.add(&LAST_BLOCK);
        }
    }

    /// Drops all remaining data.
    pub fn give_up(&mut self) {
        *self = Inflater {
            is_given_up: true,
            ..Inflater::default()
        };
    }

    /// Whether the decoder retains any data.
    pub fn is_used(&self) -> bool {
        self.decoder.is_some()
    }

    /// Decoded data that was not consumed.
    pub fn ready(&self) -> &[u8] {
        self.decoded.get(self.consumed..).unwrap_or_default()
    }

    /// The number of bytes consumed in total.
    pub fn position(&self) -> u64 {
        let rest = self.decoded.len() - self.consumed;
        self.total - rest as u64
    }

    /// An upper bound on where the data added so far ends; `None` if it is unknown.
    pub fn end(&self) -> Option<u64> {
        if !self.undecoded.is_empty() {
            return None;
        }
        match (&self.decoder, self.window) {
            (None, _) => Some(self.total),
            // As long as there was no output, there is less data than the window size.
            (Some(_), Some(window)) => Some(self.total + window),
            (Some(_), None) => None,
        }
    }

    pub fn consume(&mut self, length: usize) {
        self.consumed = (self.consumed + length).min(self.decoded.len());
    }

    /// Decodes the next block, which may expand from a few bytes to a hundred kilobytes:
    /// `Some(false)` if it is incomplete, `None` if it cannot be decoded.
    pub fn decode_block(&mut self) -> Option<bool> {
        let mut rest = self.undecoded.as_slice();
        if self.decoder.is_none() {
            if rest.len() < LONGEST_HEADER {
                return Some(false);
            }
            self.window = window_size(rest);
            let mut decoder = FrameDecoder::new();
            decoder.init(&mut rest).ok()?;
            self.decoder = Some(decoder);
        }
        let decoder = self.decoder.as_mut()?;
        let is_there = block_length(rest).is_some_and(|it| it <= rest.len());
        if is_there {
            decoder
                .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1))
                .ok()?;
            self.decoded.drain(..self.consumed);
            self.consumed = 0;
            if let Some(bytes) = decoder.collect() {
                self.decoded.extend_from_slice(&bytes);
                self.total += bytes.len() as u64;
            }
        }
        let used = self.undecoded.len() - rest.len();
        self.undecoded.drain(..used);
        if decoder.is_finished() {
            self.decoder = None;
        }
        Some(is_there)
    }
}

/// The window size in the header of a frame.
fn window_size(header: &[u8]) -> Option<u64> {
    const IS_ONE_SEGMENT: u8 = 1 << 5;
    let [description, window] = *header.get(4..)?.first_chunk()?;
    let (exponent, eighths) = (window >> 3, u64::from(window & 7));
    let size = 1u64 << (10 + exponent);
    (description & IS_ONE_SEGMENT == 0).then_some(size + size / 8 * eighths)
}

/// The length of the block that `bytes` start with, if available.
fn block_length(bytes: &[u8]) -> Option<usize> {
    let &[a, b, c] = bytes.first_chunk::<BLOCK_HEADER>()?;
    let header = u32::from_le_bytes([a, b, c, 0]);
    let data = match header >> 1 & 3 {
        REPEATED => 1,
        _ => (header >> 3) as usize,
    };
    Some(BLOCK_HEADER + data)
}

//! Records that were compressed while recording (`perf record -z`).
//!
//! All of a recording is one zstd frame without an end, cut into records anywhere. The decoder
//! wants whole blocks, so what came is kept until a block is complete. It holds back as much as
//! later blocks can refer to, the window, until the frame ends; [`Inflater::finish`] ends it.
//! [`Inflater::end`] says how much that is.
//!
//! ```text
//! frame = header (up to 18 bytes), { block }
//! header = magic (32 bits), description (8), window (8; none if all is one segment), ..
//! block = last (1 bit), type (2), size (21), data
//! ```

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const LONGEST_HEADER: usize = 18;
const BLOCK_HEADER: usize = 3;
/// The type of a block that is one byte, repeated.
const REPEATED: u32 = 1;

#[derive(Default)]
pub(super) struct Inflater {
    decoder: Option<FrameDecoder>,
    /// The size of the window of this frame, if it says so.
    window: Option<u64>,
    /// What came and is not decoded.
    coming: Vec<u8>,
    /// What is decoded, and how much of it is consumed.
    decoded: Vec<u8>,
    consumed: usize,
    /// How many bytes were decoded in all.
    total: u64,
    /// Whether what comes is dropped, as it takes what was damaged to decode it.
    is_given_up: bool,
}

impl Inflater {
    /// Takes in the next piece, which is decoded by [`Inflater::decode_block`].
    pub fn add(&mut self, piece: &[u8]) {
        if !self.is_given_up {
            self.coming.extend_from_slice(piece);
        }
    }

    /// Ends the frame with an empty block, so that all is decoded.
    pub fn finish(&mut self) {
        const LAST_BLOCK: [u8; BLOCK_HEADER] = [1, 0, 0];
        if self.decoder.is_some() {
            self.coming.clear();
            self.add(&LAST_BLOCK);
        }
    }

    /// Drops what comes, and what came.
    pub fn give_up(&mut self) {
        *self = Inflater {
            is_given_up: true,
            ..Inflater::default()
        };
    }

    /// Whether there is anything that is held back.
    pub fn is_used(&self) -> bool {
        self.decoder.is_some()
    }

    /// What is decoded and not consumed.
    pub fn ready(&self) -> &[u8] {
        self.decoded.get(self.consumed..).unwrap_or_default()
    }

    /// How much was consumed in all.
    pub fn position(&self) -> u64 {
        let rest = self.decoded.len() - self.consumed;
        self.total - rest as u64
    }

    /// Where all that came until now will end, or a little later; `None` if that is not known.
    pub fn end(&self) -> Option<u64> {
        if !self.coming.is_empty() {
            return None;
        }
        match (&self.decoder, self.window) {
            (None, _) => Some(self.total),
            // As long as nothing came out, there is less than a window of it.
            (Some(_), Some(window)) => Some(self.total + window),
            (Some(_), None) => None,
        }
    }

    pub fn consume(&mut self, length: usize) {
        self.consumed = (self.consumed + length).min(self.decoded.len());
    }

    /// Decodes the next block, a few bytes of which can stand for a hundred kilobytes: `Some(false)` if
    /// it is not all there yet, `None` if it cannot be decoded.
    pub fn decode_block(&mut self) -> Option<bool> {
        let mut rest = self.coming.as_slice();
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
        let used = self.coming.len() - rest.len();
        self.coming.drain(..used);
        if decoder.is_finished() {
            self.decoder = None;
        }
        Some(is_there)
    }
}

/// The size of the window that a frame says it has.
fn window_size(header: &[u8]) -> Option<u64> {
    const IS_ONE_SEGMENT: u8 = 1 << 5;
    let [description, window] = *header.get(4..)?.first_chunk()?;
    let (exponent, eighths) = (window >> 3, u64::from(window & 7));
    let size = 1u64 << (10 + exponent);
    (description & IS_ONE_SEGMENT == 0).then_some(size + size / 8 * eighths)
}

/// The length of the block that `bytes` start with, if so much of it is there.
fn block_length(bytes: &[u8]) -> Option<usize> {
    let &[a, b, c] = bytes.first_chunk::<BLOCK_HEADER>()?;
    let header = u32::from_le_bytes([a, b, c, 0]);
    let data = match header >> 1 & 3 {
        REPEATED => 1,
        _ => (header >> 3) as usize,
    };
    Some(BLOCK_HEADER + data)
}

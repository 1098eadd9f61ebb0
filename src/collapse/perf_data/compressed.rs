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
}

impl Inflater {
    /// Takes in the next piece; `None` if it cannot be decoded.
    pub fn add(&mut self, piece: &[u8]) -> Option<()> {
        self.decoded.drain(..self.consumed);
        self.consumed = 0;
        self.coming.extend_from_slice(piece);
        let decoded = self.decode();
        if decoded.is_none() {
            self.coming.clear();
        }
        decoded
    }

    /// Ends the frame with an empty block, so that all is decoded.
    pub fn finish(&mut self) {
        const LAST_BLOCK: [u8; BLOCK_HEADER] = [1, 0, 0];
        if self.decoder.is_some() {
            self.coming.clear();
            self.add(&LAST_BLOCK);
        }
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

    fn decode(&mut self) -> Option<()> {
        if self.decoder.is_none() && self.coming.len() < LONGEST_HEADER {
            return Some(());
        }
        let mut rest = self.coming.as_slice();
        if self.decoder.is_none() {
            self.window = window_size(rest);
            let mut decoder = FrameDecoder::new();
            decoder.init(&mut rest).ok()?;
            self.decoder = Some(decoder);
        }
        let decoder = self.decoder.as_mut()?;
        while !decoder.is_finished() && block_length(rest).is_some_and(|it| it <= rest.len()) {
            decoder
                .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1))
                .ok()?;
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
        Some(())
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

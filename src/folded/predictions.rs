//! Predicts frames of folded lines.

use crate::call_tree::{CallTree, FrameId};

/// For a caller and the start of a name, the frame that they led to last. Most frames are predicted, which takes
/// less time than to search for the end of a name and to look it up. A wrong prediction only costs time.
#[derive(Default)]
pub(super) struct Predictions {
    /// By [`Key`]; empty until there are any.
    frames: Vec<FrameId>,
}

/// A hash of the caller and of the first bytes of a name.
#[derive(Clone, Copy)]
pub(super) struct Key(usize);

/// The number of bits of a key.
const BITS: u32 = 15;

impl Key {
    /// The key of the frame that `rest`, the rest of a stack, starts with; `None` if that is too short.
    #[inline]
    pub fn new(caller: FrameId, rest: &[u8]) -> Option<Key> {
        let start = rest.first_chunk::<32>()?;
        let mut mixed = caller.index() as u64;
        for word in start.as_chunks().0 {
            mixed = mixed.rotate_left(23) ^ u64::from_le_bytes(*word);
        }
        let hash = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Some(Key((hash >> (u64::BITS - BITS)) as usize))
    }
}

impl Predictions {
    /// The frame that probably follows.
    #[inline]
    pub fn get(&self, key: Key) -> Option<FrameId> {
        self.frames.get(key.0).copied()
    }

    pub fn note(&mut self, key: Key, frame: FrameId) {
        if self.frames.is_empty() {
            self.frames.resize(1 << BITS, CallTree::ROOT_FRAME);
        }
        self.frames[key.0] = frame;
    }
}

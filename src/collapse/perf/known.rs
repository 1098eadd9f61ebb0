//! A cache of whole stacks.

use super::samples::{addresses_in, first_tail};
use super::stack::ReadStack;
use crate::call_tree::{CallTree, NodeId};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;

/// Finds the node of a stack whose text equals an earlier one except for addresses.
///
/// Most profiles consist of few stacks, for which this is the fastest way: a stack is compared with
/// the last one that has the same command, leaf and length, all lines at once. If few stacks
/// repeat, it does not pay off, so it pauses for a while.
#[derive(Default)]
pub(super) struct KnownStacks {
    hasher: RandomState,
    /// By the hash of command, leaf and length; new entries may replace others. Either empty or of
    /// size [`KnownStacks::SETS`].
    slots: Vec<[Slot; WAYS]>,
    /// The text of all stacks, concatenated, with [`ANY`] for the characters of addresses.
    text: Vec<u8>,
    asked: u32,
    /// How many of them were repeated, judging by their hashes.
    seen: u32,
    /// The number of stacks to skip before trying again.
    pause: u32,
}

/// The number of slots per hash. A deep recursion, or addresses with a varying number of digits,
/// produce many stacks with the same hash, several of which recur alternately.
const WAYS: usize = 4;

/// Matches any visible character. Stacks that contain it are not cached.
const ANY: u8 = 0;

/// Only the hash of a stack is stored at first. Its text is stored the second time.
#[derive(Clone)]
struct Slot {
    hash: u32,
    command: NodeId,
    stack: ReadStack,
    /// A range in [`KnownStacks::text`].
    text: Range<u32>,
}

impl Slot {
    /// No stack, because its text is empty.
    const EMPTY: Slot = Slot {
        hash: 0,
        command: CallTree::ROOT,
        stack: ReadStack {
            node: None,
            lines: 0,
        },
        text: 0..0,
    };
}

impl KnownStacks {
    const SETS: usize = 1 << 10;
    const TRIAL: u32 = 2048;
    const PAUSE: u32 = 8 * Self::TRIAL;
    /// The maximum length of `text`, in bytes.
    const MAX_TEXT: usize = 1 << 21;

    /// Whether the cache is paused.
    pub fn is_paused(&self) -> bool {
        self.pause > 0
    }

    /// Skips a stack.
    pub fn skip(&mut self) {
        self.pause = self.pause.saturating_sub(1);
    }

    /// Whether looking up the next stack is likely to pay off.
    pub fn is_worthwhile(&mut self) -> bool {
        if self.is_paused() {
            self.skip();
            return false;
        }
        if self.asked == Self::TRIAL {
            if self.seen < Self::TRIAL / 4 {
                self.pause = Self::PAUSE;
            }
            (self.asked, self.seen) = (0, 0);
        }
        true
    }

    /// The stack of `command` with the lines `text`, or the hash to store it with.
    pub fn find(&mut self, command: NodeId, text: &[u8]) -> Result<ReadStack, u32> {
        self.asked += 1;
        let hash = self.hash(command, text);
        let mut is_seen = false;
        for slot in self.slots.get(index(hash)).into_iter().flatten() {
            if slot.hash != hash {
                continue;
            }
            is_seen = true;
            let known = &self.text[slot.text.start as usize..slot.text.end as usize];
            if slot.command == command && is_like(text, known) {
                self.seen += 1;
                return Ok(slot.stack);
            }
        }
        self.seen += u32::from(is_seen);
        Err(hash)
    }

    fn hash(&self, command: NodeId, text: &[u8]) -> u32 {
        let leaf = first_tail(text).unwrap_or_default();
        self.hasher.hash_one((command.index(), text.len(), leaf)) as u32
    }

    /// Stores the stack of `command` with the lines `text`, under the hash returned by the lookup.
    pub fn note(&mut self, hash: u32, command: NodeId, text: &[u8], stack: ReadStack) {
        if self.slots.is_empty() || self.text.len() + text.len() > Self::MAX_TEXT {
            self.slots = vec![[Slot::EMPTY; WAYS]; Self::SETS];
            self.text.clear();
        }
        let set = &mut self.slots[index(hash)];
        let seen_once = set.iter().position(|p| p.hash == hash && p.text.is_empty());
        let worst = || set.iter().position(|slot| slot.text.is_empty());
        let slot = seen_once
            .or_else(worst)
            .unwrap_or(self.asked as usize % WAYS);
        let slot = &mut set[slot];
        if seen_once.is_none() || text.contains(&ANY) || text.len() > Self::MAX_TEXT {
            *slot = Slot {
                hash,
                ..Slot::EMPTY
            };
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(text);
        for address in addresses_in(text) {
            self.text[start..][address].fill(ANY);
        }
        *slot = Slot {
            hash,
            command,
            stack,
            text: start as u32..self.text.len() as u32,
        };
    }
}

fn index(hash: u32) -> usize {
    hash as usize & (KnownStacks::SETS - 1)
}

/// Whether `text` equals `known`. There is no branch on their contents, so that many bytes are
/// compared at once.
fn is_like(text: &[u8], known: &[u8]) -> bool {
    const STEP: usize = 32;
    let (steps, rest) = text.as_chunks::<STEP>();
    let (known_steps, known_rest) = known.as_chunks::<STEP>();
    let mut differ = [0; STEP];
    for (step, known) in steps.iter().zip(known_steps) {
        for at in 0..STEP {
            differ[at] |= difference(step[at], known[at]);
        }
    }
    for (at, (byte, known)) in rest.iter().zip(known_rest).enumerate() {
        differ[at] |= difference(*byte, *known);
    }
    text.len() == known.len() && differ == [0; STEP]
}

/// 0 if `byte` matches `known`.
#[inline]
fn difference(byte: u8, known: u8) -> u8 {
    let is_any = if known == ANY { 0xff } else { 0 };
    // 0 for visible characters.
    let hidden = byte.wrapping_sub(b'!').saturating_sub(b'~' - b'!');
    ((byte ^ known) & !is_any) | (hidden & is_any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_addresses_must_be_the_same() {
        let known = "\n\t    \0\0\0\0 main+0x1c (/bin/x)\n\t \0 start (/bin/x)";
        let text = known.replace('\0', "7");
        assert!(is_like(text.as_bytes(), known.as_bytes()));
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            for byte in [b' ', b'\n', b'\t', 0x80, b'f'] {
                other[at] = byte;
                let is_address = known.as_bytes()[at] == ANY;
                let expected = other == text.as_bytes() || (is_address && byte == b'f');
                assert_eq!(is_like(&other, known.as_bytes()), expected, "{at} {byte}");
            }
        }
        assert!(!is_like(&text.as_bytes()[1..], known.as_bytes()));
        assert!(!is_like(text.as_bytes(), &known.as_bytes()[..32]));
    }
}

//! Whole stacks that were printed before.

use super::samples::{addresses_in, first_tail};
use super::stack::Stack;
use crate::call_tree::{CallTree, NodeId};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;

/// Finds the node of a stack that was printed before in the same words, but for addresses.
///
/// Most profiles consist of few stacks, and there nothing is faster: a stack is compared with the
/// last one of its command, leaf and length, all lines at once. Where few stacks come again it would
/// be work for nothing: so it is left off for a while whenever it did not pay.
#[derive(Default)]
pub(super) struct KnownStacks {
    hasher: RandomState,
    /// By the hash of command, leaf and length; what has no place left takes another's. Either empty
    /// or [`KnownStacks::SETS`].
    places: Vec<[Place; WAYS]>,
    /// What all stacks say, end to end, with [`ANY`] for the characters of addresses.
    text: Vec<u8>,
    asked: u32,
    /// How many of them had come before, as far as hashes tell.
    seen: u32,
    /// How many stacks are to be let through unasked.
    pause: u32,
}

/// How many places there are for a hash. A deep recursion, or a stack printed with one digit more in
/// an address, gives many stacks of a hash, and those of a few are wanted in turn.
const WAYS: usize = 4;

/// Stands for any visible character. Stacks that hold it themselves are not kept.
const ANY: u8 = 0;

/// A stack that was printed once is no more than a hash. The second time its text is kept.
#[derive(Clone)]
struct Place {
    hash: u32,
    command: NodeId,
    stack: Stack,
    /// In [`KnownStacks::text`].
    text: Range<u32>,
}

impl Place {
    /// No stack, for it says nothing.
    const EMPTY: Place = Place {
        hash: 0,
        command: CallTree::ROOT,
        stack: Stack {
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
    /// What there may be of `text`, in bytes.
    const MOST_TEXT: usize = 1 << 21;

    /// Whether it is left off for now.
    pub fn is_paused(&self) -> bool {
        self.pause > 0
    }

    /// Lets a stack through unasked.
    pub fn let_through(&mut self) {
        self.pause = self.pause.saturating_sub(1);
    }

    /// Whether asking for the next stack is likely to pay.
    pub fn is_worth_asking(&mut self) -> bool {
        if self.is_paused() {
            self.let_through();
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

    /// The stack of `command` whose lines are `text`, or the hash to note it with.
    pub fn find(&mut self, command: NodeId, text: &[u8]) -> Result<Stack, u32> {
        self.asked += 1;
        let hash = self.hash(command, text);
        let mut is_seen = false;
        for place in self.places.get(index(hash)).into_iter().flatten() {
            if place.hash != hash {
                continue;
            }
            is_seen = true;
            let known = &self.text[place.text.start as usize..place.text.end as usize];
            if place.command == command && is_like(text, known) {
                self.seen += 1;
                return Ok(place.stack);
            }
        }
        self.seen += u32::from(is_seen);
        Err(hash)
    }

    fn hash(&self, command: NodeId, text: &[u8]) -> u32 {
        let leaf = first_tail(text).unwrap_or_default();
        self.hasher.hash_one((command.index(), text.len(), leaf)) as u32
    }

    /// Notes the stack of `command` whose lines are `text`, with the hash that was asked for.
    pub fn note(&mut self, hash: u32, command: NodeId, text: &[u8], stack: Stack) {
        if self.places.is_empty() || self.text.len() + text.len() > Self::MOST_TEXT {
            self.places = vec![[Place::EMPTY; WAYS]; Self::SETS];
            self.text.clear();
        }
        let set = &mut self.places[index(hash)];
        let seen_once = set.iter().position(|p| p.hash == hash && p.text.is_empty());
        let worst = || set.iter().position(|place| place.text.is_empty());
        let place = seen_once
            .or_else(worst)
            .unwrap_or(self.asked as usize % WAYS);
        let place = &mut set[place];
        if seen_once.is_none() || text.contains(&ANY) || text.len() > Self::MOST_TEXT {
            *place = Place {
                hash,
                ..Place::EMPTY
            };
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(text);
        for address in addresses_in(text) {
            self.text[start..][address].fill(ANY);
        }
        *place = Place {
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

/// Whether `text` is what is `known`. There is no branch on what they say, so that many bytes are
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

/// 0 if `byte` is what is `known`.
#[inline]
fn difference(byte: u8, known: u8) -> u8 {
    let is_any = if known == ANY { 0xff } else { 0 };
    // 0 for what is visible.
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

//! What several targets need.
#![allow(dead_code)] // Each target is a crate of its own and uses part of this.

use inferno::call_tree::CallTree;
use inferno::folded;
use std::io::{self, Read};

/// A reader that returns a few bytes at a time, as a slow pipe does.
pub struct Trickle<'t>(pub &'t [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (1 + self.0.len() % 7).min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

/// The parts of an input, which are separated by a byte that no text in UTF-8 has.
pub fn parts<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == 0xff);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

pub fn unfold(text: &[u8]) -> CallTree {
    folded::read(text).expect("a slice can be read").tree
}

pub fn fold(tree: &CallTree) -> Vec<u8> {
    let mut text = Vec::new();
    folded::write(tree, &mut text).expect("a vector takes all");
    text
}

/// All samples, if they are so few that no sum of a few profiles can be cut off at the largest count.
pub fn total(tree: &CallTree) -> Option<u64> {
    let total = tree.totals()[0].whole();
    (total < u64::MAX / 8).then_some(total)
}

//! What siblings have of the lines, and its order.

use super::branches::{Branches, Node, Origin};
use crate::call_tree::FrameId;
use std::cmp::{Ordering, Reverse};

/// A node's own line, or all lines below it: the two sort apart (`a`, `a::x`, `a;b`).
///
/// There is one for each sibling, so it is small.
#[derive(Clone, Copy)]
pub(super) struct Part<O> {
    pub node: Node<O>,
    frame: FrameId,
    /// While siblings are sorted: [`KEY_LENGTH`] bytes of its lines. The lowest byte is 1 if it is
    /// all lines below.
    key: u64,
}

/// How many bytes siblings are sorted by at a time.
const KEY_LENGTH: usize = 7;

impl<'a, O: Origin<'a>> Part<O> {
    /// What there is of a node, the last first.
    #[inline]
    pub fn last_first(node: Node<O>, any: &'a Branches<'a>) -> impl Iterator<Item = Part<O>> {
        let tree = node.of.branches(any).tree;
        let frame = tree.frame(node.id);
        let own = Part {
            node,
            frame,
            key: 0,
        };
        let subtree = Part { key: 1, ..own };
        let has_subtree = !tree.is_leaf(node.id);
        let subtree = has_subtree.then_some(subtree);
        subtree.into_iter().chain(node.count(any).map(|_| own))
    }

    pub fn is_subtree(self) -> bool {
        self.key as u8 == 1
    }

    pub fn name(self, any: &'a Branches<'a>) -> &'a [u8] {
        self.node.of.branches(any).tree.frame_name(self.frame)
    }

    /// How many nodes have its lines.
    pub fn size(self, any: &'a Branches<'a>) -> usize {
        match self.is_subtree() {
            true => self.node.of.branches(any).sizes[self.node.id.index()] as usize,
            false => 1,
        }
    }

    /// Whether they are the same part of siblings, which are sorted, of different trees.
    pub fn is_same(self, other: Part<O>, any: &'a Branches<'a>) -> bool {
        !self.node.of.is_same(other.node.of)
            && self.key == other.key
            && self.name(any) == other.name(any)
    }

    /// The bytes of its lines that siblings are sorted by.
    fn bytes(self) -> u64 {
        self.key >> 8
    }

    /// Takes the bytes from `at` on, so that their order is that of the lines. What is short is
    /// filled up with zeros, and then need not differ from what has zeros.
    fn take_bytes_at(&mut self, at: usize, any: &'a Branches<'a>) {
        let name = self.name(any);
        let rest = name.get(at..).unwrap_or_default();
        let kind = self.key as u8;
        if let Some(bytes) = rest.first_chunk() {
            self.key = u64::from_be_bytes(*bytes) & !0xff | u64::from(kind);
            return;
        }
        let mut bytes = [0; size_of::<u64>()];
        bytes[..rest.len()].copy_from_slice(rest);
        if self.is_subtree() && at <= name.len() {
            bytes[rest.len()] = b';';
        }
        bytes[KEY_LENGTH] = kind;
        self.key = u64::from_be_bytes(bytes);
    }
}

/// Sorts the parts of siblings that are equal up to the byte `at` of their lines, the last first.
///
/// Some bytes of each are kept beside each other and sorted by: names are spread over memory.
pub(super) fn sort_last_first<'a, O: Origin<'a>>(
    any: &'a Branches<'a>,
    parts: &mut [Part<O>],
    at: usize,
) {
    const FEW: usize = 32;
    const FAR: usize = 256;
    for part in &mut *parts {
        part.take_bytes_at(at, any);
    }
    if parts.len() <= FEW || at >= FAR {
        parts.sort_by(|a, b| {
            let order = b.bytes().cmp(&a.bytes());
            order.then_with(|| cmp_parts(any, b, a))
        });
        return;
    }
    parts.sort_unstable_by_key(|part| Reverse(part.key));
    for alike in parts.chunk_by_mut(|a, b| a.bytes() == b.bytes()) {
        if alike.len() > 1 {
            sort_last_first(any, alike, at + KEY_LENGTH);
        }
    }
}

/// Orders the parts of siblings as their lines: a subtree's begin with the name and a `;`.
fn cmp_parts<'a, O: Origin<'a>>(any: &'a Branches<'a>, a: &Part<O>, b: &Part<O>) -> Ordering {
    let (name_a, name_b) = (a.name(any), b.name(any));
    let common = name_a.len().min(name_b.len());
    name_a[..common].cmp(&name_b[..common]).then_with(|| {
        let end = |part: &Part<O>| part.is_subtree().then_some(&b';');
        let rest_a = name_a[common..].iter().chain(end(a));
        let rest_b = name_b[common..].iter().chain(end(b));
        rest_a.cmp(rest_b)
    })
}

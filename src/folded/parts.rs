//! Sorts the parts that siblings contribute to the lines.

use super::branches::Node;
use crate::call_tree::FrameId;
use std::cmp::{Ordering, Reverse};
use std::ptr;

/// A node's own line, or all lines below it. These are sorted separately (`a`, `a::x`, `a;b`).
///
/// There is one or two for each sibling, so it is small.
#[derive(Clone, Copy)]
pub(super) struct SiblingPart<'a> {
    pub node: Node<'a>,
    frame: FrameId,
    /// While siblings are sorted: [`KEY_LENGTH`] bytes of its lines. The lowest byte is 1 for the
    /// lines below the node.
    key: u64,
}

/// The number of bytes that siblings are sorted by at a time.
const KEY_LENGTH: usize = 7;

impl<'a> SiblingPart<'a> {
    /// The parts of a node in reverse order.
    #[inline]
    pub fn last_first(node: Node<'a>) -> impl Iterator<Item = SiblingPart<'a>> {
        let tree = node.of.tree;
        let frame = tree.frame(node.id);
        let own = SiblingPart {
            node,
            frame,
            key: 0,
        };
        let subtree = SiblingPart { key: 1, ..own };
        let has_subtree = !tree.is_leaf(node.id);
        let subtree = has_subtree.then_some(subtree);
        subtree.into_iter().chain(node.count().map(|_| own))
    }

    pub fn is_subtree(self) -> bool {
        self.key as u8 == 1
    }

    pub fn name(self) -> &'a [u8] {
        self.node.of.tree.frame_name(self.frame)
    }

    /// The number of nodes with these lines.
    pub fn size(self) -> usize {
        match self.is_subtree() {
            true => self.node.of.sizes[self.node.id.index()] as usize,
            false => 1,
        }
    }

    /// Whether both are the same part of siblings in different trees.
    pub fn is_same(self, other: SiblingPart<'a>) -> bool {
        !ptr::eq(self.node.of, other.node.of)
            && self.key == other.key
            && self.name() == other.name()
    }

    /// The bytes of its lines to sort by.
    fn bytes(self) -> u64 {
        self.key >> 8
    }

    /// Loads the bytes from `at` on, so that their order is that of the lines. Short names are
    /// padded with zeros, and may compare equal to names with zeros.
    fn take_bytes_at(&mut self, at: usize) {
        let name = self.name();
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

/// Sorts the parts of siblings that are equal up to byte `at` of their lines, in reverse order.
///
/// The keys are stored in the parts themselves, because names are scattered in memory.
pub(super) fn sort_last_first<'a>(parts: &mut [SiblingPart<'a>], at: usize) {
    const FEW: usize = 32;
    const FAR: usize = 256;
    for part in &mut *parts {
        part.take_bytes_at(at);
    }
    if parts.len() <= FEW || at >= FAR {
        parts.sort_by(|a, b| {
            let order = b.bytes().cmp(&a.bytes());
            order.then_with(|| cmp_parts(b, a))
        });
        return;
    }
    parts.sort_unstable_by_key(|part| Reverse(part.key));
    for alike in parts.chunk_by_mut(|a, b| a.bytes() == b.bytes()) {
        if alike.len() > 1 {
            sort_last_first(alike, at + KEY_LENGTH);
        }
    }
}

/// Orders the parts of siblings by their lines: those of a subtree begin with the name and a `;`.
fn cmp_parts<'a>(a: &SiblingPart<'a>, b: &SiblingPart<'a>) -> Ordering {
    let (name_a, name_b) = (a.name(), b.name());
    let common = name_a.len().min(name_b.len());
    name_a[..common].cmp(&name_b[..common]).then_with(|| {
        let end = |part: &SiblingPart<'a>| part.is_subtree().then_some(&b';');
        let rest_a = name_a[common..].iter().chain(end(a));
        let rest_b = name_b[common..].iter().chain(end(b));
        rest_a.cmp(rest_b)
    })
}

//! The lines of a tree in order, one after another.

use crate::call_tree::{CallTree, Children, FrameId, NodeId};
use std::cmp::{Ordering, Reverse};

/// Goes through the nodes at which stacks end, in the order of their lines.
pub(super) struct Lines<'a> {
    tree: &'a CallTree,
    children: &'a Children,
    /// That of the line come to, or the start of the next one's.
    stack: Vec<u8>,
    /// What there is still to come, the next part last.
    pending: Vec<Part>,
    /// Those in `pending`, the next ones last.
    siblings: Vec<Siblings>,
    /// The lines below this node come next, before all that is pending.
    below: Option<NodeId>,
    is_at_start: bool,
}

impl<'a> Lines<'a> {
    pub fn new(tree: &'a CallTree, children: &'a Children) -> Lines<'a> {
        Lines {
            tree,
            children,
            stack: Vec::new(),
            pending: Vec::new(),
            siblings: Vec::new(),
            below: Some(CallTree::ROOT),
            is_at_start: true,
        }
    }

    /// Goes to the next line, and returns the node whose line it is.
    pub fn next(&mut self) -> Option<NodeId> {
        if std::mem::take(&mut self.is_at_start) && self.has_line(CallTree::ROOT) {
            return Some(CallTree::ROOT);
        }
        loop {
            if let Some(node) = self.below.take() {
                match self.go_below(node) {
                    Some(callee) if self.has_line(callee) => return Some(callee),
                    Some(_) => continue,
                    None => {}
                }
            }
            let (part, prefix) = self.next_part()?;
            self.go_to(part, prefix);
            if !part.is_subtree() {
                return Some(part.node);
            }
        }
    }

    /// The stack of the line come to.
    pub fn stack(&self) -> &[u8] {
        &self.stack
    }

    fn has_line(&self, node: NodeId) -> bool {
        self.tree.self_count(node).is_some()
    }

    /// Goes to the only callee of `node`, of which `stack` has the frames. If it has others, all are
    /// pending then.
    fn go_below(&mut self, node: NodeId) -> Option<NodeId> {
        let children = self.children.of(node);
        if children.is_empty() {
            return None;
        }
        if node != CallTree::ROOT {
            self.stack.push(b';');
        }
        let &[callee] = children else {
            self.push_parts(children);
            return None;
        };
        self.stack.extend_from_slice(self.tree.name(callee));
        self.below = Some(callee);
        Some(callee)
    }

    /// Adds the parts of siblings, of which `stack` has the frames around them.
    fn push_parts(&mut self, children: &[NodeId]) {
        let start = self.pending.len();
        let prefix = self.stack.len();
        self.siblings.push(Siblings { start, prefix });
        for &node in children.iter().rev() {
            let own = Part {
                node,
                frame: self.tree.frame(node),
                key: 0,
            };
            if !self.children.of(node).is_empty() {
                self.pending.push(Part { key: 1, ..own });
            }
            if self.has_line(node) {
                self.pending.push(own);
            }
        }
        if !self.tree.is_in_time_order() {
            sort_last_first(self.tree, &mut self.pending[start..], 0);
        }
    }

    /// What comes next of what is pending, and the length of the stack up to it.
    fn next_part(&mut self) -> Option<(Part, usize)> {
        let part = self.pending.pop()?;
        while self.siblings.last()?.start > self.pending.len() {
            self.siblings.pop();
        }
        Some((part, self.siblings.last()?.prefix))
    }

    fn go_to(&mut self, part: Part, prefix: usize) {
        self.stack.truncate(prefix);
        self.stack
            .extend_from_slice(self.tree.frame_name(part.frame));
        self.below = part.is_subtree().then_some(part.node);
    }
}

/// A node's own line, or all lines below it: the two sort apart (`a`, `a::x`, `a;b`).
///
/// There is one for each sibling, so it is small.
#[derive(Clone, Copy)]
struct Part {
    node: NodeId,
    frame: FrameId,
    /// While siblings are sorted: [`KEY_LENGTH`] bytes of its lines. The lowest byte is 1 if it is
    /// all lines below.
    key: u64,
}

/// How many bytes siblings are sorted by at a time.
const KEY_LENGTH: usize = 7;

impl Part {
    fn is_subtree(self) -> bool {
        self.key as u8 == 1
    }

    /// The bytes of its lines that siblings are sorted by.
    fn bytes(self) -> u64 {
        self.key >> 8
    }

    /// Takes the bytes from `at` on, so that their order is that of the lines. What is short is
    /// filled up with zeros, and then need not differ from what has zeros.
    fn take_bytes_at(&mut self, at: usize, tree: &CallTree) {
        let name = tree.frame_name(self.frame);
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

/// The parts below one node.
struct Siblings {
    /// Where they start in [`Lines::pending`]: they are all from there on.
    start: usize,
    /// The length of the stack up to them, with the `;`.
    prefix: usize,
}

/// Sorts the parts of siblings that are equal up to the byte `at` of their lines, the last first.
///
/// Some bytes of each are kept beside each other and sorted by: names are spread over memory.
fn sort_last_first(tree: &CallTree, parts: &mut [Part], at: usize) {
    const FEW: usize = 32;
    const FAR: usize = 256;
    for part in &mut *parts {
        part.take_bytes_at(at, tree);
    }
    if parts.len() <= FEW || at >= FAR {
        parts.sort_by(|a, b| {
            let order = b.bytes().cmp(&a.bytes());
            order.then_with(|| cmp_parts(tree, b, a))
        });
        return;
    }
    parts.sort_unstable_by_key(|part| Reverse(part.key));
    for alike in parts.chunk_by_mut(|a, b| a.bytes() == b.bytes()) {
        if alike.len() > 1 {
            sort_last_first(tree, alike, at + KEY_LENGTH);
        }
    }
}

/// Orders the parts of siblings as their lines: a subtree's begin with the name and a `;`.
fn cmp_parts(tree: &CallTree, a: &Part, b: &Part) -> Ordering {
    let (name_a, name_b) = (tree.frame_name(a.frame), tree.frame_name(b.frame));
    let common = name_a.len().min(name_b.len());
    name_a[..common].cmp(&name_b[..common]).then_with(|| {
        let end = |part: &Part| part.is_subtree().then_some(&b';');
        let rest_a = name_a[common..].iter().chain(end(a));
        let rest_b = name_b[common..].iter().chain(end(b));
        rest_a.cmp(rest_b)
    })
}

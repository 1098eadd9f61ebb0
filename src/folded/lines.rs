//! Iterates over the lines of trees in sorted order.

use super::branches::{Branches, Node};
use super::parts::{SiblingPart, sort_last_first};
use crate::call_tree::{CallTree, Count};
use std::mem;

/// Iterates over the sorted lines of several trees, as if the trees were merged.
///
/// The trees stay separate: if they share a stack, each of them has a node for it.
pub(super) struct Lines<'a> {
    /// The stack of the current line, or the prefix of the next one.
    stack: Vec<u8>,
    /// A node of `stack`.
    node: Node<'a>,
    /// The nodes of `stack` in other trees.
    others: Vec<Node<'a>>,
    /// Whether the lines below these nodes come next, before the pending ones.
    is_below: bool,
    /// Pending parts; the next one is last.
    pending: Vec<SiblingPart<'a>>,
    /// Groups of siblings in `pending`; the next ones are last.
    siblings: Vec<Siblings>,
    /// A reusable buffer.
    callees: Vec<Node<'a>>,
    is_differential: bool,
}

impl<'a> Lines<'a> {
    /// The lines of one tree.
    pub fn of_one(branches: &'a Branches<'a>) -> Lines<'a> {
        Lines::of_all(std::slice::from_ref(branches))
    }

    /// The lines of all trees. There is at least one tree; several are not in time order.
    pub fn of_all(trees: &'a [Branches<'a>]) -> Lines<'a> {
        let is_differential = trees.iter().any(|of| of.tree.is_differential());
        let roots: Vec<_> = trees.iter().map(Node::root).collect();
        let mut lines = Lines::none(roots[0], is_differential);
        lines.push_parts(roots.iter().copied(), roots.len() > 1);
        lines
    }

    fn none(node: Node<'a>, is_differential: bool) -> Lines<'a> {
        Lines {
            stack: Vec::new(),
            node,
            others: Vec::new(),
            is_below: false,
            pending: Vec::new(),
            siblings: Vec::new(),
            callees: Vec::new(),
            is_differential,
        }
    }

    /// Advances to the next line, and returns its stack.
    pub fn next(&mut self) -> Option<&[u8]> {
        loop {
            if mem::take(&mut self.is_below) && self.descend() {
                self.is_below = true;
                if self.has_line() {
                    break;
                }
            } else if !self.advance_to_next_part()?.is_subtree() {
                break;
            }
        }
        Some(&self.stack)
    }

    /// The count of the current line.
    pub fn count(&self) -> Count {
        self.sum_up(|node| node.count())
    }

    /// The baseline count of the current line.
    pub fn before(&self) -> Option<Count> {
        self.is_differential
            .then(|| self.sum_up(|node| node.before()))
    }

    /// An empty iterator for the same trees.
    pub fn empty_like(&self) -> Lines<'a> {
        Lines::none(self.node, self.is_differential)
    }

    /// Splits off the next part: whole subtrees with about `size` nodes in total, or one line of a
    /// larger subtree. It replaces the contents of `lines`, whose memory is reused. Returns `false`
    /// if there are no more lines.
    pub fn split_off(&mut self, size: usize, lines: &mut Lines<'a>) -> bool {
        loop {
            if mem::take(&mut self.is_below) {
                let callees = self.take_callees();
                self.push_callees(&callees);
                self.callees = callees;
            }
            let Some(siblings) = self.next_siblings() else {
                return false;
            };
            let start = self.start_of_next(siblings.start, size);
            if start < self.pending.len() {
                lines.replace(
                    &self.stack[..siblings.prefix],
                    siblings,
                    self.pending.drain(start..),
                );
                return true;
            }
            self.advance_to_next_part();
        }
    }

    /// Replaces the lines with the `parts` of siblings below `stack`.
    fn replace(
        &mut self,
        stack: &[u8],
        siblings: Siblings,
        parts: impl Iterator<Item = SiblingPart<'a>>,
    ) {
        self.is_below = false;
        self.stack.clear();
        self.stack.extend_from_slice(stack);
        self.pending.clear();
        self.pending.extend(parts);
        self.siblings.clear();
        self.siblings.push(Siblings {
            start: 0,
            ..siblings
        });
    }

    fn sum_up(&self, count: impl Fn(Node<'a>) -> Option<Count>) -> Count {
        let first = count(self.node).unwrap_or_default();
        let others = self.others.iter().filter_map(|&node| count(node));
        others.fold(first, |sum, count| sum + count)
    }

    fn has_line(&self) -> bool {
        let has_count = |node: &Node<'a>| node.count().is_some();
        has_count(&self.node) || self.others.iter().any(has_count)
    }

    /// Descends to the only callee of the nodes. If there are several, they become pending, and the
    /// result is `false`.
    fn descend(&mut self) -> bool {
        if !self.others.is_empty() {
            return self.descend_all();
        }
        let Node { of, id } = self.node;
        match *of.children.of(id) {
            [] => false,
            [callee] => {
                self.push_frame(of.tree.name(callee));
                self.node.id = callee;
                true
            }
            _ => {
                self.push_frame(b"");
                self.push_parts(self.node.callees(), false);
                false
            }
        }
    }

    fn descend_all(&mut self) -> bool {
        let callees = self.take_callees();
        let name = |node: &Node<'a>| node.name();
        let is_one = match callees.split_first() {
            Some((first, others)) => others.iter().all(|other| name(other) == name(first)),
            None => false,
        };
        if is_one {
            self.push_frame(name(&callees[0]));
            self.node = callees[0];
            self.others.clear();
            self.others.extend_from_slice(&callees[1..]);
        } else {
            self.push_callees(&callees);
        }
        self.callees = callees;
        is_one
    }

    /// All callees of the nodes, in a reused buffer.
    fn take_callees(&mut self) -> Vec<Node<'a>> {
        let mut callees = mem::take(&mut self.callees);
        callees.clear();
        callees.extend(self.node.callees());
        let others = self.others.iter();
        callees.extend(others.flat_map(|node| node.callees()));
        callees
    }

    /// Adds the parts of the result of [`Lines::take_callees`].
    fn push_callees(&mut self, callees: &[Node<'a>]) {
        if !callees.is_empty() {
            self.push_frame(b"");
            self.push_parts(callees.iter().copied(), !self.others.is_empty());
        }
    }

    /// Appends a frame to the stack of the nodes.
    fn push_frame(&mut self, name: &[u8]) {
        if self.node.id != CallTree::ROOT {
            self.stack.push(b';');
        }
        self.stack.extend_from_slice(name);
    }

    /// Adds the parts of siblings whose callers are in `stack`.
    fn push_parts(&mut self, siblings: impl DoubleEndedIterator<Item = Node<'a>>, are_mixed: bool) {
        let start = self.pending.len();
        self.siblings.push(Siblings {
            start,
            prefix: self.stack.len(),
            are_mixed,
        });
        for node in siblings.rev() {
            self.pending.extend(SiblingPart::last_first(node));
        }
        if !self.node.of.tree.is_in_time_order() {
            sort_last_first(&mut self.pending[start..], 0);
        }
    }

    /// The next group of siblings.
    fn next_siblings(&mut self) -> Option<Siblings> {
        while self.siblings.last()?.start == self.pending.len() {
            self.siblings.pop();
        }
        self.siblings.last().copied()
    }

    /// Advances to the next pending part.
    fn advance_to_next_part(&mut self) -> Option<SiblingPart<'a>> {
        let siblings = self.next_siblings()?;
        let part = self.pending.pop()?;
        self.node = part.node;
        self.others.clear();
        if siblings.are_mixed {
            let start = self.start_of_same(siblings.start, self.pending.len(), part);
            let others = self.pending.drain(start..).map(|part| part.node);
            self.others.extend(others);
        }
        self.stack.truncate(siblings.prefix);
        self.stack.extend_from_slice(part.name());
        self.is_below = part.is_subtree();
        Some(part)
    }

    /// The start of those pending parts, within `first..end`, that are the same as `part`.
    fn start_of_same(&self, first: usize, end: usize, part: SiblingPart<'a>) -> usize {
        let others = self.pending[first..end].iter().rev();
        end - others.take_while(|other| other.is_same(part)).count()
    }

    /// The start of the next pending parts, not before `first`, that have about `size` nodes in
    /// total.
    fn start_of_next(&self, first: usize, size: usize) -> usize {
        let (mut start, mut sum) = (self.pending.len(), 0);
        while start > first {
            let last = self.pending[start - 1];
            let next = self.start_of_same(first, start - 1, last);
            let parts = self.pending[next..start].iter();
            sum += parts.map(|part| part.size()).sum::<usize>();
            let is_first_line = start == self.pending.len() && !last.is_subtree();
            if sum > size && !is_first_line {
                break;
            }
            start = next;
        }
        start
    }
}

/// The parts below one stack.
#[derive(Clone, Copy)]
struct Siblings {
    /// Their start in [`Lines::pending`], which they fill to its end.
    start: usize,
    /// The length of the stack above them, including the `;`.
    prefix: usize,
    /// Whether they may belong to several trees.
    are_mixed: bool,
}

//! The lines of trees in order, one after another.

use super::branches::{Branches, Node};
use super::parts::{Part, sort_last_first};
use crate::call_tree::{CallTree, Count};
use std::mem;

/// Goes through the lines of several trees, as if they were merged, in their order.
///
/// The trees are not: where they have a stack in common, there is a node in each of them.
pub(super) struct Lines<'a> {
    /// That of the line come to, or the start of the next one's.
    stack: Vec<u8>,
    /// A node that has `stack`.
    node: Node<'a>,
    /// Those of other trees that have it too.
    others: Vec<Node<'a>>,
    /// Whether the lines below these nodes come next, before all that is pending.
    is_below: bool,
    /// What there is still to come, the next part last.
    pending: Vec<Part<'a>>,
    /// Those in `pending`, the next ones last.
    siblings: Vec<Siblings>,
    /// Is used again and again.
    callees: Vec<Node<'a>>,
    is_differential: bool,
}

impl<'a> Lines<'a> {
    /// The lines of all trees, of which there is one at least.
    pub fn new(trees: &'a [Branches<'a>]) -> Lines<'a> {
        let is_differential = trees.iter().any(|of| of.tree.is_differential());
        let mut lines = Lines::of_parts(&[], Vec::new(), trees[0].root(), is_differential);
        lines.push_parts(trees.iter().map(Branches::root), trees.len() > 1);
        lines
    }

    /// The lines of sibling parts, around which are the frames in `stack`.
    fn of_parts(
        stack: &[u8],
        parts: Vec<Part<'a>>,
        node: Node<'a>,
        is_differential: bool,
    ) -> Lines<'a> {
        Lines {
            stack: stack.to_vec(),
            node,
            others: Vec::new(),
            is_below: false,
            pending: parts,
            siblings: vec![Siblings {
                start: 0,
                prefix: stack.len(),
                are_mixed: true,
            }],
            callees: Vec::new(),
            is_differential,
        }
    }

    /// Goes to the next line, and returns its stack.
    pub fn next(&mut self) -> Option<&[u8]> {
        loop {
            if mem::take(&mut self.is_below) && self.go_below() {
                self.is_below = true;
                if self.has_line() {
                    break;
                }
            } else if !self.go_to_next_part()?.is_subtree() {
                break;
            }
        }
        Some(&self.stack)
    }

    /// The count of the line come to.
    pub fn count(&self) -> Count {
        self.sum_up(Node::count)
    }

    /// The first of two counts of the line come to.
    pub fn before(&self) -> Option<Count> {
        self.is_differential.then(|| self.sum_up(Node::before))
    }

    /// Splits off what comes next: whole subtrees of some `size` nodes in all, or one line of a
    /// larger one.
    pub fn split_off(&mut self, size: usize) -> Option<Lines<'a>> {
        loop {
            if mem::take(&mut self.is_below) {
                let callees = self.take_callees();
                self.push_callees(&callees);
                self.callees = callees;
            }
            let siblings = self.next_siblings()?;
            let start = self.start_of_some(siblings.start, size);
            if start < self.pending.len() {
                let parts = self.pending.split_off(start);
                let stack = &self.stack[..siblings.prefix];
                return Some(Lines::of_parts(
                    stack,
                    parts,
                    self.node,
                    self.is_differential,
                ));
            }
            self.go_to_next_part();
        }
    }

    fn sum_up(&self, count: impl Fn(Node<'a>) -> Option<Count>) -> Count {
        let first = count(self.node).unwrap_or_default();
        let others = self.others.iter().filter_map(|&node| count(node));
        others.fold(first, |sum, count| sum + count)
    }

    fn has_line(&self) -> bool {
        let has_count = |node: &Node| node.count().is_some();
        has_count(&self.node) || self.others.iter().any(has_count)
    }

    /// Goes to the only callee of the nodes. If there are several, they are pending then, and it
    /// is `false`.
    fn go_below(&mut self) -> bool {
        if !self.others.is_empty() {
            return self.go_below_all();
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

    fn go_below_all(&mut self) -> bool {
        let callees = self.take_callees();
        let only = match callees.split_first() {
            Some((first, others)) if others.iter().all(|other| other.name() == first.name()) => {
                self.push_frame(first.name());
                self.node = *first;
                self.others.clear();
                self.others.extend_from_slice(others);
                true
            }
            _ => {
                self.push_callees(&callees);
                false
            }
        };
        self.callees = callees;
        only
    }

    /// All callees of the nodes, in the memory of those before.
    fn take_callees(&mut self) -> Vec<Node<'a>> {
        let mut callees = mem::take(&mut self.callees);
        callees.clear();
        callees.extend(self.node.callees());
        callees.extend(self.others.iter().flat_map(|node| node.callees()));
        callees
    }

    /// Adds the parts of what [`Lines::take_callees`] gave.
    fn push_callees(&mut self, callees: &[Node<'a>]) {
        if !callees.is_empty() {
            self.push_frame(b"");
            self.push_parts(callees.iter().copied(), !self.others.is_empty());
        }
    }

    /// Adds a frame to the stack, which is that of the nodes.
    fn push_frame(&mut self, name: &[u8]) {
        if self.node.id != CallTree::ROOT {
            self.stack.push(b';');
        }
        self.stack.extend_from_slice(name);
    }

    /// Adds the parts of siblings, of which `stack` has the frames around them.
    fn push_parts(&mut self, siblings: impl DoubleEndedIterator<Item = Node<'a>>, are_mixed: bool) {
        let start = self.pending.len();
        self.siblings.push(Siblings {
            start,
            prefix: self.stack.len(),
            are_mixed,
        });
        for node in siblings.rev() {
            self.pending.extend(Part::last_first(node));
        }
        // A tree in time order is the only one.
        if !self.node.of.tree.is_in_time_order() {
            sort_last_first(&mut self.pending[start..], 0);
        }
    }

    /// The siblings that come next.
    fn next_siblings(&mut self) -> Option<Siblings> {
        while self.siblings.last()?.start == self.pending.len() {
            self.siblings.pop();
        }
        self.siblings.last().copied()
    }

    /// Goes to what comes next of what is pending.
    fn go_to_next_part(&mut self) -> Option<Part<'a>> {
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

    /// Where, from `first` on, those pending parts start that end at `end` and are the same as
    /// `part`, which comes next.
    fn start_of_same(&self, first: usize, end: usize, part: Part<'a>) -> usize {
        let others = self.pending[first..end].iter().rev();
        end - others.take_while(|other| other.is_same(part)).count()
    }

    /// Where, from `first` on, those pending parts start that come next and have some `size` nodes
    /// in all.
    fn start_of_some(&self, first: usize, size: usize) -> usize {
        let (mut start, mut sum) = (self.pending.len(), 0);
        while start > first {
            let last = self.pending[start - 1];
            let next = self.start_of_same(first, start - 1, last);
            sum += self.pending[next..start]
                .iter()
                .map(Part::size)
                .sum::<usize>();
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
    /// Where they start in [`Lines::pending`]: they are all from there on.
    start: usize,
    /// The length of the stack up to them, with the `;`.
    prefix: usize,
    /// Whether they may be of several trees.
    are_mixed: bool,
}

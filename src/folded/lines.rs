//! The lines of trees in order, one after another.

use super::branches::{Branches, Node, Only, Origin};
use super::parts::{Part, sort_last_first};
use crate::call_tree::{CallTree, Count};
use std::mem;

/// Goes through the lines of several trees, as if they were merged, in their order.
///
/// The trees are not: where they have a stack in common, there is a node in each of them.
pub(super) struct Lines<'a, O> {
    /// Those of one of the trees.
    any: &'a Branches<'a>,
    /// That of the line come to, or the start of the next one's.
    stack: Vec<u8>,
    /// A node that has `stack`.
    node: Node<O>,
    /// Those of other trees that have it too.
    others: Vec<Node<O>>,
    /// Whether the lines below these nodes come next, before all that is pending.
    is_below: bool,
    /// What there is still to come, the next part last.
    pending: Vec<Part<O>>,
    /// Those in `pending`, the next ones last.
    siblings: Vec<Siblings>,
    /// Is used again and again.
    callees: Vec<Node<O>>,
    is_differential: bool,
}

impl<'a> Lines<'a, Only> {
    /// The lines of one tree.
    pub fn of_one(branches: &'a Branches<'a>) -> Lines<'a, Only> {
        let is_differential = branches.tree.is_differential();
        Lines::below(branches, &[Node::root(Only)], is_differential)
    }
}

impl<'a> Lines<'a, &'a Branches<'a>> {
    /// The lines of all trees, of which there is one at least, and none in time order.
    pub fn of_all(trees: &'a [Branches<'a>]) -> Lines<'a, &'a Branches<'a>> {
        let is_differential = trees.iter().any(|of| of.tree.is_differential());
        let roots: Vec<_> = trees.iter().map(Node::root).collect();
        Lines::below(&trees[0], &roots, is_differential)
    }
}

impl<'a, O: Origin<'a>> Lines<'a, O> {
    fn below(any: &'a Branches<'a>, roots: &[Node<O>], is_differential: bool) -> Lines<'a, O> {
        let mut lines = Lines::none(any, roots[0], is_differential);
        lines.push_parts(roots.iter().copied(), roots.len() > 1);
        lines
    }

    fn none(any: &'a Branches<'a>, node: Node<O>, is_differential: bool) -> Lines<'a, O> {
        Lines {
            any,
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
        self.sum_up(|node| node.count(self.any))
    }

    /// The first of two counts of the line come to.
    pub fn before(&self) -> Option<Count> {
        self.is_differential
            .then(|| self.sum_up(|node| node.before(self.any)))
    }

    /// Lines of the same trees, of which there are none to come.
    pub fn without_any(&self) -> Lines<'a, O> {
        Lines::none(self.any, self.node, self.is_differential)
    }

    /// Splits off what comes next: whole subtrees of some `size` nodes in all, or one line of a
    /// larger one. It replaces `lines`, whose memory is used again. `false` if nothing comes.
    pub fn split_off(&mut self, size: usize, lines: &mut Lines<'a, O>) -> bool {
        loop {
            if mem::take(&mut self.is_below) {
                let callees = self.take_callees();
                self.push_callees(&callees);
                self.callees = callees;
            }
            let Some(siblings) = self.next_siblings() else {
                return false;
            };
            let start = self.start_of_some(siblings.start, size);
            if start < self.pending.len() {
                lines.replace(
                    &self.stack[..siblings.prefix],
                    siblings,
                    self.pending.drain(start..),
                );
                return true;
            }
            self.go_to_next_part();
        }
    }

    /// Makes these the lines of the `parts` of siblings below `stack`.
    fn replace(&mut self, stack: &[u8], siblings: Siblings, parts: impl Iterator<Item = Part<O>>) {
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

    fn sum_up(&self, count: impl Fn(Node<O>) -> Option<Count>) -> Count {
        let first = count(self.node).unwrap_or_default();
        let others = self.others.iter().filter_map(|&node| count(node));
        others.fold(first, |sum, count| sum + count)
    }

    fn has_line(&self) -> bool {
        let has_count = |node: &Node<O>| node.count(self.any).is_some();
        has_count(&self.node) || self.others.iter().any(has_count)
    }

    /// Goes to the only callee of the nodes. If there are several, they are pending then, and it
    /// is `false`.
    fn go_below(&mut self) -> bool {
        if !self.others.is_empty() {
            return self.go_below_all();
        }
        let Node { of, id } = self.node;
        let of = of.branches(self.any);
        match *of.children.of(id) {
            [] => false,
            [callee] => {
                self.push_frame(of.tree.name(callee));
                self.node.id = callee;
                true
            }
            _ => {
                self.push_frame(b"");
                self.push_parts(self.node.callees(self.any), false);
                false
            }
        }
    }

    fn go_below_all(&mut self) -> bool {
        let callees = self.take_callees();
        let name = |node: &Node<O>| node.name(self.any);
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

    /// All callees of the nodes, in the memory of those before.
    fn take_callees(&mut self) -> Vec<Node<O>> {
        let mut callees = mem::take(&mut self.callees);
        callees.clear();
        callees.extend(self.node.callees(self.any));
        let others = self.others.iter();
        callees.extend(others.flat_map(|node| node.callees(self.any)));
        callees
    }

    /// Adds the parts of what [`Lines::take_callees`] gave.
    fn push_callees(&mut self, callees: &[Node<O>]) {
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
    fn push_parts(&mut self, siblings: impl DoubleEndedIterator<Item = Node<O>>, are_mixed: bool) {
        let start = self.pending.len();
        self.siblings.push(Siblings {
            start,
            prefix: self.stack.len(),
            are_mixed,
        });
        for node in siblings.rev() {
            self.pending.extend(Part::last_first(node, self.any));
        }
        if !self.any.tree.is_in_time_order() {
            sort_last_first(self.any, &mut self.pending[start..], 0);
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
    fn go_to_next_part(&mut self) -> Option<Part<O>> {
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
        self.stack.extend_from_slice(part.name(self.any));
        self.is_below = part.is_subtree();
        Some(part)
    }

    /// Where, from `first` on, those pending parts start that end at `end` and are the same as
    /// `part`, which comes next.
    fn start_of_same(&self, first: usize, end: usize, part: Part<O>) -> usize {
        let others = self.pending[first..end].iter().rev();
        end - others
            .take_while(|other| other.is_same(part, self.any))
            .count()
    }

    /// Where, from `first` on, those pending parts start that come next and have some `size` nodes
    /// in all.
    fn start_of_some(&self, first: usize, size: usize) -> usize {
        let (mut start, mut sum) = (self.pending.len(), 0);
        while start > first {
            let last = self.pending[start - 1];
            let next = self.start_of_same(first, start - 1, last);
            let parts = self.pending[next..start].iter();
            sum += parts.map(|part| part.size(self.any)).sum::<usize>();
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

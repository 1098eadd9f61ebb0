//! A view of trees from the root to the leaves.

use crate::call_tree::{CallTree, Children, Count, NodeId};
use std::ptr;

/// A tree and the children of its nodes.
pub(super) struct Branches<'a> {
    pub tree: &'a CallTree,
    pub children: Children,
    /// For each node, the number of nodes in its subtree, including itself; empty unless requested.
    pub sizes: Vec<u32>,
}

impl<'a> Branches<'a> {
    pub fn new(tree: &'a CallTree) -> Branches<'a> {
        Branches {
            tree,
            children: Children::new(tree),
            sizes: Vec::new(),
        }
    }

    /// Branches whose lines can be [split off](super::lines::Lines::split_off).
    pub fn with_sizes(tree: &'a CallTree) -> Branches<'a> {
        let mut sizes = vec![1; tree.len()];
        for node in tree.ids().rev() {
            if let Some(parent) = tree.parent(node) {
                sizes[parent.index()] += sizes[node.index()];
            }
        }
        Branches {
            sizes,
            ..Branches::new(tree)
        }
    }
}

/// Which tree a node belongs to. If there is only one tree, this takes no memory.
pub(super) trait Origin<'a>: Copy {
    /// The branches of the tree, where `any` is one of all trees.
    fn branches(self, any: &'a Branches<'a>) -> &'a Branches<'a>;

    fn is_same(self, other: Self) -> bool;
}

/// The only tree.
#[derive(Clone, Copy)]
pub(super) struct Only;

impl<'a> Origin<'a> for Only {
    fn branches(self, any: &'a Branches<'a>) -> &'a Branches<'a> {
        any
    }

    fn is_same(self, _: Only) -> bool {
        true
    }
}

/// One of several trees.
impl<'a> Origin<'a> for &'a Branches<'a> {
    fn branches(self, _: &'a Branches<'a>) -> &'a Branches<'a> {
        self
    }

    fn is_same(self, other: &'a Branches<'a>) -> bool {
        ptr::eq(self, other)
    }
}

/// A node of one of the trees.
#[derive(Clone, Copy)]
pub(super) struct Node<O> {
    pub of: O,
    pub id: NodeId,
}

impl<'a, O: Origin<'a>> Node<O> {
    pub fn root(of: O) -> Node<O> {
        let id = CallTree::ROOT;
        Node { of, id }
    }

    pub fn name(self, any: &'a Branches<'a>) -> &'a [u8] {
        self.of.branches(any).tree.name(self.id)
    }

    pub fn callees(self, any: &'a Branches<'a>) -> impl DoubleEndedIterator<Item = Node<O>> {
        let Node { of, id } = self;
        let callees = of.branches(any).children.of(id).iter();
        callees.map(move |&id| Node { of, id })
    }

    pub fn count(self, any: &'a Branches<'a>) -> Option<Count> {
        self.of.branches(any).tree.self_count(self.id)
    }

    /// A node with a single count is unchanged.
    pub fn before(self, any: &'a Branches<'a>) -> Option<Count> {
        let before = self.of.branches(any).tree.self_before(self.id);
        before.or_else(|| self.count(any))
    }
}

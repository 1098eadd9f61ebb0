//! A view of trees from the root to the leaves.

use crate::call_tree::{CallTree, Children, Count, NodeId};

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

/// A node of one of the trees.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub of: &'a Branches<'a>,
    pub id: NodeId,
}

impl<'a> Node<'a> {
    pub fn root(of: &'a Branches<'a>) -> Node<'a> {
        let id = CallTree::ROOT;
        Node { of, id }
    }

    pub fn name(self) -> &'a [u8] {
        self.of.tree.name(self.id)
    }

    pub fn callees(self) -> impl DoubleEndedIterator<Item = Node<'a>> {
        let Node { of, id } = self;
        let callees = of.children.of(id).iter();
        callees.map(move |&id| Node { of, id })
    }

    pub fn count(self) -> Option<Count> {
        self.of.tree.self_count(self.id)
    }

    /// A node with a single count is unchanged.
    pub fn before(self) -> Option<Count> {
        let before = self.of.tree.self_before(self.id);
        before.or_else(|| self.count())
    }
}

//! Trees, from the root to the leaves.

use crate::call_tree::{CallTree, Children, Count, NodeId};

/// A tree, and what is below its nodes.
pub(super) struct Branches<'a> {
    pub tree: &'a CallTree,
    pub children: Children,
    /// For each node how many nodes there are below it and itself, if that is to be known.
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

    /// Branches whose lines can be [split off](Lines::split_off).
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

    pub fn root(&self) -> Node<'_> {
        Node {
            of: self,
            id: CallTree::ROOT,
        }
    }
}

/// A node of one of several trees.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub of: &'a Branches<'a>,
    pub id: NodeId,
}

impl<'a> Node<'a> {
    pub fn name(self) -> &'a [u8] {
        self.of.tree.name(self.id)
    }

    pub fn callees(self) -> impl DoubleEndedIterator<Item = Node<'a>> {
        let Node { of, id } = self;
        of.children.of(id).iter().map(move |&id| Node { of, id })
    }

    pub fn count(self) -> Option<Count> {
        self.of.tree.self_count(self.id)
    }

    /// What has one count is unchanged.
    pub fn before(self) -> Option<Count> {
        let before = self.of.tree.self_before(self.id);
        before.or_else(|| self.count())
    }
}

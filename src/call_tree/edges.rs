//! Finds and creates the children of a node.
//!
//! The child created first needs no edge, because its parent stores it. All other children have an
//! edge in a hash table. In time order, there are no edges: only the newest child is extended.

use super::table::Entry;
use super::{Arrival, CallTree, FrameId, Node, NodeId};
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    hash: u32,
    parent: NodeId,
    frame: FrameId,
    child: NodeId,
}

impl Entry for Edge {
    const NONE: Edge = Edge {
        hash: 0,
        parent: CallTree::ROOT,
        frame: CallTree::ROOT_FRAME,
        child: CallTree::ROOT,
    };

    fn is_none(&self) -> bool {
        self.child == CallTree::ROOT
    }

    fn hash(&self) -> u32 {
        self.hash
    }
}

impl CallTree {
    /// Returns the child of `parent` for `frame`, and creates it if necessary.
    #[inline]
    pub fn child(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        if let Some(arrivals) = &self.arrivals {
            return match arrivals[parent.index()].newest_child {
                Some(child) if self.nodes[child.index()].frame == frame => child,
                _ => self.push_newest(parent, frame),
            };
        }
        self.find_or_push_child(parent, frame)
    }

    /// Finds the child of `parent` for `frame` in a tree that merges equal stacks.
    #[inline]
    pub(crate) fn find_child(&mut self, parent: NodeId, frame: FrameId) -> Option<NodeId> {
        self.complete_edges();
        self.find_earlier_child(parent, frame)
    }

    /// Returns the child of `parent` for a frame called `name`.
    pub(crate) fn child_called(&mut self, parent: NodeId, name: &[u8]) -> NodeId {
        match self.frames.intern(name) {
            (frame, true) => self.child(parent, frame),
            (frame, false) => self.push_child_of_new(parent, frame),
        }
    }

    /// Adds a child with a new name, which is in two parts and has no line ends.
    pub(crate) fn push_child_called(&mut self, parent: NodeId, name: [&[u8]; 2]) -> NodeId {
        let frame = self.frames.push_new(name);
        self.push_child_of_new(parent, frame)
    }

    fn push_child_of_new(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        match self.is_in_time_order() {
            true => self.push_newest(parent, frame),
            false => self.push_new_child(parent, frame),
        }
    }

    fn find_or_push_child(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        self.complete_edges();
        match self.find_earlier_child(parent, frame) {
            Some(child) => child,
            None => self.push_child(parent, frame),
        }
    }

    /// Finds the child of `parent` for `frame`. All edges must exist.
    pub(super) fn find_earlier_child(&self, parent: NodeId, frame: FrameId) -> Option<NodeId> {
        let first = self.nodes[parent.index()].first_child;
        if first == Self::ROOT || self.nodes[first.index()].frame == frame {
            return Some(first).filter(|first| *first != Self::ROOT);
        }
        self.find_edge(parent, frame)
    }

    /// Creates the child of `parent` for `frame`, which must not exist, in a tree that merges equal
    /// stacks.
    fn push_child(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        let (child, is_first) = self.push_without_edge(parent, frame);
        if !is_first {
            self.insert_edge(parent, frame, child);
        }
        child
    }

    /// Creates a child whose edge is unlikely to be looked up.
    pub(crate) fn push_new_child(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        let (child, is_first) = self.push_without_edge(parent, frame);
        if !is_first {
            self.without_edges.push(child);
        }
        child
    }

    /// Creates a child without an edge, and returns whether it needs none.
    #[inline]
    fn push_without_edge(&mut self, parent: NodeId, frame: FrameId) -> (NodeId, bool) {
        let child = self.push_node(parent, frame);
        let node = &mut self.nodes[parent.index()];
        let is_first = node.first_child == Self::ROOT;
        if is_first {
            node.first_child = child;
        }
        (child, is_first)
    }

    #[inline]
    fn insert_edge(&mut self, parent: NodeId, frame: FrameId, child: NodeId) {
        self.edges.insert(Edge {
            hash: edge_hash(&self.hasher, parent, frame),
            parent,
            frame,
            child,
        });
    }

    /// Creates the missing edges.
    #[inline]
    pub(super) fn complete_edges(&mut self) {
        if !self.without_edges.is_empty() {
            self.insert_missing_edges();
        }
    }

    #[cold]
    fn insert_missing_edges(&mut self) {
        for child in std::mem::take(&mut self.without_edges) {
            let Node { parent, frame, .. } = self.nodes[child.index()];
            self.insert_edge(parent, frame, child);
        }
    }

    fn find_edge(&self, parent: NodeId, frame: FrameId) -> Option<NodeId> {
        let hash = edge_hash(&self.hasher, parent, frame);
        let is_same = |edge: &Edge| edge.parent == parent && edge.frame == frame;
        let edge = self.edges.find(hash, is_same);
        edge.map(|edge| edge.child)
    }

    fn push_newest(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        let (child, _) = self.push_without_edge(parent, frame);
        let parent_self = self.recorded(parent);
        if let Some(arrivals) = &mut self.arrivals {
            arrivals[parent.index()].newest_child = Some(child);
            arrivals.push(Arrival {
                newest_child: None,
                parent_self,
            });
        }
        child
    }
}

fn edge_hash(hasher: &RandomState, parent: NodeId, frame: FrameId) -> u32 {
    hasher.hash_one(u64::from(parent.0) << 32 | u64::from(frame.0)) as u32
}

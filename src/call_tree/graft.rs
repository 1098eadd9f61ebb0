//! Adds one tree to another.

use super::{CallTree, FrameId, NodeId, rebuild};
use std::borrow::Cow;

impl CallTree {
    /// Adds all stacks of `other` to this tree: counts of equal stacks are summed. In [time
    /// order](CallTree::in_time_order), they come after the existing stacks.
    pub fn merge(&mut self, other: &CallTree) {
        self.describe_with(other);
        if self.is_in_time_order() {
            return rebuild::append(self, other);
        }
        self.merge_below(Self::ROOT, other);
    }

    /// Adds all stacks of `other`, whose first frame becomes `name`. Neither tree is in time order.
    pub(crate) fn merge_part(&mut self, name: &[u8], other: &CallTree) {
        self.describe_with(other);
        let name = self.intern(name);
        let top = self.child(Self::ROOT, name);
        self.merge_below(top, other);
    }

    fn merge_below(&mut self, top: NodeId, other: &CallTree) {
        self.graft_below(top, other, Cow::Borrowed, |tree, node, theirs| {
            tree.add_recorded(node, other, theirs);
        });
    }

    /// Creates all nodes of `other` in this tree, with frames renamed by `rename`, and calls `add`
    /// with each node at which a stack ends and its original.
    pub(crate) fn graft<'o>(
        &mut self,
        other: &'o CallTree,
        rename: impl FnMut(&'o [u8]) -> Cow<'o, [u8]>,
        add: impl FnMut(&mut CallTree, NodeId, NodeId),
    ) {
        self.graft_below(Self::ROOT, other, rename, add);
    }

    fn graft_below<'o>(
        &mut self,
        top: NodeId,
        other: &'o CallTree,
        mut rename: impl FnMut(&'o [u8]) -> Cow<'o, [u8]>,
        mut add: impl FnMut(&mut CallTree, NodeId, NodeId),
    ) {
        let names = other.frames.iter();
        let frames: Vec<FrameId> = names
            .map(|name| self.intern_renamed(rename(name)))
            .collect();
        let is_in_time_order = self.is_in_time_order() || other.is_in_time_order();
        let are_siblings_distinct = !is_in_time_order && self.are_distinct(&frames);
        self.complete_edges();
        let known = self.nodes.len();
        let mut here: Vec<NodeId> = Vec::with_capacity(other.nodes.len());
        for (id, node) in other.ids().zip(&other.nodes) {
            let parent = here.get(node.parent.index()).copied();
            let frame = frames[node.frame.index()];
            here.push(match parent {
                None => top,
                Some(parent) if are_siblings_distinct => self.grafted(known, parent, frame),
                Some(parent) => self.child(parent, frame),
            });
            if node.own.is_recorded() {
                add(self, here[id.index()], id);
            }
        }
        self.add_timeline(other, |node| Some(here[node.index()]));
    }

    /// Returns the child of `parent` for `frame`, which has not been requested since there were
    /// `known` nodes: it exists only if it existed then.
    fn grafted(&mut self, known: usize, parent: NodeId, frame: FrameId) -> NodeId {
        let found = match parent.index() < known {
            true => self.find_earlier_child(parent, frame),
            false => None,
        };
        found.unwrap_or_else(|| self.push_new_child(parent, frame))
    }

    fn are_distinct(&self, frames: &[FrameId]) -> bool {
        let mut seen = vec![false; self.frames.len()];
        let is_new = |frame: &FrameId| !std::mem::replace(&mut seen[frame.index()], true);
        frames.iter().all(is_new)
    }

    /// Adds the self counts of `theirs` in `other` to `node`.
    pub(crate) fn add_recorded(&mut self, node: NodeId, other: &CallTree, theirs: NodeId) {
        let count = other.recorded(theirs);
        match other.self_before(theirs) {
            Some(before) => self.add_change(node, before, count),
            None => self.add(node, count),
        }
    }
}

//! [`LatestStack`]: what a stack shares with the one before.

use crate::call_tree::{CallTree, NodeId};

/// The stack that was added last. The next one often has the same outermost frames, whose nodes need not be looked
/// for in the tree then.
#[derive(Debug)]
pub(crate) struct LatestStack<K> {
    base: NodeId,
    path: Vec<(K, NodeId)>,
    /// How many frames of the path are those of the stack that is being added.
    depth: usize,
}

impl<K> Default for LatestStack<K> {
    fn default() -> Self {
        LatestStack {
            base: CallTree::ROOT,
            path: Vec::new(),
            depth: 0,
        }
    }
}

impl<K: Copy + PartialEq> LatestStack<K> {
    /// Begins a stack below `base`.
    pub fn begin(&mut self, base: NodeId) {
        if self.base != base {
            self.base = base;
            self.path.clear();
        }
        self.depth = 0;
    }

    /// The node of what there is of the stack.
    pub fn node(&self) -> NodeId {
        let last = self.depth.checked_sub(1).and_then(|at| self.path.get(at));
        last.map_or(self.base, |(_, node)| *node)
    }

    /// Goes on to the next frame, if the stack before has the same one here. The outermost one comes first.
    #[inline]
    pub fn follow(&mut self, frame: K) -> bool {
        let latest = self.path.get(self.depth);
        let is_same = latest.is_some_and(|(known, _)| *known == frame);
        self.depth += usize::from(is_same);
        is_same
    }

    /// Goes on to the next frame, which the stack before does not have here.
    pub fn push(&mut self, frame: K, node: NodeId) {
        self.path.truncate(self.depth);
        self.path.push((frame, node));
        self.depth += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_looked_for() {
        let mut tree = CallTree::new();
        let mut latest = LatestStack::default();
        let mut asked = 0;
        let mut leaf = |base, stack: &[u8]| {
            latest.begin(base);
            for frame in stack {
                if !latest.follow(*frame) {
                    asked += 1;
                    latest.push(*frame, tree.descend(latest.node(), &[*frame]));
                }
            }
            (latest.node(), asked)
        };
        let (abc, _) = leaf(CallTree::ROOT, b"abc");
        let (ab, asked) = leaf(CallTree::ROOT, b"ab");
        assert_eq!(asked, 3);
        assert_eq!(leaf(CallTree::ROOT, b"abc"), (abc, 3));
        let (abd, asked) = leaf(CallTree::ROOT, b"abd");
        assert_eq!(asked, 4);
        assert_ne!(abd, abc);
        assert_eq!(leaf(CallTree::ROOT, b"abc"), (abc, 5));
        assert_eq!(leaf(CallTree::ROOT, b""), (CallTree::ROOT, 5));
        let (below, asked) = leaf(ab, b"ab");
        assert_eq!(asked, 7);
        assert_eq!(tree.parent(tree.parent(below).unwrap()), Some(ab));
    }
}

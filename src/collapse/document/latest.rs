//! [`LatestStack`]: reuses nodes of the previous stack.

use crate::call_tree::{CallTree, NodeId};

/// The stack added last. The next one often shares its outermost frames, which then do not need to
/// be looked up in the tree.
#[derive(Debug)]
pub(crate) struct LatestStack<K> {
    base: NodeId,
    path: Vec<(K, NodeId)>,
    /// How many frames of the path belong to the current stack.
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

    /// The node of the current stack so far.
    pub fn node(&self) -> NodeId {
        let last = self.depth.checked_sub(1).and_then(|at| self.path.get(at));
        last.map_or(self.base, |(_, node)| *node)
    }

    /// Advances to the next frame if the previous stack has the same frame here. The outermost one
    /// comes first.
    #[inline]
    pub fn follow(&mut self, frame: K) -> bool {
        let latest = self.path.get(self.depth);
        let is_same = latest.is_some_and(|(known, _)| *known == frame);
        self.depth += usize::from(is_same);
        is_same
    }

    /// Advances to the next frame, which differs from the previous stack at this depth.
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
    fn only_frames_that_differ_are_looked_up() {
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

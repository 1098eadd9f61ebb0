//! Whether nodes are made in the order in which a walk comes to them.

use crate::call_tree::{CallTree, Late, NodeId};

/// Follows stacks as they come. As long as each, if it was a line, sorts after the one before,
/// frames that differ from those of the stack before are new below their caller.
#[derive(Default)]
pub(super) struct InOrder {
    /// Whether it has been so for all stacks, and the tree has no others.
    holds: bool,
    /// What has such frames all the same: stacks that ended before others began like them (`a 1`,
    /// `a!b 1`), and may go on after those (`a;c 1`). Where each ends, and its node.
    ended: Vec<(usize, NodeId)>,
    /// The frames below these, which were made later than a walk comes to them.
    late: Vec<Late>,
    /// Of those that the latest stack goes through, how many frames are above what is below them,
    /// and where they are in `late`.
    open: Vec<(usize, usize)>,
}

impl InOrder {
    /// For stacks that are added to `tree`.
    pub fn new(tree: &CallTree) -> InOrder {
        InOrder {
            holds: is_new(tree),
            ..InOrder::default()
        }
    }

    #[inline]
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Follows no more stacks: nothing is known of their nodes.
    pub fn give_up(&mut self) {
        self.holds = false;
    }

    /// Follows `stack`, which has its first `common` bytes in common with the one before, whose node
    /// is `node` if it has frames.
    #[inline]
    pub fn follow(&mut self, stack: &[u8], previous: &[u8], common: usize, node: Option<NodeId>) {
        if !self.holds {
            return;
        }
        self.holds = sorts_after(stack, previous, common);
        while self.ended.pop_if(|(end, _)| *end > common).is_some() {}
        if common == previous.len() && !is_frame_end(stack, common) {
            self.ended.extend(node.map(|node| (common, node)));
        }
    }

    /// The node of the stack that ended with the first `end` bytes of this one, if there is one. What
    /// comes next, as the frame `depth` of the stack, is below it.
    #[inline]
    pub fn find_ended(&mut self, end: usize, depth: usize, tree: &CallTree) -> Option<NodeId> {
        match self.ended.last() {
            Some(&(ended, node)) if ended == end => {
                self.begin_late(node, depth, tree);
                Some(node)
            }
            _ => None,
        }
    }

    #[cold]
    fn begin_late(&mut self, parent: NodeId, depth: usize, tree: &CallTree) {
        self.open.push((depth, self.late.len()));
        let made = tree.len()..tree.len();
        self.late.push(Late { parent, made });
    }

    /// Notes that the frames of the stack before are left, but for the first `shared`.
    #[inline]
    pub fn leave(&mut self, shared: usize, tree: &CallTree) {
        while let Some((_, late)) = self.open.pop_if(|(depth, _)| *depth >= shared) {
            self.late[late].made.end = tree.len();
        }
    }

    /// Tells `tree` that its nodes are in order, if they are.
    pub fn mark(mut self, tree: &mut CallTree) {
        if self.holds {
            self.leave(0, tree);
            tree.mark_preorder(&self.late);
        }
    }
}

/// Whether nothing was added to `tree` yet, and a walk is to sort what is.
pub(super) fn is_new(tree: &CallTree) -> bool {
    tree.len() == 1 && tree.is_empty() && !tree.is_in_time_order()
}

/// Whether the line of `stack` surely sorts after that of `previous`, whatever the counts. They
/// have `common` bytes in common.
fn sorts_after(stack: &[u8], previous: &[u8], common: usize) -> bool {
    let byte_of = |stack: &[u8]| stack.get(common).copied().unwrap_or(b' ');
    byte_of(stack) > byte_of(previous)
}

/// Whether a frame of `stack` may end before its byte `at`.
#[inline]
pub(super) fn is_frame_end(stack: &[u8], at: usize) -> bool {
    stack.get(at).is_none_or(|&byte| byte == b';')
}

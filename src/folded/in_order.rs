//! Tracks whether nodes are created in walk order.

use crate::call_tree::{CallTree, Late, NodeId};

/// Observes stacks as they are added. As long as each line sorts after the previous one, frames
/// that differ from the previous stack are new below their caller.
#[derive(Default)]
pub(super) struct InOrder {
    /// Whether the order holds for all stacks so far, and the tree has no others.
    holds: bool,
    /// The exceptions: stacks that are a prefix of later ones, so that their children may come
    /// after unrelated lines (`a 1`, `a!b 1`, `a;c 1`). Each has its end in the current stack, and
    /// its node.
    ended: Vec<(usize, NodeId)>,
    /// The nodes below these stacks, which are created later than their position in a walk.
    late: Vec<Late>,
    /// For those that the current stack is below: their depth, and their index in `late`.
    open: Vec<(usize, usize)>,
}

impl InOrder {
    /// Creates the state for stacks that are added to `tree`.
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

    /// Stops tracking, because stacks are added in another order.
    pub fn give_up(&mut self) {
        self.holds = false;
    }

    /// Observes `stack`, which shares its first `common` bytes with `previous`. `node` is the node
    /// of `previous` if that has frames.
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

    /// The node of the earlier stack that equals the first `end` bytes of the current one, if there
    /// is one. The next frame, at `depth`, is created below it.
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
        let nodes = tree.len()..tree.len();
        self.late.push(Late { parent, nodes });
    }

    /// Ends the frames of the previous stack, except for the first `shared`.
    #[inline]
    pub fn leave(&mut self, shared: usize, tree: &CallTree) {
        while let Some((_, late)) = self.open.pop_if(|(depth, _)| *depth >= shared) {
            self.late[late].nodes.end = tree.len();
        }
    }

    /// Marks `tree` as being in walk order, if it is.
    pub fn mark(mut self, tree: &mut CallTree) {
        if self.holds {
            self.leave(0, tree);
            tree.mark_preorder(&self.late);
        }
    }
}

/// Whether `tree` is empty, and walks sort its siblings.
pub(super) fn is_new(tree: &CallTree) -> bool {
    tree.len() == 1 && tree.is_empty() && !tree.is_in_time_order()
}

/// Whether the line of `stack` sorts after that of `previous` for any counts. They share their
/// first `common` bytes.
fn sorts_after(stack: &[u8], previous: &[u8], common: usize) -> bool {
    let byte_of = |stack: &[u8]| stack.get(common).copied().unwrap_or(b' ');
    byte_of(stack) > byte_of(previous)
}

/// Whether a frame of `stack` may end before byte `at`.
#[inline]
pub(super) fn is_frame_end(stack: &[u8], at: usize) -> bool {
    stack.get(at).is_none_or(|&byte| byte == b';')
}

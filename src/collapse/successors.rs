//! Which frame line is likely to come next: the one that came last time.

use crate::call_tree::NodeId;
use crate::collapse::lines::LineId;

/// A line, and the node it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Successor {
    pub line: LineId,
    pub node: NodeId,
}

/// Predicts lines, which is cheaper than looking them up: a line that is predicted is compared, and
/// no more. It need not be right, for nothing hangs on it but time.
#[derive(Default)]
pub(super) struct Successors {
    /// By node.
    latest: Vec<Option<Successor>>,
}

impl Successors {
    /// What came below `parent` last.
    #[inline]
    pub fn latest(&self, parent: NodeId) -> Option<Successor> {
        *self.latest.get(parent.index())?
    }

    /// Notes what came below `parent`.
    pub fn note(&mut self, parent: NodeId, successor: Successor) {
        if self.latest.len() <= parent.index() {
            self.latest.resize(parent.index() + 1, None);
        }
        self.latest[parent.index()] = Some(successor);
    }
}

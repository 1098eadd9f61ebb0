//! Predicts the next frame line: the one that came last time.

use super::lines::LineId;
use crate::call_tree::NodeId;

/// A line, and the node it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Successor {
    pub line: LineId,
    pub node: NodeId,
}

/// Predicts lines, because comparing a line with a prediction is cheaper than looking it up. A
/// wrong prediction only costs time.
#[derive(Default)]
pub(crate) struct Successors {
    /// By node.
    latest: Vec<Option<Successor>>,
}

impl Successors {
    /// The last successor below `parent`.
    #[inline]
    pub fn latest(&self, parent: NodeId) -> Option<Successor> {
        *self.latest.get(parent.index())?
    }

    /// Records the successor below `parent`.
    pub fn note(&mut self, parent: NodeId, successor: Successor) {
        if self.latest.len() <= parent.index() {
            self.latest.resize(parent.index() + 1, None);
        }
        self.latest[parent.index()] = Some(successor);
    }
}

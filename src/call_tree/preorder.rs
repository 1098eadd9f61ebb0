//! The order of a walk, where nodes were made in it.

use super::{CallTree, NodeId, Visit};
use std::ops::Range;

/// Nodes that were made after others to which a walk comes later: all that are below `parent`.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    pub parent: NodeId,
    /// From the first one to the one behind the last, by [`NodeId::index`].
    pub made: Range<usize>,
}

/// All nodes but the root in the order of a walk, as runs of those that were made one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct Preorder {
    runs: Vec<Range<usize>>,
}

impl Preorder {
    /// Of `len` nodes, which were made in this order but for those that are `late`, the first made
    /// first. There may be later ones among them.
    pub fn new(len: usize, late: &[Late]) -> Preorder {
        let mut by_parent: Vec<&Late> = late.iter().collect();
        by_parent.sort_unstable_by_key(|late| late.parent);
        let mut runs = Vec::new();
        // Runs to be cut where late nodes are missing or astray; the first one last.
        let mut uncut = vec![Run::new(1..len, false)];
        while let Some(Run { nodes, is_late }) = uncut.pop() {
            let missing = by_parent.partition_point(|late| late.parent.index() < nodes.start);
            let missing = by_parent.get(missing);
            let own = usize::from(is_late);
            let astray = late.partition_point(|late| late.made.start < nodes.start + own);
            let astray = late.get(astray).map(|late| &late.made);
            let until = astray.map_or(nodes.end, |made| made.start.min(nodes.end));
            if let Some(late) = missing.filter(|late| late.parent.index() + 1 < until) {
                let at = late.parent.index() + 1;
                runs.push(nodes.start..at);
                uncut.push(Run::new(at..nodes.end, false));
                uncut.push(Run::new(late.made.clone(), true));
                continue;
            }
            runs.push(nodes.start..until);
            if let Some(made) = astray.filter(|made| made.start < nodes.end) {
                uncut.push(Run::new(made.end..nodes.end, false));
            }
        }
        Preorder { runs }
    }
}

struct Run {
    nodes: Range<usize>,
    /// Whether they are all those of a [`Late`].
    is_late: bool,
}

impl Run {
    fn new(nodes: Range<usize>, is_late: bool) -> Run {
        Run { nodes, is_late }
    }
}

/// A walk in which nothing is looked for.
#[derive(Debug, Clone)]
pub(super) struct PreorderWalk<'a> {
    tree: &'a CallTree,
    runs: std::slice::Iter<'a, Range<usize>>,
    run: Range<usize>,
    /// The node come to last and those above it, the root first.
    open: Vec<NodeId>,
    /// Nodes deeper than this are left out.
    deepest: usize,
}

impl<'a> PreorderWalk<'a> {
    pub fn new(tree: &'a CallTree, order: &'a Preorder) -> PreorderWalk<'a> {
        PreorderWalk {
            tree,
            runs: order.runs.iter(),
            run: 0..0,
            open: vec![CallTree::ROOT],
            deepest: usize::MAX,
        }
    }

    pub fn skip_callees(&mut self) {
        self.deepest = self.open.len() - 1;
    }

    fn next_node(&mut self) -> Option<NodeId> {
        loop {
            match self.run.next() {
                Some(index) => return Some(NodeId(index as u32)),
                None => self.run = self.runs.next()?.clone(),
            }
        }
    }
}

impl Iterator for PreorderWalk<'_> {
    type Item = Visit;

    #[inline]
    fn next(&mut self) -> Option<Visit> {
        loop {
            let node = self.next_node()?;
            let parent = self.tree.nodes[node.index()].parent;
            while self.open.pop_if(|open| *open != parent).is_some() {}
            let depth = self.open.len();
            self.open.push(node);
            if depth <= self.deepest {
                self.deepest = usize::MAX;
                return Some(Visit { node, depth });
            }
        }
    }
}

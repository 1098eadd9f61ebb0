//! Walks nodes without sorting if they were created in walk order.

use super::{CallTree, NodeId, Visit};
use std::ops::Range;

/// Nodes that were created later than their position in a walk: the descendants of `parent`.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    pub parent: NodeId,
    /// The range of [`NodeId::index`].
    pub nodes: Range<usize>,
}

/// All nodes except the root in walk order, as runs of consecutively created nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Preorder {
    runs: Vec<Range<usize>>,
}

impl Preorder {
    /// The order of `len` nodes, which were created in walk order except those that are `late`,
    /// which are sorted by creation and may be nested.
    pub fn new(len: usize, late: &[Late]) -> Preorder {
        let mut by_parent: Vec<&Late> = late.iter().collect();
        by_parent.sort_unstable_by_key(|late| late.parent);
        let mut runs = Vec::new();
        // Runs to process; the next one is last.
        let mut pending = vec![Run::new(1..len, false)];
        while let Some(run) = pending.pop() {
            let misplaced = run.first_misplaced(late);
            let end = misplaced.map_or(run.nodes.end, |late| late.nodes.start);
            if let Some(missing) = run.first_missing(&by_parent, end) {
                let parent_end = missing.parent.index() + 1;
                runs.push(run.nodes.start..parent_end);
                pending.push(Run::new(parent_end..run.nodes.end, false));
                pending.push(Run::new(missing.nodes.clone(), true));
                continue;
            }
            runs.push(run.nodes.start..end);
            pending.extend(misplaced.map(|late| Run::new(late.nodes.end..run.nodes.end, false)));
        }
        Preorder { runs }
    }
}

/// Consecutively created nodes. Some may belong elsewhere, and late ones may be missing.
struct Run {
    nodes: Range<usize>,
    /// Whether the run is exactly the nodes of a [`Late`].
    is_late: bool,
}

impl Run {
    fn new(nodes: Range<usize>, is_late: bool) -> Run {
        Run { nodes, is_late }
    }

    /// The first late nodes in the run that belong elsewhere.
    fn first_misplaced<'l>(&self, late: &'l [Late]) -> Option<&'l Late> {
        // Excludes the nodes of the run itself.
        let start = self.nodes.start + usize::from(self.is_late);
        let first = late.get(late.partition_point(|late| late.nodes.start < start))?;
        (first.nodes.start < self.nodes.end).then_some(first)
    }

    /// The first late nodes that belong in the run, before its node `end`.
    fn first_missing<'l>(&self, by_parent: &[&'l Late], end: usize) -> Option<&'l Late> {
        let first = by_parent.partition_point(|late| late.parent.index() < self.nodes.start);
        let first = by_parent.get(first)?;
        (first.parent.index() + 1 < end).then_some(first)
    }
}

/// A walk over precomputed runs, without lookups.
#[derive(Debug, Clone)]
pub(super) struct PreorderWalk<'a> {
    tree: &'a CallTree,
    runs: std::slice::Iter<'a, Range<usize>>,
    run: Range<usize>,
    /// The current node and its ancestors, starting with the root.
    open: Vec<NodeId>,
    /// Nodes deeper than this are skipped.
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

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
        // Still to be cut; the first one last.
        let mut uncut = vec![Run::new(1..len, false)];
        while let Some(run) = uncut.pop() {
            let astray = run.first_astray(late);
            let end = astray.map_or(run.nodes.end, |late| late.made.start);
            if let Some(missing) = run.first_missing(&by_parent, end) {
                let parent_end = missing.parent.index() + 1;
                runs.push(run.nodes.start..parent_end);
                uncut.push(Run::new(parent_end..run.nodes.end, false));
                uncut.push(Run::new(missing.made.clone(), true));
                continue;
            }
            runs.push(run.nodes.start..end);
            uncut.extend(astray.map(|late| Run::new(late.made.end..run.nodes.end, false)));
        }
        Preorder { runs }
    }
}

/// Nodes that were made one after another. Late ones may be astray among them, and others missing.
struct Run {
    nodes: Range<usize>,
    /// Whether they are all those of a [`Late`].
    is_late: bool,
}

impl Run {
    fn new(nodes: Range<usize>, is_late: bool) -> Run {
        Run { nodes, is_late }
    }

    /// The first that are in the run, and belong elsewhere.
    fn first_astray<'l>(&self, late: &'l [Late]) -> Option<&'l Late> {
        // Those that the run itself is are not.
        let start = self.nodes.start + usize::from(self.is_late);
        let first = late.get(late.partition_point(|late| late.made.start < start))?;
        (first.made.start < self.nodes.end).then_some(first)
    }

    /// The first that belong into the run, before its node `end`.
    fn first_missing<'l>(&self, by_parent: &[&'l Late], end: usize) -> Option<&'l Late> {
        let first = by_parent.partition_point(|late| late.parent.index() < self.nodes.start);
        let first = by_parent.get(first)?;
        (first.parent.index() + 1 < end).then_some(first)
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

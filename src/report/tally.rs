//! Self and total counts of functions, or other groups of frames, in one walk of the tree.

use crate::call_tree::{CallTree, Count, FrameId, NodeId};

/// Counts by key. Frames with the same key count as one function.
#[derive(Debug)]
pub(super) struct Tally {
    /// Self counts by key.
    pub own: Vec<Count>,
    /// Total counts by key.
    pub total: Vec<Count>,
    /// Whether the tree has a frame with the key.
    pub occurs: Vec<bool>,
    /// The number of frames with the key on the path to the current node.
    open: Vec<u32>,
}

/// Adds up the counts of frames by their keys, which are below `keys`. Frames without a key are
/// skipped.
///
/// The total of a node counts unless one of its callers has the same key, so that recursion counts
/// once. The number of open frames with each key shows that without searching the callers.
pub(super) fn tally(
    tree: &CallTree,
    own: impl Fn(NodeId) -> Count,
    keys: usize,
    key: impl Fn(FrameId) -> Option<usize>,
) -> Tally {
    let totals = tree.totals_of(&own);
    let mut tally = Tally::new(keys);
    let roots = tree.roots().depth();
    let mut path = Vec::new();
    for visit in tree.walk() {
        path.drain(visit.depth - 1..)
            .for_each(|key| tally.leave(key));
        let frame = Some(tree.frame(visit.node)).filter(|_| visit.depth > roots);
        let key = frame.and_then(&key);
        tally.enter(key, own(visit.node), totals[visit.node.index()]);
        path.push(key);
    }
    tally
}

impl Tally {
    fn new(keys: usize) -> Tally {
        Tally {
            own: vec![Count::ZERO; keys],
            total: vec![Count::ZERO; keys],
            occurs: vec![false; keys],
            open: vec![0; keys],
        }
    }

    fn enter(&mut self, key: Option<usize>, own: Count, total: Count) {
        let Some(key) = key else {
            return;
        };
        self.occurs[key] = true;
        self.own[key] += own;
        if self.open[key] == 0 {
            self.total[key] += total;
        }
        self.open[key] += 1;
    }

    fn leave(&mut self, key: Option<usize>) {
        if let Some(key) = key {
            self.open[key] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The same counts, computed stack by stack.
    fn by_stacks(lines: &[(Vec<&str>, u64)]) -> BTreeMap<String, (u64, u64)> {
        let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (stack, count) in lines {
            for (at, name) in stack.iter().enumerate() {
                let sums = sums.entry(name.to_string()).or_default();
                if at + 1 == stack.len() {
                    sums.0 += count;
                }
                if !stack[..at].contains(name) {
                    sums.1 += count;
                }
            }
        }
        sums
    }

    proptest! {
        #[test]
        fn recursion_counts_once(lines in prop::collection::vec(
            (prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..7), 0u64..9), 0..30,
        )) {
            let mut tree = CallTree::new();
            for (stack, count) in &lines {
                tree.add_stack(stack, *count);
            }
            let own = |node| tree.self_count(node).unwrap_or_default();
            let frames = tree.ids().map(|node| tree.frame(node).index()).max().unwrap_or(0) + 1;
            let tally = tally(&tree, own, frames, |frame| Some(frame.index()));
            let mut found = BTreeMap::new();
            for node in tree.ids().skip(1) {
                let frame = tree.frame(node).index();
                let name = String::from_utf8_lossy(tree.name(node)).into_owned();
                found.insert(name, (tally.own[frame].whole(), tally.total[frame].whole()));
            }
            prop_assert_eq!(found, by_stacks(&lines));
        }
    }

    #[test]
    fn deep_recursion_is_walked_in_one_pass() {
        let line = format!("main;{}leaf 3\n", "f;".repeat(100_000));
        let tree = folded::read(line.as_bytes()).expect("text").tree;
        let own = |node| tree.self_count(node).unwrap_or_default();
        let tally = tally(&tree, own, 4, |frame| Some(frame.index()));
        assert_eq!(tally.total[1..], [3, 3, 3].map(Count::from));
        assert_eq!(tally.own[1..], [0, 0, 3].map(Count::from));
    }
}

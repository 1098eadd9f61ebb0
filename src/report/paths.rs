//! The hottest stacks and the hot path.

use super::{Options, Row, Stack};
use crate::bytes::text::lossy;
use crate::call_tree::rebuild::fill_stack;
use crate::call_tree::{CallTree, Count, NodeId};
use std::cmp::Reverse;

/// The number of distinct stacks that count.
pub(super) fn count(tree: &CallTree, own: impl Fn(NodeId) -> Count) -> usize {
    tree.ids().filter(|node| !own(*node).is_zero()).count()
}

/// The stacks with the largest self counts; ties are in the order of folded text.
pub(super) fn hottest(
    tree: &CallTree,
    own: impl Fn(NodeId) -> Count,
    options: &Options,
) -> Vec<Stack> {
    let nodes = std::iter::once(CallTree::ROOT).chain(tree.walk().map(|visit| visit.node));
    let counted = nodes
        .map(|node| (own(node), node))
        .filter(|(own, _)| !own.is_zero());
    let mut stacks: Vec<(Reverse<Count>, usize, NodeId)> = counted
        .enumerate()
        .map(|(place, (own, node))| (Reverse(own), place, node))
        .collect();
    let limit = options.limit(stacks.len());
    if limit < stacks.len() {
        stacks.select_nth_unstable(limit);
        stacks.truncate(limit);
    }
    stacks.sort_unstable();
    let stacks = stacks.into_iter();
    stacks
        .map(|(Reverse(own), _, node)| Stack {
            frames: frames(tree, node),
            own,
        })
        .collect()
}

fn frames(tree: &CallTree, node: NodeId) -> Vec<String> {
    let mut stack = Vec::new();
    fill_stack(tree, node, &mut stack);
    stack.iter().map(|&node| name(tree, node)).collect()
}

/// The path from the root to the heaviest child each time.
pub(super) fn hot_path(
    tree: &CallTree,
    own: impl Fn(NodeId) -> Count,
    totals: &[Count],
) -> Vec<Row> {
    let heaviest = heaviest_children(tree, totals);
    let mut path = Vec::new();
    let mut node = CallTree::ROOT;
    while let Some(child) = heaviest[node.index()]
        && totals[child.index()] > own(node)
    {
        path.push(Row {
            name: name(tree, child),
            own: own(child),
            total: totals[child.index()],
        });
        node = child;
    }
    path
}

/// The child with the largest total of each node; the first by name among ties.
fn heaviest_children(tree: &CallTree, totals: &[Count]) -> Vec<Option<NodeId>> {
    let mut heaviest: Vec<Option<NodeId>> = vec![None; tree.len()];
    let rank = |node: NodeId| (totals[node.index()], Reverse(tree.name(node)));
    for node in tree.ids() {
        let Some(parent) = tree.parent(node) else {
            continue;
        };
        let best = &mut heaviest[parent.index()];
        if best.is_none_or(|best| rank(node) > rank(best)) {
            *best = Some(node);
        }
    }
    heaviest
}

fn name(tree: &CallTree, node: NodeId) -> String {
    lossy(tree.name(node)).into_owned()
}

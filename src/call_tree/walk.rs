//! Depth-first walks of a [`CallTree`].

use super::preorder::PreorderWalk;
use super::{CallTree, NodeId};
use std::cmp::Ordering;

/// One step of a [`Walk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The current node.
    pub node: NodeId,
    /// The number of frames in its stack: 1 for a child of the root.
    pub depth: usize,
}

/// The iterator that [`CallTree::walk`] returns.
#[derive(Debug, Clone)]
pub struct Walk<'a>(Order<'a>);

#[derive(Debug, Clone)]
enum Order<'a> {
    AsCreated(PreorderWalk<'a>),
    Sorting(SortingWalk<'a>),
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a CallTree) -> Walk<'a> {
        Walk(match tree.is_in_preorder {
            true => Order::AsCreated(PreorderWalk::new(tree, &tree.preorder)),
            false => Order::Sorting(SortingWalk::new(tree)),
        })
    }

    /// Skips all nodes below the one returned last.
    pub fn skip_callees(&mut self) {
        match &mut self.0 {
            Order::AsCreated(walk) => walk.skip_callees(),
            Order::Sorting(walk) => walk.skip_callees(),
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Visit;

    #[inline]
    fn next(&mut self) -> Option<Visit> {
        match &mut self.0 {
            Order::AsCreated(walk) => walk.next(),
            Order::Sorting(walk) => walk.next(),
        }
    }
}

/// A walk that sorts siblings when it reaches them, unless they keep their order of arrival.
#[derive(Debug, Clone)]
struct SortingWalk<'a> {
    tree: &'a CallTree,
    children: Children,
    /// The last node, unless its children are skipped.
    last: Option<Visit>,
    /// Pending nodes; the next one is last.
    pending: Vec<Visit>,
    /// Siblings to be sorted.
    sorting: Vec<Sibling>,
}

impl<'a> SortingWalk<'a> {
    fn new(tree: &'a CallTree) -> SortingWalk<'a> {
        SortingWalk {
            tree,
            children: Children::new(tree),
            last: Some(Visit {
                node: CallTree::ROOT,
                depth: 0,
            }),
            pending: Vec::new(),
            sorting: Vec::new(),
        }
    }

    fn skip_callees(&mut self) {
        self.last = None;
    }

    /// The only child of `parent`. If it has several, all of them become pending instead.
    fn only_child(&mut self, parent: NodeId, depth: usize) -> Option<Visit> {
        let visit = |node| Visit { node, depth };
        let children = self.children.of(parent);
        if let &[node] = children {
            return Some(visit(node));
        }
        let tree = self.tree;
        if tree.is_in_time_order() {
            let last_first = children.iter().rev().copied();
            self.pending.extend(last_first.map(visit));
            return None;
        }
        self.sorting.clear();
        let siblings = children.iter().map(|&node| Sibling::new(tree, node));
        self.sorting.extend(siblings);
        self.sorting.sort_unstable_by(|a, b| b.cmp(a, tree));
        let last_first = self.sorting.iter().map(|sibling| sibling.node);
        self.pending.extend(last_first.map(visit));
        None
    }
}

impl Iterator for SortingWalk<'_> {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let last = self.last.take();
        let child = last.and_then(|last| self.only_child(last.node, last.depth + 1));
        self.last = child.or_else(|| self.pending.pop());
        self.last
    }
}

/// A sibling to be sorted.
#[derive(Debug, Clone, Copy)]
struct Sibling {
    /// The first bytes of its name, because names are scattered in memory; 0 if it is shorter.
    start: u64,
    node: NodeId,
}

impl Sibling {
    fn new(tree: &CallTree, node: NodeId) -> Sibling {
        let start = tree.name(node).first_chunk();
        Sibling {
            start: start.map_or(0, |start| u64::from_be_bytes(*start)),
            node,
        }
    }

    fn cmp(&self, other: &Sibling, tree: &CallTree) -> Ordering {
        match self.start != 0 && other.start != 0 {
            true => self.start.cmp(&other.start),
            false => Ordering::Equal,
        }
        .then_with(|| cmp_first_line(tree, self.node, other.node))
    }
}

/// Orders siblings by the first sorted folded line in which each appears: the line of `foo` itself
/// is `foo COUNT`, and the lines below it start with `foo;`.
fn cmp_first_line(tree: &CallTree, a: NodeId, b: NodeId) -> Ordering {
    let (name_a, name_b) = (tree.name(a), tree.name(b));
    let common = name_a.len().min(name_b.len());
    name_a[..common].cmp(&name_b[..common]).then_with(|| {
        // If one name is a prefix of the other, the text after the shorter one decides.
        let rest_a = [&name_a[common..], line_after_name(tree, a).as_bytes()].concat();
        let rest_b = [&name_b[common..], line_after_name(tree, b).as_bytes()].concat();
        rest_a.cmp(&rest_b)
    })
}

fn line_after_name(tree: &CallTree, node: NodeId) -> String {
    match tree.self_count(node) {
        Some(count) => format!(" {count}"),
        None => ";".to_string(),
    }
}

/// The children of every node of a [`CallTree`], in the order in which they were created.
#[derive(Debug, Clone)]
pub struct Children {
    /// Children of all nodes, grouped by parent.
    nodes: Vec<NodeId>,
    /// The start of each parent's group, with two additional entries at the end.
    starts: Vec<u32>,
}

impl Children {
    pub(crate) fn new(tree: &CallTree) -> Children {
        // While filling groups, each start is the position of the next node in the preceding group.
        let mut starts = vec![0u32; tree.len() + 2];
        let parents = || tree.nodes[1..].iter().map(|node| node.parent.index());
        for parent in parents() {
            starts[parent + 2] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut nodes = vec![CallTree::ROOT; tree.len() - 1];
        for (parent, id) in parents().zip(tree.ids().skip(1)) {
            let slot = &mut starts[parent + 1];
            nodes[*slot as usize] = id;
            *slot += 1;
        }
        Children { nodes, starts }
    }

    /// The children of `parent`; empty for a leaf, and for nodes that were added later.
    pub fn of(&self, parent: NodeId) -> &[NodeId] {
        match self.starts.get(parent.index()..parent.index() + 2) {
            Some(&[start, end]) => &self.nodes[start as usize..end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Covers names that are prefixes of each other, or that share their first 8 bytes.
        #[test]
        fn siblings_come_in_the_order_of_their_first_lines(
            siblings in prop::collection::btree_map(
                "(long name)?[\0 !1a<]{1,9}",
                (prop::option::of(1u64..20), any::<bool>()),
                0..30,
            )
        ) {
            let mut tree = CallTree::new();
            let mut expected = Vec::new();
            for (name, (count, calls)) in &siblings {
                let own = count.map(|count| format!("{name} {count}"));
                let below = (*calls || count.is_none()).then(|| format!("{name};x 1"));
                for line in [&own, &below].into_iter().flatten() {
                    let (stack, count) = line.rsplit_once(' ').unwrap();
                    tree.add_stack([stack], count.parse::<u64>().unwrap());
                }
                expected.extend(own.into_iter().chain(below).min().map(|line| (line, name)));
            }
            expected.sort();
            let expected: Vec<&[u8]> = expected.iter().map(|(_, name)| name.as_bytes()).collect();
            let siblings = tree.walk().filter(|visit| visit.depth == 1);
            let names: Vec<&[u8]> = siblings.map(|visit| tree.name(visit.node)).collect();
            prop_assert_eq!(names, expected);
        }
    }
}

//! From the profile to the tree that is drawn: stacks cut at a base, stacks turned round.
//!
//! Both counts of a differential profile go through it, so that a change stays with its stack.

use super::Options;
use crate::call_tree::{CallTree, Count, FrameId, NodeId};
use std::borrow::Cow;

/// `tree` itself unless the options ask for other stacks.
///
/// The base is looked for in stacks as they were recorded, and what it leaves is turned round.
pub(super) fn for_drawing<'t>(tree: &'t CallTree, opt: &Options<'_>) -> Cow<'t, CallTree> {
    if opt.base.is_empty() && !opt.reverse_stack_order {
        return Cow::Borrowed(tree);
    }
    let mut builder = Builder::new(tree);
    let bases: Vec<&[u8]> = opt.base.iter().map(String::as_bytes).collect();
    let mut stack = Vec::new();
    for part in parts_in_order(tree) {
        if !leaf_first_from_base(tree, part.node, &bases, &mut stack) {
            continue;
        }
        if !opt.reverse_stack_order {
            stack.reverse();
        }
        builder.add(&stack, &part);
    }
    Cow::Owned(builder.made)
}

/// The self count of a node, or the part of it that lies between two children.
struct Part {
    node: NodeId,
    before: Option<Count>,
    count: Count,
}

/// What was counted, in the order of time if the tree is in time order.
fn parts_in_order(tree: &CallTree) -> Vec<Part> {
    if tree.is_in_time_order() {
        return TimeOrder::new(tree).parts;
    }
    let whole = |node| Part::rest(tree, node, Count::ZERO);
    tree.ids().filter_map(whole).collect()
}

impl Part {
    /// What is left of the node's self count after `done` of it.
    fn rest(tree: &CallTree, node: NodeId, done: Count) -> Option<Part> {
        let count = tree.self_count(node)?.saturating_sub(done);
        let before = tree.self_before(node);
        // The rest says all about the count of the other profile, which knows no order of time.
        let is_all_known = done > Count::ZERO && count.is_zero() && before.is_none();
        (!is_all_known).then_some(Part {
            node,
            before,
            count,
        })
    }
}

struct TimeOrder<'t> {
    tree: &'t CallTree,
    parts: Vec<Part>,
    /// The nodes from the root to the current one, with how much of their self count is out.
    open: Vec<(NodeId, Count)>,
}

impl<'t> TimeOrder<'t> {
    fn new(tree: &'t CallTree) -> TimeOrder<'t> {
        let mut order = TimeOrder {
            tree,
            parts: Vec::new(),
            open: vec![(CallTree::ROOT, Count::ZERO)],
        };
        for visit in tree.walk() {
            order.close_to(visit.depth);
            order.count_up_to(tree.parent_self_before(visit.node));
            order.open.push((visit.node, Count::ZERO));
        }
        order.close_to(0);
        order
    }

    /// Ends the frames deeper than `depth`.
    fn close_to(&mut self, depth: usize) {
        for (node, done) in self.open.drain(depth..).rev() {
            self.parts.extend(Part::rest(self.tree, node, done));
        }
    }

    /// Lets the innermost open frame run until its self count reached `until`.
    fn count_up_to(&mut self, until: Count) {
        let Some((node, done)) = self.open.last_mut().filter(|(_, done)| *done < until) else {
            return;
        };
        self.parts.push(Part {
            node: *node,
            before: self.tree.is_differential().then_some(Count::ZERO),
            count: until.saturating_sub(*done),
        });
        *done = until;
    }
}

/// Puts into `stack` the frames from `node` up to the nearest base, or to the root if there are no
/// bases; `false` if there are, but none is in the stack.
fn leaf_first_from_base(
    tree: &CallTree,
    node: NodeId,
    bases: &[&[u8]],
    stack: &mut Vec<NodeId>,
) -> bool {
    stack.clear();
    let mut next = Some(node);
    while let Some(node) = next.filter(|&node| node != CallTree::ROOT) {
        stack.push(node);
        if bases.contains(&tree.name(node)) {
            return true;
        }
        next = tree.parent(node);
    }
    bases.is_empty()
}

struct Builder<'t> {
    from: &'t CallTree,
    made: CallTree,
    /// The frames of `from` in `made`, where they are known.
    frames: Vec<Option<FrameId>>,
}

impl<'t> Builder<'t> {
    fn new(from: &'t CallTree) -> Builder<'t> {
        Builder {
            from,
            made: match from.is_in_time_order() {
                true => CallTree::in_time_order(),
                false => CallTree::new(),
            },
            frames: Vec::new(),
        }
    }

    fn add(&mut self, stack: &[NodeId], part: &Part) {
        let mut node = CallTree::ROOT;
        for &original in stack {
            let frame = self.frame_of(original);
            node = self.made.child(node, frame);
        }
        match part.before {
            Some(before) => self.made.add_change(node, before, part.count),
            None => self.made.add(node, part.count),
        }
    }

    fn frame_of(&mut self, original: NodeId) -> FrameId {
        let index = self.from.frame(original).index();
        if index >= self.frames.len() {
            self.frames.resize(index + 1, None);
        }
        let (from, made) = (self.from, &mut self.made);
        *self.frames[index].get_or_insert_with(|| made.intern(from.name(original)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded::{self, LineFolder};

    fn transformed(tree: CallTree, lines: &[&str], opt: &Options<'_>) -> Vec<String> {
        let mut folder = LineFolder::new(tree);
        lines
            .iter()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let mut out = Vec::new();
        folded::write(&for_drawing(&tree, opt), &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(str::to_string)
            .collect()
    }

    fn options(base: &[&str], reverse: bool) -> Options<'static> {
        Options {
            base: base.iter().map(|name| name.to_string()).collect(),
            reverse_stack_order: reverse,
            ..Options::default()
        }
    }

    const LINES: [&str; 4] = ["b 1", "a;b;c;b;d 2", "b;c 4", "x;y 8"];

    #[test]
    fn the_innermost_base_becomes_the_root() {
        let lines = transformed(CallTree::new(), &LINES, &options(&["b"], false));
        assert_eq!(lines, ["b 1", "b;c 4", "b;d 2"]);
        let lines = transformed(CallTree::new(), &LINES, &options(&["b", "y"], false));
        assert_eq!(lines, ["b 1", "b;c 4", "b;d 2", "y 8"]);
    }

    #[test]
    fn reversed_stacks_merge_from_their_leaves() {
        let lines = ["a;b;c 1", "x;c 2", "x 4"];
        let lines = transformed(CallTree::new(), &lines, &options(&[], true));
        assert_eq!(lines, ["c;b;a 1", "c;x 2", "x 4"]);
        let lines = transformed(CallTree::new(), &LINES, &options(&["b"], true));
        assert_eq!(lines, ["b 1", "c;b 4", "d;b 2"]);
    }

    #[test]
    fn both_counts_move_with_their_stack() {
        let lines = ["m;a 1 2", "n;a 10 20"];
        let lines = transformed(CallTree::new(), &lines, &options(&[], true));
        assert_eq!(lines, ["a;m 1 2", "a;n 10 20"]);
    }

    #[test]
    fn time_order_is_kept() {
        let lines = ["m;b 1", "m;b;c 1", "m;b 2", "n;b;a 1", "m;b;c 1"];
        let opt = options(&["b"], false);
        let mut folder = LineFolder::new(CallTree::in_time_order());
        lines
            .iter()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let made = for_drawing(&tree, &opt);
        let parts: Vec<(String, String)> = parts_in_order(&made)
            .iter()
            .map(|part| {
                (
                    crate::text::lossy(made.name(part.node)).into_owned(),
                    part.count.to_string(),
                )
            })
            .collect();
        let expected = [("b", "1"), ("c", "1"), ("b", "2"), ("a", "1"), ("c", "1")];
        assert_eq!(
            parts,
            expected.map(|(name, count)| (name.to_string(), count.to_string()))
        );
    }
}

//! Builds a tree from folded lines.

use super::in_order::{InOrder, is_frame_end, is_new};
use super::predictions::{Key, Predictions};
use super::tally::{LineKind, Tally};
use super::{Line, Profile, is_blank_or_comment};
use crate::bytes::blocks::{Blocks, Buffer};
use crate::bytes::lines::{after_last_line, common_prefix, lines_of};
use crate::bytes::text::{trim, trim_start};
use crate::call_tree::{CallTree, FrameId, NodeId, Roots, Unit};
use crate::input::decode::Text;
use std::io::{self, Read};

/// Folds lines into a tree, one after another.
///
/// Adjacent lines of sorted text usually have a common prefix. Frames in the prefix shared with the
/// previous line are not looked up again.
pub(crate) struct LineFolder {
    tree: CallTree,
    ignored_lines: u64,
    previous: Vec<u8>,
    /// For each frame of `previous`: where it ends, and its node.
    path: Vec<(usize, NodeId)>,
    /// Whether no line sorted before the previous one, so that equal stacks are adjacent.
    is_sorted: bool,
    joins_recursion: bool,
    in_order: InOrder,
    predictions: Predictions,
}

impl LineFolder {
    pub fn new(tree: CallTree) -> LineFolder {
        LineFolder {
            in_order: InOrder::new(&tree),
            tree,
            ignored_lines: 0,
            previous: Vec::new(),
            path: Vec::new(),
            is_sorted: true,
            joins_recursion: false,
            predictions: Predictions::default(),
        }
    }

    /// Merges consecutive frames with the same name into one.
    pub fn joining_recursion(tree: CallTree) -> LineFolder {
        LineFolder {
            joins_recursion: true,
            in_order: InOrder::default(),
            ..LineFolder::new(tree)
        }
    }

    /// Folds all lines of `reader`, and returns what kinds of lines they are.
    pub fn read<R: Read>(&mut self, reader: R) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let mut blocks = Blocks::new(Text::new(reader)?);
        let mut block = Buffer::default();
        while blocks.next_into(&mut block, after_last_line)? {
            for line in lines_of(&block) {
                match self.fold_line_kind(line) {
                    LineKind::Stack => tally.stacks += 1,
                    LineKind::Comment => {}
                    LineKind::Other => tally.add_other(line),
                }
            }
        }
        Ok(tally)
    }

    /// Folds a line. Lines that are neither stacks nor comments are counted.
    pub fn fold_line(&mut self, line: &[u8]) {
        self.fold_line_kind(line);
    }

    /// Folds a line, and returns its kind.
    pub fn fold_line_kind(&mut self, line: &[u8]) -> LineKind {
        match Line::parse(line) {
            Some(parsed) if parsed.is_comment(line) => LineKind::Comment,
            Some(parsed) => {
                self.fold_stack(line, parsed);
                LineKind::Stack
            }
            None if is_blank_or_comment(trim(line)) => LineKind::Comment,
            None => {
                self.ignored_lines += 1;
                LineKind::Other
            }
        }
    }

    /// Adds the stacks of a tree.
    pub fn merge(&mut self, tree: &CallTree) {
        self.forget_previous();
        self.tree.merge(tree);
    }

    /// Adds the stacks of a tree by value, which avoids a copy if it is the first one.
    pub fn take(&mut self, tree: CallTree) {
        self.forget_previous();
        if is_new(&self.tree) {
            self.tree = tree;
            self.predictions = Predictions::default();
        } else {
            self.tree.merge(&tree);
        }
    }

    /// Marks the unit and the roots as unknown, which they are for some stacks.
    pub fn forget_description(&mut self) {
        self.tree.set_unit(Unit::Unknown);
        self.tree.set_roots(Roots::Unknown);
    }

    /// Whether no line sorted before the previous one.
    pub fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    pub fn finish(mut self) -> Profile {
        self.in_order.mark(&mut self.tree);
        Profile {
            tree: self.tree,
            ignored_lines: self.ignored_lines,
        }
    }

    fn fold_stack(&mut self, line: &[u8], parsed: Line) {
        if parsed.stack.is_empty() {
            return self.fold_empty_stack(parsed);
        }
        let common = common_prefix(&self.previous, parsed.stack);
        self.is_sorted &= trim_start(line)[common..] >= self.previous[common..];
        let node = self.walk_on(parsed.stack, common);
        self.add(node, parsed);
    }

    /// Counts a sample without frames for the root.
    #[cold]
    fn fold_empty_stack(&mut self, parsed: Line) {
        self.is_sorted &= self.previous.is_empty();
        if self.tree.len() > 1 {
            self.forget_previous();
        }
        self.add(CallTree::ROOT, parsed);
    }

    #[inline]
    fn add(&mut self, node: NodeId, parsed: Line) {
        match parsed.before {
            Some(before) => self.tree.add_change(node, before, parsed.count),
            None => self.tree.add(node, parsed.count),
        }
    }

    /// Resets the state, so that the next stack is looked up from the root.
    fn forget_previous(&mut self) {
        self.in_order.give_up();
        self.previous.clear();
        self.path.clear();
    }

    /// The node of a stack that shares its first `common` bytes with the previous one.
    fn walk_on(&mut self, stack: &[u8], common: usize) -> NodeId {
        let latest = self.path.last().map(|&(_, node)| node);
        self.in_order.follow(stack, &self.previous, common, latest);
        self.drop_unshared(stack, common);
        let (mut start, mut node) = match self.path.last() {
            Some(&(end, node)) => (end + 1, node),
            None => (0, CallTree::ROOT),
        };
        let mut latest = self.tree.frame(node);
        while start <= stack.len() {
            let (frame, end) = self.frame_at(start, stack, latest);
            if !self.is_recursion(node, frame) {
                node = self.child(node, frame, end);
            }
            self.path.push((end, node));
            latest = frame;
            start = end + 1;
        }
        self.previous.truncate(common);
        self.previous.extend_from_slice(&stack[common..]);
        node
    }

    fn child(&mut self, caller: NodeId, frame: FrameId, end: usize) -> NodeId {
        if !self.in_order.holds() {
            return self.tree.child(caller, frame);
        }
        let ended = self.in_order.find_ended(end, self.path.len(), &self.tree);
        ended.unwrap_or_else(|| self.tree.push_new_child(caller, frame))
    }

    /// The frame that starts at `start`, after the frame `latest`, and its end.
    fn frame_at(&mut self, start: usize, stack: &[u8], latest: FrameId) -> (FrameId, usize) {
        let rest = &stack[start..];
        let key = Key::new(latest, rest);
        if let Some(predicted) = key.and_then(|key| self.predictions.get(key))
            && let name = self.tree.frame_name(predicted)
            && rest.starts_with(name)
            && is_frame_end(rest, name.len())
        {
            return (predicted, start + name.len());
        }
        let length = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let frame = self.tree.intern_as_is(&rest[..length]);
        if let Some(key) = key {
            self.predictions.note(key, frame);
        }
        (frame, start + length)
    }

    fn is_recursion(&self, caller: NodeId, frame: FrameId) -> bool {
        self.joins_recursion && caller != CallTree::ROOT && self.tree.frame(caller) == frame
    }

    /// Truncates `path` to the frames shared with `stack`.
    fn drop_unshared(&mut self, stack: &[u8], common: usize) {
        let is_shared = |end: usize| end < common || (end == common && is_frame_end(stack, end));
        let shared = self.path.partition_point(|&(end, _)| is_shared(end));
        self.path.truncate(shared);
        self.in_order.leave(shared, &self.tree);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::text::lossy;
    use crate::call_tree::Visit;
    use proptest::prelude::*;

    /// The naive implementation: each stack is looked up from the root, starting with the last
    /// line.
    fn tree_of(lines: &[String]) -> CallTree {
        let mut tree = CallTree::new();
        for line in lines.iter().rev() {
            let Some(line) = Line::parse(line.as_bytes()) else {
                continue;
            };
            let node = match line.stack {
                b"" => CallTree::ROOT,
                stack => tree.descend(CallTree::ROOT, stack),
            };
            match line.before {
                Some(before) => tree.add_change(node, before, line.count),
                None => tree.add(node, line.count),
            }
        }
        tree
    }

    /// The frames in walk order, with their counts.
    fn walked(tree: &CallTree) -> Vec<String> {
        walked_in_part(tree, &[])
    }

    /// Like [`walked`], without the subtrees of the frames at the positions that are `skipped`.
    fn walked_in_part(tree: &CallTree, skipped: &[bool]) -> Vec<String> {
        let (mut walk, mut walked) = (tree.walk(), Vec::new());
        while let Some(Visit { node, depth }) = walk.next() {
            if skipped.get(walked.len()) == Some(&true) {
                walk.skip_callees();
            }
            let counts = (tree.self_before(node), tree.self_count(node));
            walked.push(format!("{depth} {} {counts:?}", lossy(tree.name(node))));
        }
        walked
    }

    fn folded(lines: &[String]) -> LineFolder {
        let mut folder = LineFolder::new(CallTree::new());
        lines
            .iter()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        folder
    }

    proptest! {
        /// Covers frames that are prefixes of each other, so that a stack resumes after other
        /// stacks, and characters that sort before and after `;` and the space before a count.
        #[test]
        fn sorted_lines_make_the_same_tree_as_unsorted_ones(
            mut lines in prop::collection::vec("[a!;]{0,4}([ \t]?[a1;]){0,3} [1-9]", 0..16),
            by_stack: bool,
            out_of_order in 0usize..40,
            skipped in prop::collection::vec(any::<bool>(), 0..20),
        ) {
            lines.sort();
            if by_stack {
                lines.sort_by(|a, b| a[..a.len() - 2].cmp(&b[..b.len() - 2]));
            }
            if out_of_order + 1 < lines.len() {
                lines.swap(out_of_order, out_of_order + 1);
            }
            let (tree, twin) = (folded(&lines).finish().tree, tree_of(&lines));
            prop_assert_eq!(walked(&tree), walked(&twin));
            prop_assert_eq!(walked_in_part(&tree, &skipped), walked_in_part(&twin, &skipped));
        }

        /// The added stacks repeat some of the sorted ones, in whole or in part.
        #[test]
        fn stacks_can_be_added_to_those_of_sorted_lines(
            mut lines in prop::collection::vec("[a!;]{1,3} [1-9]", 0..6),
            more in prop::collection::vec(("[a!;]{1,3}", any::<bool>()), 1..4),
        ) {
            lines.sort();
            let [found, expected] = [folded(&lines).finish().tree, tree_of(&lines)].map(|mut tree| {
                for (stack, is_counted) in &more {
                    let node = tree.descend(CallTree::ROOT, stack.as_bytes());
                    if *is_counted {
                        tree.add(node, 1u64);
                    }
                }
                tree
            });
            prop_assert_eq!(walked(&found), walked(&expected));
        }

        #[test]
        fn sorted_lines_can_follow_other_stacks(
            mut lines in prop::collection::vec("[a!;]{1,3} [1-9]", 0..6),
            others in prop::collection::vec("[a!;]{0,3} [1-9]", 0..6),
            at in 0usize..6,
        ) {
            lines.sort();
            let (start, rest) = lines.split_at(at.min(lines.len()));
            let mut folder = folded(start);
            folder.merge(&tree_of(&others));
            rest.iter().for_each(|line| folder.fold_line(line.as_bytes()));
            let tree = folder.finish().tree;
            lines.extend(others);
            prop_assert_eq!(walked(&tree), walked(&tree_of(&lines)));
        }
    }

    #[test]
    fn names_that_start_alike_are_not_mistaken_for_each_other() {
        let start = "long::".repeat(6);
        let ends = [
            "b", "", "bb", ";c", "b;c", "b", "", ";c", "bb;c", "b;", "b;c",
        ];
        let lines = ends.map(|end| format!("a;{start}{end} 1"));
        assert_eq!(
            walked(&folded(&lines).finish().tree),
            walked(&tree_of(&lines))
        );
    }

    #[test]
    fn a_stack_may_continue_after_others_with_the_same_start() {
        let lines = [
            "a 1", "a!b 2", "a!b!c 3", "a!b;d 4", "a;e 5", "a;e!f 6", "a;e;g 7",
        ];
        let lines = lines.map(str::to_string);
        let tree = folded(&lines).finish().tree;
        assert_eq!(tree.len(), 8);
        assert_eq!(walked(&tree), walked(&tree_of(&lines)));
    }

    #[test]
    fn the_empty_stack_counts_for_the_root_in_any_line() {
        for lines in [
            [" 2", "a 1", "b 3"],
            ["a 1", " 2", "b 3"],
            ["b 3", "a 1", " 2"],
        ] {
            let lines = lines.map(str::to_string);
            let folder = folded(&lines);
            assert_eq!(folder.is_sorted(), lines[0] == " 2");
            let tree = folder.finish().tree;
            assert_eq!(tree.self_count(CallTree::ROOT), Some(2.into()));
            assert_eq!(walked(&tree), walked(&tree_of(&lines)));
        }
    }

    #[test]
    fn in_time_order_the_empty_stack_ends_all_frames() {
        let mut folder = LineFolder::new(CallTree::in_time_order());
        for line in ["a;b 1", " 2", "a;b 3"] {
            folder.fold_line(line.as_bytes());
        }
        let tree = folder.finish().tree;
        let names: Vec<_> = tree.walk().map(|visit| tree.name(visit.node)).collect();
        assert_eq!(names, [b"a", b"b", b"a", b"b"]);
    }

    #[test]
    fn a_count_added_later_changes_the_order() {
        let lines = ["a! 1", "a;b 2"].map(str::to_string);
        let mut tree = folded(&lines).finish().tree;
        tree.add_stack(["a"], 3u64);
        let names: Vec<_> = tree.walk().map(|visit| tree.name(visit.node)).collect();
        assert_eq!(names, [&b"a"[..], b"b", b"a!"]);
    }
}

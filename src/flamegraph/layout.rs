//! Decides which frames are drawn and where, independently of pixels, colors and XML.

use super::color::Change;
use super::{DiffWidth, defaults};
use crate::call_tree::{CallTree, Count, NodeId, Visit};

/// The frames that are wide enough to be drawn.
#[derive(Debug)]
pub(super) struct Layout {
    /// Each frame precedes its callees.
    pub frames: Vec<Frame>,
    /// The largest [`Frame::depth`].
    pub deepest: usize,
    /// The largest change of a visible frame, except the root, which includes all of them. In units
    /// of 10⁻⁹ samples.
    pub largest_delta: i128,
    /// The width of each node in samples, whether drawn or not.
    totals: Vec<Count>,
    /// Frames with fewer samples are not drawn.
    min_samples: f64,
    /// Whether descendants of frames that are not drawn are omitted from the profile data.
    omits_callees: bool,
    /// Frames with at most this many samples are omitted from the profile data, except for the root.
    max_light: Option<Count>,
    is_in_time_order: bool,
    /// The frames omitted because they are light.
    pub light: Light,
    /// The profile that determines widths.
    diff_width: DiffWidth,
    /// The baseline and current counts of the nodes in a differential graph; otherwise empty.
    before: Vec<Count>,
    after: Vec<Count>,
}

/// Which frames are left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Frames with a smaller share of the samples, in percent, are not drawn. If that is above the
    /// default, their callees are omitted altogether.
    pub min_width: f64,
    /// The lightest frames are omitted, so that no more than this many are left, including the root.
    pub max_frames: Option<usize>,
}

/// The frames omitted because there are too many.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Light {
    pub frames: usize,
    /// The samples in them.
    pub count: Count,
}

/// A drawn frame. It covers the samples from `start` to `start + count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub node: NodeId,
    /// 0 for the root, which contains all stacks.
    pub depth: usize,
    /// The number of samples to the left of it.
    pub start: Count,
    /// Its samples, including those of its callees. In a differential graph, those of the profile
    /// that determines widths.
    pub count: Count,
}

/// The position of a frame, drawn or not, as in [`Frame`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub node: NodeId,
    pub depth: usize,
    pub start: f64,
    pub count: f64,
}

/// A node, drawn or not, in layout order: left to right, callers before callees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub visit: Visit,
    pub omitted: Option<Omitted>,
}

/// An omitted node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Omitted {
    /// Its count in the baseline of a differential profile.
    pub before: Option<Count>,
    pub after: Count,
    /// Whether it comes after all its siblings, together with others.
    pub is_last: bool,
}

impl Layout {
    /// Calls `on_step` with each node, except for descendants of omitted ones.
    pub fn new(
        tree: &CallTree,
        limits: Limits,
        diff_width: DiffWidth,
        on_step: impl FnMut(Step),
    ) -> Layout {
        let Limits {
            min_width,
            max_frames,
        } = limits;
        let widths = Widths::new(tree, diff_width);
        let totals = widths.totals();
        let max_light = max_frames.and_then(|max_frames| max_light(&totals, max_frames));
        let (before, after) = match tree.is_differential() {
            true => (tree.totals_before(), tree.totals()),
            false => Default::default(),
        };
        let total = totals[CallTree::ROOT.index()];
        let mut layout = Layout {
            frames: Vec::new(),
            deepest: 0,
            largest_delta: 0,
            light: Light::default(),
            max_light,
            is_in_time_order: tree.is_in_time_order(),
            totals,
            min_samples: min_width / (100.0 / total.to_f64()),
            omits_callees: min_width > defaults::MIN_WIDTH,
            diff_width: widths.diff_width,
            before,
            after,
        };
        layout.place(tree, &widths, on_step);
        layout
    }

    /// The sum of all samples in the profile.
    pub fn total(&self) -> Count {
        self.totals[CallTree::ROOT.index()]
    }

    /// Whether a node, which is not below an omitted one, is itself omitted.
    pub fn is_omitted(&self, node: NodeId) -> bool {
        self.omits(self.totals[node.index()])
    }

    /// Whether a node with this many samples is omitted.
    fn omits(&self, count: Count) -> bool {
        self.is_light(count) || (self.omits_callees && !self.is_wide(count))
    }

    /// The number of frames that can be seen by zooming in, including the root.
    pub fn visible(&self, tree: &CallTree) -> usize {
        match self.omits_callees {
            true => self.frames.len(),
            false => tree.len() - self.light.frames,
        }
    }

    fn is_wide(&self, count: Count) -> bool {
        count.to_f64() >= self.min_samples
    }

    fn is_light(&self, count: Count) -> bool {
        self.max_light.is_some_and(|max| count <= max)
    }

    /// Whether a node with this many samples comes after all its siblings: one gap for all light ones
    /// takes less of the file than many. In time order, each has its place.
    fn is_last(&self, count: Count) -> bool {
        !self.is_in_time_order && self.is_light(count)
    }

    /// The change of a node, drawn or not; `None` if the profile is not differential.
    pub fn change(&self, node: NodeId) -> Option<Change> {
        let (before, after) = self.counts(node);
        Some(Change {
            before: before?.in_nanos(),
            after: after.in_nanos(),
        })
    }

    /// The larger sum of the two profiles, in units of 10⁻⁹ samples.
    pub fn larger_total(&self) -> f64 {
        let (before, after) = self.counts(CallTree::ROOT);
        before.unwrap_or_default().max(after).in_nanos() as f64
    }

    /// The counts of the frame before and after; `None` if the profile is not differential.
    pub fn before_and_after(&self, frame: &Frame) -> Option<(Count, Count)> {
        let index = frame.node.index();
        Some((*self.before.get(index)?, *self.after.get(index)?))
    }

    /// The counts of a node, drawn or not; the first one only in a differential profile.
    fn counts(&self, node: NodeId) -> (Option<Count>, Count) {
        let index = node.index();
        match (self.before.get(index), self.after.get(index)) {
            (Some(before), Some(after)) => (Some(*before), *after),
            _ => (None, self.totals[index]),
        }
    }

    fn place(&mut self, tree: &CallTree, widths: &Widths<'_>, mut on_step: impl FnMut(Step)) {
        let total = self.total();
        let light = self.totals.iter().skip(1);
        self.light.frames = light.filter(|count| self.is_light(**count)).count();
        if self.is_wide(total) {
            self.push(Frame {
                node: CallTree::ROOT,
                depth: 0,
                start: Count::ZERO,
                count: total,
            });
        }
        // For each open frame: its start, and the samples of its callees so far.
        let mut open = vec![(Count::ZERO, Count::ZERO)];
        let mut walk = tree.walk();
        while let Some(visit) = walk.next() {
            let count = self.totals[visit.node.index()];
            let omitted = self.omits(count).then(|| self.omitted(visit.node));
            on_step(Step { visit, omitted });
            if omitted.is_some() {
                walk.skip_callees();
                if self.is_light(count) {
                    self.light.count += count;
                }
            }
            if visit.depth > open.len() {
                // Below a frame that is not drawn.
                continue;
            }
            open.truncate(visit.depth);
            let (caller_start, done) = &mut open[visit.depth - 1];
            let start = *caller_start + widths.caller_self(visit.node) + *done;
            if !self.is_last(count) {
                *done += count;
            }
            if omitted.is_none() && self.is_wide(count) {
                open.push((start, Count::ZERO));
                self.push(Frame {
                    node: visit.node,
                    depth: visit.depth,
                    start,
                    count,
                });
            }
        }
    }

    #[cold]
    fn omitted(&self, node: NodeId) -> Omitted {
        let (before, after) = self.counts(node);
        Omitted {
            before,
            after,
            is_last: self.is_last(self.totals[node.index()]),
        }
    }

    /// Calls `on_span` with each frame with fewer than `limit` samples, drawn or not. Frames that are
    /// omitted from the profile data are skipped.
    ///
    /// Unlike those of [`Frame`], positions are inexact, which is faster and enough for painting.
    pub fn for_each_below(&self, tree: &CallTree, limit: f64, mut on_span: impl FnMut(&Span)) {
        let widths = Widths {
            tree,
            diff_width: self.diff_width,
        };
        // The caller's self samples to the left of its callees: all of them, except in time order.
        let before_all = |caller| match self.is_in_time_order {
            true => 0.0,
            false => widths.of_self(caller).map_or(0.0, Count::to_f64),
        };
        let before = |node| match self.is_in_time_order {
            true => widths.caller_self(node).to_f64(),
            false => 0.0,
        };
        // For each open frame: where its callees start, and their samples so far.
        let mut open = vec![(before_all(CallTree::ROOT), 0.0)];
        let mut walk = tree.walk();
        while let Some(Visit { node, depth }) = walk.next() {
            open.truncate(depth);
            let total = self.totals[node.index()];
            let count = total.to_f64();
            let (callees_start, done) = &mut open[depth - 1];
            let start = *callees_start + before(node) + *done;
            if !self.is_last(total) {
                *done += count;
            }
            open.push((start + before_all(node), 0.0));
            if self.omits(total) {
                walk.skip_callees();
            } else if count < limit && depth <= self.deepest {
                on_span(&Span {
                    node,
                    depth,
                    start,
                    count,
                });
            }
        }
    }

    fn push(&mut self, frame: Frame) {
        self.deepest = self.deepest.max(frame.depth);
        if frame.depth > 0 && !frame.count.is_zero() {
            let delta = self.change(frame.node).map_or(0, Change::delta);
            self.largest_delta = self.largest_delta.max(delta.abs());
        }
        self.frames.push(frame);
    }
}

/// The samples up to which frames are light, so that at most `max_frames` are not, including the
/// root; `None` if there are no more than that.
fn max_light(totals: &[Count], max_frames: usize) -> Option<Count> {
    let others = max_frames.max(1) - 1;
    let mut counts = totals[1..].to_vec();
    if counts.len() <= others {
        return None;
    }
    let (_, max_light, _) = counts.select_nth_unstable_by(others, |a, b| b.cmp(a));
    Some(*max_light)
}

/// Computes the widths of nodes in samples.
struct Widths<'t> {
    tree: &'t CallTree,
    diff_width: DiffWidth,
}

impl<'t> Widths<'t> {
    fn new(tree: &'t CallTree, diff_width: DiffWidth) -> Widths<'t> {
        let has_choice = tree.is_differential() && !tree.is_in_time_order();
        let diff_width = match has_choice {
            true => diff_width,
            false => DiffWidth::After,
        };
        Widths { tree, diff_width }
    }

    /// Widths including descendants.
    fn totals(&self) -> Vec<Count> {
        match self.diff_width {
            DiffWidth::After => self.tree.totals(),
            DiffWidth::Before => self.tree.totals_before(),
            DiffWidth::Larger => {
                let own = |node| self.of_self(node).unwrap_or_default();
                self.tree.totals_of(own)
            }
        }
    }

    /// The width of the node itself; `None` if no stack ends here.
    #[inline]
    fn of_self(&self, node: NodeId) -> Option<Count> {
        let after = self.tree.self_count(node)?;
        let before = || self.tree.self_before(node).unwrap_or_default();
        Some(match self.diff_width {
            DiffWidth::After => after,
            DiffWidth::Before => before(),
            DiffWidth::Larger => before().max(after),
        })
    }

    /// The self count of the caller before it called `node`.
    fn caller_self(&self, node: NodeId) -> Count {
        match self.diff_width {
            DiffWidth::After => self.tree.parent_self_so_far(node),
            _ => {
                let caller = self.tree.parent(node);
                let own = caller.and_then(|caller| self.of_self(caller));
                own.unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded::LineFolder;

    fn tree(tree: CallTree, lines: &str) -> CallTree {
        let mut folder = LineFolder::new(tree);
        lines
            .lines()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        folder.finish().tree
    }

    fn layout(tree: &CallTree, min_width: f64, diff_width: DiffWidth) -> Layout {
        let limits = Limits {
            min_width,
            max_frames: None,
        };
        Layout::new(tree, limits, diff_width, |_| ())
    }

    /// The depth, name, start and count of each frame.
    fn drawn(tree: &CallTree, min_width: f64) -> Vec<String> {
        let describe = |frame: &Frame| {
            let name = crate::bytes::text::lossy(tree.name(frame.node)).into_owned();
            format!("{} {name} {}+{}", frame.depth, frame.start, frame.count)
        };
        layout(tree, min_width, DiffWidth::After)
            .frames
            .iter()
            .map(describe)
            .collect()
    }

    #[test]
    fn self_samples_come_before_those_of_callees() {
        let tree = tree(CallTree::new(), "a;c 4\na 1\na;b 2\nd 8\n");
        let expected = ["0  0+15", "1 a 0+7", "2 b 1+2", "2 c 3+4", "1 d 7+8"];
        assert_eq!(drawn(&tree, 0.0), expected);
    }

    #[test]
    fn one_function_is_one_frame() {
        let tree = tree(CallTree::new(), "foo 5\nfoo::bar 1\nfoo;x 1\n");
        let expected = ["0  0+7", "1 foo 0+6", "2 x 5+1", "1 foo::bar 6+1"];
        assert_eq!(drawn(&tree, 0.0), expected);
    }

    #[test]
    fn narrow_frames_are_left_out_with_all_they_called() {
        let tree = tree(CallTree::new(), "a;b 1\nc;d;e 98\nf 1\n");
        let expected = ["0  0+100", "1 c 1+98", "2 d 1+98", "3 e 1+98"];
        assert_eq!(drawn(&tree, 1.5), expected);
        assert_eq!(drawn(&tree, 1.0).len(), 7);
        assert!(drawn(&tree, 101.0).is_empty());
        assert_eq!(layout(&tree, 1.5, DiffWidth::After).deepest, 3);
    }

    /// The names of the frames that are left, and how many are not, with their samples.
    fn heaviest(tree: &CallTree, max_frames: usize) -> (Vec<String>, usize, String) {
        let limits = Limits {
            min_width: 0.0,
            max_frames: Some(max_frames),
        };
        let mut steps = 0;
        let layout = Layout::new(tree, limits, DiffWidth::After, |_| steps += 1);
        let name = |frame: &Frame| crate::bytes::text::lossy(tree.name(frame.node)).into_owned();
        let names = layout.frames.iter().map(name).collect();
        assert!(steps < tree.len());
        assert_eq!(layout.visible(tree), layout.frames.len());
        (names, layout.light.frames, layout.light.count.to_string())
    }

    #[test]
    fn the_lightest_frames_are_left_out() {
        let tree = tree(CallTree::new(), "a;b;c 10\na;b 5\na;d 3\na;e;f 3\ng 9\n");
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            heaviest(&tree, 7),
            (names(&["", "a", "b", "c", "g"]), 3, "6".to_string())
        );
        assert_eq!(heaviest(&tree, 5), heaviest(&tree, 7));
        assert_eq!(
            heaviest(&tree, 4),
            (names(&["", "a", "b", "c"]), 4, "15".to_string())
        );
        assert_eq!(heaviest(&tree, 1), (names(&[""]), 7, "30".to_string()));
        assert_eq!(heaviest(&tree, 0), heaviest(&tree, 1));
    }

    #[test]
    fn light_frames_below_narrow_ones_are_left_out() {
        let tree = tree(CallTree::new(), "big 99998\na;b;c;x 1\na;b;d 1\n");
        let limits = Limits {
            min_width: defaults::MIN_WIDTH,
            max_frames: Some(4),
        };
        let mut omitted = Vec::new();
        let layout = Layout::new(&tree, limits, DiffWidth::After, |step| {
            omitted.push(step.omitted.is_some());
        });
        // The steps are a, b, c, d and big.
        assert_eq!(omitted, [false, false, true, true, false]);
        assert_eq!(
            (layout.light.frames, layout.light.count),
            (3, Count::from(2))
        );
        assert_eq!((layout.frames.len(), layout.visible(&tree)), (2, 4));
    }

    #[test]
    fn time_order_interleaves_a_frame_and_its_callees() {
        let lines = "a;b 1\na 2\na;b 3\na;b 4\nc 1\na 1\n";
        let tree = tree(CallTree::in_time_order(), lines);
        let expected = [
            "0  0+12", "1 a 0+10", "2 b 0+1", "2 b 3+7", "1 c 10+1", "1 a 11+1",
        ];
        assert_eq!(drawn(&tree, 0.0), expected);
    }

    #[test]
    fn fractions_add_up() {
        let tree = tree(CallTree::new(), "a;b 0.1\na;c 0.2\n");
        assert_eq!(
            drawn(&tree, 0.0),
            ["0  0+0.3", "1 a 0+0.3", "2 b 0+0.1", "2 c 0.1+0.2"]
        );
    }

    #[test]
    fn a_change_is_that_of_the_whole_subtree() {
        let tree = tree(CallTree::new(), "p;a 10 30\np;b 10 30\nq 7 0\np;a 5 5\n");
        let layout = layout(&tree, 0.0, DiffWidth::After);
        let samples = |frame: &Frame| layout.change(frame.node).unwrap().delta() / 1_000_000_000;
        let deltas: Vec<i128> = layout.frames.iter().map(samples).collect();
        assert_eq!(deltas, [33, 40, 20, 20, -7]);
        // Frames that disappeared do not affect the color scale.
        assert_eq!(layout.largest_delta, 40_000_000_000);
    }

    /// The depth, name, start, count and change of each frame.
    fn drawn_as(lines: &str, diff_width: DiffWidth) -> Vec<String> {
        let tree = tree(CallTree::new(), lines);
        let layout = layout(&tree, 0.01, diff_width);
        let describe = |frame: &Frame| {
            let name = crate::bytes::text::lossy(tree.name(frame.node)).into_owned();
            let (before, after) = layout.before_and_after(frame).unwrap();
            let (depth, start, count) = (frame.depth, frame.start, frame.count);
            format!("{depth} {name} {start}+{count}: {before} to {after}")
        };
        layout.frames.iter().map(describe).collect()
    }

    #[test]
    fn either_profile_can_set_the_widths() {
        let lines = "p 2 1\np;gone 6 0\np;new 0 3\nq 1 4\n";
        let after = [
            "0  0+8: 9 to 8",
            "1 p 0+4: 8 to 4",
            "2 new 1+3: 0 to 3",
            "1 q 4+4: 1 to 4",
        ];
        assert_eq!(drawn_as(lines, DiffWidth::After), after);
        let before = [
            "0  0+9: 9 to 8",
            "1 p 0+8: 8 to 4",
            "2 gone 2+6: 6 to 0",
            "1 q 8+1: 1 to 4",
        ];
        assert_eq!(drawn_as(lines, DiffWidth::Before), before);
        let larger = [
            "0  0+15: 9 to 8",
            "1 p 0+11: 8 to 4",
            "2 gone 2+6: 6 to 0",
            "2 new 8+3: 0 to 3",
            "1 q 11+4: 1 to 4",
        ];
        assert_eq!(drawn_as(lines, DiffWidth::Larger), larger);
    }

    #[test]
    fn without_a_second_profile_there_is_one_width() {
        let tree = tree(CallTree::new(), "a;b 1\na 2\n");
        for diff_width in [DiffWidth::After, DiffWidth::Before, DiffWidth::Larger] {
            let layout = layout(&tree, 0.0, diff_width);
            assert_eq!(layout.total(), Count::from(3));
            assert_eq!(layout.before_and_after(&layout.frames[0]), None);
        }
    }
}

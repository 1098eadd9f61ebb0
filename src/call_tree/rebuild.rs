//! Creates a tree from the modified stacks of another: cut, reversed, filtered or renamed.
//!
//! Both counts of a differential profile are kept together, and time order is preserved.

use super::{CallTree, Count, FrameId, NodeId};
use ahash::AHashMap;
use std::borrow::Cow;

/// Builds a tree from the stacks that `change` modifies, each with its outermost frame first. If
/// `change` returns `false`, the stack is skipped.
pub(crate) fn with_stacks(
    tree: &CallTree,
    mut change: impl FnMut(&mut Vec<NodeId>) -> bool,
) -> CallTree {
    let mut builder = Builder::new(tree, Cow::Borrowed, tree.empty_like());
    let mut stack = Vec::new();
    for part in parts_in_order(tree) {
        fill_stack(tree, part.node, &mut stack);
        if change(&mut stack) {
            builder.add_of_thread(&stack, &part);
        }
    }
    builder.finish()
}

/// Appends the stacks of `other` to a tree in time order.
pub(super) fn append(tree: &mut CallTree, other: &CallTree) {
    let mut builder = Builder::new(other, Cow::Borrowed, std::mem::take(tree));
    let mut stack = Vec::new();
    for part in parts_as_drawn(other) {
        fill_stack(other, part.node, &mut stack);
        builder.add_of_thread(&stack, &part);
    }
    if !other.threads.is_empty() {
        builder.target.begin_thread();
    }
    *tree = builder.target;
}

/// The self counts from left to right, as drawn.
pub(super) fn parts_as_drawn(tree: &CallTree) -> Vec<SelfCount> {
    if tree.is_in_time_order() {
        return parts_in_order(tree);
    }
    let nodes = std::iter::once(CallTree::ROOT).chain(tree.walk().map(|visit| visit.node));
    let parts = nodes.filter_map(|node| SelfCount::rest(tree, node, Count::ZERO));
    parts.collect()
}

/// A chart under construction, from the stacks of a tree.
pub(super) struct Chart<'t>(Builder<'t, Rename<'t>>);

/// Renames a frame.
type Rename<'t> = fn(&'t [u8]) -> Cow<'t, [u8]>;

impl<'t> Chart<'t> {
    pub fn new(from: &'t CallTree, target: CallTree) -> Chart<'t> {
        Chart(Builder::new(from, Cow::Borrowed, target))
    }

    pub fn begin_thread(&mut self) {
        self.0.begin_thread();
    }

    pub fn add(&mut self, stack: &[NodeId], part: &SelfCount) {
        self.0.add(stack, part);
    }

    pub fn finish(self) -> CallTree {
        self.0.target
    }
}

/// A copy of the tree with frames renamed by `rename`.
pub(crate) fn with_names<'t>(
    tree: &'t CallTree,
    rename: impl FnMut(&'t [u8]) -> Cow<'t, [u8]>,
) -> CallTree {
    let mut builder = Builder::new(tree, rename, tree.empty_like());
    let mut stack = Vec::new();
    for part in parts_in_order(tree) {
        fill_stack(tree, part.node, &mut stack);
        builder.add_of_thread(&stack, &part);
    }
    builder.finish()
}

/// Fills `stack` with the nodes from the outermost frame to `node`, without the root.
pub(crate) fn fill_stack(tree: &CallTree, node: NodeId, stack: &mut Vec<NodeId>) {
    stack.clear();
    let callers = std::iter::successors(Some(node), |&node| tree.parent(node));
    stack.extend(callers.take_while(|&node| node != CallTree::ROOT));
    stack.reverse();
}

/// The self count of a node, or the part of it that lies between two children.
pub(crate) struct SelfCount {
    pub node: NodeId,
    pub before: Option<Count>,
    pub count: Count,
}

/// All self counts, in time order if the tree is in time order.
pub(crate) fn parts_in_order(tree: &CallTree) -> Vec<SelfCount> {
    if tree.is_in_time_order() {
        return TimeOrder::new(tree).parts;
    }
    let whole = |node| SelfCount::rest(tree, node, Count::ZERO);
    tree.ids().filter_map(whole).collect()
}

impl SelfCount {
    /// The part of the node's self count that remains after `done`.
    fn rest(tree: &CallTree, node: NodeId, done: Count) -> Option<SelfCount> {
        let count = tree.self_count(node)?.saturating_sub(done);
        let before = tree.self_before(node);
        // The baseline count has no time order, so the remaining part carries all of it.
        let is_all_known = done > Count::ZERO && count.is_zero() && before.is_none();
        (!is_all_known).then_some(SelfCount {
            node,
            before,
            count,
        })
    }
}

struct TimeOrder<'t> {
    tree: &'t CallTree,
    parts: Vec<SelfCount>,
    /// The nodes from the root to the current one, each with how much of its self count was
    /// emitted.
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
            order.emit_up_to(tree.parent_self_so_far(visit.node));
            order.open.push((visit.node, Count::ZERO));
        }
        order.close_to(0);
        order
    }

    /// Ends the frames deeper than `depth`.
    fn close_to(&mut self, depth: usize) {
        for (node, done) in self.open.drain(depth..).rev() {
            self.parts.extend(SelfCount::rest(self.tree, node, done));
        }
    }

    /// Emits the self count of the innermost open frame up to `until`.
    fn emit_up_to(&mut self, until: Count) {
        let Some((node, done)) = self.open.last_mut().filter(|(_, done)| *done < until) else {
            return;
        };
        self.parts.push(SelfCount {
            node: *node,
            before: self.tree.is_differential().then_some(Count::ZERO),
            count: until.saturating_sub(*done),
        });
        *done = until;
    }
}

struct Builder<'t, R> {
    from: &'t CallTree,
    rename: R,
    target: CallTree,
    /// The frames of `from` in `tree`, where known.
    frames: Vec<Option<FrameId>>,
    /// The last stack added, which usually shares most frames with the next.
    path: Vec<(FrameId, NodeId)>,
    /// The thread of that stack in `from`.
    thread: usize,
    /// The nodes of stacks in `from`, with those in `target`, if `from` has times.
    moved: AHashMap<NodeId, NodeId>,
}

impl<'t, R: FnMut(&'t [u8]) -> Cow<'t, [u8]>> Builder<'t, R> {
    /// A builder that adds stacks to `tree`.
    fn new(from: &'t CallTree, rename: R, target: CallTree) -> Builder<'t, R> {
        Builder {
            from,
            rename,
            target,
            frames: Vec::new(),
            path: Vec::new(),
            thread: 0,
            moved: AHashMap::new(),
        }
    }

    fn begin_thread(&mut self) {
        self.path.clear();
        self.target.begin_thread();
    }

    /// Like [`Builder::add`], and keeps the charts of threads separate.
    fn add_of_thread(&mut self, stack: &[NodeId], part: &SelfCount) {
        let is_of_thread = part.node != CallTree::ROOT;
        let thread = self.from.thread_of(part.node);
        if is_of_thread && thread != self.thread {
            self.thread = thread;
            self.begin_thread();
        }
        self.add(stack, part);
    }

    fn add(&mut self, stack: &[NodeId], part: &SelfCount) {
        let node = self.walk_to(stack);
        if self.from.timeline().is_some() {
            self.moved.insert(part.node, node);
        }
        match part.before {
            Some(before) => self.target.add_change(node, before, part.count),
            None => self.target.add(node, part.count),
        }
    }

    /// The tree, with the times of its samples.
    fn finish(mut self) -> CallTree {
        let moved = &self.moved;
        self.target
            .add_timeline(self.from, |node| moved.get(&node).copied());
        self.target
    }

    fn walk_to(&mut self, stack: &[NodeId]) -> NodeId {
        self.path.truncate(stack.len());
        let mut node = CallTree::ROOT;
        for (depth, &original) in stack.iter().enumerate() {
            let frame = self.frame_of(original);
            if self
                .path
                .get(depth)
                .is_none_or(|&(known, _)| known != frame)
            {
                self.path.truncate(depth);
                self.path.push((frame, self.target.child(node, frame)));
            }
            node = self.path[depth].1;
        }
        node
    }

    fn frame_of(&mut self, original: NodeId) -> FrameId {
        let index = self.from.frame(original).index();
        if index >= self.frames.len() {
            self.frames.resize(index + 1, None);
        }
        let (from, target, rename) = (self.from, &mut self.target, &mut self.rename);
        *self.frames[index]
            .get_or_insert_with(|| target.intern_renamed(rename(from.name(original))))
    }
}

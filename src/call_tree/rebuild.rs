//! A tree made of the stacks of another: cut, turned round, left out, called something else.
//!
//! Both counts of a differential profile go through it, so that a change stays with its stack; and
//! the order of time if there is one.

use super::{CallTree, Count, FrameId, NodeId};
use std::borrow::Cow;

/// The tree of what `change` makes of each stack, which is given from the root to the leaf; where
/// it returns `false`, the stack is left out.
pub(crate) fn with_stacks(
    tree: &CallTree,
    mut change: impl FnMut(&mut Vec<NodeId>) -> bool,
) -> CallTree {
    let mut builder = Builder::new(tree, Cow::Borrowed, tree.empty_like());
    let mut stack = Vec::new();
    for part in parts_in_order(tree) {
        put_stack(tree, part.node, &mut stack);
        if change(&mut stack) {
            builder.add_of_thread(&stack, &part);
        }
    }
    builder.made
}

/// Adds the stacks of `other` to a tree in time order, behind those that are there.
pub(super) fn append(tree: &mut CallTree, other: &CallTree) {
    let mut builder = Builder::new(other, Cow::Borrowed, std::mem::take(tree));
    let mut stack = Vec::new();
    for part in parts_as_drawn(other) {
        put_stack(other, part.node, &mut stack);
        builder.add_of_thread(&stack, &part);
    }
    if !other.threads.is_empty() {
        builder.made.begin_thread();
    }
    *tree = builder.made;
}

/// What was counted, from left to right as it is drawn.
fn parts_as_drawn(tree: &CallTree) -> Vec<Part> {
    if tree.is_in_time_order() {
        return parts_in_order(tree);
    }
    let nodes = std::iter::once(CallTree::ROOT).chain(tree.walk().map(|visit| visit.node));
    let parts = nodes.filter_map(|node| Part::rest(tree, node, Count::ZERO));
    parts.collect()
}

/// A chart that is being made of the stacks of a tree.
pub(super) struct Chart<'t>(Builder<'t, Rename<'t>>);

/// What a frame is to be called.
type Rename<'t> = fn(&'t [u8]) -> Cow<'t, [u8]>;

impl<'t> Chart<'t> {
    pub fn new(from: &'t CallTree, made: CallTree) -> Chart<'t> {
        Chart(Builder::new(from, Cow::Borrowed, made))
    }

    pub fn begin_thread(&mut self) {
        self.0.begin_thread();
    }

    pub fn add(&mut self, stack: &[NodeId], part: &Part) {
        self.0.add(stack, part);
    }

    pub fn finish(self) -> CallTree {
        self.0.made
    }
}

/// The tree with its frames called what `rename` says.
pub(crate) fn with_names<'t>(
    tree: &'t CallTree,
    rename: impl FnMut(&'t [u8]) -> Cow<'t, [u8]>,
) -> CallTree {
    let mut builder = Builder::new(tree, rename, tree.empty_like());
    let mut stack = Vec::new();
    for part in parts_in_order(tree) {
        put_stack(tree, part.node, &mut stack);
        builder.add_of_thread(&stack, &part);
    }
    builder.made
}

/// Puts the frames from the root to `node` into `stack`.
pub(crate) fn put_stack(tree: &CallTree, node: NodeId, stack: &mut Vec<NodeId>) {
    stack.clear();
    let callers = std::iter::successors(Some(node), |&node| tree.parent(node));
    stack.extend(callers.take_while(|&node| node != CallTree::ROOT));
    stack.reverse();
}

/// The self count of a node, or the part of it that lies between two children.
pub(crate) struct Part {
    pub node: NodeId,
    pub before: Option<Count>,
    pub count: Count,
}

/// What was counted, in the order of time if the tree is in time order.
pub(crate) fn parts_in_order(tree: &CallTree) -> Vec<Part> {
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

struct Builder<'t, R> {
    from: &'t CallTree,
    rename: R,
    made: CallTree,
    /// The frames of `from` in `made`, where they are known.
    frames: Vec<Option<FrameId>>,
    /// The stack added last, most of which is mostly that of the next.
    path: Vec<(FrameId, NodeId)>,
    /// The thread of it in `from`.
    thread: usize,
}

impl<'t, R: FnMut(&'t [u8]) -> Cow<'t, [u8]>> Builder<'t, R> {
    /// Adds what comes to `made`.
    fn new(from: &'t CallTree, rename: R, made: CallTree) -> Builder<'t, R> {
        Builder {
            from,
            rename,
            made,
            frames: Vec::new(),
            path: Vec::new(),
            thread: 0,
        }
    }

    fn begin_thread(&mut self) {
        self.path.clear();
        self.made.begin_thread();
    }

    /// The same as [`Builder::add`], and keeps the charts of threads apart.
    fn add_of_thread(&mut self, stack: &[NodeId], part: &Part) {
        let is_of_thread = part.node != CallTree::ROOT;
        let thread = self.from.thread_of(part.node);
        if is_of_thread && thread != self.thread {
            self.thread = thread;
            self.begin_thread();
        }
        self.add(stack, part);
    }

    fn add(&mut self, stack: &[NodeId], part: &Part) {
        let node = self.walk_to(stack);
        match part.before {
            Some(before) => self.made.add_change(node, before, part.count),
            None => self.made.add(node, part.count),
        }
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
                self.path.push((frame, self.made.child(node, frame)));
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
        let (from, made, rename) = (self.from, &mut self.made, &mut self.rename);
        *self.frames[index].get_or_insert_with(|| made.intern_renamed(rename(from.name(original))))
    }
}

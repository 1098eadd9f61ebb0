//! The calling-context tree, in which all profiles are stored.
//!
//! A profile is a set of stacks with counts. [`CallTree`] stores them as a tree in which a node is
//! a *frame* below a *parent*: the stacks `main;parse;read` and `main;parse` share the nodes of
//! `main` and `parse`. Each name is stored once (*interned*), as bytes, which do not need to be
//! UTF-8.
//!
//! ```
//! use inferno::call_tree::CallTree;
//!
//! let mut tree = CallTree::new();
//! tree.add_stack(["main", "parse", "read"], 3u64);
//! tree.add_stack(["main", "parse"], 1u64);
//! tree.add_stack(["main", "parse", "read"], 2u64);
//!
//! let totals = tree.totals();
//! let lines: Vec<String> = tree
//!     .walk()
//!     .map(|visit| {
//!         let name = String::from_utf8_lossy(tree.name(visit.node)).into_owned();
//!         format!("{} {name} {}", visit.depth, totals[visit.node.index()])
//!     })
//!     .collect();
//! assert_eq!(lines, ["1 main 6", "2 parse 6", "3 read 5"]);
//! ```
//!
//! The module [`folded`](crate::folded) converts a tree to and from text,
//! [`collapse_to_tree`](crate::collapse::Collapse::collapse_to_tree) of every
//! [`Collapse`](crate::collapse::Collapse) returns one, and
//! [`flamegraph::from_call_tree`](crate::flamegraph::from_call_tree) draws it.

mod description;
mod edges;
mod forest;
mod frames;
mod graft;
mod own;
mod preorder;
pub(crate) mod rebuild;
mod roots;
mod stacks;
mod summary;
pub(crate) mod table;
mod timeline;
mod unit;
mod value;
mod walk;

use description::Description;
use edges::Edge;
use foldhash::fast::RandomState;
use frames::FrameTable;
use own::{LargeCounts, Own};
use preorder::Preorder;
use std::borrow::Cow;
use table::Table;

pub use crate::bytes::count::{Count, InvalidCount};
pub use forest::Forest;
pub(crate) use forest::ForestDescription;
pub(crate) use preorder::Late;
pub use roots::Roots;
pub use stacks::{Stack, Stacks};
pub(crate) use timeline::{Moment, Sample, Timeline};
pub(crate) use unit::Scale;
pub use unit::Unit;
pub use value::ValueType;
pub use walk::{Children, Visit, Walk};

/// The warning about counts that saturated at [`Count::MAX`].
pub(crate) const SATURATED: &str =
    "a count is saturated at the maximum, 18446744073709551615: the actual count may be larger";

/// Identifies a node of one [`CallTree`]. Parents have smaller ids than their children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The index of the node in the result of [`CallTree::totals`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Identifies an interned frame name of one [`CallTree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(u32);

impl FrameId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Interned frames, and a tree of stacks with a count for each.
///
/// Memory grows with the number of distinct names and stacks, not with the number of samples added.
/// See the [module](self) documentation.
#[derive(Debug, Clone)]
pub struct CallTree {
    frames: FrameTable,
    nodes: Vec<Node>,
    large_counts: LargeCounts,
    /// Maps (parent, frame) to a node, except for first children; unused if siblings keep their
    /// order of arrival.
    edges: Table<Edge>,
    /// Nodes that are not in `edges` yet, from new names and from other trees. The first lookup adds
    /// them, which never happens if all names are new, or if trees are only merged.
    without_edges: Vec<NodeId>,
    /// The counts of the baseline profile, one for each node; empty if the tree is not
    /// differential.
    before: Vec<Count>,
    arrivals: Option<Vec<Arrival>>,
    /// In time order, the first node of each thread's chart. These charts are next to each other.
    threads: Vec<NodeId>,
    /// The walk order, if `is_in_preorder`: nothing was added since it was set. (Setting an
    /// `Option` to `None` would check whether to drop it for each added count.)
    preorder: Preorder,
    is_in_preorder: bool,
    hasher: RandomState,
    description: Description,
    /// The samples whose time is known, if that was asked for.
    timeline: Option<Box<Timeline>>,
}

#[derive(Debug, Clone)]
struct Node {
    parent: NodeId,
    frame: FrameId,
    /// The child created first, which has no edge: most nodes have no other child, and most edges
    /// of a large table are not in the cache. The root if there is none.
    first_child: NodeId,
    /// The self count.
    own: Own,
}

/// Data of a node in a tree in time order, in addition to its counts.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    newest_child: Option<NodeId>,
    /// The parent's self count when this node was created.
    parent_self: Count,
}

impl Default for CallTree {
    fn default() -> CallTree {
        CallTree::new()
    }
}

impl CallTree {
    /// The root node, where all stacks start. It does not represent a frame; its name is empty.
    pub const ROOT: NodeId = NodeId(0);

    /// The frame of the root.
    pub(crate) const ROOT_FRAME: FrameId = FrameId(0);

    /// An empty tree in which equal stacks are merged.
    pub fn new() -> CallTree {
        let mut tree = CallTree {
            frames: FrameTable::default(),
            nodes: Vec::new(),
            large_counts: LargeCounts::default(),
            edges: Table::default(),
            without_edges: Vec::new(),
            before: Vec::new(),
            arrivals: None,
            threads: Vec::new(),
            preorder: Preorder::default(),
            is_in_preorder: false,
            hasher: RandomState::default(),
            description: Description::default(),
            timeline: None,
        };
        let frame = tree.intern(b"");
        tree.push_node(Self::ROOT, frame);
        tree
    }

    /// An empty tree in which siblings keep their order of arrival, and only the newest child of a
    /// node is extended, as in a flame chart, whose x axis is time.
    pub fn in_time_order() -> CallTree {
        let mut tree = CallTree::new();
        tree.arrivals = Some(vec![Arrival {
            newest_child: None,
            parent_self: Count::ZERO,
        }]);
        tree
    }

    /// Whether this tree was created by [`CallTree::in_time_order`].
    pub fn is_in_time_order(&self) -> bool {
        self.arrivals.is_some()
    }

    /// An empty tree of the same kind, with the same description.
    pub(crate) fn empty_like(&self) -> CallTree {
        let mut tree = match self.is_in_time_order() {
            true => CallTree::in_time_order(),
            false => CallTree::new(),
        };
        tree.describe_as(self);
        tree
    }

    /// The unit of the counts. It is [`Unit::Unknown`] for folded text, which has no units.
    ///
    /// ```
    /// use inferno::call_tree::{CallTree, Unit};
    ///
    /// let mut tree = CallTree::new();
    /// assert_eq!(tree.unit(), &Unit::Unknown);
    /// tree.set_unit(Unit::Bytes);
    /// assert_eq!(tree.unit(), &Unit::Bytes);
    /// ```
    pub fn unit(&self) -> &Unit {
        &self.description.unit
    }

    /// Sets the unit of the counts. A graph displays it, unless its options override it.
    pub fn set_unit(&mut self, unit: Unit) {
        self.description.unit = unit;
    }

    /// Why the profile is only an estimate; `None` if it is exact. A graph displays it as its
    /// subtitle.
    pub fn note(&self) -> Option<&str> {
        self.description.note.as_deref()
    }

    /// Sets the reason why the profile is only an estimate.
    pub fn set_note(&mut self, note: impl Into<Cow<'static, str>>) {
        self.description.note = Some(note.into());
    }

    /// Copies the unit, the meaning of root frames and the note of another tree.
    fn describe_as(&mut self, other: &CallTree) {
        self.description.clone_from(&other.description);
    }

    /// Combines the unit, the meaning of root frames and the note with those of a tree that is merged
    /// into this one.
    fn describe_with(&mut self, other: &CallTree) {
        let is_empty = self.is_empty();
        self.description
            .add(is_empty, &other.description, other.is_empty());
    }

    /// In a tree in time order, starts another thread: the following stacks share no frames with
    /// earlier ones.
    pub(crate) fn begin_thread(&mut self) {
        if let Some(arrivals) = &mut self.arrivals {
            arrivals[0].newest_child = None;
            self.threads.push(NodeId(self.nodes.len() as u32));
        }
    }

    /// The number of the thread whose chart contains `node`.
    pub(crate) fn thread_of(&self, node: NodeId) -> usize {
        self.threads.partition_point(|first| *first <= node)
    }

    /// Returns the id of the frame called `name`, and stores the name if it is new.
    ///
    /// Line ends (`\n`, `\r`) in it become spaces, because a stack is one line of folded text.
    pub fn intern(&mut self, name: &[u8]) -> FrameId {
        self.frames.intern(name).0
    }

    /// Interns a name without changing it, because it comes from folded text or is never written as
    /// text.
    pub(crate) fn intern_as_is(&mut self, name: &[u8]) -> FrameId {
        self.frames.intern_as_is(name).0
    }

    /// Interns a name derived from the name of another frame.
    pub(crate) fn intern_renamed(&mut self, name: Cow<'_, [u8]>) -> FrameId {
        match name {
            Cow::Borrowed(unchanged) => self.intern_as_is(unchanged),
            Cow::Owned(name) => self.intern(&name),
        }
    }

    /// Adds `count` to the node's self count, and marks the node as the end of a stack (even if
    /// `count` is zero).
    #[inline]
    pub fn add(&mut self, node: NodeId, count: impl Into<Count>) {
        let count = count.into();
        if let Some(before) = self.before.get_mut(node.index()) {
            *before += count;
        }
        self.add_self(node, count);
    }

    /// Adds to the two counts of a node: the one in the baseline profile, and the current one.
    ///
    /// The first call makes the tree [differential](CallTree::is_differential). Counts passed to
    /// [`CallTree::add`], before or after that, count as unchanged.
    pub fn add_change(&mut self, node: NodeId, before: impl Into<Count>, after: impl Into<Count>) {
        if self.before.is_empty() {
            self.before = self.ids().map(|node| self.recorded(node)).collect();
        }
        self.before[node.index()] += before.into();
        self.add_self(node, after.into());
    }

    /// Replaces the counts of the baseline profile, one for each node.
    pub(crate) fn set_before(&mut self, before: Vec<Count>) {
        debug_assert_eq!(before.len(), self.len());
        self.before = before;
    }

    /// All counts that may be large or fractional: those that are not stored in their node.
    pub(crate) fn large_counts(&self) -> impl Iterator<Item = Count> {
        self.large_counts.iter().chain(self.before.iter().copied())
    }

    /// Adds one stack, with frames from the root to the leaf, and returns its last node.
    ///
    /// A `;` within a name separates frames, as it does in folded text, and a line end becomes a
    /// space.
    pub fn add_stack<I>(&mut self, frames: I, count: impl Into<Count>) -> NodeId
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let leaf = frames.into_iter().fold(Self::ROOT, |parent, name| {
            self.descend(parent, name.as_ref())
        });
        self.add(leaf, count);
        leaf
    }

    /// The node reached from `parent` through the frames in `path`, which are separated by `;`.
    pub fn descend(&mut self, parent: NodeId, path: &[u8]) -> NodeId {
        let (mut node, mut start) = (parent, 0);
        for end in memchr::memchr_iter(b';', path).chain([path.len()]) {
            node = self.child_called(node, &path[start..end]);
            start = end + 1;
        }
        node
    }

    /// The number of nodes, including the root.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the tree has no stacks.
    pub fn is_empty(&self) -> bool {
        !self.nodes.iter().any(|node| node.own.is_recorded())
    }

    /// The parent of a node; `None` for the root.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        (node != Self::ROOT).then(|| self.nodes[node.index()].parent)
    }

    /// The name of the node's frame.
    #[inline]
    pub fn name(&self, node: NodeId) -> &[u8] {
        self.frames.name(self.frame(node))
    }

    /// The name of an interned frame.
    #[inline]
    pub fn frame_name(&self, frame: FrameId) -> &[u8] {
        self.frames.name(frame)
    }

    /// The interned frame of the node.
    pub fn frame(&self, node: NodeId) -> FrameId {
        self.nodes[node.index()].frame
    }

    /// Whether the node has no children.
    pub(crate) fn is_leaf(&self, node: NodeId) -> bool {
        self.nodes[node.index()].first_child == Self::ROOT
    }

    /// The self count of a node, which excludes its callees; `None` if no stack ends here.
    pub fn self_count(&self, node: NodeId) -> Option<Count> {
        let own = self.nodes[node.index()].own;
        own.is_recorded().then(|| self.large_counts.get(own))
    }

    /// The node's self count in the baseline profile; `None` if no stack ends here or the tree is
    /// not [differential](CallTree::is_differential).
    pub fn self_before(&self, node: NodeId) -> Option<Count> {
        let before = self.before.get(node.index())?;
        let own = self.nodes[node.index()].own;
        own.is_recorded().then_some(*before)
    }

    /// Whether nodes have two counts, before and after: see [`CallTree::add_change`].
    pub fn is_differential(&self) -> bool {
        !self.before.is_empty()
    }

    /// For each node, by [`NodeId::index`], the count of the node and all its descendants.
    pub fn totals(&self) -> Vec<Count> {
        self.totals_of(|node| self.recorded(node))
    }

    /// Like [`CallTree::totals`], for the baseline profile; empty if there is none.
    pub fn totals_before(&self) -> Vec<Count> {
        match self.is_differential() {
            true => self.totals_of(|node| self.before[node.index()]),
            false => Vec::new(),
        }
    }

    /// Like [`CallTree::totals`], for other self counts.
    pub(crate) fn totals_of(&self, own: impl Fn(NodeId) -> Count) -> Vec<Count> {
        let mut totals = vec![Count::ZERO; self.len()];
        for node in self.ids().rev() {
            let total = totals[node.index()] + own(node);
            totals[node.index()] = total;
            if let Some(parent) = self.parent(node) {
                totals[parent.index()] += total;
            }
        }
        totals
    }

    /// The sum of all counts.
    pub fn total(&self) -> Count {
        self.ids().map(|node| self.recorded(node)).sum()
    }

    /// The children of all nodes, found in one pass over the tree.
    ///
    /// ```
    /// use inferno::call_tree::CallTree;
    ///
    /// let mut tree = CallTree::new();
    /// tree.add_stack(["main", "parse"], 3u64);
    /// tree.add_stack(["main", "draw"], 4u64);
    /// let children = tree.children();
    /// let main = children.of(CallTree::ROOT)[0];
    /// let callees: Vec<&[u8]> = children.of(main).iter().map(|&node| tree.name(node)).collect();
    /// assert_eq!(callees, [b"parse", &b"draw"[..]]);
    /// ```
    pub fn children(&self) -> Children {
        Children::new(self)
    }

    /// All stacks with their counts, in the order of [`CallTree::walk`].
    ///
    /// ```
    /// use inferno::call_tree::{CallTree, Count};
    ///
    /// let mut tree = CallTree::new();
    /// tree.add_stack(["main", "parse"], 3u64);
    /// for stack in tree.stacks() {
    ///     assert_eq!(stack.frames, [&b"main"[..], b"parse"]);
    ///     assert_eq!(stack.count, Count::from(3));
    /// }
    /// assert_eq!(tree.total(), Count::from(3));
    /// ```
    pub fn stacks(&self) -> Stacks<'_> {
        Stacks::new(self)
    }

    /// The total and the number of functions: `1.19 s, 231 functions`.
    pub(crate) fn summary(&self) -> String {
        summary::of(std::slice::from_ref(self))
    }

    /// All nodes but the root, each before its children.
    ///
    /// Siblings are in the order in which sorted folded text first mentions them: by name, except
    /// after names that are a prefix of others. In a tree [in time
    /// order](CallTree::in_time_order), they are in order of arrival. Sorting, `O(n log n)`,
    /// happens during the iteration.
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }

    /// Declares that nodes were created in walk order, except those that are `late`, so that a walk
    /// needs no sorting. Nodes added afterwards may be out of order.
    pub(crate) fn mark_preorder(&mut self, late: &[Late]) {
        self.preorder = Preorder::new(self.len(), late);
        self.is_in_preorder = true;
    }

    /// The part of the parent's self count that precedes this node: all of it, unless the tree is
    /// in time order.
    pub(crate) fn parent_self_so_far(&self, node: NodeId) -> Count {
        match &self.arrivals {
            Some(arrivals) => arrivals[node.index()].parent_self,
            None => self.recorded(self.nodes[node.index()].parent),
        }
    }

    /// All nodes, starting with the root, parents before their children.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The names of frames that contain `text`.
    pub(crate) fn frame_names_with(&self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.frames.names_with(text)
    }

    /// The number of interned frames, including that of the root.
    pub(crate) fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// The names of all frames, in the order of their ids.
    pub(crate) fn frame_names(&self) -> impl Iterator<Item = &[u8]> {
        self.frames.iter()
    }

    /// The self count of a node; zero if none was added.
    fn recorded(&self, node: NodeId) -> Count {
        self.large_counts.get(self.nodes[node.index()].own)
    }

    fn add_self(&mut self, id: NodeId, count: Count) {
        self.is_in_preorder = false;
        self.large_counts
            .add(&mut self.nodes[id.index()].own, count);
        if let Some(arrivals) = &mut self.arrivals {
            // The node itself was running, so later calls from it are new ones.
            arrivals[id.index()].newest_child = None;
        }
    }

    fn push_node(&mut self, parent: NodeId, frame: FrameId) -> NodeId {
        let id = u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes");
        self.is_in_preorder = false;
        self.nodes.push(Node {
            parent,
            frame,
            own: Own::NOT_RECORDED,
            first_child: Self::ROOT,
        });
        if !self.before.is_empty() {
            self.before.push(Count::ZERO);
        }
        NodeId(id)
    }
}

#[cfg(test)]
mod tests;

//! The nodes and frames of a tree, in the order in which they are written.

use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, FrameId, NodeId, Visit};
use crate::names::frame::UNKNOWN;
use crate::warnings::warning;
use std::borrow::Cow;

/// A tree, its nodes in walk order, and its frames numbered in the same order. Neither depends on
/// how many threads made the tree.
pub(super) struct Listing<'t> {
    pub tree: &'t CallTree,
    /// All nodes but the root, parents before their children.
    pub visits: Vec<Visit>,
    /// The numbers of frames, by [`FrameId::index`].
    numbers: Vec<u32>,
    frames: Vec<FrameId>,
}

const NOT_NUMBERED: u32 = u32::MAX;

impl<'t> Listing<'t> {
    pub fn of(tree: &'t CallTree) -> Listing<'t> {
        let mut listing = Listing {
            tree,
            visits: Vec::with_capacity(tree.len()),
            numbers: Vec::new(),
            frames: Vec::new(),
        };
        for visit in tree.walk() {
            listing.number(tree.frame(visit.node));
            listing.visits.push(visit);
        }
        listing.warn_of_missing_names();
        listing
    }

    fn number(&mut self, frame: FrameId) {
        let index = frame.index();
        if self.numbers.len() <= index {
            self.numbers.resize(index + 1, NOT_NUMBERED);
        }
        if self.numbers[index] == NOT_NUMBERED {
            self.numbers[index] = self.frames.len() as u32;
            self.frames.push(frame);
        }
    }

    /// The root, and the other nodes in order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + Clone + '_ {
        let others = self.visits.iter().map(|visit| visit.node);
        std::iter::once(CallTree::ROOT).chain(others)
    }

    /// The number of the frame of a node, which is not the root.
    pub fn frame_of(&self, node: NodeId) -> u32 {
        self.numbers[self.tree.frame(node).index()]
    }

    /// The numbers of the frames of the stack that ends at `node`, the leaf first.
    pub fn stack(&self, node: NodeId) -> impl Iterator<Item = u32> + '_ {
        let callers = std::iter::successors(Some(node), |node| self.tree.parent(*node));
        callers
            .take_while(|node| *node != CallTree::ROOT)
            .map(|node| self.frame_of(node))
    }

    /// How many frames there are.
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// The names of the frames, by their numbers. None is empty.
    pub fn names(&self) -> impl Iterator<Item = &'t [u8]> + Clone + '_ {
        let names = self.frames.iter().map(|frame| self.tree.frame_name(*frame));
        names.map(|name| if name.is_empty() { UNKNOWN } else { name })
    }

    /// The same as text.
    pub fn texts(&self) -> impl Iterator<Item = Cow<'t, str>> + Clone + '_ {
        self.names().map(lossy)
    }

    fn warn_of_missing_names(&self) {
        let mut names = self.frames.iter().map(|frame| self.tree.frame_name(*frame));
        if names.any(<[u8]>::is_empty) {
            warning!("frames without a name are called [unknown]");
        }
    }

    /// Logs a warning if names are not UTF-8, for formats that require it.
    pub fn warn_of_bytes(&self) {
        let changed = self.names().filter(|name| str::from_utf8(name).is_err());
        match changed.count() {
            0 => {}
            1 => warning!("the name of one frame is not UTF-8: some of its bytes are replaced"),
            count => {
                warning!(
                    "the names of {count} frames are not UTF-8: some of their bytes are replaced"
                );
            }
        }
    }
}

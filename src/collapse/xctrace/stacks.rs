//! Stores the stacks of a document by id.

use super::mismatch::{repeated_id, unknown_id};
use super::threads::Thread;
use crate::bytes::error::Mismatch;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::names::symbol::{fix_partially_demangled_rust, one_frame};
use ahash::AHashMap;
use std::ops::Range;

/// How an element is identified.
pub(super) enum Reference {
    /// A reference to an earlier definition.
    Ref(u64),
    /// A definition, possibly with an id.
    Definition(Option<u64>),
}

/// A stack in [`Backtraces`].
#[derive(Clone, Copy)]
pub(super) struct BacktraceId(usize);

#[derive(Default)]
pub(super) struct Backtraces {
    /// The frames of frame elements.
    frames: AHashMap<u64, FrameId>,
    stacks: Vec<StackFrames>,
    /// The frames of each stack, starting with the leaf.
    elements: Vec<FrameId>,
    backtraces: AHashMap<u64, BacktraceId>,
    tagged: AHashMap<u64, BacktraceId>,
}

struct StackFrames {
    /// A range in [`Backtraces::elements`].
    elements: Range<usize>,
    /// The thread in which it was last counted, and its node there.
    node: Option<(Thread, NodeId)>,
}

impl Backtraces {
    /// Adds a stack without frames.
    pub fn begin(&mut self) -> BacktraceId {
        let start = self.elements.len();
        self.stacks.push(StackFrames {
            elements: start..start,
            node: None,
        });
        BacktraceId(self.stacks.len() - 1)
    }

    /// Adds the caller of the frames in `stack` so far.
    pub fn push(&mut self, stack: BacktraceId, frame: FrameId) {
        let stack = &mut self.stacks[stack.0].elements;
        if stack.end < self.elements.len() {
            // Another stack was defined inside it.
            let start = self.elements.len();
            self.elements.extend_from_within(stack.clone());
            *stack = start..self.elements.len();
        }
        self.elements.push(frame);
        stack.end += 1;
    }

    /// Counts one sample of `stack` in `thread`, and returns its node.
    pub fn count(&mut self, stack: BacktraceId, thread: Thread, tree: &mut CallTree) -> NodeId {
        let stack = &mut self.stacks[stack.0];
        let frames = self.elements[stack.elements.clone()].iter().rev();
        let node = match stack.node {
            Some((last, node)) if last == thread => node,
            _ => frames.fold(thread.node(tree), |node, &frame| tree.child(node, frame)),
        };
        stack.node = Some((thread, node));
        tree.add(node, 1);
        node
    }

    pub fn define_frame(
        &mut self,
        id: Option<u64>,
        name: &str,
        tree: &mut CallTree,
    ) -> Result<FrameId, Mismatch> {
        let name = fix_partially_demangled_rust(name);
        let frame = tree.intern(one_frame(&name).as_bytes());
        define(&mut self.frames, "frame", id, frame)?;
        Ok(frame)
    }

    pub fn define_backtrace(
        &mut self,
        id: Option<u64>,
        stack: BacktraceId,
    ) -> Result<(), Mismatch> {
        define(&mut self.backtraces, "backtrace", id, stack)
    }

    pub fn define_tagged(&mut self, id: Option<u64>, stack: BacktraceId) -> Result<(), Mismatch> {
        define(&mut self.tagged, "tagged-backtrace", id, stack)
    }

    pub fn frame(&self, id: u64) -> Result<FrameId, Mismatch> {
        find(&self.frames, "frame", id)
    }

    pub fn backtrace(&self, id: u64) -> Result<BacktraceId, Mismatch> {
        find(&self.backtraces, "backtrace", id)
    }

    pub fn tagged(&self, id: u64) -> Result<BacktraceId, Mismatch> {
        find(&self.tagged, "tagged-backtrace", id)
    }
}

pub(super) fn define<T>(
    table: &mut AHashMap<u64, T>,
    tag: &'static str,
    id: Option<u64>,
    element: T,
) -> Result<(), Mismatch> {
    let Some(id) = id else {
        return Ok(());
    };
    match table.insert(id, element) {
        None => Ok(()),
        Some(_) => Err(repeated_id(tag, id)),
    }
}

pub(super) fn find<T: Copy>(
    table: &AHashMap<u64, T>,
    tag: &'static str,
    id: u64,
) -> Result<T, Mismatch> {
    let element = table.get(&id).copied();
    element.ok_or_else(|| unknown_id(tag, id))
}

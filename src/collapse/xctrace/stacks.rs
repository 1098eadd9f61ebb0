//! The stacks that a document has written out, to be referred to by their ids.

use super::threads::Thread;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::error::ErrorKind;
use crate::collapse::symbol::fix_partially_demangled_rust;
use ahash::AHashMap;

/// How an element says which one it is.
pub(super) enum Reference {
    /// The one written out under this id.
    Ref(u64),
    /// It is written out here, under this id.
    Definition(Option<u64>),
}

/// A stack in [`Stacks`].
#[derive(Clone, Copy)]
pub(super) struct Stack(usize);

/// A frame element in [`Stacks`].
#[derive(Clone, Copy)]
pub(super) struct Frame(usize);

#[derive(Default)]
pub(super) struct Stacks {
    /// The frames of each element, the root's first: a name that holds `;` is several.
    names: Vec<Vec<FrameId>>,
    frames: AHashMap<u64, Frame>,
    stacks: Vec<StackFrames>,
    backtraces: AHashMap<u64, Stack>,
    tagged: AHashMap<u64, Stack>,
}

#[derive(Default)]
struct StackFrames {
    /// The leaf's first.
    frames: Vec<Frame>,
    /// Its node in the thread it was counted in last.
    node: Option<(Thread, NodeId)>,
}

impl Stacks {
    /// A new stack, without frames.
    pub fn begin(&mut self) -> Stack {
        self.stacks.push(StackFrames::default());
        Stack(self.stacks.len() - 1)
    }

    /// Adds the caller of the frames in `stack` so far.
    pub fn push(&mut self, stack: Stack, frame: Frame) {
        self.stacks[stack.0].frames.push(frame);
    }

    /// Counts one sample of `stack` in `thread`.
    pub fn count(&mut self, stack: Stack, thread: Thread, tree: &mut CallTree) {
        let names = &self.names;
        let stack = &mut self.stacks[stack.0];
        let frames = stack.frames.iter().rev().flat_map(|frame| &names[frame.0]);
        let node = match stack.node {
            Some((last, node)) if last == thread => node,
            _ => frames.fold(thread.node(tree), |node, &frame| tree.child(node, frame)),
        };
        stack.node = Some((thread, node));
        tree.add(node, 1);
    }

    pub fn define_frame(
        &mut self,
        id: Option<u64>,
        name: &str,
        tree: &mut CallTree,
    ) -> Result<Frame, ErrorKind> {
        let name = fix_partially_demangled_rust(name);
        let frames = name.split(';').map(|name| tree.intern(name.as_bytes()));
        self.names.push(frames.collect());
        let frame = Frame(self.names.len() - 1);
        define(&mut self.frames, "frame", id, frame)?;
        Ok(frame)
    }

    pub fn define_backtrace(&mut self, id: Option<u64>, stack: Stack) -> Result<(), ErrorKind> {
        define(&mut self.backtraces, "backtrace", id, stack)
    }

    pub fn define_tagged(&mut self, id: Option<u64>, stack: Stack) -> Result<(), ErrorKind> {
        define(&mut self.tagged, "tagged-backtrace", id, stack)
    }

    pub fn frame(&self, id: u64) -> Result<Frame, ErrorKind> {
        find(&self.frames, "frame", id)
    }

    pub fn backtrace(&self, id: u64) -> Result<Stack, ErrorKind> {
        find(&self.backtraces, "backtrace", id)
    }

    pub fn tagged(&self, id: u64) -> Result<Stack, ErrorKind> {
        find(&self.tagged, "tagged-backtrace", id)
    }
}

pub(super) fn define<T>(
    table: &mut AHashMap<u64, T>,
    tag: &'static str,
    id: Option<u64>,
    element: T,
) -> Result<(), ErrorKind> {
    let Some(id) = id else {
        return Ok(());
    };
    match table.insert(id, element) {
        None => Ok(()),
        Some(_) => Err(ErrorKind::RepeatedId { tag, id }),
    }
}

pub(super) fn find<T: Copy>(
    table: &AHashMap<u64, T>,
    tag: &'static str,
    id: u64,
) -> Result<T, ErrorKind> {
    let element = table.get(&id).copied();
    element.ok_or(ErrorKind::UnknownRef { tag, id })
}

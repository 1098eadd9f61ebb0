//! The threads and processes of rows, which stacks may start with.

use super::Options;
use super::stacks::{define, find};
use crate::bytes::error::Mismatch;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::names::symbol::one_frame;
use ahash::AHashMap;
use std::borrow::Cow;

/// The thread and process of a row, as far as requested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub process: Option<FrameId>,
    name: Option<FrameId>,
}

impl Thread {
    /// The node below which its stacks are.
    pub fn node(self, tree: &mut CallTree) -> NodeId {
        let frames = self.process.into_iter().chain(self.name);
        frames.fold(CallTree::ROOT, |node, frame| tree.child(node, frame))
    }
}

/// The threads and processes that a document has defined, by id.
pub(super) struct Threads {
    wants_processes: bool,
    wants_threads: bool,
    threads: AHashMap<u64, Thread>,
    processes: AHashMap<u64, Option<FrameId>>,
}

impl Threads {
    pub fn new(options: &Options) -> Threads {
        Threads {
            wants_processes: options.include_process,
            wants_threads: options.include_thread,
            threads: AHashMap::new(),
            processes: AHashMap::new(),
        }
    }

    pub fn are_wanted(&self) -> bool {
        self.wants_processes || self.wants_threads
    }

    pub fn thread(&self, id: u64) -> Result<Thread, Mismatch> {
        find(&self.threads, "thread", id)
    }

    pub fn process(&self, id: u64) -> Result<Option<FrameId>, Mismatch> {
        find(&self.processes, "process", id)
    }

    /// A thread whose process is not known yet.
    pub fn name_thread(&self, name: Option<Cow<'_, str>>, tree: &mut CallTree) -> Thread {
        Thread {
            process: None,
            name: frame(name.filter(|_| self.wants_threads), tree),
        }
    }

    pub fn define_thread(&mut self, id: Option<u64>, thread: Thread) -> Result<(), Mismatch> {
        define(&mut self.threads, "thread", id, thread)
    }

    pub fn define_process(
        &mut self,
        id: Option<u64>,
        name: Option<Cow<'_, str>>,
        tree: &mut CallTree,
    ) -> Result<Option<FrameId>, Mismatch> {
        let frame = frame(name.filter(|_| self.wants_processes), tree);
        define(&mut self.processes, "process", id, frame)?;
        Ok(frame)
    }
}

fn frame(name: Option<Cow<'_, str>>, tree: &mut CallTree) -> Option<FrameId> {
    name.map(|name| tree.intern(one_frame(&name).as_bytes()))
}

//! Turns the tree of locations into a tree of names: those that `perf script` would print, after
//! the processing of its output.

use super::objects::ObjectList;
use super::processes::Location;
use super::resolve::Resolved;
use super::stacks::FrameKey;
use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::document::addresses::symbols::with_line;
use crate::collapse::perf::{self, FrameLine, function_name, name_frames};
use crate::names::demangle::demangled_frame;
use crate::names::symbol::command_frame;
use crate::symbols::{Function, Object};
use ahash::AHashMap;
use std::borrow::Cow;

/// The frames of one location, the outermost first.
#[derive(Default)]
struct Line {
    /// Frames, and whether the callers of a frame's function are removed.
    frames: Vec<(FrameId, bool)>,
}

/// The result: the tree, and demangled names, each once.
#[derive(Default)]
struct Named<'a> {
    tree: CallTree,
    readable: AHashMap<&'a [u8], Cow<'a, [u8]>>,
}

/// Names the locations of a tree.
pub(super) struct Naming<'a> {
    pub options: &'a perf::Options,
    pub objects: &'a ObjectList,
    pub resolved: &'a Resolved,
}

impl<'a> Naming<'a> {
    /// The tree for `locations` with names, and its node for each node of `locations`.
    pub fn name(&self, locations: &CallTree) -> (CallTree, Vec<NodeId>) {
        let mut named = Named::default();
        // Java functions are named differently.
        let mut lines: AHashMap<(FrameId, bool), Line> = AHashMap::new();
        let mut here: Vec<Here> = Vec::with_capacity(locations.len());
        for id in locations.ids() {
            let above = match locations.parent(id) {
                Some(parent) => here[parent.index()],
                None => Here::default(),
            };
            let frame = locations.frame(id);
            let key = FrameKey::read(locations.name(id));
            let is_java = match key {
                FrameKey::OfWaker { is_java, .. } => is_java,
                _ => above.is_java,
            };
            let line = key.location().map(|location| {
                let new = || self.line(location, frame, is_java, &mut named);
                &*lines.entry((frame, is_java)).or_insert_with(new)
            });
            let next = match (key, line) {
                (FrameKey::OfWaker { .. }, Some(line)) => above.walk_back(line, &mut named.tree),
                (_, Some(line)) => above.walk(line, &mut named.tree),
                (FrameKey::Thread(comm), None) => Here::default().enter(comm, &mut named.tree),
                (FrameKey::Waker(comm), None) => above.enter(comm, &mut named.tree),
                (_, None) => above,
            };
            if let Some(count) = locations.self_count(id) {
                named.tree.add(next.node, count);
            }
            here.push(next);
        }
        (named.tree, here.into_iter().map(|it| it.node).collect())
    }

    fn line(
        &self,
        location: Location,
        frame: FrameId,
        is_java: bool,
        named: &mut Named<'a>,
    ) -> Line {
        let object = self.objects.get(location.object);
        let mut line = Line::default();
        for function in &self.resolved.functions[frame.index()] {
            self.add_function(&mut line, function, &object, location, is_java, named);
        }
        line
    }

    /// Adds the frames for a line of `perf script` about this function.
    fn add_function(
        &self,
        line: &mut Line,
        function: &'a Function,
        object: &Object,
        location: Location,
        is_java: bool,
        named: &mut Named<'a>,
    ) {
        let Named { tree, readable } = named;
        let symbol: &[u8] = match &function.name {
            Some(name) if self.options.demangle => readable
                .entry(name)
                .or_insert_with(|| demangled_frame(name)),
            Some(name) => name,
            None => b"[unknown]",
        };
        let source = function.line.as_ref();
        let address = format!("{:x}", location.address);
        let printed = FrameLine {
            address: address.as_bytes(),
            symbol,
            module: if function.is_inlined {
                b"inlined"
            } else {
                &object.name
            },
            has_symbol_and_module: true,
        };
        let symbol = lossy(symbol);
        let Some(function) = function_name(&symbol) else {
            return;
        };
        let mut hides_callers = self.options.skip_after.iter().any(|it| *it == function);
        name_frames(&function, &printed, self.options, is_java, |name| {
            let frame = tree.intern(&with_line(name.as_bytes(), source));
            line.frames.push((frame, hides_callers));
            hides_callers = false;
        });
    }
}

/// A node of the result, and what applies below it.
#[derive(Clone, Copy)]
struct Here {
    node: NodeId,
    is_java: bool,
    /// Whether the callers of a waker's function are left out.
    is_end: bool,
}

impl Default for Here {
    fn default() -> Here {
        Here {
            node: CallTree::ROOT,
            is_java: false,
            is_end: false,
        }
    }
}

impl Here {
    /// Steps to a thread called `comm`.
    fn enter(mut self, comm: &[u8], tree: &mut CallTree) -> Here {
        let name = command_frame(comm);
        if !self.is_end && !name.is_empty() {
            self.node = tree.child_called(self.node, name.as_bytes());
        }
        self.is_java = comm.starts_with(b"java");
        self
    }

    fn walk(mut self, line: &Line, tree: &mut CallTree) -> Here {
        for (frame, hides_callers) in &line.frames {
            if *hides_callers {
                self.node = CallTree::ROOT;
            }
            self.node = tree.child(self.node, *frame);
        }
        self
    }

    /// Steps from a function of a waker to its callers.
    fn walk_back(mut self, line: &Line, tree: &mut CallTree) -> Here {
        for (frame, hides_callers) in line.frames.iter().rev() {
            if !self.is_end {
                self.node = tree.child(self.node, *frame);
                self.is_end = *hides_callers;
            }
        }
        self
    }
}

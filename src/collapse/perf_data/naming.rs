//! Turns the tree of locations into a tree of names: those that `perf script` would print, after
//! the processing of its output.

use super::objects::ObjectList;
use super::processes::Location;
use super::resolve::Resolved;
use super::stacks::FrameKey;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::demangle::demangled_frame;
use crate::collapse::document::names::with_line;
use crate::collapse::perf::{self, FrameLine, function_name, name_frames};
use crate::collapse::symbol::command_frame;
use crate::symbols::{Function, Object};
use crate::text::lossy;
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
    /// The tree for `places` with names, and its node for each node of `places`.
    pub fn name(&self, places: &CallTree) -> (CallTree, Vec<NodeId>) {
        let mut named = Named::default();
        // Java functions are named differently.
        let mut lines: AHashMap<(FrameId, bool), Line> = AHashMap::new();
        let mut here: Vec<(NodeId, bool)> = Vec::with_capacity(places.len());
        for id in places.ids() {
            let (parent, is_java) = match places.parent(id) {
                Some(parent) => here[parent.index()],
                None => (CallTree::ROOT, false),
            };
            let frame = places.frame(id);
            let node = match FrameKey::read(places.name(id)) {
                FrameKey::Location(location) => {
                    let line = lines
                        .entry((frame, is_java))
                        .or_insert_with(|| self.line(location, frame, is_java, &mut named));
                    (line.walk(parent, &mut named.tree), is_java)
                }
                FrameKey::Thread(b"") => (parent, is_java),
                FrameKey::Thread(comm) => {
                    let name = command_frame(comm);
                    let node = named.tree.child_called(CallTree::ROOT, name.as_bytes());
                    (node, comm.starts_with(b"java"))
                }
            };
            if let Some(count) = places.self_count(id) {
                named.tree.add(node.0, count);
            }
            here.push(node);
        }
        (named.tree, here.into_iter().map(|(node, _)| node).collect())
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

impl Line {
    fn walk(&self, parent: NodeId, tree: &mut CallTree) -> NodeId {
        self.frames
            .iter()
            .fold(parent, |node, (frame, hides_callers)| {
                let node = if *hides_callers { CallTree::ROOT } else { node };
                tree.child(node, *frame)
            })
    }
}

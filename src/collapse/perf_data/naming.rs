//! From the tree of places to the tree of names: what `perf script` would print of a frame, taken
//! through what is done to its output.

use super::objects::ObjectList;
use super::processes::Location;
use super::resolve::Resolved;
use super::stacks::Place;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::demangle::demangled_frame;
use crate::collapse::document::names::with_place;
use crate::collapse::perf::{self, FrameLine, function_name, name_frames};
use crate::collapse::symbol::command_frame;
use crate::decimal::Decimal;
use crate::symbols::{Function, Object, SourceLine};
use crate::text::lossy;
use ahash::AHashMap;
use std::borrow::Cow;

/// The frames of one location, the outermost first.
#[derive(Default)]
struct Line {
    /// Frames, and whether what called a frame's function is left out.
    frames: Vec<(FrameId, bool)>,
}

/// What is made: the tree, and readable names, each once.
#[derive(Default)]
struct Made<'a> {
    tree: CallTree,
    readable: AHashMap<&'a [u8], Cow<'a, [u8]>>,
}

/// Names the places of a tree.
pub(super) struct Naming<'a> {
    pub options: &'a perf::Options,
    pub objects: &'a ObjectList,
    pub resolved: &'a Resolved,
}

impl<'a> Naming<'a> {
    /// The tree that `places` is, with names, and its node for each of `places`.
    pub fn name(&self, places: &CallTree) -> (CallTree, Vec<NodeId>) {
        let mut made = Made::default();
        // Java's functions are named differently.
        let mut lines: AHashMap<(FrameId, bool), Line> = AHashMap::new();
        let mut here: Vec<(NodeId, bool)> = Vec::with_capacity(places.len());
        for id in places.ids() {
            let (parent, is_java) = match places.parent(id) {
                Some(parent) => here[parent.index()],
                None => (CallTree::ROOT, false),
            };
            let frame = places.frame(id);
            let node = match Place::read(places.name(id)) {
                Place::Location(location) => {
                    let line = lines
                        .entry((frame, is_java))
                        .or_insert_with(|| self.line(location, frame, is_java, &mut made));
                    (line.walk(parent, &mut made.tree), is_java)
                }
                Place::Thread(b"") => (parent, is_java),
                Place::Thread(comm) => {
                    let name = command_frame(comm);
                    let node = made.tree.child_called(CallTree::ROOT, name.as_bytes());
                    (node, comm.starts_with(b"java"))
                }
            };
            if let Some(count) = places.self_count(id) {
                made.tree.add(node.0, count);
            }
            here.push(node);
        }
        (made.tree, here.into_iter().map(|(node, _)| node).collect())
    }

    fn line(&self, location: Location, frame: FrameId, is_java: bool, made: &mut Made<'a>) -> Line {
        let object = self.objects.get(location.object);
        let mut line = Line::default();
        for function in &self.resolved.functions[frame.index()] {
            self.add_function(&mut line, function, &object, location, is_java, made);
        }
        line
    }

    /// Adds what a line of `perf script` about this function stands for.
    fn add_function(
        &self,
        line: &mut Line,
        function: &'a Function,
        object: &Object,
        location: Location,
        is_java: bool,
        made: &mut Made<'a>,
    ) {
        let Made { tree, readable } = made;
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
            let frame = match source {
                Some(source) => tree.intern(&with_line(name, source)),
                None => tree.intern(name.as_bytes()),
            };
            line.frames.push((frame, hides_callers));
            hides_callers = false;
        });
    }
}

/// `parse (/srv/shop/parse.c:7)`
fn with_line(name: &str, source: &SourceLine) -> Vec<u8> {
    let number = source.number.map(|number| Decimal::from(u64::from(number)));
    with_place(name.as_bytes(), &source.file, number)
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

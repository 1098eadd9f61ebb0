//! Names of frames, threads and classes.

use super::Options;
use super::input::Input;
use super::metadata::{ClassId, Field};
use super::values::{Constants, Location, Value};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::document::latest::LatestStack;
use crate::names::frame::{UNKNOWN, frame_name, with_source};
use ahash::AHashMap;

/// Finds the nodes of the stacks in a class of events. Each stack is resolved once per chunk.
pub(super) struct Frames<'c> {
    constants: &'c Constants<'c>,
    options: &'c Options,
    layout: Option<Layout<'c>>,
    /// The nodes of stacks, by the keys of thread and stack.
    nodes: AHashMap<(Option<i64>, i64), NodeId>,
    latest: LatestStack<Method>,
    /// The frames of the current stack, starting with the leaf.
    stack: Vec<Method>,
    methods: AHashMap<Method, FrameId>,
    pub truncated: u64,
    /// Whether async-profiler wrote the file: only its native methods are not Java methods.
    is_of_async_profiler: bool,
}

/// Determines the name of a frame: the keys of its method and kind, and its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Method {
    method: i64,
    kind: i64,
    line: i64,
}

/// The role of a field in a frame.
#[derive(Clone, Copy)]
enum FieldRole<'c> {
    Method,
    Kind,
    Line,
    OtherInteger,
    Other(&'c Field),
}

impl<'c> FieldRole<'c> {
    fn of(field: &'c Field) -> FieldRole<'c> {
        match field.name.as_str() {
            _ if !field.is_integer => FieldRole::Other(field),
            "method" => FieldRole::Method,
            "type" => FieldRole::Kind,
            "lineNumber" => FieldRole::Line,
            _ => FieldRole::OtherInteger,
        }
    }
}

/// The positions of the fields in a stack.
struct Layout<'c> {
    fields: &'c [Field],
    frame: Vec<FieldRole<'c>>,
    /// The classes of the keys of methods and kinds.
    method: ClassId,
    kind: Option<ClassId>,
}

impl<'c> Layout<'c> {
    /// The layout of the stacks of a class.
    fn of(stack: ClassId, constants: &'c Constants<'c>) -> Option<Layout<'c>> {
        let classes = &constants.metadata.classes;
        let find = |fields: &'c [Field], name: &str| fields.iter().find(|field| field.name == name);
        let fields = &classes.get(&stack)?.fields;
        let frame = &classes.get(&find(fields, "frames")?.class)?.fields;
        Some(Layout {
            fields,
            method: find(frame, "method")?.class,
            kind: find(frame, "type").map(|field| field.class),
            frame: frame.iter().map(FieldRole::of).collect(),
        })
    }
}

impl<'c> Frames<'c> {
    /// Frames for events that have stacks in this field.
    pub fn new(
        field: Option<&Field>,
        constants: &'c Constants<'c>,
        options: &'c Options,
    ) -> Frames<'c> {
        Frames {
            constants,
            options,
            layout: field.and_then(|field| Layout::of(field.class, constants)),
            nodes: AHashMap::new(),
            latest: LatestStack::default(),
            stack: Vec::new(),
            methods: AHashMap::new(),
            truncated: 0,
            is_of_async_profiler: is_of_async_profiler(constants),
        }
    }

    /// The node of a stack, below its thread if requested. A missing stack has no frames.
    pub fn node(
        &mut self,
        thread: Option<Location<'c>>,
        stack: Option<Location<'c>>,
        tree: &mut CallTree,
    ) -> NodeId {
        let key = match (&thread, &stack) {
            (None, Some(Location::Key(_, stack))) => Some((None, *stack)),
            (Some(Location::Key(_, thread)), Some(Location::Key(_, stack))) => {
                Some((Some(*thread), *stack))
            }
            _ => None,
        };
        if let Some(node) = key.and_then(|key| self.nodes.get(&key)) {
            return *node;
        }
        let base = match thread {
            Some(thread) => tree.descend(CallTree::ROOT, &self.thread_name(thread)),
            None => CallTree::ROOT,
        };
        self.stack.clear();
        if stack.and_then(|stack| self.read_stack(stack)).is_none() {
            self.stack.clear();
        }
        let node = self.node_of_stack(base, tree);
        if let Some(key) = key {
            self.nodes.insert(key, node);
        }
        node
    }

    fn node_of_stack(&mut self, base: NodeId, tree: &mut CallTree) -> NodeId {
        self.latest.begin(base);
        for at in (0..self.stack.len()).rev() {
            let method = self.stack[at];
            if !self.latest.follow(method) {
                let frame = self.frame(method, tree);
                let node = tree.child(self.latest.node(), frame);
                self.latest.push(method, node);
            }
        }
        self.latest.node()
    }

    /// Reads the frames of a stack.
    fn read_stack(&mut self, stack: Location<'c>) -> Option<()> {
        let fields = self.layout.as_ref()?.fields;
        let mut input = self.constants.input(stack)?;
        for (index, field) in fields.iter().enumerate() {
            match field.name.as_str() {
                "frames" => self.read_frames(&mut { input })?,
                "truncated" => {
                    let value = self.constants.read_field(&mut { input }, field, 1)?;
                    self.truncated += u64::from(value == Value::Number(1));
                }
                _ => {}
            }
            if index + 1 < fields.len() {
                self.constants.skip_field(&mut input, field, 1)?;
            }
        }
        Some(())
    }

    fn read_frames(&mut self, input: &mut Input<'_>) -> Option<()> {
        for _ in 0..input.count()? {
            let method = self.read_method(input)?;
            self.stack.push(method);
        }
        Some(())
    }

    fn read_method(&self, input: &mut Input<'_>) -> Option<Method> {
        let mut method = Method::default();
        for part in &self.layout.as_ref()?.frame {
            match part {
                FieldRole::Method => method.method = input.number()?,
                FieldRole::Kind => method.kind = input.number()?,
                FieldRole::Line => method.line = input.number()?,
                FieldRole::OtherInteger => drop(input.number()?),
                FieldRole::Other(field) => self.constants.skip_field(input, field, 2)?,
            }
        }
        if !self.options.lines {
            method.line = 0;
        }
        Some(method)
    }

    fn frame(&mut self, method: Method, tree: &mut CallTree) -> FrameId {
        if let Some(frame) = self.methods.get(&method) {
            return *frame;
        }
        let name = self.method_name(method).unwrap_or(UNKNOWN.to_vec());
        let frame = tree.intern(&name);
        self.methods.insert(method, frame);
        frame
    }

    fn method_name(&self, frame: Method) -> Option<Vec<u8>> {
        let constants = self.constants;
        let layout = self.layout.as_ref()?;
        let line = frame.line;
        let kind = layout.kind.map(|class| Value::Key(class, frame.kind));
        let method = constants.resolve(Value::Key(layout.method, frame.method))?;
        let name = constants
            .field(method.clone(), "name")
            .and_then(|it| constants.text(it));
        let class = constants
            .field(method, "type")
            .and_then(|it| self.class_name(it));
        let (name, class) = (name.unwrap_or_default(), class.unwrap_or_default());
        let kind = kind
            .and_then(|kind| constants.text(kind))
            .unwrap_or_default();
        let is_native = matches!(&*kind, b"C++" | b"Kernel")
            || (self.is_of_async_profiler && kind == b"Native");
        Some(match (&*class, &*name) {
            (b"", b"") => return None,
            (b"", name) => frame_name(name),
            (class, name) if is_native && self.options.modules => {
                frame_name(&[class, b"`", name].concat())
            }
            (_, name) if is_native => frame_name(name),
            (class, name) => {
                let full = frame_name(&[class, b".", name].concat());
                match line > 0 {
                    true => with_source(&full, class, Some(Decimal::from(line))),
                    false => full,
                }
            }
        })
    }

    /// The name of a class as in source code: `java.lang.String`, `byte[]`.
    fn class_name(&self, class: Value) -> Option<Vec<u8>> {
        let name = self.constants.text(self.constants.field(class, "name")?)?;
        Some(source_name(&name))
    }

    /// The name of a class as a frame.
    pub fn of_class(&self, class: Location<'c>) -> Option<Vec<u8>> {
        let class = self.constants.read_at(class)?;
        Some(frame_name(&self.class_name(class)?))
    }

    /// The number that the system has for a thread.
    pub fn thread_id(&self, thread: Location<'c>) -> Option<u64> {
        let thread = self.constants.read_at(thread)?;
        match self.constants.field(thread, "osThreadId")? {
            Value::Number(id) => u64::try_from(id).ok(),
            _ => None,
        }
    }

    pub fn thread_name(&self, thread: Location<'c>) -> Vec<u8> {
        let thread = self.constants.read_at(thread);
        let field = |name: &str| {
            let text = self
                .constants
                .text(self.constants.field(thread.clone()?, name)?)?;
            (!text.is_empty()).then_some(text)
        };
        let name = field("javaName").or_else(|| field("osName"));
        frame_name(&name.unwrap_or(UNKNOWN.to_vec()))
    }
}

fn is_of_async_profiler(constants: &Constants<'_>) -> bool {
    /// The maximum number of frame kinds.
    const KINDS: i64 = 16;
    let class = constants.metadata.find("jdk.types.FrameType");
    class.is_some_and(|class| {
        let kinds = (0..KINDS).map(|key| constants.text(Value::Key(class, key)));
        kinds.flatten().any(|kind| kind == b"Kernel")
    })
}

/// `java.lang.String[]` for `[Ljava/lang/String;`.
fn source_name(name: &[u8]) -> Vec<u8> {
    let dimensions = name.iter().take_while(|byte| **byte == b'[').count();
    let element: &[u8] = match (dimensions, &name[dimensions..]) {
        (0, name) => name,
        (_, b"B") => b"byte",
        (_, b"C") => b"char",
        (_, b"D") => b"double",
        (_, b"F") => b"float",
        (_, b"I") => b"int",
        (_, b"J") => b"long",
        (_, b"S") => b"short",
        (_, b"Z") => b"boolean",
        (_, name) => name
            .strip_prefix(b"L")
            .and_then(|it| it.strip_suffix(b";"))
            .unwrap_or(name),
    };
    let dots = element
        .iter()
        .map(|byte| if *byte == b'/' { b'.' } else { *byte });
    dots.chain(b"[]".repeat(dimensions)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_called_as_in_the_source() {
        for (name, source) in [
            ("java/lang/String", "java.lang.String"),
            ("[B", "byte[]"),
            ("[[Ljava/util/Map;", "java.util.Map[][]"),
        ] {
            assert_eq!(source_name(name.as_bytes()), source.as_bytes());
        }
    }
}

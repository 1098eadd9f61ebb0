//! The names of frames, threads and classes.

use super::Options;
use super::values::{Constants, Value};
use crate::collapse::document::names::{UNKNOWN, frame_name, with_place};
use crate::decimal::Decimal;
use ahash::AHashMap;
use std::rc::Rc;

type Name = Rc<[u8]>;

/// Names what constants stand for, each once.
pub(super) struct Frames<'c> {
    constants: &'c Constants<'c>,
    options: &'c Options,
    /// The names of a stack by its key, the leaf first.
    stacks: AHashMap<i64, Rc<[Name]>>,
    methods: AHashMap<(i64, i64, i64), Name>,
    threads: AHashMap<i64, Name>,
    pub truncated: u64,
    /// Whether async-profiler wrote the file: in those of the JDK native methods are Java's.
    is_of_async_profiler: bool,
}

/// The key that a value is, if it is not the value itself.
fn key(value: &Value) -> Option<i64> {
    match value {
        Value::Key(_, key) => Some(*key),
        _ => None,
    }
}

impl<'c> Frames<'c> {
    pub fn new(constants: &'c Constants<'c>, options: &'c Options) -> Frames<'c> {
        let mut frames = Frames {
            constants,
            options,
            stacks: AHashMap::new(),
            methods: AHashMap::new(),
            threads: AHashMap::new(),
            truncated: 0,
            is_of_async_profiler: false,
        };
        frames.is_of_async_profiler =
            constants
                .metadata
                .find("jdk.types.FrameType")
                .is_some_and(|class| {
                    /// As many kinds of frames as there may be.
                    const KINDS: i64 = 16;
                    (0..KINDS).any(|key| {
                        constants
                            .text(Value::Key(class, key))
                            .is_some_and(|it| it == b"Kernel")
                    })
                });
        frames
    }

    /// The names of a stack, the leaf first.
    pub fn of_stack(&mut self, stack: Option<Value>) -> Rc<[Name]> {
        let Some(stack) = stack else {
            return Rc::new([]);
        };
        let key = key(&stack);
        if let Some(names) = key.and_then(|key| self.stacks.get(&key)) {
            return names.clone();
        }
        let names = self.read_stack(stack).unwrap_or_default();
        let names: Rc<[Name]> = names.into();
        if let Some(key) = key {
            self.stacks.insert(key, names.clone());
        }
        names
    }

    fn read_stack(&mut self, stack: Value) -> Option<Vec<Name>> {
        let stack = self.constants.resolve(stack)?;
        let is_truncated = self.constants.field(stack.clone(), "truncated");
        self.truncated += u64::from(is_truncated.is_some_and(|it| it == Value::Number(1)));
        let Value::Array(frames) = self.constants.field(stack, "frames")? else {
            return None;
        };
        Some(frames.into_iter().map(|frame| self.frame(frame)).collect())
    }

    fn frame(&mut self, frame: Value) -> Name {
        let field = |name: &str| self.constants.field(frame.clone(), name);
        let (method, kind) = (field("method"), field("type"));
        let line = match field("lineNumber") {
            Some(Value::Number(line)) if self.options.lines => line,
            _ => 0,
        };
        let key = method
            .as_ref()
            .and_then(key)
            .zip(kind.as_ref().and_then(key))
            .map(|(method, kind)| (method, kind, line));
        if let Some(name) = key.and_then(|key| self.methods.get(&key)) {
            return name.clone();
        }
        let name: Name = self
            .method_name(method, kind, line)
            .unwrap_or(UNKNOWN.to_vec())
            .into();
        if let Some(key) = key {
            self.methods.insert(key, name.clone());
        }
        name
    }

    fn method_name(
        &self,
        method: Option<Value>,
        kind: Option<Value>,
        line: i64,
    ) -> Option<Vec<u8>> {
        let constants = self.constants;
        let method = constants.resolve(method?)?;
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
                    true => with_place(&full, class, Some(Decimal::from(line))),
                    false => full,
                }
            }
        })
    }

    /// The name of a class as it is in the source: `java.lang.String`, `byte[]`.
    fn class_name(&self, class: Value) -> Option<Vec<u8>> {
        let name = self.constants.text(self.constants.field(class, "name")?)?;
        Some(source_name(&name))
    }

    /// The name of a class as a frame.
    pub fn of_class(&self, class: Value) -> Option<Name> {
        Some(frame_name(&self.class_name(class)?).into())
    }

    /// The name of a thread, if it is asked for.
    pub fn of_thread(&mut self, thread: Option<Value>) -> Option<Name> {
        let thread = thread?;
        let key = key(&thread);
        if let Some(name) = key.and_then(|key| self.threads.get(&key)) {
            return Some(name.clone());
        }
        let thread = self.constants.resolve(thread);
        let field = |name: &str| {
            let text = self
                .constants
                .text(self.constants.field(thread.clone()?, name)?)?;
            (!text.is_empty()).then_some(text)
        };
        let name = field("javaName")
            .or_else(|| field("osName"))
            .unwrap_or(UNKNOWN.to_vec());
        let name: Name = frame_name(&name).into();
        if let Some(key) = key {
            self.threads.insert(key, name.clone());
        }
        Some(name)
    }
}

/// `java.lang.String[]` of `[Ljava/lang/String;`.
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

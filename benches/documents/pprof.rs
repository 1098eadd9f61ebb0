//! CPU profiles of Go's `runtime/pprof`, uncompressed.

use super::Made;
use super::program::{FUNCTIONS, Function, Node, Recording, Run};
use std::collections::HashMap;

/// A protocol buffer message.
#[derive(Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(mut self, field: u64, number: u64) -> Message {
        self.varint(field << 3);
        self.varint(number);
        self
    }

    fn push(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(mut self, field: u64, message: Message) -> Message {
        self.push(field, &message.0);
        self
    }

    fn packed(mut self, field: u64, numbers: impl IntoIterator<Item = u64>) -> Message {
        let mut packed = Message::default();
        numbers.into_iter().for_each(|number| packed.varint(number));
        self.push(field, &packed.0);
        self
    }
}

/// The string table of a profile.
struct Strings {
    texts: Vec<String>,
    indexes: HashMap<String, u64>,
}

impl Strings {
    fn new() -> Strings {
        let mut strings = Strings {
            texts: Vec::new(),
            indexes: HashMap::new(),
        };
        strings.index("");
        strings
    }

    fn index(&mut self, text: &str) -> u64 {
        if let Some(index) = self.indexes.get(text) {
            return *index;
        }
        let index = self.texts.len() as u64;
        self.texts.push(text.to_string());
        self.indexes.insert(text.to_string(), index);
        index
    }
}

pub fn make(bytes: usize) -> Made {
    const PERIOD: u64 = 10_000_000;
    let recording = Recording::of(bytes, FUNCTIONS, 84, 0);
    let mut strings = Strings::new();
    let mut profile = Message::default();
    for (kind, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
        let (kind, unit) = (strings.index(kind), strings.index(unit));
        let message = Message::default().number(1, kind).number(2, unit);
        profile.push(1, &message.0);
    }
    let key = strings.index("worker");
    let mut total = 0;
    let Recording { mut run, samples } = recording;
    for leaf in samples {
        let count = 1 + run.random.below(20);
        total += count * PERIOD;
        let worker = strings.index(&format!("worker-{}", run.random.below(8)));
        let label = Message::default().number(1, key).number(2, worker);
        let locations = run.path(leaf).map(|node| location(&run, node));
        let sample = Message::default()
            .packed(1, locations)
            .packed(2, [count, count * PERIOD])
            .message(3, label);
        profile.push(2, &sample.0);
    }
    push_tables(&mut profile, &mut strings);
    Made {
        bytes: profile.0,
        total: total as f64,
    }
}

/// The number of call sites in a function.
const PLACES: u64 = 4;

/// The id of the location of a node; ids start at 1.
fn location(run: &Run, node: Node) -> u64 {
    1 + u64::from(run.function(node).0) * PLACES + u64::from(node.0) % PLACES
}

fn push_tables(profile: &mut Message, strings: &mut Strings) {
    let binary = strings.index("/srv/app/shop");
    let mapping = Message::default()
        .number(1, 1)
        .number(2, 0x40_0000)
        .number(3, 0x90_0000)
        .number(5, binary);
    profile.push(3, &mapping.0);
    for function in (0..FUNCTIONS).map(Function) {
        push_function(function, profile, strings);
    }
    for text in &strings.texts {
        profile.push(6, text.as_bytes());
    }
}

fn push_function(function: Function, profile: &mut Message, strings: &mut Strings) {
    let id = u64::from(function.0) + 1;
    for place in 0..PLACES {
        let location = u64::from(function.0) * PLACES + place + 1;
        let line = Message::default()
            .number(1, id)
            .number(2, function.line() + place);
        let location = Message::default()
            .number(1, location)
            .number(2, 1)
            .number(3, 0x40_0000 + location * 64)
            .message(4, line);
        profile.push(4, &location.0);
    }
    let name = strings.index(&function.name());
    let file = strings.index(&function.file());
    let function = Message::default()
        .number(1, id)
        .number(2, name)
        .number(3, name)
        .number(4, file);
    profile.push(5, &function.0);
}

//! Recordings of the JVM's flight recorder: chunks with the stacks of samples and allocations, and
//! with events without stacks.

use super::Made;
use super::program::{FUNCTIONS, Function, Node, Run};
use std::collections::HashMap;

pub fn make(bytes: usize) -> Made {
    const CHUNK: usize = 10_000_000;
    let mut run = Run::new(FUNCTIONS);
    let mut file = Bytes::default();
    let mut total = 0;
    while file.0.len() < bytes {
        let chunk = Chunk::of(&mut run, CHUNK.min(bytes - file.0.len()));
        total += chunk.samples;
        file.0.extend(chunk.finish(&run).0);
    }
    Made {
        bytes: file.0,
        total: total as f64,
    }
}

/// Encodes integers with seven bits per byte, and strings.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn number(&mut self, mut number: u64) -> &mut Bytes {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = u64>) -> &mut Bytes {
        numbers.into_iter().for_each(|number| {
            self.number(number);
        });
        self
    }

    fn text(&mut self, text: &str) -> &mut Bytes {
        const UTF8: u8 = 3;
        self.0.push(UTF8);
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Appends an event preceded by its size, which includes itself.
    fn event(&mut self, class: u64, content: Bytes) {
        let mut event = Bytes::default();
        event.number(class).0.extend(content.0);
        let size_of_size = match event.0.len() {
            0..=126 => 1,
            127..=16_381 => 2,
            16_382..=2_097_148 => 3,
            _ => 4,
        };
        self.number((event.0.len() + size_of_size) as u64);
        self.0.extend(event.0);
    }
}

/// The numbers of classes in the recording.
mod class {
    pub const METADATA: u64 = 0;
    pub const CHECKPOINT: u64 = 1;
    pub const LONG: u64 = 10;
    pub const INT: u64 = 11;
    pub const BOOLEAN: u64 = 12;
    pub const STRING: u64 = 13;
    pub const THREAD: u64 = 20;
    pub const CLASS: u64 = 21;
    pub const SYMBOL: u64 = 22;
    pub const METHOD: u64 = 23;
    pub const STACK_TRACE: u64 = 24;
    pub const STACK_FRAME: u64 = 25;
    pub const FRAME_TYPE: u64 = 26;
    pub const THREAD_STATE: u64 = 27;
    pub const EXECUTION_SAMPLE: u64 = 101;
    pub const ALLOCATION_SAMPLE: u64 = 102;
    pub const THREAD_STATISTICS: u64 = 103;
}

/// A class: its number, its name, its superclass, and its fields. A field is a name and a class;
/// the prefix `#` of a class means the key of a constant, and `*` an array.
type Class = (
    u64,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str, u64)],
);

const EVENT: &str = "jdk.jfr.Event";
const CLASSES: [Class; 15] = [
    (class::LONG, "long", "", &[]),
    (class::INT, "int", "", &[]),
    (class::BOOLEAN, "boolean", "", &[]),
    (class::STRING, "java.lang.String", "", &[]),
    (
        class::THREAD,
        "java.lang.Thread",
        "",
        &[
            ("osName", "", class::STRING),
            ("osThreadId", "", class::LONG),
            ("javaName", "", class::STRING),
            ("javaThreadId", "", class::LONG),
        ],
    ),
    (
        class::CLASS,
        "java.lang.Class",
        "",
        &[("name", "#", class::SYMBOL), ("modifiers", "", class::INT)],
    ),
    (
        class::SYMBOL,
        "jdk.types.Symbol",
        "",
        &[("string", "", class::STRING)],
    ),
    (
        class::METHOD,
        "jdk.types.Method",
        "",
        &[
            ("type", "#", class::CLASS),
            ("name", "#", class::SYMBOL),
            ("descriptor", "#", class::SYMBOL),
            ("modifiers", "", class::INT),
            ("hidden", "", class::BOOLEAN),
        ],
    ),
    (
        class::STACK_TRACE,
        "jdk.types.StackTrace",
        "",
        &[
            ("truncated", "", class::BOOLEAN),
            ("frames", "*", class::STACK_FRAME),
        ],
    ),
    (
        class::STACK_FRAME,
        "jdk.types.StackFrame",
        "",
        &[
            ("method", "#", class::METHOD),
            ("lineNumber", "", class::INT),
            ("bytecodeIndex", "", class::INT),
            ("type", "#", class::FRAME_TYPE),
        ],
    ),
    (
        class::FRAME_TYPE,
        "jdk.types.FrameType",
        "",
        &[("description", "", class::STRING)],
    ),
    (
        class::THREAD_STATE,
        "jdk.types.ThreadState",
        "",
        &[("name", "", class::STRING)],
    ),
    (
        class::EXECUTION_SAMPLE,
        "jdk.ExecutionSample",
        EVENT,
        &[
            ("startTime", "", class::LONG),
            ("sampledThread", "#", class::THREAD),
            ("stackTrace", "#", class::STACK_TRACE),
            ("state", "#", class::THREAD_STATE),
        ],
    ),
    (
        class::ALLOCATION_SAMPLE,
        "jdk.ObjectAllocationSample",
        EVENT,
        &[
            ("startTime", "", class::LONG),
            ("eventThread", "#", class::THREAD),
            ("stackTrace", "#", class::STACK_TRACE),
            ("objectClass", "#", class::CLASS),
            ("weight", "", class::LONG),
        ],
    ),
    (
        class::THREAD_STATISTICS,
        "jdk.ThreadAllocationStatistics",
        EVENT,
        &[
            ("startTime", "", class::LONG),
            ("allocated", "", class::LONG),
            ("thread", "#", class::THREAD),
        ],
    ),
];

const THREADS: u64 = 16;
const HEADER_SIZE: usize = 68;
const START: u64 = 1_700_000_000_000_000_000;
const TICKS_PER_SECOND: u64 = 1_000_000_000;

struct Chunk {
    /// The part after the header.
    content: Bytes,
    /// The keys of stacks.
    stacks: HashMap<Node, u64>,
    ticks: u64,
    samples: u64,
}

impl Chunk {
    /// A chunk with about `bytes` bytes of events, including stacks.
    fn of(run: &mut Run, bytes: usize) -> Chunk {
        const PER_STACK: usize = 210;
        let mut chunk = Chunk {
            content: Bytes::default(),
            stacks: HashMap::new(),
            ticks: 1_000_000_000,
            samples: 0,
        };
        while chunk.content.0.len() + chunk.stacks.len() * PER_STACK < bytes {
            chunk.add_events(run);
        }
        chunk
    }

    /// Adds a sample with the events recorded since the previous one.
    fn add_events(&mut self, run: &mut Run) {
        self.ticks += 10_000_000 + run.random.below(100_000);
        let (start, thread) = (self.ticks, 1 + run.random.below(THREADS));
        let stack = self.stack(run.sample());
        let mut sample = Bytes::default();
        sample.numbers([start, thread, stack, 1]);
        self.content.event(class::EXECUTION_SAMPLE, sample);
        self.samples += 1;
        if run.random.below(2) == 0 {
            let object_class = 1 + run.random.below(u64::from(FUNCTIONS));
            let weight = run.random.below(1_000_000);
            let stack = self.stack(run.sample());
            let mut allocation = Bytes::default();
            allocation.numbers([start, thread, stack, object_class, weight]);
            self.content.event(class::ALLOCATION_SAMPLE, allocation);
        }
        for thread in 1..=run.random.below(4) {
            let mut statistics = Bytes::default();
            statistics.numbers([start, run.random.below(1 << 40), thread]);
            self.content.event(class::THREAD_STATISTICS, statistics);
        }
    }

    /// The key of a stack, many of which repeat.
    fn stack(&mut self, leaf: Node) -> u64 {
        let next = self.stacks.len() as u64 + 1;
        *self.stacks.entry(leaf).or_insert(next)
    }

    fn finish(mut self, run: &Run) -> Bytes {
        let constants_at = HEADER_SIZE + self.content.0.len();
        let constants = self.constants(run);
        self.content.event(class::CHECKPOINT, constants);
        let metadata_at = HEADER_SIZE + self.content.0.len();
        self.content.event(class::METADATA, metadata());
        let size = HEADER_SIZE + self.content.0.len();
        let mut chunk = Bytes(b"FLR\0\0\x02\0\0".to_vec());
        let header = [size, constants_at, metadata_at].map(|number| number as u64);
        let times = [START, self.ticks, 1, TICKS_PER_SECOND];
        for number in header.into_iter().chain(times) {
            chunk.0.extend(number.to_be_bytes());
        }
        chunk.0.extend([0, 0, 0, 1]);
        chunk.0.extend(self.content.0);
        chunk
    }

    fn constants(&self, run: &Run) -> Bytes {
        const POOLS: u64 = 7;
        let mut out = Bytes::default();
        // Start, duration, the distance to the previous checkpoint, and its kind.
        out.numbers([1, 0, 0, 1, POOLS]);
        out.numbers([class::FRAME_TYPE, 1, 1]).text("JIT compiled");
        out.numbers([class::THREAD_STATE, 1, 1])
            .text("STATE_RUNNABLE");
        out.numbers([class::THREAD, THREADS]);
        for thread in 1..=THREADS {
            let name = format!("worker-{thread}");
            out.number(thread).text(&name).number(4711 + thread);
            out.text(&name).number(thread);
        }
        push_program(&mut out);
        self.push_stacks(run, &mut out);
        out
    }

    fn push_stacks(&self, run: &Run, out: &mut Bytes) {
        let mut stacks: Vec<_> = self.stacks.iter().collect();
        stacks.sort_unstable_by_key(|(_, key)| **key);
        out.numbers([class::STACK_TRACE, stacks.len() as u64]);
        for (leaf, key) in stacks {
            let depth = run.path(*leaf).count() as u64;
            out.numbers([*key, 0, depth]);
            for node in run.path(*leaf) {
                let function = run.function(node);
                let place = u64::from(node.0) % 4;
                out.numbers([key_of(function), function.line() + place, 3 + place * 9, 1]);
            }
        }
    }
}

fn key_of(function: Function) -> u64 {
    u64::from(function.0) + 1
}

/// Appends the constants of classes, symbols and methods. Each function has its own class.
fn push_program(out: &mut Bytes) {
    let functions = || (0..FUNCTIONS).map(Function);
    let count = u64::from(FUNCTIONS);
    out.numbers([class::CLASS, count]);
    for key in functions().map(key_of) {
        out.numbers([key, 2 * key, 1]);
    }
    out.numbers([class::SYMBOL, 2 * count + 1, 1]).text("()V");
    for function in functions() {
        let key = key_of(function);
        out.number(2 * key)
            .text(&function.class().replace('.', "/"));
        out.number(2 * key + 1).text(&function.method());
    }
    out.numbers([class::METHOD, count]);
    for key in functions().map(key_of) {
        out.numbers([key, key, 2 * key + 1, 1, 1, 0]);
    }
}

/// The event that describes the fields of each class.
fn metadata() -> Bytes {
    let mut writer = MetadataWriter::default();
    writer.open("root", &[], 2);
    writer.open("metadata", &[], CLASSES.len());
    for (number, name, extends, fields) in CLASSES {
        let number = number.to_string();
        let simple = if name == "jdk.types.Symbol" {
            "true"
        } else {
            ""
        };
        let attributes = [
            ("id", &*number),
            ("name", name),
            ("superType", extends),
            ("simpleType", simple),
        ];
        writer.open("class", &attributes, fields.len());
        for (name, kind, class) in fields {
            let class = class.to_string();
            let pool = if *kind == "#" { "true" } else { "" };
            let dimension = if *kind == "*" { "1" } else { "" };
            let attributes = [
                ("name", *name),
                ("class", &class),
                ("constantPool", pool),
                ("dimension", dimension),
            ];
            writer.open("field", &attributes, 0);
        }
    }
    writer.open("region", &[("locale", "en_US"), ("gmtOffset", "0")], 0);
    writer.finish()
}

#[derive(Default)]
struct MetadataWriter {
    strings: Vec<String>,
    elements: Bytes,
}

impl MetadataWriter {
    fn string(&mut self, text: &str) -> u64 {
        let known = self.strings.iter().position(|known| known == text);
        let index = known.unwrap_or(self.strings.len());
        if known.is_none() {
            self.strings.push(text.to_string());
        }
        index as u64
    }

    /// Starts an element, without empty attributes; its children follow.
    fn open(&mut self, name: &str, attributes: &[(&str, &str)], children: usize) {
        let present = || attributes.iter().filter(|(_, value)| !value.is_empty());
        let name = self.string(name);
        self.elements.numbers([name, present().count() as u64]);
        for (key, value) in present() {
            let (key, value) = (self.string(key), self.string(value));
            self.elements.numbers([key, value]);
        }
        self.elements.number(children as u64);
    }

    fn finish(self) -> Bytes {
        let mut out = Bytes::default();
        // Start, duration and number.
        out.numbers([1, 0, 1, self.strings.len() as u64]);
        for text in &self.strings {
            out.text(text);
        }
        out.0.extend(self.elements.0);
        out
    }
}

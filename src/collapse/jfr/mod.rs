//! JDK Flight Recorder: recordings (`.jfr`) of JVMs since version 11 and of async-profiler.
//!
//! ```text
//! file       = { chunk }                                          (big-endian; integers are LEB128)
//! chunk      = header, { event }
//! header     = "FLR\0", u16 major, u16 minor, u64 size, u64 offset of the constants, u64 of the metadata, …
//! event      = size, class, { field }
//! metadata   = what fields each class has: all else is read by it
//! constants  = for each class, keys and values
//! stackTrace = { truncated, frames: [{ method, lineNumber, bytecodeIndex, type }] }       (the leaf first)
//! ```
//!
//! One chunk is in memory at a time. By default, execution samples are read; each counts 1, except
//! allocations, which count bytes.

mod chunk;
mod frames;
mod input;
mod metadata;
mod values;

use super::document::{Document, Negative, Profile, ValueType, shared_options, thread_roots};
use crate::bytes::decimal::Decimal;
use crate::bytes::error::{Mismatch, ParseError, ParseErrorKind};
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, Moment, NodeId, Timeline};
use crate::collapse::selection::Criterion;
use crate::flags::flags;
use crate::input::invalid;
use crate::warnings::warning;
use chunk::{Chunk, Header};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

/// Folds recordings of the JDK Flight Recorder. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a recording.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The event to read, such as `jdk.ObjectAllocationSample`, or cpu, wall, alloc, lock, park,
        /// sleep or native [default: execution samples]
        #[arg(long, value_name = "NAME")]
        pub event: Option<String>,

        /// The value to count: `count`, or a field of the event: weight, tlabSize, allocationSize,
        /// size, duration (nanoseconds) [default: bytes for allocations, otherwise count]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with the name of its thread
        #[arg(long)]
        pub threads: bool,

        /// End stacks of allocations with the class of the allocated object
        #[arg(long)]
        pub class: bool,

        /// Prefix names of native functions with their library
        #[arg(long)]
        pub modules: bool,

        /// Also read samples of threads that wait in native code
        #[arg(long)]
        pub native: bool,

        /// Append the line to names: `Shop.serve (Shop:7)`
        #[arg(long)]
        pub lines: bool,
    }
}

const MAGIC: &[u8] = b"FLR\0";

impl Document for Options {
    const NAME: &'static str = "jfr";
    const DESCRIPTION: &'static str = "a JDK Flight Recorder recording";
    const ORIGIN: &'static [Criterion] = &[Criterion::Time, Criterion::Comm, Criterion::Tid];
    shared_options!(value, event, threads, lines);
    thread_roots!(Threads);

    fn sniff(head: &[u8]) -> Option<bool> {
        match head.len() < MAGIC.len() && MAGIC.starts_with(head) {
            true => None,
            false => Some(head.starts_with(MAGIC)),
        }
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut recording = Recording::default();
        let mut offset = 0;
        while let Some(header) = Header::read(input, offset)? {
            let Some(bytes) = header.read_chunk(input)? else {
                if recording.chunks == 0 {
                    let message = "the first chunk is truncated";
                    let mismatch = Mismatch::new(ParseErrorKind::Truncated, message);
                    return Err(mismatch.at_offset(offset).into());
                }
                warning!("the last chunk is incomplete and was skipped [offset {offset}]");
                break;
            };
            let chunk = Chunk::new(&header, &bytes).ok_or_else(|| damaged("chunk", offset))?;
            chunk.read(self, &mut recording, profile).map_err(|at| {
                let offset = offset + at as u64;
                damaged("event", offset)
            })?;
            recording.chunks += 1;
            offset += bytes.len() as u64;
        }
        if recording.chunks == 0 {
            return Err(invalid("expected a JFR recording, which starts with FLR"));
        }
        recording.choose(self, profile)
    }
}

/// The contents of a recording.
#[derive(Default)]
struct Recording {
    chunks: u64,
    /// The stacks of each kind of event that may be requested.
    events: BTreeMap<String, Events>,
    /// All kinds of events that have stacks.
    kinds: BTreeSet<String>,
    /// Those that happened.
    recorded: BTreeSet<String>,
    truncated: u64,
}

/// The events of a kind.
#[derive(Default)]
struct Events {
    /// Their stacks, without counts.
    tree: CallTree,
    values: Vec<EventValue>,
    events: u64,
    /// Whether some of them have no thread.
    lack_threads: bool,
}

/// One of the values of a kind of event.
struct EventValue {
    value: ValueType,
    /// The amount of each node.
    own: Vec<Decimal>,
    /// When the events occurred, if that is kept.
    times: Timeline,
    negative: Negative,
}

impl EventValue {
    fn new(value: ValueType) -> EventValue {
        EventValue {
            value,
            own: Vec::new(),
            times: Timeline::default(),
            negative: Negative::default(),
        }
    }

    fn add(&mut self, node: NodeId, amount: Decimal, time: Option<(&[u8], Moment)>) {
        let Some(count) = amount.to_count() else {
            self.negative.add(amount);
            return;
        };
        self.value.sum += count;
        if self.own.len() <= node.index() {
            self.own.resize(node.index() + 1, Decimal::ZERO);
        }
        self.own[node.index()] += amount;
        if let Some((thread, moment)) = time.filter(|_| !count.is_zero()) {
            self.times.add(thread, moment, node, count);
        }
    }
}

impl Events {
    /// Adds the events to `profile`, with the value at `index`.
    fn add_to(mut self, index: usize, profile: &mut Profile) {
        let Some(value) = self.values.into_iter().nth(index) else {
            return;
        };
        for (node, own) in self.tree.ids().zip(&value.own) {
            match own.to_count() {
                Some(count) if !count.is_zero() => self.tree.add(node, count),
                _ => {}
            }
        }
        if value.times.len() > 0 {
            *self.tree.timeline_mut() = value.times;
        }
        match profile.tree.is_empty() {
            true => profile.tree = self.tree,
            false => profile.tree.merge(&self.tree),
        }
        profile.leave_out(value.negative);
        if self.lack_threads {
            profile.lack_thread();
        }
    }
}

/// Execution samples, in order of preference if several kinds record the same.
const CPU_TIME: &str = "jdk.CPUTimeSample";
const EXECUTION: &str = "jdk.ExecutionSample";
const NATIVE: &str = "jdk.NativeMethodSample";
const WALL_CLOCK: &str = "profiler.WallClockSample";

/// Allocations, of which the JVM may record both kinds.
const ALLOCATION_SAMPLE: &str = "jdk.ObjectAllocationSample";
const TLAB_ALLOCATIONS: [&str; 2] = [
    "jdk.ObjectAllocationInNewTLAB",
    "jdk.ObjectAllocationOutsideTLAB",
];

impl Options {
    /// Whether to read events called `name`.
    fn wants(&self, name: &str) -> bool {
        match &self.event {
            Some(event) => wanted_events(event).contains(&name),
            None => {
                matches!(name, CPU_TIME | EXECUTION | WALL_CLOCK) || (self.native && name == NATIVE)
            }
        }
    }
}

/// The events that a short name refers to; any other name is that of an event.
fn wanted_events(name: &str) -> Vec<&str> {
    match name {
        "cpu" => vec![CPU_TIME, EXECUTION],
        "wall" => vec![WALL_CLOCK],
        "alloc" => [&[ALLOCATION_SAMPLE][..], &TLAB_ALLOCATIONS].concat(),
        "lock" => vec!["jdk.JavaMonitorEnter"],
        "park" => vec!["jdk.ThreadPark"],
        "sleep" => vec!["jdk.ThreadSleep"],
        "native" => vec![NATIVE],
        name => vec![name],
    }
}

impl Recording {
    /// Removes `others`, which duplicate the events called `name`, if there are any of these.
    fn prefer(&mut self, name: &str, others: &[&str]) {
        let has_events = |events: &Events| events.events > 0;
        if !self.events.get(name).is_some_and(has_events) {
            return;
        }
        for other in others {
            if self.events.remove(*other).is_some_and(|it| has_events(&it)) {
                log::info!("{other} is left out: {name} has the same data with more precision");
            }
        }
    }

    /// The names of all events with stacks, for messages.
    fn recorded_events(&self) -> String {
        let recorded: Vec<&str> = self.recorded.iter().map(String::as_str).collect();
        match recorded.is_empty() {
            true => "no events with stacks".to_string(),
            false => recorded.join(", "),
        }
    }

    /// Adds up the requested events.
    fn choose(mut self, options: &Options, profile: &mut Profile) -> io::Result<()> {
        if let Some(event) = &options.event
            && !wanted_events(event)
                .iter()
                .any(|name| self.kinds.contains(*name))
        {
            return Err(invalid(format!(
                "the recording has no event `{event}`; it has {}",
                self.recorded_events()
            )));
        }
        let has_samples = self.events.values().any(|it| it.events > 0);
        if options.event.is_none() && !has_samples && !self.recorded.is_empty() {
            log::warn!(
                "the recording has no execution samples; it has {}; choose one with the event filter (--event EVENT)",
                self.recorded_events()
            );
        }
        self.prefer(CPU_TIME, &[EXECUTION]);
        self.prefer(ALLOCATION_SAMPLE, &TLAB_ALLOCATIONS);
        let mut types: Vec<ValueType> = Vec::new();
        let values = self.events.values().flat_map(|events| &events.values);
        for value in values.map(|it| &it.value) {
            match types.iter_mut().find(|known| known.name == value.name) {
                Some(known) => known.sum += value.sum,
                None => types.push(value.clone()),
            }
        }
        if types.is_empty() {
            types.push(ValueType::new("count", "count"));
        }
        let chosen = profile.choose(types, options.value.as_deref(), 0)?;
        let chosen = profile.values[chosen].name.clone();
        for (_, events) in self.events {
            // Different kinds of events may store their bytes in fields with other names.
            let named = events.values.iter().position(|it| it.value.name == chosen);
            if let Some(index) = named.or_else(|| options.value.is_none().then_some(0)) {
                events.add_to(index, profile);
            }
        }
        if self.truncated > 0 {
            let stacks = plural(self.truncated, "stack", "stacks");
            log::info!("{stacks} had more frames than were recorded");
        }
        Ok(())
    }
}
#[cold]
fn damaged(what: &str, offset: u64) -> ParseError {
    let message = format!("the {what} is damaged");
    Mismatch::new(ParseErrorKind::Malformed, message).at_offset(offset)
}

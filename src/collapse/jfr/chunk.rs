//! Chunks of a recording, and the events in them.

use super::frames::Frames;
use super::input::Input;
use super::metadata::{Class, ClassId, Metadata};
use super::values::{Constants, Value};
use super::{Options, Recording, WALL_CLOCK};
use crate::call_tree::CallTree;
use crate::collapse::document::{Profile, ValueType, invalid};
use crate::decimal::Decimal;
use std::io::{self, BufRead, Read};

/// The size of a header in bytes.
const HEADER_SIZE: usize = 68;

/// Where in a header its numbers are: the size of the chunk, and where its constants and types start.
const SIZE: usize = 8;
const CONSTANTS: usize = 16;
const METADATA: usize = 24;
const TICKS_PER_SECOND: usize = 56;

pub(super) struct Header {
    bytes: [u8; HEADER_SIZE],
}

impl Header {
    /// Reads the header of the next chunk; `None` at the end of the recording.
    pub fn read(input: &mut dyn BufRead, offset: u64) -> io::Result<Option<Header>> {
        let mut bytes = Vec::new();
        input.take(HEADER_SIZE as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if !bytes.starts_with(super::MAGIC) && !super::MAGIC.starts_with(&bytes) {
            return Err(invalid(format!(
                "expected a chunk of JFR, `FLR` [offset {offset}]"
            )));
        }
        let cut = bytes.len() < HEADER_SIZE;
        bytes.resize(HEADER_SIZE, 0);
        let mut header = Header {
            bytes: [0; HEADER_SIZE],
        };
        header.bytes.copy_from_slice(&bytes);
        let major = u16::from_be_bytes([bytes[4], bytes[5]]);
        match (cut, major) {
            (true, _) | (false, 1 | 2) => Ok(Some(header)),
            _ => Err(invalid(format!(
                "expected version 1 or 2 of JFR, found {major} [offset {offset}]"
            ))),
        }
    }

    /// The chunk with its header; `None` if it is not whole. The JVM fills in where the tables are when it
    /// ends a chunk.
    pub fn read_chunk(&self, input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
        let size = self.number(SIZE);
        let is_ended = self.number(CONSTANTS) != 0 && self.number(METADATA) != 0;
        let Some(rest) = size.checked_sub(HEADER_SIZE as u64).filter(|_| is_ended) else {
            return Ok(None);
        };
        let mut chunk = self.bytes.to_vec();
        input.take(rest).read_to_end(&mut chunk)?;
        Ok((chunk.len() as u64 == size).then_some(chunk))
    }

    fn number(&self, at: usize) -> u64 {
        let bytes = self.bytes[at..].first_chunk();
        bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

/// A chunk whose types and constants are known.
pub(super) struct Chunk<'a> {
    constants: Constants<'a>,
    ticks_per_second: u64,
    metadata_at: usize,
}

impl<'a> Chunk<'a> {
    /// `None` if it is damaged.
    pub fn new(header: &Header, chunk: &'a [u8]) -> Option<Chunk<'a>> {
        let constants_at = usize::try_from(header.number(CONSTANTS)).ok()?;
        let metadata_at = usize::try_from(header.number(METADATA)).ok()?;
        let metadata = Metadata::read(chunk, metadata_at)?;
        let mut constants = Constants::new(chunk, metadata);
        constants.read_checkpoints(constants_at)?;
        Some(Chunk {
            constants,
            ticks_per_second: header.number(TICKS_PER_SECOND).max(1),
            metadata_at,
        })
    }

    /// Reads the events that are asked for into `recording`. The error is where a damaged one starts.
    pub fn read(&self, options: &Options, recording: &mut Recording) -> Result<(), usize> {
        /// Metadata and checkpoints are events too.
        const FIRST_CLASS: i64 = 2;
        let constants = &self.constants;
        for class in constants.metadata.classes.values() {
            if class.fields.iter().any(|field| field.name == "stackTrace") {
                recording.kinds.insert(class.name.clone());
            }
        }
        let mut readers = ahash::AHashMap::new();
        let mut at = HEADER_SIZE;
        while at < constants.chunk.len() {
            let (class, mut event, end) = constants.event(at).ok_or(at)?;
            if class >= FIRST_CLASS && at != self.metadata_at {
                let reader = readers
                    .entry(class)
                    .or_insert_with(|| self.reader(class, options));
                if let Some(reader) = reader {
                    reader.read(&mut event).ok_or(at)?;
                }
            }
            at = end;
        }
        for reader in readers.into_values().flatten() {
            reader.finish(recording);
        }
        Ok(())
    }

    fn reader<'c>(&'c self, class: ClassId, options: &'c Options) -> Option<EventReader<'c>> {
        let definition = self.constants.metadata.classes.get(&class)?;
        options.wants(&definition.name).then(|| EventReader {
            chunk: self,
            class: definition,
            options,
            values: values(definition)
                .into_iter()
                .map(|value| (value, Profile::default()))
                .collect(),
            frames: Frames::new(&self.constants, options),
            events: 0,
        })
    }
}

/// What can be counted of an event, the default first.
fn values(class: &Class) -> Vec<ValueType> {
    let has = |name: &str| class.fields.iter().any(|field| field.name == name);
    let is_allocation = ["AllocationSample", "InNewTLAB", "OutsideTLAB"]
        .iter()
        .any(|end| class.name.ends_with(end));
    let count = ValueType::new("count", "count");
    let sizes = ["weight", "tlabSize", "allocationSize", "size"]
        .into_iter()
        .filter(|name| has(name));
    let sizes = sizes.map(|name| ValueType::new(name, "bytes"));
    let mut values = match is_allocation {
        true => sizes.chain([count]).collect(),
        false => Vec::from_iter([count].into_iter().chain(sizes)),
    };
    if has("duration") {
        values.push(ValueType::new("duration", "nanoseconds"));
    }
    values
}

/// Reads the events of a kind.
struct EventReader<'c> {
    chunk: &'c Chunk<'c>,
    class: &'c Class,
    options: &'c Options,
    /// A profile for each value that the event has.
    values: Vec<(ValueType, Profile)>,
    frames: Frames<'c>,
    events: u64,
}

impl EventReader<'_> {
    fn read(&mut self, input: &mut Input<'_>) -> Option<()> {
        let constants = &self.chunk.constants;
        let mut stack = None;
        let mut thread = None;
        let mut object_class = None;
        let mut numbers: Vec<(&str, i64)> = Vec::new();
        for field in &self.class.fields {
            match field.name.as_str() {
                "stackTrace" | "sampledThread" | "eventThread" | "objectClass" => {
                    let value = constants.read_field(input, field, 0)?;
                    match field.name.as_str() {
                        "stackTrace" => stack = Some(value),
                        "objectClass" => object_class = Some(value),
                        _ => thread = Some(value),
                    }
                }
                "weight" | "tlabSize" | "allocationSize" | "size" | "duration" | "samples" => {
                    if let Value::Number(number) = constants.read_field(input, field, 0)? {
                        numbers.push((&field.name, number));
                    }
                }
                _ => constants.skip_field(input, field, 0)?,
            }
        }
        self.events += 1;
        let number = |name: &str| {
            numbers
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, it)| *it)
        };
        let is_wall_clock = self.class.name == WALL_CLOCK;
        let count = number("samples").filter(|_| is_wall_clock).unwrap_or(1);
        let thread = thread.filter(|_| self.options.threads);
        let object_class = object_class.filter(|_| self.options.class);
        let roots = self.frames.of_thread(thread);
        let leaf = object_class.and_then(|class| self.frames.of_class(class));
        let stack = self.frames.of_stack(stack);
        for (value, profile) in &mut self.values {
            let weight = match value.name.as_str() {
                "count" => Decimal::from(count),
                "duration" => {
                    let ticks = i128::from(number("duration").unwrap_or(0));
                    let nanoseconds =
                        ticks * 1_000_000_000 / i128::from(self.chunk.ticks_per_second);
                    Decimal::from(i64::try_from(nanoseconds).unwrap_or(i64::MAX))
                }
                name => Decimal::from(number(name).unwrap_or(0)),
            };
            if let Some(count) = weight.to_count() {
                value.sum += count;
            }
            let names = roots.iter().chain(stack.iter().rev()).chain(&leaf);
            let mut node = CallTree::ROOT;
            for name in names {
                let frame = profile.tree.intern(name);
                node = profile.tree.child(node, frame);
            }
            profile.add(node, weight);
        }
        Some(())
    }

    /// Adds what was read to `recording`.
    fn finish(self, recording: &mut Recording) {
        recording.truncated += self.frames.truncated;
        let events = recording.events.entry(self.class.name.clone()).or_default();
        events.events += self.events;
        for (value, profile) in self.values {
            match events
                .values
                .iter_mut()
                .find(|(known, _)| known.name == value.name)
            {
                Some((known, sum)) => {
                    known.sum += value.sum;
                    sum.tree.merge(&profile.tree);
                }
                None => events.values.push((value, profile)),
            }
        }
    }
}

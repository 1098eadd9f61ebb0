//! Chunks of a recording, and their events.

use super::frames::Frames;
use super::input::Input;
use super::metadata::{Class, ClassId, Metadata};
use super::values::{Constants, Location};
use super::{EventValue, Events, Options, Recording, WALL_CLOCK};
use crate::bytes::decimal::Decimal;
use crate::bytes::error::Mismatch;
use crate::call_tree::{CallTree, Moment, NodeId};
use crate::collapse::document::{Profile, ValueType};
use crate::collapse::selection::SampleOrigin;
use std::io::{self, BufRead, Read};

/// The size of a header in bytes.
const HEADER_SIZE: usize = 68;

/// Where in a header its numbers are: the size of the chunk, where its constants and types start, and when it
/// starts, in nanoseconds since 1970 and in ticks.
const SIZE: usize = 8;
const CONSTANTS: usize = 16;
const METADATA: usize = 24;
const START_NANOS: usize = 32;
const START_TICKS: usize = 48;
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
            return Err(Mismatch::lack_of("a JFR chunk, `FLR`")
                .at_offset(offset)
                .into());
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
            _ => Err(wrong_version(major).at_offset(offset).into()),
        }
    }

    /// Reads the chunk after its header; `None` if it is incomplete. The JVM writes the positions
    /// of the tables only when it finishes a chunk.
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

/// A chunk with its types and constants.
pub(super) struct Chunk<'a> {
    constants: Constants<'a>,
    start: Decimal,
    start_ticks: u64,
    ticks_per_second: u64,
    metadata_at: usize,
}

impl<'a> Chunk<'a> {
    /// Returns `None` if the chunk is damaged.
    pub fn new(header: &Header, chunk: &'a [u8]) -> Option<Chunk<'a>> {
        let constants_at = usize::try_from(header.number(CONSTANTS)).ok()?;
        let metadata_at = usize::try_from(header.number(METADATA)).ok()?;
        let metadata = Metadata::read(chunk, metadata_at)?;
        let mut constants = Constants::new(chunk, metadata);
        constants.read_checkpoints(constants_at)?;
        Some(Chunk {
            constants,
            start: Decimal::from_nanos(header.number(START_NANOS)),
            start_ticks: header.number(START_TICKS),
            ticks_per_second: header.number(TICKS_PER_SECOND).max(1),
            metadata_at,
        })
    }

    /// When an event happened, in seconds since 1970.
    fn time(&self, ticks: i64) -> Decimal {
        let ticks = ticks.saturating_sub_unsigned(self.start_ticks);
        self.start + Decimal::from(ticks).divided_by(self.ticks_per_second)
    }

    /// Reads the requested events into `recording`, if `profile` selects them. The error is the
    /// position of a damaged event.
    pub fn read(
        &self,
        options: &Options,
        recording: &mut Recording,
        profile: &mut Profile,
    ) -> Result<(), usize> {
        /// Metadata and checkpoints are events too.
        const FIRST_CLASS: i64 = 2;
        let constants = &self.constants;
        let classes = constants.metadata.classes.values();
        let with_stack = classes.filter(|class| class.find("stackTrace").is_some());
        let names = with_stack.map(|class| class.name.clone());
        recording.kinds.extend(names);
        let mut readers = ahash::AHashMap::new();
        let mut at = HEADER_SIZE;
        while at < constants.chunk.len() {
            let (class, mut event, end) = constants.event(at).ok_or(at)?;
            if class >= FIRST_CLASS && at != self.metadata_at {
                let reader = readers
                    .entry(class)
                    .or_insert_with(|| self.reader(class, options, recording));
                if let Some(reader) = reader {
                    let events = recording.events.get_mut(&reader.class.name);
                    let events = events.ok_or(at)?;
                    reader.read_fields(&mut event).ok_or(at)?;
                    if !profile.has_selection() || reader.is_taken_by(profile) {
                        reader.add_to(events, profile.latest_time());
                    }
                }
            }
            at = end;
        }
        for reader in readers.into_values().flatten() {
            recording.truncated += reader.frames.truncated;
        }
        Ok(())
    }

    fn amount(&self, amount: &Amount, fields: &[FieldValue<'_>]) -> Decimal {
        let integer = |index: usize| match fields.get(index) {
            Some(FieldValue::Integer(number)) => *number,
            _ => 0,
        };
        match *amount {
            Amount::One => Decimal::from(1u64),
            Amount::Integer(index) => Decimal::from(integer(index)),
            Amount::Ticks(index) => {
                let ticks = i128::from(integer(index));
                let nanoseconds = ticks * 1_000_000_000 / i128::from(self.ticks_per_second);
                Decimal::from(i64::try_from(nanoseconds).unwrap_or(i64::MAX))
            }
            Amount::Nothing => Decimal::ZERO,
        }
    }

    /// A reader for the events of a class, which adds them to `recording`.
    fn reader<'c>(
        &'c self,
        class: ClassId,
        options: &'c Options,
        recording: &mut Recording,
    ) -> Option<EventReader<'c>> {
        let class = self.constants.metadata.classes.get(&class)?;
        if class.find("stackTrace").is_some() {
            recording.recorded.insert(class.name.clone());
        }
        if !options.wants(&class.name) {
            return None;
        }
        let events = recording.events.entry(class.name.clone()).or_default();
        for value in values(class) {
            if !events
                .values
                .iter()
                .any(|known| known.value.name == value.name)
            {
                events.values.push(EventValue::new(value));
            }
        }
        let amounts = events.values.iter();
        let amounts = amounts
            .map(|it| Amount::of(&it.value.name, class))
            .collect();
        Some(EventReader {
            chunk: self,
            class,
            options,
            amounts,
            frames: Frames::new(class.find("stackTrace"), &self.constants, options),
            fields: Vec::new(),
        })
    }
}

/// The values of an event, the default first.
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

/// The amount that an event counts.
enum Amount {
    One,
    /// The integer field at this index.
    Integer(usize),
    /// The field at this index, converted from ticks to nanoseconds.
    Ticks(usize),
    /// The event lacks the field.
    Nothing,
}

impl Amount {
    fn of(value: &str, class: &Class) -> Amount {
        let find = |name: &str| class.fields.iter().position(|field| field.name == name);
        match value {
            "count" => match find("samples") {
                Some(samples) if class.name == WALL_CLOCK => Amount::Integer(samples),
                _ => Amount::One,
            },
            "duration" => find(value).map_or(Amount::Nothing, Amount::Ticks),
            name => find(name).map_or(Amount::Nothing, Amount::Integer),
        }
    }
}

/// Reads the events of a class.
struct EventReader<'c> {
    chunk: &'c Chunk<'c>,
    class: &'c Class,
    options: &'c Options,
    /// The amount of an event, for each value.
    amounts: Vec<Amount>,
    frames: Frames<'c>,
    /// The fields of the current event.
    fields: Vec<FieldValue<'c>>,
}

/// The fields that hold the thread of an event.
const THREADS: [&str; 2] = ["sampledThread", "eventThread"];

/// A field of an event.
#[derive(Clone, Copy)]
enum FieldValue<'c> {
    /// A number or a key.
    Integer(i64),
    /// Anything else, to be read from here.
    Other(Input<'c>),
}

impl<'c> EventReader<'c> {
    fn read_fields(&mut self, input: &mut Input<'c>) -> Option<()> {
        self.fields.clear();
        for field in &self.class.fields {
            self.fields.push(match field.is_integer {
                true => FieldValue::Integer(input.number()?),
                false => FieldValue::Other(*input),
            });
            if !field.is_integer {
                self.chunk.constants.skip_field(input, field, 0)?;
            }
        }
        Some(())
    }

    /// Whether the current event is selected.
    fn is_taken_by(&self, profile: &mut Profile) -> bool {
        let mut fields = self.class.fields.iter().zip(&self.fields);
        let start = fields.find(|(field, _)| field.name == "startTime");
        let thread = self.location(&THREADS);
        let name = thread.map(|thread| self.frames.thread_name(thread));
        let id = thread.and_then(|thread| self.frames.thread_id(thread));
        profile.takes(&SampleOrigin {
            time: match start {
                Some((_, FieldValue::Integer(ticks))) => Some(self.chunk.time(*ticks)),
                _ => None,
            },
            comm: name.as_deref(),
            tid: id,
            ..SampleOrigin::default()
        })
    }

    /// Adds the event that was read to those of its kind.
    fn add_to(&mut self, events: &mut Events, time: Option<(&[u8], Moment)>) {
        events.events += 1;
        let thread = self.thread();
        events.lack_threads |= thread.is_none();
        let node = self.node(thread, &mut events.tree);
        for (amount, value) in self.amounts.iter().zip(&mut events.values) {
            value.add(node, self.chunk.amount(amount, &self.fields), time);
        }
    }

    /// The thread of the event that was read, if it is asked for.
    fn thread(&self) -> Option<Location<'c>> {
        self.options
            .threads
            .then(|| self.location(&THREADS))
            .flatten()
    }

    /// Where the event that was read belongs.
    fn node(&mut self, thread: Option<Location<'c>>, tree: &mut CallTree) -> NodeId {
        let stack = self.location(&["stackTrace"]);
        let node = self.frames.node(thread, stack, tree);
        let class = self.options.class.then(|| self.location(&["objectClass"]));
        match class
            .flatten()
            .and_then(|class| self.frames.of_class(class))
        {
            Some(class) => tree.descend(node, &class),
            None => node,
        }
    }

    /// The location of the last field whose name is one of `names`.
    fn location(&self, names: &[&str]) -> Option<Location<'c>> {
        let mut fields = self.class.fields.iter().zip(&self.fields);
        let (field, value) = fields.rfind(|(field, _)| names.contains(&field.name.as_str()))?;
        Some(match *value {
            FieldValue::Integer(key) => Location::Key(field.class, key),
            FieldValue::Other(input) => Location::Inline(field.class, input),
        })
    }
}
#[cold]
fn wrong_version(found: u16) -> Mismatch {
    let expected = "version 1 or 2 of JFR";
    let message = format!("expected {expected}, found {found}");
    Mismatch::worded(message, expected, Some(found.to_string()))
}

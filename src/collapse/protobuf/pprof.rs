//! [pprof](https://github.com/google/pprof): profiles in protobuf, usually compressed, from Go,
//! Rust's `pprof`, jemalloc, Parca, Pyroscope, Datadog, Julia and async-profiler.
//!
//! ```text
//! Profile  = 1 sample_type*, 2 sample*, 3 mapping*, 4 location*, 5 function*, 6 string_table*,
//!            14 default_sample_type
//! Sample   = 1 location_id* (the leaf first), 2 value* (one for each type), 3 label*
//! Location = 1 id, 2 mapping_id, 3 address, 4 line* (the innermost inlined call first)
//! Line     = 1 function_id, 2 line
//! Function = 1 id, 2 name, 3 system_name, 4 filename
//! ```
//!
//! Text in the schema is an index into the string table. A location has one frame for each line:
//! inlined functions, and the function that they were inlined into. The function of a location
//! without one is looked up in the mapped file; if that does not exist, the frame is named after
//! the file, `[libc.so.6]`.
//!
//! A profile has several values for each sample; the default is the one that the profile specifies,
//! or the last one. Samples that `pprof -diff_base` marks as baseline are the first of two counts.

use crate::bytes::decimal::Decimal;
use crate::bytes::error::{Mismatch, ParseErrorKind};
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::document::addresses::{AddressId, Addresses, FileAddress, FileId, Names};
use crate::collapse::document::ids::Ids;
use crate::collapse::document::latest::LatestStack;
use crate::collapse::document::{
    Document, Profile, ValueType, outside, read_to_end, resolve_value, shared_options,
};
use crate::collapse::engine::shared::SymbolOptions;
use crate::collapse::protobuf::location::{self, location_frames};
use crate::collapse::protobuf::pprof_messages::{
    Function, Label, Line, Location, Mapping, Sample, SampleType,
};
use crate::collapse::protobuf::{Fields, Payload, Value, decode, push_numbers};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::names::frame::frame_name;
use ahash::AHashMap;
use std::io::{self, BufRead};
use std::ops::Range;

/// Folds pprof profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, pprof::Folder};
///
/// // sample_type { type: 1 unit: 2 }, sample { location_id: 1 value: 7 },
/// // location { id: 1 line { function_id: 1 } }, function { id: 1 name: 3 }, string_table
/// let profile = b"\x0a\x04\x08\x01\x10\x02\x12\x04\x08\x01\x10\x07\x22\x06\x08\x01\x22\x02\x08\x01\
///     \x2a\x04\x08\x01\x10\x03\x32\0\x32\x03cpu\x32\x02ns\x32\x04main";
/// let mut folded = Vec::new();
/// Folder::default().collapse(&profile[..], &mut folded)?;
/// assert_eq!(folded, b"main 7\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a pprof profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count, by its name or by its number, starting with 0 [default: as specified in
        /// the profile]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with the value of this label; can be repeated
        #[arg(long, value_name = "LABEL")]
        pub tagroot: Vec<String>,

        /// End each stack with the value of this label; can be repeated
        #[arg(long, value_name = "LABEL")]
        pub tagleaf: Vec<String>,

        /// Append file and line to names: `main (main.go:7)`
        #[arg(long)]
        pub lines: bool,

        /// How to symbolize addresses
        #[command(flatten)]
        pub symbols: SymbolOptions,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "pprof";
    const DESCRIPTION: &'static str = "a pprof profile (protobuf)";
    const ORIGIN: &'static [Criterion] = &[
        Criterion::Time,
        Criterion::Comm,
        Criterion::Pid,
        Criterion::Tid,
        Criterion::Cpu,
    ];
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        sniff(head)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        Some(&mut self.symbols)
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let message = read_to_end(input)?;
        let message = Payload::of_file(&message);
        let tables = Tables::read(message)?;
        let (types, default) = tables.value_types()?;
        let wanted = self
            .value
            .as_deref()
            .map(|name| resolve_value(&types, name));
        let column = profile.choose(types, wanted.as_deref(), default)?;
        let unnamed = tables.addresses(Addresses::new(&self.symbols, self.lines))?;
        let mut reader = SampleReader {
            options: self,
            tables: &tables,
            names: unnamed.addresses.resolve(),
            unnamed: unnamed.ids,
            frames: LocationFrames::default(),
            latest: LatestStack::default(),
            column,
            has_base: tables.strings.contains(&BASE_LABEL),
            profile,
        };
        reader.read(message)
    }
}

/// The first fields must be those of a profile. Text that starts with a blank line, which is also
/// the start of the message, does not continue like that.
fn sniff(head: &[u8]) -> Option<bool> {
    const ENOUGH: usize = 3;
    if !is_field_start(head) {
        return if head.is_empty() { None } else { Some(false) };
    }
    for field in Fields::of(Payload::of_file(head)).take(ENOUGH) {
        match field {
            Ok((1, Value::Bytes(inner))) if !is_value_type(inner.bytes) => return Some(false),
            Ok((1..=6 | 11 | 13, Value::Bytes(_))) => {}
            Ok((7..=10 | 12..=15, Value::Number(_))) => {}
            Ok(_) => return Some(false),
            // The message may continue after the available bytes.
            Err(_) => return None,
        }
    }
    Some(true)
}

/// Whether the message of a field is `{ type, unit }`.
fn is_value_type(message: &[u8]) -> bool {
    const LONGEST: usize = 32;
    message.len() < LONGEST && matches!(message, [0x08 | 0x10, ..])
}

/// Whether a profile may start like this: with a type of its values, its time, or any table.
fn is_field_start(head: &[u8]) -> bool {
    matches!(
        head,
        [0x0a | 0x5a, _, 0x08 | 0x10, ..] | [0x12 | 0x1a | 0x22 | 0x2a | 0x32, ..]
    ) || is_time(head)
}

/// Whether it is the time of a profile, in nanoseconds since 1970, with which Go's profiles start:
/// a number of nine bytes.
fn is_time(head: &[u8]) -> bool {
    const LENGTH: usize = 9;
    let number = head.strip_prefix(&[0x48]);
    let number = number.and_then(|it| it.first_chunk::<LENGTH>());
    number.is_some_and(|[start @ .., end]| start.iter().all(|it| *it >= 0x80) && *end < 0x80)
}

impl Sample {
    /// Reads a sample, and its labels if requested. Field by field, like the profile, this takes
    /// half the time, which matters because there are many samples.
    fn read(&mut self, message: Payload<'_>, with_labels: bool) -> io::Result<()> {
        self.locations.clear();
        self.values.clear();
        self.labels.clear();
        for field in Fields::of(message) {
            match field? {
                (1, value) => push_numbers(value, &mut self.locations, "sample")?,
                (2, value) => push_numbers(value, &mut self.values, "sample")?,
                (3, Value::Bytes(bytes)) if with_labels => {
                    self.labels.push(decode(bytes, "label")?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The locations without functions, and what they are called.
struct Unnamed<'o> {
    addresses: Addresses<'o>,
    ids: AHashMap<u64, AddressId>,
}

/// All of a profile except its samples.
#[derive(Default)]
struct Tables<'a> {
    types: Vec<(SampleType, Payload<'a>)>,
    mappings: AHashMap<u64, Mapping>,
    locations: AHashMap<u64, (Location, Payload<'a>)>,
    functions: AHashMap<u64, Function>,
    strings: Vec<&'a [u8]>,
    default_type: (i64, Payload<'a>),
}

impl<'a> Tables<'a> {
    fn read(message: Payload<'a>) -> io::Result<Tables<'a>> {
        let mut tables = Tables::default();
        let mut fields = Fields::of(message);
        while let Some(field) = fields.next() {
            match field? {
                (1, Value::Bytes(bytes)) => {
                    tables.types.push((decode(bytes, "sample type")?, bytes));
                }
                (3, Value::Bytes(bytes)) => {
                    let mapping: Mapping = decode(bytes, "mapping")?;
                    let inserted = insert(&mut tables.mappings, mapping.id, mapping, "mapping");
                    bytes.locate(inserted)?;
                }
                (4, Value::Bytes(bytes)) => {
                    let location: Location = decode(bytes, "location")?;
                    let (id, location) = (location.id, (location, bytes));
                    bytes.locate(insert(&mut tables.locations, id, location, "location"))?;
                }
                (5, Value::Bytes(bytes)) => {
                    let function: Function = decode(bytes, "function")?;
                    let inserted = insert(&mut tables.functions, function.id, function, "function");
                    bytes.locate(inserted)?;
                }
                (6, Value::Bytes(text)) => tables.strings.push(text.bytes),
                (14, Value::Number(index)) => {
                    tables.default_type = (index.cast_signed(), fields.latest());
                }
                (1..=6, Value::Number(_) | Value::Fixed(_)) => {
                    return Err(number_for_message()
                        .at_offset(fields.latest().offset)
                        .into());
                }
                _ => {}
            }
        }
        Ok(tables)
    }

    /// The types of values, and the index of the default one.
    fn value_types(&self) -> io::Result<(Vec<ValueType>, usize)> {
        let text = |index, message: Payload<'_>| {
            let string = message.locate(self.string(index))?;
            io::Result::Ok(String::from_utf8_lossy(string).into_owned())
        };
        let types = self.types.iter().map(|(kind, message)| {
            Ok(ValueType::new(
                text(kind.kind, *message)?,
                text(kind.unit, *message)?,
            ))
        });
        let types: Vec<ValueType> = types.collect::<io::Result<_>>()?;
        let (default, message) = self.default_type;
        let default = text(default, message)?;
        let named = types
            .iter()
            .position(|known| known.name == default && !default.is_empty());
        let last = types.len().saturating_sub(1);
        Ok((types, named.unwrap_or(last)))
    }

    fn string(&self, index: i64) -> Result<&'a [u8], Mismatch> {
        let string = usize::try_from(index)
            .ok()
            .and_then(|index| self.strings.get(index));
        match string {
            Some(string) => Ok(string),
            None if index == 0 => Ok(b""),
            None => Err(outside("string_table", index, self.strings.len())),
        }
    }

    /// Where a sample with these labels is from: profilers have no names for them in common.
    fn origin(&self, labels: &[Label]) -> Result<SampleOrigin<'a>, Mismatch> {
        let mut origin = SampleOrigin::default();
        for label in labels {
            let text = self.string(label.text)?;
            let number = match text {
                b"" => u64::try_from(label.number).ok(),
                digits => crate::bytes::count::parse_digits(digits),
            };
            match self.string(label.key)? {
                b"comm" | b"thread" | b"thread_name" | b"thread name" | b"thread_comm" => {
                    origin.comm = Some(text);
                }
                b"pid" | b"process_id" | b"process id" => origin.pid = number,
                b"tid" | b"thread_id" | b"thread id" => origin.tid = number,
                b"cpu" => origin.cpu = number,
                b"end_timestamp_ns" => origin.time = number.map(Decimal::from_nanos),
                _ => {}
            }
        }
        Ok(origin)
    }

    /// The addresses of locations that have no function.
    fn addresses<'o>(&self, mut addresses: Addresses<'o>) -> io::Result<Unnamed<'o>> {
        let mut ids = AHashMap::new();
        for (location, message) in self.unnamed_locations() {
            let id = message.locate(self.add_address(location, &mut addresses))?;
            ids.insert(location.id, id);
        }
        Ok(Unnamed { addresses, ids })
    }

    /// The locations without a function. They are sorted, so that the first error is always the same.
    fn unnamed_locations(&self) -> Vec<&(Location, Payload<'a>)> {
        let has_function = |line: &Line| line.function != 0;
        let is_unnamed = |(location, _): &&(Location, Payload<'_>)| {
            location.lines.is_empty() || !location.lines.iter().all(has_function)
        };
        let mut unnamed: Vec<_> = self.locations.values().filter(is_unnamed).collect();
        unnamed.sort_unstable_by_key(|(location, _)| location.id);
        unnamed
    }

    fn add_address(
        &self,
        location: &Location,
        addresses: &mut Addresses<'_>,
    ) -> Result<AddressId, Mismatch> {
        let address = location.address;
        let Some(mapping) = self.mappings.get(&location.mapping) else {
            return match location.mapping {
                0 => Ok(addresses.add(b"", &FileId::Unknown, FileAddress::Unknown, address)),
                mapping => Err(unknown("mapping", mapping)),
            };
        };
        let id = FileId::of_hex(self.string(mapping.build_id)?);
        let file_address = FileAddress::in_mapping(address, mapping.start, mapping.offset);
        Ok(addresses.add(self.string(mapping.filename)?, &id, file_address, address))
    }

    /// The function in a line of a location; `None` if it is unknown.
    fn function_in(&self, line: &Line) -> Result<Option<location::Function<'a>>, Mismatch> {
        if line.function == 0 {
            return Ok(None);
        }
        let function = self.functions.get(&line.function);
        let function = function.ok_or_else(|| unknown("function", line.function))?;
        Ok(Some(location::Function {
            name: match self.string(function.name)? {
                b"" => self.string(function.system_name)?,
                name => name,
            },
            file: self.string(function.filename)?,
            line: line.line,
        }))
    }
}

/// Adds an entry to a table, whose ids start at 1 and are unique.
fn insert<T>(table: &mut AHashMap<u64, T>, id: u64, entry: T, what: &str) -> Result<(), Mismatch> {
    let unlike =
        |message: String, expected| Err(Mismatch::worded(message, expected, Some(id.to_string())));
    if id == 0 {
        return unlike(format!("a {what} has the id 0"), "an id above 0");
    }
    match table.insert(id, entry) {
        None => Ok(()),
        Some(_) => unlike(format!("two {what}s have the id {id}"), "a unique id"),
    }
}

#[cold]
fn unknown(what: &str, id: u64) -> Mismatch {
    let message = format!("the {what} {id} is referenced but missing from the profile");
    Mismatch::worded(message, format!("the id of a {what}"), Some(id.to_string()))
        .of_kind(ParseErrorKind::Reference)
}

#[cold]
fn number_for_message() -> Mismatch {
    let (expected, found) = ("a message in the profile", "a number");
    let message = format!("expected {expected}, found {found}");
    Mismatch::worded(message, expected, Some(found.to_string()))
}

/// The label with which `pprof -diff_base` marks samples.
const BASE_LABEL: &[u8] = b"pprof::base";

/// Reads samples, after all tables.
struct SampleReader<'t, 'a, 'p> {
    options: &'t Options,
    tables: &'t Tables<'a>,
    /// Locations without functions.
    unnamed: AHashMap<u64, AddressId>,
    names: Names,
    frames: LocationFrames,
    latest: LatestStack<u64>,
    /// The index of the value to count.
    column: usize,
    /// Whether samples may belong to the baseline.
    has_base: bool,
    profile: &'p mut Profile,
}

/// The frames of visited locations.
#[derive(Default)]
struct LocationFrames {
    /// Numbers locations by id.
    numbers: Ids,
    /// The range in `frames` of each location.
    ranges: Vec<Range<usize>>,
    /// The frames of all locations, concatenated, the outermost of each first.
    frames: Vec<FrameId>,
}

impl LocationFrames {
    fn get(&self, id: u64) -> Option<&[FrameId]> {
        let number = self.numbers.get(id)?;
        let range = self.ranges.get(number as usize)?;
        self.frames.get(range.clone())
    }

    fn add(&mut self, id: u64, frames: impl Iterator<Item = FrameId>) {
        let start = self.frames.len();
        self.frames.extend(frames);
        self.numbers.insert(id, self.ranges.len() as u32);
        self.ranges.push(start..self.frames.len());
    }
}

impl SampleReader<'_, '_, '_> {
    fn read(&mut self, message: Payload<'_>) -> io::Result<()> {
        let mut sample = Sample::default();
        let Options {
            tagroot, tagleaf, ..
        } = self.options;
        let with_labels = self.has_base
            || self.profile.has_selection()
            || !tagroot.is_empty()
            || !tagleaf.is_empty();
        for field in Fields::of(message) {
            if let (2, Value::Bytes(bytes)) = field? {
                sample.read(bytes, with_labels)?;
                bytes.locate(self.add(&sample))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, sample: &Sample) -> Result<(), Mismatch> {
        let Sample {
            locations,
            values,
            labels,
        } = sample;
        if values.len() != self.tables.types.len() {
            let types = self.tables.types.len();
            let values = values.len();
            let message = format!("a sample has {values} values, expected {types}");
            let (expected, found) = (format!("{types} values"), format!("{values} values"));
            return Err(Mismatch::worded(message, expected, Some(found)));
        }
        if self.profile.has_selection() && !self.profile.takes(&self.tables.origin(labels)?) {
            return Ok(());
        }
        for (column, value) in values.iter().enumerate() {
            self.profile.add_to_sum(column, Decimal::from(*value));
        }
        let root = self.add_labels(CallTree::ROOT, labels, &self.options.tagroot)?;
        let leaf = self.add_locations(root, locations)?;
        let node = self.add_labels(leaf, labels, &self.options.tagleaf)?;
        let Some(value) = values.get(self.column) else {
            return Ok(());
        };
        let value = Decimal::from(*value);
        match self.is_of_base(labels)? {
            true => self.profile.add_before(node, value),
            false if self.has_base => self.profile.add_after(node, value),
            false => self.profile.add(node, value),
        }
        Ok(())
    }

    /// The node of a stack, whose outermost location comes last.
    fn add_locations(&mut self, root: NodeId, locations: &[u64]) -> Result<NodeId, Mismatch> {
        self.latest.begin(root);
        for id in locations.iter().rev() {
            if !self.latest.follow(*id) {
                let node = self.add_location(self.latest.node(), *id)?;
                self.latest.push(*id, node);
            }
        }
        Ok(self.latest.node())
    }

    fn add_location(&mut self, parent: NodeId, id: u64) -> Result<NodeId, Mismatch> {
        if self.frames.get(id).is_none() {
            self.name_location(id)?;
        }
        let frames = self.frames.get(id).unwrap_or_default().iter();
        Ok(frames.fold(parent, |node, frame| self.profile.tree.child(node, *frame)))
    }

    fn name_location(&mut self, id: u64) -> Result<(), Mismatch> {
        let location = self.tables.locations.get(&id);
        let (location, _) = location.ok_or_else(|| unknown("location", id))?;
        let unnamed = self.unnamed.get(&id).map(|id| self.names.frames(*id));
        let function = |line: &Line| self.tables.function_in(line);
        let unnamed = unnamed.unwrap_or_default();
        let names = location_frames(&location.lines, unnamed, self.options.lines, function)?;
        let frames = names.iter().map(|name| self.profile.tree.intern(name));
        self.frames.add(id, frames);
        Ok(())
    }

    /// Adds a frame for each of the `keys` for which the sample has a label.
    fn add_labels(
        &mut self,
        parent: NodeId,
        labels: &[Label],
        keys: &[String],
    ) -> Result<NodeId, Mismatch> {
        let mut node = parent;
        for key in keys {
            for label in labels {
                if self.tables.string(label.key)? == key.as_bytes() {
                    let frame = self.profile.tree.intern(&self.label_value(label)?);
                    node = self.profile.tree.child(node, frame);
                }
            }
        }
        Ok(node)
    }

    /// Text, or a number with its unit: `320bytes`.
    fn label_value(&self, label: &Label) -> Result<Vec<u8>, Mismatch> {
        Ok(match label.text {
            0 => {
                let unit = self.tables.string(label.unit)?;
                frame_name(&[label.number.to_string().as_bytes(), unit].concat())
            }
            text => frame_name(self.tables.string(text)?),
        })
    }

    /// Whether the sample is marked as baseline by `pprof -diff_base`.
    fn is_of_base(&self, labels: &[Label]) -> Result<bool, Mismatch> {
        for label in labels {
            if self.tables.string(label.key)? == BASE_LABEL {
                return Ok(self.tables.string(label.text)? == b"true");
            }
        }
        Ok(false)
    }
}

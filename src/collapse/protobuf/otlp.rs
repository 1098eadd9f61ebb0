//! OpenTelemetry: profiles in OTLP (`v1development`) as protobuf, written by its eBPF profiler,
//! Elastic's, and async-profiler.
//!
//! ```text
//! ProfilesData = 1 resource_profiles*, 2 dictionary
//! ResourceProfiles = 2 scope_profiles* = 2 profiles*
//! Profile    = 1 sample_type { 1 type, 2 unit }, 2 samples*
//! Sample     = 1 stack_index, 2 attribute_indices*, 4 values*, 5 timestamps*
//! Dictionary = 1 mapping*, 2 location*, 3 function*, 5 string*, 6 attribute*, 7 stack*
//! ```
//!
//! All data is in the tables of the dictionary, where entry 0 means none. A sample counts the sum
//! of its values, or the number of its timestamps. A file has a profile for each type of value, one
//! of which is read. With the feature `json`, the JSON encoding is supported too.

use crate::bytes::decimal::Decimal;
use crate::bytes::error::{Mismatch, ParseError};
use crate::call_tree::{CallTree, FrameId, Moment, NodeId};
use crate::collapse::document::addresses::{AddressId, Addresses, FileAddress, FileId, Names};
use crate::collapse::document::{
    Document, Profile, ValueType, outside, read_to_end, shared_options, thread_roots,
};
use crate::collapse::engine::shared::SymbolOptions;
use crate::collapse::protobuf::location::{self, location_frames};
use crate::collapse::protobuf::otlp_json;
use crate::collapse::protobuf::{Fields, Payload, Value, decode, decode_into};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use ahash::AHashMap;
use std::io::{self, BufRead};

/// The attribute of a mapping with the build ID of the file.
const BUILD_ID: &[u8] = b"process.executable.build_id.gnu";

/// Folds OpenTelemetry profiles. See the [module](self) for the format.
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for an OpenTelemetry profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count, by its type in the profiles [default: the first]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with the name of its thread
        #[arg(long)]
        pub threads: bool,

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
    const NAME: &'static str = "otlp";
    const DESCRIPTION: &'static str = "an OpenTelemetry profile (protobuf or JSON)";
    const ORIGIN: &'static [Criterion] = &Criterion::ALL;
    shared_options!(value, threads, lines);
    thread_roots!(Threads);

    fn sniff(head: &[u8]) -> Option<bool> {
        match is_json(head) {
            true => otlp_json::sniff(head),
            false => sniff(head),
        }
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        Some(&mut self.symbols)
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let message = read_to_end(input)?;
        match is_json(&message) {
            true => {
                let message = otlp_json::to_protobuf(&message, Options::DESCRIPTION)?;
                self.read_message(&message, profile).map_err(without_offset)
            }
            false => self.read_message(&message, profile),
        }
    }
}

/// Removes the offset, which is not one in the input, from an error about converted JSON.
fn without_offset(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    match inner.map(ParseError::mismatch) {
        Some(mismatch) => invalid(mismatch.to_string()),
        None => error,
    }
}

impl Options {
    fn read_message(&self, message: &[u8], profile: &mut Profile) -> io::Result<()> {
        let file = File::read(Payload::of_file(message))?;
        let (types, profiles) = file.value_types()?;
        let chosen = profile.choose(types, self.value.as_deref(), 0)?;
        let (names, unnamed) = file
            .dictionary
            .addresses(Addresses::new(&self.symbols, self.lines))?;
        let mut reader = SampleReader {
            options: self,
            dictionary: &file.dictionary,
            names,
            unnamed,
            locations: vec![None; file.dictionary.locations.len()],
            stacks: AHashMap::new(),
            process: None,
            moments: Vec::new(),
            profile,
        };
        for Typed {
            value,
            message,
            process,
        } in profiles
        {
            reader.process = process;
            reader.read(message, value, value == chosen)?;
        }
        Ok(())
    }
}

fn is_json(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"{")
}

/// The first field is a message, which itself starts with messages, unlike that of pprof.
fn sniff(head: &[u8]) -> Option<bool> {
    let is_field = |byte: u8| matches!(byte, 0x0a | 0x12);
    let (&first, mut rest) = head.split_first()?;
    if !is_field(first) {
        return Some(false);
    }
    let length = prost::encoding::decode_varint(&mut rest).ok()?;
    let inner = *rest.first()?;
    let message = &rest[..rest
        .len()
        .min(usize::try_from(length).unwrap_or(usize::MAX))];
    // If the whole message is available, it must consist of fields. A short incomplete one is text:
    // blank lines.
    let is_message = match message.len() as u64 == length {
        true => Fields::of(Payload::of_file(message)).all(|field| field.is_ok()),
        false => length >= 0x80,
    };
    let is_resource = first == 0x0a && is_field(inner);
    let is_dictionary = first == 0x12 && matches!(inner, 0x0a | 0x12 | 0x1a | 0x22 | 0x2a);
    Some(length > 1 && is_message && (is_resource || is_dictionary) && has_profile(message))
}

/// Whether the start of a message matches profiles and dictionaries at deeper levels.
fn has_profile(message: &[u8]) -> bool {
    matches!(
        Fields::of(Payload::of_file(message)).next(),
        Some(Ok((1..=7, Value::Bytes(_)))) | Some(Err(_))
    )
}

#[derive(Clone, PartialEq, prost::Message)]
struct SampleType {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(int32, tag = "2")]
    unit: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(int32, tag = "1")]
    stack: i32,
    #[prost(int32, repeated, tag = "2")]
    attributes: Vec<i32>,
    #[prost(int64, repeated, tag = "4")]
    values: Vec<i64>,
    #[prost(fixed64, repeated, tag = "5")]
    timestamps: Vec<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Mapping {
    /// The start of the mapping in memory.
    #[prost(uint64, tag = "1")]
    start: u64,
    /// The offset of the mapping in the file.
    #[prost(uint64, tag = "3")]
    offset: u64,
    #[prost(int32, tag = "4")]
    filename: i32,
    #[prost(int32, repeated, tag = "5")]
    attributes: Vec<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Location {
    #[prost(int32, tag = "1")]
    mapping: i32,
    #[prost(uint64, tag = "2")]
    address: u64,
    #[prost(message, repeated, tag = "3")]
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Line {
    #[prost(int32, tag = "1")]
    function: i32,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Function {
    #[prost(int32, tag = "1")]
    name: i32,
    #[prost(int32, tag = "2")]
    system_name: i32,
    #[prost(int32, tag = "3")]
    filename: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Attribute {
    #[prost(int32, tag = "1")]
    key: i32,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyValue {
    #[prost(bytes = "vec", tag = "1")]
    text: Vec<u8>,
    #[prost(int64, tag = "3")]
    number: i64,
}

/// An attribute of a resource, whose key is text.
#[derive(Clone, PartialEq, prost::Message)]
struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Stack {
    #[prost(int32, repeated, tag = "1")]
    locations: Vec<i32>,
}

/// The tables that all profiles of a file share.
#[derive(Default)]
struct Dictionary<'a> {
    mappings: Vec<Mapping>,
    locations: Vec<(Location, Payload<'a>)>,
    functions: Vec<Function>,
    strings: Vec<&'a [u8]>,
    attributes: Vec<Attribute>,
    stacks: Vec<Stack>,
}

impl<'a> Dictionary<'a> {
    fn read(&mut self, message: Payload<'a>) -> io::Result<()> {
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(bytes)) => self.mappings.push(decode(bytes, "mapping")?),
                (2, Value::Bytes(bytes)) => {
                    self.locations.push((decode(bytes, "location")?, bytes));
                }
                (3, Value::Bytes(bytes)) => self.functions.push(decode(bytes, "function")?),
                (5, Value::Bytes(text)) => self.strings.push(text.bytes),
                (6, Value::Bytes(bytes)) => self.attributes.push(decode(bytes, "attribute")?),
                (7, Value::Bytes(bytes)) => self.stacks.push(decode(bytes, "stack")?),
                _ => {}
            }
        }
        Ok(())
    }

    fn string(&self, index: i32) -> Result<&'a [u8], Mismatch> {
        match index {
            0 => Ok(b""),
            index => entry(&self.strings, index, "string_table").copied(),
        }
    }

    /// The text of the attribute called `key` among those with the `indices`.
    fn attribute(&self, indices: &[i32], key: &[u8]) -> Result<Option<&[u8]>, Mismatch> {
        let value = self.attribute_value(indices, key)?;
        Ok(value.map(|value| value.map_or(&b""[..], |value| &value.text)))
    }

    /// The number in the attribute called `key`.
    fn number(&self, indices: &[i32], key: &[u8]) -> Result<Option<u64>, Mismatch> {
        let value = self.attribute_value(indices, key)?.flatten();
        Ok(value.and_then(|value| u64::try_from(value.number).ok()))
    }

    /// The origin of a sample with these attributes.
    fn origin(&self, indices: &[i32]) -> Result<SampleOrigin<'_>, Mismatch> {
        Ok(SampleOrigin {
            time: None,
            comm: self.attribute(indices, b"thread.name")?,
            pid: self.number(indices, b"process.pid")?,
            tid: self.number(indices, b"thread.id")?,
            cpu: self.number(indices, b"cpu.logical_number")?,
        })
    }

    #[expect(clippy::option_option, reason = "an attribute may lack its value")]
    fn attribute_value(
        &self,
        indices: &[i32],
        key: &[u8],
    ) -> Result<Option<Option<&AnyValue>>, Mismatch> {
        for &index in indices {
            let attribute = entry(&self.attributes, index, "attribute_table")?;
            if self.string(attribute.key)? == key {
                return Ok(Some(attribute.value.as_ref()));
            }
        }
        Ok(None)
    }

    /// The addresses of all locations; only those without functions are symbolized.
    fn addresses(&self, mut addresses: Addresses<'_>) -> io::Result<(Names, Vec<AddressId>)> {
        let ids = self.locations.iter();
        let ids = ids.map(|(location, message)| {
            Ok(message.locate(self.add_address(location, &mut addresses))?)
        });
        let ids = ids.collect::<io::Result<_>>()?;
        Ok((addresses.resolve(), ids))
    }

    fn add_address(
        &self,
        location: &Location,
        addresses: &mut Addresses<'_>,
    ) -> Result<AddressId, Mismatch> {
        let address = location.address;
        let is_named = |line: &Line| line.function != 0;
        let has_names = !location.lines.is_empty() && location.lines.iter().all(is_named);
        if has_names || location.mapping == 0 {
            return Ok(addresses.add(b"", &FileId::Unknown, FileAddress::Unknown, address));
        }
        let mapping = entry(&self.mappings, location.mapping, "mapping_table")?;
        let build_id = self.attribute(&mapping.attributes, BUILD_ID)?;
        let id = FileId::of_hex(build_id.unwrap_or_default());
        let file_address = FileAddress::in_mapping(address, mapping.start, mapping.offset);
        Ok(addresses.add(self.string(mapping.filename)?, &id, file_address, address))
    }

    fn text(&self, index: i32) -> Result<String, Mismatch> {
        Ok(String::from_utf8_lossy(self.string(index)?).into_owned())
    }
}

/// The entry of a table.
fn entry<'t, T>(table: &'t [T], index: i32, name: &str) -> Result<&'t T, Mismatch> {
    let entry = usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index));
    entry.ok_or_else(|| outside(name, index, table.len()))
}

/// A file: the messages of its profiles, and their dictionary.
#[derive(Default)]
struct File<'a> {
    /// Each with the process of its resource.
    profiles: Vec<(Payload<'a>, Option<u64>)>,
    dictionary: Dictionary<'a>,
}

impl<'a> File<'a> {
    fn read(message: Payload<'a>) -> io::Result<File<'a>> {
        let mut file = File::default();
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(resource)) => file.read_resource(resource)?,
                (2, Value::Bytes(dictionary)) => file.dictionary.read(dictionary)?,
                _ => {}
            }
        }
        if file.profiles.is_empty() && file.dictionary.strings.is_empty() {
            let expected = Options::DESCRIPTION;
            return Err(invalid(format!(
                "expected {expected} with profiles and a dictionary"
            )));
        }
        Ok(file)
    }

    fn read_resource(&mut self, resource: Payload<'a>) -> io::Result<()> {
        let process = process_of(resource)?;
        for scope in messages(resource, 2) {
            for profile in messages(scope?, 2) {
                self.profiles.push((expect_current(profile?)?, process));
            }
        }
        Ok(())
    }

    /// The types of values, and the type of each profile.
    fn value_types(&self) -> io::Result<(Vec<ValueType>, Vec<Typed<'a>>)> {
        let mut types: Vec<ValueType> = Vec::new();
        let mut profiles = Vec::new();
        for &(profile, process) in &self.profiles {
            let sample_type = messages(profile, 1).next().transpose()?;
            let sample_type: SampleType = decode(sample_type.unwrap_or_default(), "sample type")?;
            let name = profile.locate(self.dictionary.text(sample_type.kind))?;
            let value = types.iter().position(|known| known.name == name);
            let value = match value {
                Some(value) => value,
                None => {
                    let unit = profile.locate(self.dictionary.text(sample_type.unit))?;
                    types.push(ValueType::new(name, unit));
                    types.len() - 1
                }
            };
            profiles.push(Typed {
                value,
                message: profile,
                process,
            });
        }
        Ok((types, profiles))
    }
}

/// Returns a profile if its structure is that of the current version.
fn expect_current(profile: Payload<'_>) -> io::Result<Payload<'_>> {
    // A field that is now a time was a table.
    match messages(profile, 3).next() {
        None => Ok(profile),
        Some(_) => Err(invalid(
            "OTLP versions before 1.6 are not supported, because their tables have a different layout",
        )),
    }
}

/// The process of a resource, if it is one.
fn process_of(resource: Payload<'_>) -> io::Result<Option<u64>> {
    for attributes in messages(resource, 1) {
        for attribute in messages(attributes?, 1) {
            let attribute: KeyValue = decode(attribute?, "attribute")?;
            if attribute.key == b"process.pid" {
                let value = attribute.value.unwrap_or_default();
                return Ok(u64::try_from(value.number).ok());
            }
        }
    }
    Ok(None)
}

/// A profile: the index of its type, its message, and the process of its resource.
struct Typed<'a> {
    value: usize,
    message: Payload<'a>,
    process: Option<u64>,
}

/// The fields of a message that have the number `tag` and are messages.
fn messages(message: Payload<'_>, tag: u32) -> impl Iterator<Item = io::Result<Payload<'_>>> {
    Fields::of(message).filter_map(move |field| match field {
        Ok((found, Value::Bytes(bytes))) if found == tag => Some(Ok(bytes)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// Reads samples into a profile.
struct SampleReader<'r, 'a> {
    options: &'r Options,
    dictionary: &'r Dictionary<'a>,
    /// The names of locations without a function.
    names: Names,
    unnamed: Vec<AddressId>,
    /// The frames of visited locations, the outermost first.
    locations: Vec<Option<Vec<FrameId>>>,
    /// The nodes of visited stacks, by the node that they are below.
    stacks: AHashMap<(NodeId, i32), NodeId>,
    /// The process of the samples, unless they have one themselves.
    process: Option<u64>,
    /// The times of a sample, if they are kept, with the part of its weight at each.
    moments: Vec<(Moment, Decimal)>,
    profile: &'r mut Profile,
}

impl SampleReader<'_, '_> {
    fn read(&mut self, message: Payload<'_>, value: usize, is_chosen: bool) -> io::Result<()> {
        let mut sample = Sample::default();
        for bytes in messages(message, 2) {
            let bytes = bytes?;
            decode_into(&mut sample, bytes, "sample")?;
            bytes.locate(self.add(&sample, value, is_chosen))?;
        }
        Ok(())
    }

    fn add(&mut self, sample: &Sample, value: usize, is_chosen: bool) -> Result<(), Mismatch> {
        let weight = match sample.values.as_slice() {
            [] => Decimal::from(sample.timestamps.len() as u64),
            values => values
                .iter()
                .fold(Decimal::ZERO, |sum, value| sum + (*value).into()),
        };
        let weight = match self.profile.has_selection() {
            true => self.selected(sample, weight)?,
            false => weight,
        };
        self.profile.add_to_sum(value, weight);
        if is_chosen {
            let base = self.base(sample)?;
            let node = self.stack(base, sample.stack)?;
            self.profile.add(node, weight);
            for (moment, weight) in std::mem::take(&mut self.moments) {
                self.profile.note_time(Some(moment), node, weight);
            }
        }
        Ok(())
    }

    /// The selected part of the `weight` of a sample, which occurred at each of its timestamps.
    fn selected(&mut self, sample: &Sample, weight: Decimal) -> Result<Decimal, Mismatch> {
        let dictionary = self.dictionary;
        let mut origin = dictionary.origin(&sample.attributes)?;
        origin.pid = origin.pid.or(self.process);
        if sample.timestamps.is_empty() {
            let is_taken = self.profile.takes(&origin);
            return Ok(if is_taken { weight } else { Decimal::ZERO });
        }
        let has_values_of_times = sample.values.len() == sample.timestamps.len();
        let all = Decimal::from(sample.timestamps.len() as u64);
        let (mut sum, mut taken) = (Decimal::ZERO, 0u64);
        self.moments.clear();
        for (index, time) in sample.timestamps.iter().enumerate() {
            origin.time = Some(Decimal::from_nanos(*time));
            if self.profile.takes(&origin) {
                let value = sample.values.get(index).copied().unwrap_or(0).into();
                sum += value;
                taken += 1;
                let value = match has_values_of_times {
                    true => value,
                    false => weight.share(Decimal::from(1u64), all),
                };
                let moment = self.profile.take_moment();
                self.moments.extend(moment.map(|moment| (moment, value)));
            }
        }
        Ok(match has_values_of_times {
            true => sum,
            false => weight.share(Decimal::from(taken), all),
        })
    }

    /// The node that the stack of a sample is below.
    fn base(&mut self, sample: &Sample) -> Result<NodeId, Mismatch> {
        if !self.options.threads {
            return Ok(CallTree::ROOT);
        }
        let name = self
            .dictionary
            .attribute(&sample.attributes, b"thread.name")?;
        if let Some(name) = name {
            let frame = self.profile.tree.intern(&frame_name(name));
            return Ok(self.profile.tree.child(CallTree::ROOT, frame));
        }
        self.profile.lack_thread();
        Ok(CallTree::ROOT)
    }

    fn stack(&mut self, base: NodeId, index: i32) -> Result<NodeId, Mismatch> {
        if let Some(node) = self.stacks.get(&(base, index)) {
            return Ok(*node);
        }
        let mut node = base;
        if index != 0 {
            let stack = entry(&self.dictionary.stacks, index, "stack_table")?;
            for &location in stack.locations.iter().rev() {
                node = self.add_location(node, location)?;
            }
        }
        self.stacks.insert((base, index), node);
        Ok(node)
    }

    fn add_location(&mut self, parent: NodeId, index: i32) -> Result<NodeId, Mismatch> {
        let (location, _) = entry(&self.dictionary.locations, index, "location_table")?;
        let frames = &mut self.locations[index as usize];
        if frames.is_none() {
            let unnamed = self.names.frames(self.unnamed[index as usize]);
            let function = |line: &Line| function_in(line, self.dictionary);
            let names = location_frames(&location.lines, unnamed, self.options.lines, function)?;
            let interned = names.iter().map(|name| self.profile.tree.intern(name));
            *frames = Some(interned.collect());
        }
        let frames = frames.iter().flatten();
        Ok(frames.fold(parent, |node, frame| self.profile.tree.child(node, *frame)))
    }
}

/// The function in a line of a location; `None` if it is unknown.
fn function_in<'a>(
    line: &Line,
    dictionary: &Dictionary<'a>,
) -> Result<Option<location::Function<'a>>, Mismatch> {
    if line.function == 0 {
        return Ok(None);
    }
    let function = entry(&dictionary.functions, line.function, "function_table")?;
    Ok(Some(location::Function {
        name: match dictionary.string(function.name)? {
            b"" => dictionary.string(function.system_name)?,
            name => name,
        },
        file: dictionary.string(function.filename)?,
        line: line.line,
    }))
}

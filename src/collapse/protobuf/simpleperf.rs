//! simpleperf: reports of Android's profiler (`simpleperf report-sample --protobuf`, Android
//! Studio).
//!
//! ```text
//! file   = "SIMPLEPERF", u16 version, { u32 size, Record }, u32 0            (little-endian)
//! Record = 1 Sample | 2 Lost | 3 File | 4 Thread | 5 MetaInfo
//! Sample = 1 time, 2 thread_id, 3 callchain* (the leaf first), 4 event_count, 5 event_type_id
//! Entry  = 1 vaddr_in_file, 2 file_id, 3 symbol_id (-1 for none)
//! File   = 1 id, 2 path, 3 symbol*
//! Thread = 1 thread_id, 2 process_id, 3 name
//! ```
//!
//! Files come after the samples that refer to them. If there are several events, one of them is
//! read.

use crate::bytes::decimal::Decimal;
use crate::bytes::error::Mismatch;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::document::addresses::{AddressId, Addresses, FileAddress, FileId, Names};
use crate::collapse::document::{
    Document, Profile, ValueType, outside, read_to_end, shared_options, thread_roots,
};
use crate::collapse::engine::shared::SymbolOptions;
use crate::collapse::protobuf::{Fields, Payload, Value, decode, decode_into};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds simpleperf reports. See the [module](self) for the format.
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a simpleperf report.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `events` (nanoseconds, for clocks) or `samples` [default: events]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// The event to read [default: the first]
        #[arg(long, value_name = "NAME")]
        pub event: Option<String>,

        /// Start each stack with the name of its thread
        #[arg(long)]
        pub threads: bool,

        /// Append file and line to names, where there is debug information: `main (main.c:7)`
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

const MAGIC: &[u8] = b"SIMPLEPERF";

impl Document for Options {
    const NAME: &'static str = "simpleperf";
    const DESCRIPTION: &'static str = "a simpleperf report (protobuf)";
    const ORIGIN: &'static [Criterion] = &[
        Criterion::Time,
        Criterion::Comm,
        Criterion::Pid,
        Criterion::Tid,
    ];
    shared_options!(value, event, threads, lines);
    thread_roots!(Threads);

    fn sniff(head: &[u8]) -> Option<bool> {
        match head.len() < MAGIC.len() {
            true if MAGIC.starts_with(head) => None,
            _ => Some(head.starts_with(MAGIC)),
        }
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        Some(&mut self.symbols)
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let bytes = read_to_end(input)?;
        let tables = Tables::read(&bytes)?;
        let event = tables.event(self.event.as_deref())?;
        let unit = match tables.event_types.get(event as usize).map(String::as_str) {
            Some(name) if name.ends_with("clock") => "nanoseconds",
            _ => "count",
        };
        let values = vec![
            ValueType::new("events", unit),
            ValueType::new("samples", "count"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let (names, unnamed) =
            tables.addresses(&bytes, Addresses::new(&self.symbols, self.lines))?;
        SampleReader {
            options: self,
            tables: &tables,
            event,
            column,
            names,
            unnamed,
            frames: AHashMap::new(),
            profile,
            other_events: 0,
        }
        .read(&bytes)
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    /// In nanoseconds.
    #[prost(uint64, tag = "1")]
    time: u64,
    #[prost(int32, tag = "2")]
    thread: i32,
    #[prost(message, repeated, tag = "3")]
    entries: Vec<Entry>,
    #[prost(uint64, tag = "4")]
    event_count: u64,
    #[prost(uint32, tag = "5")]
    event_type: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(uint64, tag = "1")]
    address: u64,
    #[prost(uint32, tag = "2")]
    file: u32,
    #[prost(int32, optional, tag = "3")]
    symbol: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SourceFile {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", tag = "2")]
    path: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    symbols: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Thread {
    #[prost(int32, tag = "1")]
    id: i32,
    #[prost(int32, tag = "2")]
    process: i32,
    #[prost(bytes = "vec", tag = "3")]
    name: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MetaInfo {
    #[prost(string, repeated, tag = "1")]
    event_types: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Lost {
    #[prost(uint64, tag = "2")]
    lost: u64,
}

/// The messages in a file, with their positions.
struct Records<'a> {
    file: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    fn of(file: &'a [u8]) -> io::Result<Records<'a>> {
        let version = file
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.split_first_chunk());
        match version {
            Some((version, rest)) if u16::from_le_bytes(*version) == 1 => {
                Ok(Records { file, rest })
            }
            Some((version, _)) => {
                let version = u16::from_le_bytes(*version);
                let mismatch = Mismatch::worded(
                    format!("expected version 1 of a report, found {version}"),
                    "version 1 of a report",
                    Some(version.to_string()),
                );
                Err(mismatch.at_offset(MAGIC.len() as u64).into())
            }
            None => Err(invalid(
                "expected a report of simpleperf, which starts with SIMPLEPERF; what `simpleperf record` \
                 writes is made one by `simpleperf report-sample --protobuf`",
            )),
        }
    }

    fn offset(&self) -> usize {
        self.file.len() - self.rest.len()
    }

    /// Whether a size of 0 follows, which ends the report.
    fn is_at_end(&self) -> bool {
        self.rest.starts_with(&[0; 4])
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Payload<'a>;

    /// The next complete message.
    fn next(&mut self) -> Option<Payload<'a>> {
        let split = self.rest.split_first_chunk().and_then(|(size, rest)| {
            let size = u32::from_le_bytes(*size);
            Some((size, rest.split_at_checked(usize::try_from(size).ok()?)?))
        });
        let (_, (message, rest)) = split.filter(|(size, _)| *size > 0)?;
        self.rest = rest;
        Some(Payload {
            bytes: message,
            offset: (self.offset() - message.len()) as u64,
        })
    }
}

/// The record in a message.
fn record(message: Payload<'_>) -> io::Result<Option<(u32, Payload<'_>)>> {
    Ok(match Fields::of(message).next().transpose()? {
        Some((tag, Value::Bytes(bytes))) => Some((tag, bytes)),
        _ => None,
    })
}

/// Entries without a function name, by file and address.
type Unnamed = AHashMap<(u32, u64), AddressId>;

/// All of a report except its samples.
#[derive(Default)]
struct Tables {
    files: AHashMap<u32, SourceFile>,
    threads: AHashMap<i32, Thread>,
    event_types: Vec<String>,
    lost: u64,
}

impl Tables {
    fn read(bytes: &[u8]) -> io::Result<Tables> {
        let mut tables = Tables::default();
        let mut records = Records::of(bytes)?;
        for message in records.by_ref() {
            match record(message)? {
                Some((2, bytes)) => {
                    tables.lost = decode::<Lost>(bytes, "count of lost samples")?.lost
                }
                Some((3, bytes)) => {
                    let file: SourceFile = decode(bytes, "file")?;
                    tables.files.insert(file.id, file);
                }
                Some((4, bytes)) => {
                    let thread: Thread = decode(bytes, "thread")?;
                    tables.threads.insert(thread.id, thread);
                }
                Some((5, bytes)) => {
                    tables.event_types = decode::<MetaInfo>(bytes, "list of events")?.event_types;
                }
                _ => {}
            }
        }
        if !records.is_at_end() {
            warning!(
                "the report ends in the middle of a record [offset {}]",
                records.offset()
            );
        }
        Ok(tables)
    }

    fn origin(&self, sample: &Sample) -> SampleOrigin<'_> {
        let id = |id: i32| u64::try_from(id).ok();
        let thread = self.threads.get(&sample.thread);
        SampleOrigin {
            time: Some(Decimal::from_nanos(sample.time)),
            comm: thread.map(|thread| thread.name.as_slice()),
            pid: thread.and_then(|thread| id(thread.process)),
            tid: id(sample.thread),
            cpu: None,
        }
    }

    /// The name of the function of an entry, if it has one.
    fn symbol(&self, entry: &Entry) -> Result<Option<&[u8]>, Mismatch> {
        let symbol = entry.symbol.and_then(|symbol| usize::try_from(symbol).ok());
        // A truncated report lacks files.
        let file = self.files.get(&entry.file);
        let (Some(symbol), Some(SourceFile { symbols, path, .. })) = (symbol, file) else {
            return Ok(None);
        };
        let table = || format!("symbol of {}", String::from_utf8_lossy(path));
        let name = symbols.get(symbol);
        let name = name.ok_or_else(|| outside(&table(), symbol, symbols.len()))?;
        Ok(Some(name))
    }

    /// The entries without a function name, by file and address.
    fn addresses(
        &self,
        bytes: &[u8],
        mut addresses: Addresses<'_>,
    ) -> io::Result<(Names, Unnamed)> {
        let mut ids = AHashMap::new();
        let mut sample = Sample::default();
        for message in Records::of(bytes)? {
            if let Some((1, bytes)) = record(message)? {
                decode_into(&mut sample, bytes, "sample")?;
                for entry in &sample.entries {
                    if bytes.locate(self.symbol(entry))?.is_some() {
                        continue;
                    }
                    let path = self.files.get(&entry.file).map_or(&b""[..], |it| &it.path);
                    let (file_address, address) =
                        (FileAddress::Symbol(entry.address), entry.address);
                    let id = addresses.add(path, &FileId::Unknown, file_address, address);
                    ids.insert((entry.file, address), id);
                }
            }
        }
        Ok((addresses.resolve(), ids))
    }

    /// The number of the event called `wanted`, or of the first one.
    fn event(&self, wanted: Option<&str>) -> io::Result<u32> {
        let Some(wanted) = wanted else {
            return Ok(0);
        };
        let found = self.event_types.iter().position(|name| name == wanted);
        found.map(|index| index as u32).ok_or_else(|| {
            let names = self.event_types.join(", ");
            invalid(format!(
                "the report has no event `{wanted}`; it has {names}"
            ))
        })
    }
}

/// Reads samples, after all tables.
struct SampleReader<'r> {
    options: &'r Options,
    tables: &'r Tables,
    event: u32,
    column: usize,
    /// Functions without a name.
    unnamed: Unnamed,
    names: Names,
    /// Functions with a name, by file and symbol.
    frames: AHashMap<(u32, Option<i32>), FrameId>,
    profile: &'r mut Profile,
    other_events: u64,
}

impl SampleReader<'_> {
    fn read(mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sample = Sample::default();
        for message in Records::of(bytes)? {
            if let Some((1, bytes)) = record(message)? {
                decode_into(&mut sample, bytes, "sample")?;
                bytes.locate(self.add(&sample))?;
            }
        }
        if self.other_events > 0 {
            let samples = plural(self.other_events, "sample", "samples");
            warning!("skipped {samples} of other events; see --event");
        }
        if self.tables.lost > 0 {
            warning!(
                "the kernel lost {}",
                plural(self.tables.lost, "sample", "samples")
            );
        }
        Ok(())
    }

    fn add(&mut self, sample: &Sample) -> Result<(), Mismatch> {
        if sample.event_type != self.event {
            self.other_events += 1;
            return Ok(());
        }
        if self.profile.has_selection() && !self.profile.takes(&self.tables.origin(sample)) {
            return Ok(());
        }
        let mut node = self.base(sample.thread);
        for entry in sample.entries.iter().rev() {
            node = self.add_entry(node, entry)?;
        }
        let values = [Decimal::from(sample.event_count), Decimal::from(1u64)];
        self.profile.add_to_sums(&values);
        self.profile.add(node, values[self.column]);
        Ok(())
    }

    fn base(&mut self, thread: i32) -> NodeId {
        if !self.options.threads {
            return CallTree::ROOT;
        }
        let name = match self.tables.threads.get(&thread) {
            Some(thread) => frame_name(&thread.name),
            None => format!("thread {thread}").into_bytes(),
        };
        let frame = self.profile.tree.intern(&name);
        self.profile.tree.child(CallTree::ROOT, frame)
    }

    fn add_entry(&mut self, parent: NodeId, entry: &Entry) -> Result<NodeId, Mismatch> {
        let Some(symbol) = self.tables.symbol(entry)? else {
            let frames = self.unnamed.get(&(entry.file, entry.address));
            let frames = frames.map_or(&[][..], |id| self.names.frames(*id));
            let tree = &mut self.profile.tree;
            let frames = frames.iter();
            return Ok(frames.fold(parent, |node, frame| tree.child_called(node, frame)));
        };
        let tree = &mut self.profile.tree;
        let key = (entry.file, entry.symbol);
        let frame = self.frames.entry(key);
        let frame = *frame.or_insert_with(|| tree.intern(&frame_name(symbol)));
        Ok(tree.child(parent, frame))
    }
}

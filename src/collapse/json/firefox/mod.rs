//! [Firefox Profiler](https://profiler.firefox.com): saved profiles, which samply also writes, and
//! the profiles that Firefox passes to it.
//!
//! ```text
//! file   = { "meta", "libs", "threads": [thread …], "shared"?: tables }                 (processed)
//!        | { "meta", "libs", "threads": [thread …], "processes": [file …] }             (of Firefox)
//! thread = { "name", "processName", "pid", "tid", "samples": { "stack": [STACK …], "weight"? … }, tables }
//! tables = { "stackTable": { "prefix" or "prefixOffset", "frame" }, "frameTable": { "func", "address" … },
//!            "funcTable": { "name", "resource" … }, "resourceTable": { "lib" … }, "stringArray" }
//! ```
//!
//! Tables are column-based. Over the years, they moved from the threads to `shared`: each one is
//! looked up in the thread first. Tables from Firefox are row-based, with the order of the columns
//! in a `schema`.
//!
//! Threads are added up. Recordings of samply have no symbols: they are looked up in the libraries,
//! if these still exist. A function without a name is named after its library, `[libc.so.6]`.

mod file;

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId, Moment, NodeId};
use crate::collapse::document::addresses::{AddressId, Addresses, FileAddress, FileId, Names};
use crate::collapse::document::stack_table::StackTable;
use crate::collapse::document::{
    Document, Profile, ValueType, out_of_range, read_to_end, shared_options, thread_roots,
};
use crate::collapse::engine::shared::SymbolOptions;
use crate::collapse::json::{self, Keys};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_source};
use file::{
    Column, File, Index, Indexes, Lib, Samples, Strings, Table, Thread, ThreadTimes, Times,
};
use std::io::{self, BufRead};

/// Folds profiles of the Firefox Profiler. See the [module](self) for the format.
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a profile of the Firefox Profiler.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `samples`, `cpu` (CPU time), `time` (samples times the interval, in
        /// milliseconds), `native-allocations` or `js-allocations` (bytes) [default: samples]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with its process and thread
        #[arg(long)]
        pub threads: bool,

        /// Append file and line to names: `load (app.js:7)`
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
    const NAME: &'static str = "firefox";
    const DESCRIPTION: &'static str = "a Firefox Profiler profile (JSON)";
    const ORIGIN: &'static [Criterion] = &[
        Criterion::Time,
        Criterion::Comm,
        Criterion::Pid,
        Criterion::Tid,
    ];
    shared_options!(value, threads, lines);
    thread_roots!(ProcessesAndThreads);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        let is_processed = keys.has("meta.preprocessedProfileVersion");
        let is_of_firefox = keys.has("meta.version") && (keys.has("threads") || keys.has("libs"));
        let is_wrapped = keys.has("profile.meta") && keys.has("profile.threads");
        keys.answer(is_processed || is_of_firefox || is_wrapped)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        Some(&mut self.symbols)
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        let file: File<Thread> = json::parse_shallow_object(&document, Self::DESCRIPTION)?;
        let times = match profile.needs_times() {
            true => json::parse_shallow_object(&document, Self::DESCRIPTION)?,
            false => File::<ThreadTimes>::default(),
        };
        // The tables take less memory than the document, and it is not needed to build the tree.
        drop(document);
        let wrapped = file.profile.as_deref();
        if file.threads.is_none() && wrapped.is_none_or(|file| file.threads.is_none()) {
            let expected = Self::DESCRIPTION;
            return Err(invalid(format!("expected {expected}, which has `threads`")));
        }
        let files = file.with_processes();
        let times = times.with_processes();
        let mut times = times.iter().flat_map(|file| file.threads.iter().flatten());
        let first_start = files.iter().find_map(|file| file.meta.start_time);
        let values = value_types(&files);
        let kinds: Vec<Kind> = values.iter().map(|(kind, _)| *kind).collect();
        let types = values.into_iter().map(|(_, value)| value).collect();
        let chosen = profile.choose(types, self.value.as_deref(), 0)?;
        let mut addresses = Addresses::new(&self.symbols, self.lines);
        let mut readers = Vec::new();
        for file in &files {
            for thread in file.threads.iter().flatten() {
                let mut reader = ThreadReader::new(self, file, thread, &mut addresses)?;
                reader.times = times.next();
                reader.start = delay(file.meta.start_time, first_start);
                readers.push(reader);
            }
        }
        let names = addresses.resolve();
        for reader in &readers {
            let taken_samples = reader.taken(Kind::Samples, profile);
            for (value, kind) in kinds.iter().enumerate() {
                let taken = match kind {
                    Kind::Samples | Kind::Cpu | Kind::Time => &taken_samples,
                    kind => &reader.taken(*kind, profile),
                };
                reader.add_to_sum(*kind, value, taken, profile);
                if value == chosen {
                    reader.add(*kind, &names, taken, profile)?;
                }
            }
        }
        Ok(())
    }
}

/// By how much a process started after the first one.
fn delay(start: Option<Decimal>, first: Option<Decimal>) -> Decimal {
    start
        .zip(first)
        .map_or(Decimal::ZERO, |(start, first)| start - first)
}

/// The available values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Samples,
    Cpu,
    Time,
    NativeAllocations,
    JsAllocations,
}

/// The values that the profile has.
fn value_types(files: &[File<Thread>]) -> Vec<(Kind, ValueType)> {
    let threads = || files.iter().flat_map(|file| file.threads.iter().flatten());
    let weight_type = threads().find_map(|thread| thread.samples.weight_type.as_deref());
    let unit = match weight_type {
        Some("tracing-ms") => "milliseconds",
        Some("bytes") => "bytes",
        _ => "count",
    };
    let cpu_unit = files
        .iter()
        .find_map(|file| file.meta.sample_units.as_ref());
    let cpu_unit = match cpu_unit.and_then(|units| units.cpu.as_deref()) {
        Some("ns") => "nanoseconds",
        Some("variable CPU cycles") => "cycles",
        _ => "microseconds",
    };
    let has_cpu = threads().any(|thread| thread.samples.has_cpu_deltas());
    let has_native = threads().any(|thread| thread.native_allocations.is_some());
    let has_js = threads().any(|thread| thread.js_allocations.is_some());
    [
        (true, Kind::Samples, "samples", unit),
        (has_cpu, Kind::Cpu, "cpu", cpu_unit),
        (true, Kind::Time, "time", "milliseconds"),
        (
            has_native,
            Kind::NativeAllocations,
            "native-allocations",
            "bytes",
        ),
        (has_js, Kind::JsAllocations, "js-allocations", "bytes"),
    ]
    .into_iter()
    .filter(|(is_there, ..)| *is_there)
    .map(|(_, kind, name, unit)| (kind, ValueType::new(name, unit)))
    .collect()
}

/// The tables that a thread uses: its own, or the shared ones.
struct ThreadReader<'t> {
    options: &'t Options,
    libs: &'t [Lib],
    /// In milliseconds.
    interval: Decimal,
    has_no_symbols: bool,
    thread: &'t Thread,
    /// The times of its samples, if they are selected by time.
    times: Option<&'t ThreadTimes>,
    /// When its process started, in milliseconds after the first one.
    start: Decimal,
    stacks: &'t Table,
    frames: &'t Table,
    functions: &'t Table,
    resources: &'t Table,
    strings: Option<&'t Strings>,
    /// For each frame, its address if its function has no name.
    addresses: Vec<Option<AddressId>>,
}

impl<'t> ThreadReader<'t> {
    fn new(
        options: &'t Options,
        file: &'t File<Thread>,
        thread: &'t Thread,
        addresses: &mut Addresses<'_>,
    ) -> io::Result<Self> {
        let table = |of: fn(&'t Thread) -> &'t Table| match of(thread) {
            own if own.is_empty() => of(&file.shared),
            own => own,
        };
        let all_strings = [
            &thread.string_array,
            &thread.string_table,
            &file.shared.string_array,
        ];
        let strings = all_strings.into_iter().find(|strings| strings.len() > 0);
        let mut reader = ThreadReader {
            options,
            libs: &file.libs,
            interval: file.meta.interval,
            has_no_symbols: file.meta.symbolicated == Some(false),
            thread,
            times: None,
            start: Decimal::ZERO,
            stacks: table(|thread| &thread.stack_table),
            frames: table(|thread| &thread.frame_table),
            functions: table(|thread| &thread.func_table),
            resources: match &thread.resource_table {
                own if own.lib.is_empty() => &file.shared.resource_table,
                own => own,
            },
            strings,
            addresses: Vec::new(),
        };
        let frames = 0..reader.frames.func.len();
        let found = frames.map(|frame| reader.add_address(frame, addresses));
        reader.addresses = found.collect::<io::Result<_>>()?;
        Ok(reader)
    }

    /// Adds the address of a frame whose function has no name.
    fn add_address(
        &self,
        frame: usize,
        addresses: &mut Addresses<'_>,
    ) -> io::Result<Option<AddressId>> {
        let Some(function) = self.frames.func.at(frame) else {
            return Ok(None);
        };
        let library = self.library(frame, function);
        let is_unnamed = is_address(self.string(self.functions.name.get(function))?)
            && (library.is_some() || self.has_no_symbols);
        if !is_unnamed {
            return Ok(None);
        }
        let address = self.frames.address.get(frame).copied().flatten();
        let address = u64::try_from(address.unwrap_or(0)).unwrap_or(0);
        Ok(Some(match library {
            Some(library) => library.add(address, addresses),
            None => addresses.add(b"", &FileId::Unknown, FileAddress::Unknown, address),
        }))
    }

    /// The library of a frame.
    fn library(&self, frame: usize, function: usize) -> Option<&'t Lib> {
        let of_frame = || self.frames.lib.at(frame);
        let of_function = || {
            let resource = self.functions.resource.at(function)?;
            self.resources.lib.at(resource)
        };
        self.libs.get(of_frame().or_else(of_function)?)
    }

    fn string(&self, index: Option<Index>) -> io::Result<&'t [u8]> {
        let Some(index) = index.and_then(|index| index.get()) else {
            return Ok(b"");
        };
        let string = self.strings.and_then(|strings| strings.get(index));
        string.ok_or_else(|| {
            let length = self.strings.map_or(0, Strings::len);
            out_of_range("stringArray", index, length)
        })
    }

    /// The samples with this kind of value, and its amounts.
    fn samples(&self, kind: Kind) -> Option<&'t Samples> {
        match kind {
            Kind::Samples | Kind::Cpu | Kind::Time => Some(&self.thread.samples),
            Kind::NativeAllocations => self.thread.native_allocations.as_ref(),
            Kind::JsAllocations => self.thread.js_allocations.as_ref(),
        }
    }

    fn weight(&self, kind: Kind, samples: &Samples, index: usize) -> Decimal {
        let weight = || match &samples.weight {
            Some(weights) => weights.get(index).unwrap_or_default(),
            None => Decimal::from(1u64),
        };
        let cpu = || match &samples.cpu_deltas {
            Some(deltas) => deltas.get(index),
            None => samples.cpu_delta_in_row(index),
        };
        match kind {
            Kind::Cpu => cpu().unwrap_or_default(),
            Kind::Time => weight().multiplied_by(self.interval),
            _ => weight(),
        }
    }

    /// Which samples with this kind of value are selected.
    fn taken(&self, kind: Kind, profile: &mut Profile) -> Taken {
        let mut taken = Taken::default();
        let Some(samples) = self.samples(kind).filter(|_| profile.has_selection()) else {
            return taken;
        };
        let stacks = samples.stacks();
        let mut times = self.times(kind).map(|times| times.iter(self.start));
        for stack in stacks.iter() {
            let time = times.as_mut().and_then(Iterator::next).flatten();
            let is_taken = stack.get().is_some() && profile.takes(&self.origin(time));
            taken.are.push(is_taken);
            if profile.keeps_times() {
                taken.moments.push(profile.take_moment());
            }
        }
        taken
    }

    /// The times of the samples with this kind of value.
    fn times(&self, kind: Kind) -> Option<&'t Times> {
        let times = self.times?;
        match kind {
            Kind::Samples | Kind::Cpu | Kind::Time => Some(&times.samples),
            Kind::NativeAllocations => times.native_allocations.as_ref(),
            Kind::JsAllocations => times.js_allocations.as_ref(),
        }
    }

    /// The origin of a sample at a time in milliseconds.
    fn origin(&self, time: Option<Decimal>) -> SampleOrigin<'t> {
        let id = |id: &Option<String>| id.as_ref()?.parse().ok();
        SampleOrigin {
            time: time.map(|time| time.divided_by(1000)),
            comm: self.thread.name.as_deref(),
            pid: id(&self.thread.pid),
            tid: id(&self.thread.tid),
            cpu: None,
        }
    }

    /// Adds up the values of a kind.
    fn add_to_sum(&self, kind: Kind, value: usize, taken: &Taken, profile: &mut Profile) {
        let Some(samples) = self.samples(kind) else {
            return;
        };
        let stacks = samples.stacks();
        for (index, _) in stacks
            .iter()
            .enumerate()
            .filter(|(index, stack)| stack.get().is_some() && taken.has(*index))
        {
            profile.add_to_sum(value, self.weight(kind, samples, index));
        }
    }

    /// Adds the samples, counting a kind of value.
    fn add(
        &self,
        kind: Kind,
        names: &Names,
        taken: &Taken,
        profile: &mut Profile,
    ) -> io::Result<()> {
        let Some(samples) = self.samples(kind) else {
            return Ok(());
        };
        let base = self.base(profile);
        let Table { schema, data, .. } = self.stacks;
        let frames = Column::new(&self.stacks.frame, "frame", schema, data);
        let prefixes = Column::new(&self.stacks.prefix, "prefix", schema, data);
        let caller = |row: usize| self.caller(row, &prefixes);
        let mut namer = FrameNamer::new(self, names);
        let mut table = StackTable::new("stackTable", frames.len(), base);
        let stacks = samples.stacks();
        for (index, stack) in stacks.iter().enumerate() {
            let Some(stack) = stack.get().filter(|_| taken.has(index)) else {
                continue;
            };
            let node = table.node(stack, caller, |row, parent| {
                let frame = frames.get(row).and_then(|frame| frame.get());
                let frames = namer.frames(frame.unwrap_or(usize::MAX), &mut profile.tree)?;
                let frames = frames.iter();
                Ok(frames.fold(parent, |node, frame| profile.tree.child(node, *frame)))
            })?;
            let weight = self.weight(kind, samples, index);
            profile.add(node, weight);
            profile.note_time(taken.moment(index), node, weight);
        }
        Ok(())
    }

    /// The row of the caller of a stack.
    fn caller(&self, row: usize, prefixes: &Column<'_>) -> io::Result<Option<usize>> {
        if let Some(prefix) = prefixes.get(row) {
            return Ok(prefix.get());
        }
        match self.stacks.prefix_offset.at(row) {
            None | Some(0) => Ok(None),
            Some(offset) => match row.checked_sub(offset) {
                Some(caller) => Ok(Some(caller)),
                None => Err(invalid(format!(
                    "the caller of stack {row} is before the first one"
                ))),
            },
        }
    }

    /// The node below which the thread's stacks are.
    fn base(&self, profile: &mut Profile) -> NodeId {
        if !self.options.threads {
            return CallTree::ROOT;
        }
        let pid = self
            .thread
            .pid
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let process = self
            .thread
            .process_name
            .as_deref()
            .unwrap_or(pid.as_bytes());
        let name = self.thread.name.as_deref().unwrap_or_default();
        [process, name]
            .into_iter()
            .fold(CallTree::ROOT, |node, name| {
                let frame = profile.tree.intern(&frame_name(name));
                profile.tree.child(node, frame)
            })
    }
}

/// Which samples are selected.
#[derive(Default)]
struct Taken {
    /// Empty if all are.
    are: Vec<bool>,
    /// When they were taken, if times are kept.
    moments: Vec<Option<Moment>>,
}

impl Taken {
    fn has(&self, index: usize) -> bool {
        self.are.get(index).is_none_or(|is_taken| *is_taken)
    }

    fn moment(&self, index: usize) -> Option<Moment> {
        self.moments.get(index).copied().flatten()
    }
}

/// Names the frames of a thread, each once.
struct FrameNamer<'r, 't> {
    reader: &'r ThreadReader<'t>,
    /// In profiles from Firefox, a string for each frame.
    locations: Column<'t>,
    names: &'r Names,
    frames: Vec<Option<Vec<FrameId>>>,
}

impl<'r, 't> FrameNamer<'r, 't> {
    fn new(reader: &'r ThreadReader<'t>, names: &'r Names) -> Self {
        let table = reader.frames;
        let locations = Column::new(Indexes::EMPTY, "location", &table.schema, &table.data);
        FrameNamer {
            reader,
            frames: vec![None; table.func.len().max(locations.len())],
            locations,
            names,
        }
    }

    /// The frames of an entry in the table, the outermost first.
    fn frames(&mut self, index: usize, tree: &mut CallTree) -> io::Result<&[FrameId]> {
        let length = self.frames.len();
        if self.frames.get(index).is_some_and(Option::is_none) {
            let names = self.names_of(index)?;
            let frames = names.iter().map(|name| tree.intern(name)).collect();
            self.frames[index] = Some(frames);
        }
        match self.frames.get(index).and_then(Option::as_deref) {
            Some(frames) => Ok(frames),
            None => Err(out_of_range("frameTable", index, length)),
        }
    }

    fn names_of(&self, index: usize) -> io::Result<Vec<Vec<u8>>> {
        if let Some(location) = self.locations.get(index) {
            return Ok(vec![self.name_of_location(location)?]);
        }
        match self.reader.addresses.get(index) {
            Some(Some(address)) => Ok(self.names.frames(*address).to_vec()),
            _ => Ok(vec![self.name(index)?]),
        }
    }

    fn name(&self, index: usize) -> io::Result<Vec<u8>> {
        let ThreadReader {
            frames,
            functions,
            options,
            ..
        } = self.reader;
        let function = frames.func.at(index).unwrap_or(usize::MAX);
        let Some(name) = functions.name.get(function) else {
            return Err(out_of_range("funcTable", function, functions.name.len()));
        };
        let name = self.reader.string(Some(name))?;
        let name = frame_name(name);
        let file = self.reader.string(functions.file_name.get(function))?;
        match file {
            b"" => Ok(name),
            file if options.lines => {
                let line = frames.line.at(index);
                Ok(with_source(
                    &name,
                    file,
                    line.map(|line| Decimal::from(line as u64)),
                ))
            }
            _ => Ok(name),
        }
    }

    /// The name in `name (url:line:column)[number]`.
    fn name_of_location(&self, location: Index) -> io::Result<Vec<u8>> {
        let text = self.reader.string(Some(location))?;
        let without_number = text.strip_suffix(b"]").and_then(|text| {
            let open = memchr::memrchr(b'[', text)?;
            let is_number = text[open + 1..].iter().all(u8::is_ascii_digit);
            (is_number && text[..open].ends_with(b")")).then_some(&text[..open])
        });
        let text = without_number.unwrap_or(text);
        Ok(match split_place(text) {
            Some((name, location)) if self.reader.options.lines => {
                with_source(&frame_name(name), without_column(location), None)
            }
            Some((name, _)) => frame_name(name),
            None => frame_name(text),
        })
    }
}

/// The parts of `NAME (LOCATION)`; the location may contain parentheses.
fn split_place(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_suffix(b")")?;
    let mut depth = 0;
    let is_open = |byte: &u8| {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 0 => return true,
            b'(' => depth -= 1,
            _ => {}
        }
        false
    };
    let open = inside.iter().rposition(is_open)?;
    let name = inside[..open].strip_suffix(b" ")?;
    Some((name, &inside[open + 1..]))
}

/// `URL:LINE` of `URL:LINE:COLUMN`.
fn without_column(location: &[u8]) -> &[u8] {
    let number = |text: &[u8]| {
        let colon = memchr::memrchr(b':', text)?;
        let is_number = text[colon + 1..].iter().all(u8::is_ascii_digit);
        is_number.then_some(colon)
    };
    match number(location) {
        Some(column) if number(&location[..column]).is_some() => &location[..column],
        _ => location,
    }
}

/// Whether a name is only an address: `0x1a2b`.
fn is_address(name: &[u8]) -> bool {
    let digits = name.strip_prefix(b"0x").unwrap_or_default();
    !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
}

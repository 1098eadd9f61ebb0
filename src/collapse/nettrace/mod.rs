//! .NET: traces of `dotnet-trace collect` (`.nettrace`), versions 4 to 6.
//!
//! ```text
//! file    = "Nettrace", u32 20, "!FastSerialization.1", { object }, 1                    (versions 4 and 5)
//!         | "Nettrace", u32 0, u32 6, u32 MINOR, { u24 size, u8 kind, block }            (version 6)
//! object  = 5, 5, 1, u32 VERSION, u32 OLDEST_READER, u32 length, NAME, 6, ( trace | u32 size, zeros up to a
//!           whole word of the file, block ), 6
//! block   = u16 header size, u16 flags, …, { event }                                     (EventBlock, MetadataBlock)
//!         | u32 first id, u32 count, { u32 size, { ADDRESS } }                           (StackBlock, the leaf first)
//! ```
//!
//! Numbers are little-endian. An event has a header, usually compressed (see `events.rs`), with the
//! number of its kind, which is defined in a block of metadata, and the number of its stack. These
//! kinds are read:
//!
//! ```text
//! Microsoft-DotNETCore-SampleProfiler 0: u32 1 (in native code) or 2 (in managed code)   a sample
//! Microsoft-Windows-DotNETRuntime(Rundown) 143, 144: a method, where it is, its names (UTF-16)
//! Universal.Events cpu: VALUE                                                            a sample (version 6)
//! Universal.System ProcessMapping, ProcessSymbol: what is mapped where, and its functions (version 6)
//! ```
//!
//! Methods are named at the end of a trace. An address without a known method is `[unknown]`.

mod blocks;
mod events;
mod symbols;

use super::document::{Document, Profile, ValueType, shared_options};
use super::selection::{Criterion, SampleOrigin};
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::bytes::decimal::Decimal;
use crate::bytes::error::Mismatch;
use crate::bytes::text::plural;
use crate::call_tree::CallTree;
use crate::flags::flags;
use crate::input::invalid;
use crate::warnings::warning;
use ahash::AHashMap;
use blocks::{Block, Blocks, Kind};
use events::{Event, Events};
use std::io::{self, BufRead};
use std::num::NonZeroU64;
use symbols::{Names, ProcessAddress};

/// Folds .NET traces. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a .NET trace.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Skip samples of threads in native code, which are usually waiting
        #[arg(long)]
        pub managed: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "nettrace";
    const DESCRIPTION: &'static str = "a .NET trace (.nettrace)";

    const ORIGIN: &'static [Criterion] = &[Criterion::Time, Criterion::Pid, Criterion::Tid];
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        match head.len() < blocks::MAGIC.len() {
            true if blocks::MAGIC.starts_with(head) => None,
            _ => Some(head.starts_with(blocks::MAGIC)),
        }
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut file = Vec::new();
        input.read_to_end(&mut file)?;
        let mut blocks = Blocks::of(&file)?;
        profile.choose(vec![ValueType::new("samples", "count")], None, 0)?;
        let mut trace = Trace::new(self, blocks.version(), profile);
        while let Some(block) = blocks.next()? {
            let read = trace.read_block(&block);
            read.ok_or_else(|| {
                let (kind, offset) = (block.kind, block.offset);
                let expected = format!("the content of a {kind} block");
                Mismatch::lack_of(expected).at_offset(offset as u64)
            })?;
        }
        trace.finish()
    }
}

/// The meaning of a kind of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Sample,
    Method,
    /// A sample whose value is the number of samples it represents.
    WeightedSample,
    Mapping,
    Symbol,
}

impl Meaning {
    fn of(provider: &str, id: u32, name: &str) -> Option<Meaning> {
        match (provider, id, name) {
            ("Microsoft-DotNETCore-SampleProfiler", 0, _) => Some(Meaning::Sample),
            (
                "Microsoft-Windows-DotNETRuntime" | "Microsoft-Windows-DotNETRuntimeRundown",
                143 | 144,
                _,
            ) => Some(Meaning::Method),
            ("Universal.Events", _, "cpu") => Some(Meaning::WeightedSample),
            ("Universal.System", _, "ProcessMapping") => Some(Meaning::Mapping),
            ("Universal.System", _, "ProcessSymbol") => Some(Meaning::Symbol),
            _ => None,
        }
    }
}

struct Trace<'o> {
    options: &'o Options,
    profile: &'o mut Profile,
    /// The times per second.
    frequency: u64,
    /// The process of the trace (up to version 5).
    process: Option<u64>,
    /// The numbers of threads that have IDs of the system (in version 6).
    threads: AHashMap<u64, u64>,
    version: u32,
    meanings: AHashMap<u64, Meaning>,
    /// The addresses of stacks, by id.
    stacks: AHashMap<u32, Vec<u64>>,
    /// The processes of threads, by the number of the thread (in version 6).
    processes: AHashMap<u64, u64>,
    /// Stacks of addresses.
    samples: Profile,
    names: Names,
    without_stack: u64,
    in_native_code: u64,
}

impl<'o> Trace<'o> {
    fn new(options: &'o Options, version: u32, profile: &'o mut Profile) -> Trace<'o> {
        Trace {
            options,
            profile,
            frequency: 0,
            process: None,
            threads: AHashMap::new(),
            version,
            meanings: AHashMap::new(),
            stacks: AHashMap::new(),
            processes: AHashMap::new(),
            samples: Profile::default(),
            names: Names::default(),
            without_stack: 0,
            in_native_code: 0,
        }
    }

    /// Reads a block; `None` if its contents are invalid.
    fn read_block(&mut self, block: &Block<'_>) -> Option<()> {
        let bytes = block.bytes;
        match block.kind {
            Kind::Trace => self.read_trace(bytes)?,
            Kind::Event => {
                let mut events = Events::of(bytes, self.version)?;
                while let Some(event) = events.next()? {
                    self.read_event(&event)?;
                }
            }
            Kind::Metadata if self.version >= 6 => self.read_metadata(bytes)?,
            Kind::Metadata => {
                let mut events = Events::of(bytes, self.version)?;
                while let Some(event) = events.next()? {
                    self.read_event_metadata(event.payload)?;
                }
            }
            Kind::Stack => self.read_stacks(bytes, block.pointer_size)?,
            Kind::Thread => self.read_threads(bytes)?,
            Kind::Other => {}
        }
        Some(())
    }

    /// Reads the frequency of times, and the process.
    fn read_trace(&mut self, trace: &[u8]) -> Option<()> {
        const DATE_AND_TIME: u64 = 24;
        let mut bytes = Bytes::new(trace, ByteOrder::Little);
        bytes.skip(DATE_AND_TIME)?;
        self.frequency = bytes.u64()?;
        bytes.skip(4)?;
        if self.version < 6 {
            self.process = bytes.u32().map(u64::from);
        }
        Some(())
    }

    /// Reads a metadata event that defines a kind of events, up to version 5.
    fn read_event_metadata(&mut self, payload: &[u8]) -> Option<()> {
        let mut bytes = Bytes::new(payload, ByteOrder::Little);
        let kind = bytes.u32()?;
        let provider = events::utf16(&mut bytes)?;
        let id = bytes.u32()?;
        let name = events::utf16(&mut bytes)?;
        self.add_kind(u64::from(kind), &provider, id, &name);
        Some(())
    }

    /// Reads rows of metadata that define kinds of events, from version 6 on.
    fn read_metadata(&mut self, block: &[u8]) -> Option<()> {
        let mut bytes = Bytes::new(block, ByteOrder::Little);
        let header = bytes.u16()?;
        bytes.skip(u64::from(header))?;
        while !bytes.rest().is_empty() {
            let size = bytes.u16()?;
            let mut row = Bytes::new(bytes.take(u64::from(size))?, ByteOrder::Little);
            let kind = events::number(&mut row)?;
            let provider = events::utf8(&mut row)?;
            let id = u32::try_from(events::number(&mut row)?).ok()?;
            let name = events::utf8(&mut row)?;
            self.add_kind(kind, &provider, id, &name);
        }
        Some(())
    }

    fn add_kind(&mut self, kind: u64, provider: &str, id: u32, name: &str) {
        if let Some(meaning) = Meaning::of(provider, id, name) {
            self.meanings.insert(kind, meaning);
        }
    }

    fn read_stacks(&mut self, block: &[u8], pointer_size: usize) -> Option<()> {
        let mut bytes = Bytes::new(block, ByteOrder::Little);
        let (first, count) = (bytes.u32()?, bytes.u32()?);
        for index in 0..count {
            let size = bytes.u32()?;
            let stack = bytes.take(u64::from(size))?;
            let addresses = stack.chunks_exact(pointer_size).map(|address| {
                let number = address.iter().rev();
                number.fold(0, |number, byte| number << 8 | u64::from(*byte))
            });
            self.stacks
                .insert(first.wrapping_add(index), addresses.collect());
        }
        Some(())
    }

    fn read_threads(&mut self, block: &[u8]) -> Option<()> {
        const PROCESS: u8 = 2;
        const SYSTEM_ID: u8 = 3;
        let mut bytes = Bytes::new(block, ByteOrder::Little);
        while !bytes.rest().is_empty() {
            let size = bytes.u16()?;
            let mut row = Bytes::new(bytes.take(u64::from(size))?, ByteOrder::Little);
            let thread = events::number(&mut row)?;
            while let Some(&[kind]) = row.take(1) {
                match kind {
                    1 => drop(events::utf8(&mut row)?),
                    PROCESS => drop(self.processes.insert(thread, events::number(&mut row)?)),
                    SYSTEM_ID => drop(self.threads.insert(thread, events::number(&mut row)?)),
                    4 => drop((events::utf8(&mut row)?, events::utf8(&mut row)?)),
                    _ => break,
                }
            }
        }
        Some(())
    }

    fn read_event(&mut self, event: &Event<'_>) -> Option<()> {
        const IN_NATIVE_CODE: u32 = 1;
        let mut payload = Bytes::new(event.payload, ByteOrder::Little);
        let process = self.processes.get(&event.thread).copied().unwrap_or(0);
        match self.meanings.get(&event.kind) {
            Some(Meaning::Sample) => {
                let is_native = payload.u32()? == IN_NATIVE_CODE;
                match is_native && self.options.managed {
                    true => self.in_native_code += 1,
                    false => self.add(event, process, 1),
                }
            }
            Some(Meaning::WeightedSample) => {
                let weight = events::number(&mut payload)?;
                self.add(event, process, weight);
            }
            Some(Meaning::Method) => self.names.add_method(&mut payload, process)?,
            Some(Meaning::Mapping) => self.names.add_mapping(&mut payload)?,
            Some(Meaning::Symbol) => self.names.add_symbol(&mut payload)?,
            None => {}
        }
        Some(())
    }

    /// The origin of a sample.
    fn origin(&self, event: &Event<'_>) -> SampleOrigin<'static> {
        let of_thread = self.processes.get(&event.thread).copied();
        let tid = match self.version {
            6 => self.threads.get(&event.thread).copied(),
            _ => Some(event.thread),
        };
        let second = NonZeroU64::new(self.frequency);
        let time = second.map(|second| {
            let (seconds, rest) = (event.time / second, event.time % second);
            Decimal::from(seconds) + Decimal::from(rest).divided_by(second.get())
        });
        SampleOrigin {
            time,
            pid: of_thread.or(self.process),
            tid,
            ..SampleOrigin::default()
        }
    }

    fn add(&mut self, event: &Event<'_>, process: u64, weight: u64) {
        let origin = self.origin(event);
        if !self.profile.takes(&origin) {
            return;
        }
        let addresses = self.stacks.get(&event.stack).map_or(&[][..], |stack| stack);
        self.without_stack += u64::from(addresses.is_empty());
        let tree = &mut self.samples.tree;
        let mut node = CallTree::ROOT;
        for (index, &address) in addresses.iter().enumerate().rev() {
            // All addresses except the leaf are return addresses.
            let address = address.saturating_sub(u64::from(index > 0));
            let frame = tree.intern_as_is(&ProcessAddress { process, address }.to_bytes());
            node = tree.child(node, frame);
        }
        let weight = Decimal::from(weight);
        self.samples.add(node, weight);
        self.profile.note_time_in(&mut self.samples, node, weight);
    }

    fn finish(mut self) -> io::Result<()> {
        self.names.sort();
        self.profile
            .add_renamed(&self.samples, CallTree::ROOT, |address| {
                Ok(self.names.name(ProcessAddress::from_bytes(address)).into())
            })?;
        if self.without_stack > 0 {
            let samples = plural(self.without_stack, "sample has", "samples have");
            warning!("{samples} no stack: counted for the root");
        }
        if self.in_native_code > 0 {
            let samples = plural(self.in_native_code, "sample", "samples");
            log::info!("skipped {samples} in native code");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACES: [&[u8]; 2] = [
        include_bytes!("../../../tests/data/nettrace/samples.nettrace"),
        include_bytes!("../../../tests/data/nettrace/universal.nettrace"),
    ];

    fn samples(trace: &[u8]) -> Option<u64> {
        let profile = Folder::default().read(trace).ok()?;
        assert_eq!(profile.values[0].sum, profile.tree.totals()[0]);
        Some(profile.tree.totals()[0].to_f64() as u64)
    }

    #[test]
    fn whole_blocks_of_a_truncated_trace_count() {
        for trace in TRACES {
            let whole = samples(trace).unwrap();
            for length in 0..trace.len() {
                let part = samples(&trace[..length]).unwrap_or(0);
                assert!(part <= whole, "{length}");
            }
            assert_eq!(samples(&trace[..trace.len() - 1]), Some(whole));
        }
    }

    #[test]
    fn any_byte_may_be_wrong() {
        for trace in TRACES {
            for at in 0..trace.len() {
                let mut damaged = trace.to_vec();
                damaged[at] ^= 0x81;
                samples(&damaged);
            }
        }
    }

    #[test]
    fn unknown_versions_are_refused() {
        let trace = b"Nettrace\0\0\0\0\x07\0\0\0\0\0\0\0";
        let error = Folder::default().read(&trace[..]).unwrap_err().to_string();
        assert_eq!(error, "expected a trace of version 4, 5 or 6, found 7");
        let error = Folder::default()
            .read(&b"Nettrace"[..])
            .unwrap_err()
            .to_string();
        assert_eq!(error, "the trace ends in its header");
    }
}

//! A recorded event, and the fields of its samples.
//!
//! This is the kernel's `struct perf_event_attr`, reduced to what folding needs.

use crate::bytes::binary::{ByteOrder, Bytes};

/// The fields that a sample can have.
pub(super) mod field {
    pub const IP: u64 = 1;
    pub const TID: u64 = 1 << 1;
    pub const TIME: u64 = 1 << 2;
    pub const ADDR: u64 = 1 << 3;
    pub const READ: u64 = 1 << 4;
    pub const CALLCHAIN: u64 = 1 << 5;
    pub const ID: u64 = 1 << 6;
    pub const CPU: u64 = 1 << 7;
    pub const PERIOD: u64 = 1 << 8;
    pub const STREAM_ID: u64 = 1 << 9;
    pub const RAW: u64 = 1 << 10;
    pub const BRANCH_STACK: u64 = 1 << 11;
    pub const REGS_USER: u64 = 1 << 12;
    pub const STACK_USER: u64 = 1 << 13;
    pub const IDENTIFIER: u64 = 1 << 16;
}

/// The data that accompanies a counter's value.
pub(super) mod read_format {
    pub const TIME_ENABLED: u64 = 1;
    pub const TIME_RUNNING: u64 = 1 << 1;
    pub const ID: u64 = 1 << 2;
    pub const GROUP: u64 = 1 << 3;
    pub const LOST: u64 = 1 << 4;
}

const HARDWARE: u32 = 0;
const SOFTWARE: u32 = 1;
const TRACEPOINT: u32 = 2;

const INHERIT: u64 = 1 << 1;
const SAMPLE_ID_ALL: u64 = 1 << 18;

/// An event, and the layout of its samples.
#[derive(Debug, Clone, Default)]
pub(super) struct Event {
    /// As printed by perf, with modifiers.
    pub name: Vec<u8>,
    pub ids: Vec<u64>,
    pub sample_type: u64,
    pub read_format: u64,
    pub has_branch_index: bool,
    /// Whether the branches of a sample are its active calls (`--call-graph lbr`).
    pub has_calls: bool,
    pub user_registers: u64,
    /// Whether new threads get their own counters, with the ids of their parent's.
    is_inherited: bool,
    /// Whether records other than samples end in fields with time and thread.
    pub has_sample_ids: bool,
    kind: u32,
    config: u64,
    /// The fixed period, unless samples contain it: `perf record -c`.
    period: u64,
}

impl Event {
    /// Reads an attribute, whose own size field determines its end.
    pub fn read(bytes: &mut Bytes<'_>, order: ByteOrder) -> Option<Event> {
        const SIZE_OF_FIRST_VERSION: u32 = 64;
        let size = Bytes::new(bytes.rest().get(4..)?, order).u32()?;
        let size = if size == 0 {
            SIZE_OF_FIRST_VERSION
        } else {
            size
        };
        let mut attribute = Bytes::new(bytes.take(u64::from(size))?, order);
        let mut event = Event {
            kind: attribute.u32()?,
            ..Event::default()
        };
        attribute.skip(4)?;
        event.config = attribute.u64()?;
        event.period = attribute.u64()?;
        event.sample_type = attribute.u64()?;
        event.read_format = attribute.u64()?;
        let flags = flags(attribute.u64()?, order);
        event.has_sample_ids = flags & SAMPLE_ID_ALL != 0;
        event.is_inherited = flags & INHERIT != 0;
        // Fields that later versions added may be missing: wakeup, two words of configuration.
        attribute.skip(8 + 16);
        const CALL_STACK: u64 = 1 << 11;
        const BRANCH_INDEX: u64 = 1 << 17;
        let branches = attribute.u64().unwrap_or(0);
        event.has_branch_index = branches & BRANCH_INDEX != 0;
        event.has_calls = branches & CALL_STACK != 0;
        event.user_registers = attribute.u64().unwrap_or(0);
        event.name = event.generic_name();
        Some(event)
    }

    pub fn has(&self, field: u64) -> bool {
        self.sample_type & field != 0
    }

    /// The count of a sample, which may have its own `period`. `perf script` prints none for
    /// tracepoints, so each of their samples counts 1.
    pub fn count(&self, period: Option<u64>) -> u64 {
        match self.kind {
            TRACEPOINT => 1,
            _ => period.unwrap_or(self.period),
        }
    }

    /// The ID of its tracepoint, if it is one.
    pub fn tracepoint(&self) -> Option<u64> {
        (self.kind == TRACEPOINT).then_some(self.config)
    }

    /// Whether a counter's id does not determine its thread.
    pub fn has_counters_of_threads(&self) -> bool {
        self.is_inherited && self.has(field::TID)
    }

    /// The offset of the field from the start of a sample, in bytes.
    pub fn offset_in_sample(&self, wanted: u64) -> Option<usize> {
        const ORDER: [u64; 6] = [
            field::IDENTIFIER,
            field::IP,
            field::TID,
            field::TIME,
            field::ADDR,
            field::ID,
        ];
        let before = ORDER.iter().take_while(|field| **field != wanted);
        let count = before.filter(|field| self.has(**field)).count();
        self.has(wanted).then_some(8 * count)
    }

    /// The offset of the field from the end of a record other than a sample, in bytes.
    pub fn offset_from_end(&self, wanted: u64) -> Option<usize> {
        const ORDER: [u64; 6] = [
            field::IDENTIFIER,
            field::CPU,
            field::STREAM_ID,
            field::ID,
            field::TIME,
            field::TID,
        ];
        let after = ORDER.iter().take_while(|field| **field != wanted);
        let count = after.filter(|field| self.has(**field)).count() + 1;
        (self.has_sample_ids && self.has(wanted)).then_some(8 * count)
    }

    /// The name of the event if the file has none.
    fn generic_name(&self) -> Vec<u8> {
        const HARDWARE_NAMES: [&str; 10] = [
            "cycles",
            "instructions",
            "cache-references",
            "cache-misses",
            "branches",
            "branch-misses",
            "bus-cycles",
            "stalled-cycles-frontend",
            "stalled-cycles-backend",
            "ref-cycles",
        ];
        const SOFTWARE_NAMES: [&str; 10] = [
            "cpu-clock",
            "task-clock",
            "page-faults",
            "context-switches",
            "cpu-migrations",
            "minor-faults",
            "major-faults",
            "alignment-faults",
            "emulation-faults",
            "dummy",
        ];
        let names: &[&str] = match self.kind {
            HARDWARE => &HARDWARE_NAMES,
            SOFTWARE => &SOFTWARE_NAMES,
            _ => &[],
        };
        let name = usize::try_from(self.config)
            .ok()
            .and_then(|at| names.get(at));
        match name {
            Some(name) => name.as_bytes().to_vec(),
            None => format!("event-{}-{:#x}", self.kind, self.config).into_bytes(),
        }
    }
}

/// The flags in little-endian layout: bit fields start at the other end on a big-endian machine.
fn flags(word: u64, order: ByteOrder) -> u64 {
    match order {
        ByteOrder::Little => word,
        ByteOrder::Big => word.reverse_bits(),
    }
}

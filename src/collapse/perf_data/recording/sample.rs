//! Parses samples, and the other relevant kernel records.

use super::counters::Readings;
use super::deferred::Rest;
use super::event::{Event, field};
use crate::bytes::binary::{ByteOrder, Bytes, Words};
use crate::bytes::decimal::Decimal;
use crate::collapse::selection::SampleOrigin;

/// The state when the event occurred.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    pub ip: Option<u64>,
    pub pid: i32,
    pub tid: i32,
    /// In nanoseconds since a point in time that all samples share.
    pub time: Option<u64>,
    pub cpu: Option<u32>,
    /// The id of the counter that took the sample.
    pub id: Option<u64>,
    pub period: Option<u64>,
    pub readings: Option<Readings<'a>>,
    pub callchain: Option<Words<'a>>,
    /// The fields of a tracepoint.
    pub raw: Option<&'a [u8]>,
    /// The user part of the call chain, if it is in another record.
    pub rest: Option<Rest<'a>>,
    /// The calls recorded by the processor, the latest first: source, target, and flags.
    pub calls: Option<Words<'a>>,
    pub user: Option<UserState<'a>>,
}

/// The user registers and stack, for unwinding.
#[derive(Debug, Clone, Copy)]
pub(super) struct UserState<'a> {
    /// A mask of the available registers, in the numbering of the architecture.
    mask: u64,
    values: Words<'a>,
    /// Starts at the stack pointer.
    pub stack: Words<'a>,
}

impl UserState<'_> {
    pub fn register(&self, number: u32) -> Option<u64> {
        let bit = 1u64.checked_shl(number)?;
        let index = (self.mask & (bit - 1)).count_ones() as usize;
        (self.mask & bit != 0).then(|| self.values.get(index))?
    }
}

impl<'a> Sample<'a> {
    /// Parses the body of a sample of `event`; `None` if it is truncated.
    pub fn read(body: &'a [u8], event: &Event, order: ByteOrder) -> Option<Sample<'a>> {
        let mut bytes = Bytes::new(body, order);
        let mut sample = Sample {
            ip: None,
            pid: -1,
            tid: -1,
            time: None,
            cpu: None,
            id: None,
            period: None,
            readings: None,
            callchain: None,
            raw: None,
            rest: None,
            calls: None,
            user: None,
        };
        sample.read_fixed(&mut bytes, event)?;
        if event.has(field::READ) {
            sample.readings = Some(Readings::read(&mut bytes, event.read_format)?);
        }
        if event.has(field::CALLCHAIN) {
            let count = bytes.u64()?;
            sample.callchain = Some(bytes.words(count)?);
        }
        if event.has(field::RAW) {
            let size = bytes.u32()?;
            sample.raw = Some(bytes.take(u64::from(size))?);
        }
        if event.has(field::BRANCH_STACK) {
            let branches = read_branches(&mut bytes, event)?;
            sample.calls = event.has_calls.then_some(branches);
        }
        sample.user = read_user_state(&mut bytes, event, order);
        Some(sample)
    }

    /// The origin of the sample, whose thread is called `comm`.
    pub fn origin<'c>(&self, comm: &'c [u8]) -> SampleOrigin<'c> {
        let id = |id: i32| u64::try_from(id).ok();
        SampleOrigin {
            time: self.time.map(Decimal::from_nanos),
            comm: Some(comm.trim_ascii()),
            pid: id(self.pid),
            tid: id(self.tid),
            cpu: self.cpu.map(u64::from),
        }
    }

    fn read_fixed(&mut self, bytes: &mut Bytes<'_>, event: &Event) -> Option<()> {
        if event.has(field::IDENTIFIER) {
            self.id = Some(bytes.u64()?);
        }
        if event.has(field::IP) {
            self.ip = Some(bytes.u64()?);
        }
        if event.has(field::TID) {
            (self.pid, self.tid) = (bytes.i32()?, bytes.i32()?);
        }
        if event.has(field::TIME) {
            self.time = Some(bytes.u64()?);
        }
        if event.has(field::ADDR) {
            bytes.skip(8)?;
        }
        if event.has(field::ID) {
            self.id = Some(bytes.u64()?);
        }
        if event.has(field::STREAM_ID) {
            bytes.skip(8)?;
        }
        if event.has(field::CPU) {
            self.cpu = Some(bytes.u32()?);
            bytes.skip(4)?;
        }
        if event.has(field::PERIOD) {
            self.period = Some(bytes.u64()?);
        }
        Some(())
    }
}

fn read_branches<'a>(bytes: &mut Bytes<'a>, event: &Event) -> Option<Words<'a>> {
    let count = bytes.u64()?;
    if event.has_branch_index {
        bytes.skip(8)?;
    }
    bytes.words(count.checked_mul(3)?)
}

/// Reads registers and stack; `None` if either is missing.
fn read_user_state<'a>(
    bytes: &mut Bytes<'a>,
    event: &Event,
    order: ByteOrder,
) -> Option<UserState<'a>> {
    if !event.has(field::REGS_USER) || !event.has(field::STACK_USER) {
        return None;
    }
    const NO_REGISTERS: u64 = 0;
    if bytes.u64()? == NO_REGISTERS {
        return None;
    }
    let values = bytes.words(u64::from(event.user_registers.count_ones()))?;
    let size = bytes.u64()?;
    let stack = bytes.take(size)?;
    // The part that belongs to the stack.
    let used = if size > 0 { bytes.u64()? } else { 0 };
    let used = usize::try_from(used.min(size)).unwrap_or(0);
    (used > 0).then(|| UserState {
        mask: event.user_registers,
        values,
        stack: Words::from_bytes(&stack[..used], order),
    })
}

/// The thread of a record other than a sample; `None` if it is not recorded.
pub(super) fn thread_of_record(body: &[u8], event: &Event, order: ByteOrder) -> Option<i32> {
    let start = body.len().checked_sub(event.offset_from_end(field::TID)?)?;
    let mut ids = Bytes::new(body.get(start..)?, order);
    ids.skip(4)?;
    ids.i32()
}

/// A file or another object was mapped.
#[derive(Debug)]
pub(super) struct Mapping<'a> {
    pub pid: i32,
    pub start: u64,
    pub length: u64,
    /// The start of the mapping in the file, in bytes.
    pub offset: u64,
    pub build_id: Option<&'a [u8]>,
    pub is_executable: bool,
    pub name: &'a [u8],
}

impl<'a> Mapping<'a> {
    pub fn read(body: &'a [u8], misc: u16, order: ByteOrder) -> Option<Mapping<'a>> {
        const IS_DATA: u16 = 1 << 13;
        let (mut mapping, mut rest) = Self::read_common(body, order)?;
        mapping.is_executable = misc & IS_DATA == 0;
        mapping.name = rest.text();
        Some(mapping)
    }

    /// Reads the newer kind of record, which has more fields.
    pub fn read_second(body: &'a [u8], misc: u16, order: ByteOrder) -> Option<Mapping<'a>> {
        const HAS_BUILD_ID: u16 = 1 << 14;
        const EXECUTABLE: u32 = 4;
        let (mut mapping, mut rest) = Self::read_common(body, order)?;
        let file = rest.take(24)?;
        if misc & HAS_BUILD_ID != 0 {
            let size = usize::from(*file.first()?);
            mapping.build_id = file.get(4..4 + size);
        }
        mapping.is_executable = rest.u32()? & EXECUTABLE != 0;
        rest.skip(4)?;
        mapping.name = rest.text();
        Some(mapping)
    }

    fn read_common(body: &'a [u8], order: ByteOrder) -> Option<(Mapping<'a>, Bytes<'a>)> {
        let mut bytes = Bytes::new(body, order);
        let pid = bytes.i32()?;
        bytes.skip(4)?;
        let mapping = Mapping {
            pid,
            start: bytes.u64()?,
            length: bytes.u64()?,
            offset: bytes.u64()?,
            build_id: None,
            is_executable: true,
            name: b"",
        };
        Some((mapping, bytes))
    }
}

/// A thread has a new name.
#[derive(Debug)]
pub(super) struct Comm<'a> {
    pub pid: i32,
    pub tid: i32,
    pub name: &'a [u8],
    /// Whether the thread has called `exec`.
    pub is_exec: bool,
}

impl<'a> Comm<'a> {
    pub fn read(body: &'a [u8], misc: u16, order: ByteOrder) -> Option<Comm<'a>> {
        const IS_EXEC: u16 = 1 << 13;
        let mut bytes = Bytes::new(body, order);
        Some(Comm {
            pid: bytes.i32()?,
            tid: bytes.i32()?,
            name: bytes.text(),
            is_exec: misc & IS_EXEC != 0,
        })
    }
}

/// A thread or process started or exited.
#[derive(Debug)]
pub(super) struct Fork {
    pub pid: i32,
    pub parent_pid: i32,
    pub tid: i32,
    pub parent_tid: i32,
    /// Whether perf synthesized the record, for a process that was already running.
    pub is_synthesized: bool,
}

impl Fork {
    pub fn read(body: &[u8], misc: u16, order: ByteOrder) -> Option<Fork> {
        const MADE_UP: u16 = 1 << 13;
        let mut bytes = Bytes::new(body, order);
        Some(Fork {
            pid: bytes.i32()?,
            parent_pid: bytes.i32()?,
            tid: bytes.i32()?,
            parent_tid: bytes.i32()?,
            is_synthesized: misc & MADE_UP != 0,
        })
    }
}

/// Code was added to the kernel, or removed.
#[derive(Debug)]
pub(super) struct KernelSymbol<'a> {
    pub start: u64,
    pub length: u32,
    pub is_gone: bool,
    pub name: &'a [u8],
}

impl<'a> KernelSymbol<'a> {
    pub fn read(body: &'a [u8], order: ByteOrder) -> Option<KernelSymbol<'a>> {
        let mut bytes = Bytes::new(body, order);
        let (start, length) = (bytes.u64()?, bytes.u32()?);
        bytes.skip(2)?;
        Some(KernelSymbol {
            start,
            length,
            is_gone: bytes.u16()? & 1 != 0,
            name: bytes.text(),
        })
    }
}

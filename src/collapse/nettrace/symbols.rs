//! Symbolizes addresses of processes.

use super::events::{number, utf16};
use crate::bytes::binary::Bytes;
use crate::names::frame::{UNKNOWN, basename, frame_name, object_name};
use ahash::AHashMap;

/// An address in a process, which is 0 if there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProcessAddress {
    pub process: u64,
    pub address: u64,
}

impl ProcessAddress {
    pub fn to_bytes(self) -> [u8; 16] {
        let key = u128::from(self.process) << 64 | u128::from(self.address);
        key.to_be_bytes()
    }

    pub fn from_bytes(bytes: &[u8]) -> ProcessAddress {
        let key = bytes.first_chunk().map_or(0, |it| u128::from_be_bytes(*it));
        ProcessAddress {
            process: (key >> 64) as u64,
            address: key as u64,
        }
    }
}

/// A function or file, from `start` to `end`.
#[derive(Debug)]
struct Range {
    start: ProcessAddress,
    end: u64,
    name: Vec<u8>,
}

/// Address ranges with names.
#[derive(Debug, Default)]
struct Ranges {
    ranges: Vec<Range>,
}

impl Ranges {
    fn add(&mut self, start: ProcessAddress, end: u64, name: Vec<u8>) {
        self.ranges.push(Range { start, end, name });
    }

    /// Prepares for lookups. Of ranges with the same start, the last one added takes precedence.
    fn sort(&mut self) {
        self.ranges.sort_by_key(|range| range.start);
    }

    fn find(&self, address: ProcessAddress) -> Option<&[u8]> {
        let after = self.ranges.partition_point(|range| range.start <= address);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        let is_in = range.start.process == address.process && address.address < range.end;
        is_in.then_some(&range.name)
    }
}

/// The names of addresses.
#[derive(Debug, Default)]
pub(super) struct Names {
    functions: Ranges,
    files: Ranges,
    /// The processes of mappings, by id of the mapping.
    processes: AHashMap<u64, u64>,
}

impl Names {
    /// Adds a JIT-compiled method: `id u64, module u64, start u64, size u32, token u32, flags u32,
    /// namespace, name, …`.
    pub fn add_method(&mut self, payload: &mut Bytes<'_>, process: u64) -> Option<()> {
        payload.skip_words(2)?;
        let (address, size) = (payload.u64()?, payload.u32()?);
        payload.skip_words(1)?;
        let (class, method) = (utf16(payload)?, utf16(payload)?);
        let name = match class.as_str() {
            "" => method,
            class => format!("{class}.{method}"),
        };
        let end = address.saturating_add(u64::from(size));
        let start = ProcessAddress { process, address };
        self.functions.add(start, end, frame_name(name.as_bytes()));
        Some(())
    }

    /// Adds a file mapped by a process: `ID, PROCESS, START, END, OFFSET, name`.
    pub fn add_mapping(&mut self, payload: &mut Bytes<'_>) -> Option<()> {
        let (id, process) = (number(payload)?, number(payload)?);
        let (address, end) = (number(payload)?, number(payload)?);
        number(payload)?;
        let name = object_name(basename(short_text(payload)?), None);
        self.processes.insert(id, process);
        self.files
            .add(ProcessAddress { process, address }, end, name);
        Some(())
    }

    /// Adds a function in a mapping: `ID, MAPPING, START, END, name`.
    pub fn add_symbol(&mut self, payload: &mut Bytes<'_>) -> Option<()> {
        number(payload)?;
        let mapping = number(payload)?;
        let (address, end) = (number(payload)?, number(payload)?);
        let name = frame_name(short_text(payload)?);
        let process = self.processes.get(&mapping).copied().unwrap_or(0);
        self.functions
            .add(ProcessAddress { process, address }, end, name);
        Some(())
    }

    /// Prepares for lookups, after all names were added.
    pub fn sort(&mut self) {
        self.functions.sort();
        self.files.sort();
    }

    /// The name of a frame at this address.
    pub fn name(&self, address: ProcessAddress) -> &[u8] {
        let name = self
            .functions
            .find(address)
            .or_else(|| self.files.find(address));
        name.unwrap_or(UNKNOWN)
    }
}

/// UTF-8 text, preceded by its length in 16 bits.
fn short_text<'a>(payload: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = payload.u16()?;
    payload.take(u64::from(length))
}

//! The blocks of a trace.

use super::invalid;
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::bytes::error::Mismatch;
use crate::warnings::warning;
use std::{fmt, io};

pub(super) const MAGIC: &[u8] = b"Nettrace";

/// The kind of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    Metadata,
    Stack,
    Thread,
    /// The properties of the whole trace.
    Trace,
    /// Not used.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Event => "event",
            Kind::Metadata => "metadata",
            Kind::Stack => "stack",
            Kind::Thread => "thread",
            Kind::Trace | Kind::Other => "trace",
        })
    }
}

/// A block.
pub(super) struct Block<'a> {
    pub kind: Kind,
    pub bytes: &'a [u8],
    /// The offset of the block in the file.
    pub offset: usize,
    /// The size of addresses, in bytes.
    pub pointer_size: usize,
}

/// Iterates over the blocks of a trace.
pub(super) struct Blocks<'a> {
    file: &'a [u8],
    rest: Bytes<'a>,
    version: u32,
    pointer_size: usize,
}

impl<'a> Blocks<'a> {
    /// The blocks of `file`.
    ///
    /// # Errors
    /// A file that is not a trace, or has an unsupported version.
    pub fn of(file: &'a [u8]) -> io::Result<Blocks<'a>> {
        let Some(rest) = file.strip_prefix(MAGIC) else {
            return Err(invalid(
                "expected a .NET trace, which starts with `Nettrace`",
            ));
        };
        let mut rest = Bytes::new(rest, ByteOrder::Little);
        let version = read_header(&mut rest);
        let version = version.ok_or_else(|| invalid("the trace ends in its header"))?;
        if !(4..=6).contains(&version) {
            return Err(invalid(format!(
                "expected a trace of version 4, 5 or 6, found {version}"
            )));
        }
        Ok(Blocks {
            file,
            rest,
            version,
            pointer_size: 8,
        })
    }

    pub fn version(&self) -> u32 {
        self.version
    }

    /// The next complete block.
    ///
    /// # Errors
    /// Anything except a block.
    pub fn next(&mut self) -> io::Result<Option<Block<'a>>> {
        let offset = self.offset();
        let start = self.rest;
        let block = match self.version {
            6 => self.read_block(),
            _ => self.read_object(),
        };
        match block {
            Some(Some((kind, bytes))) => Ok(Some(Block {
                kind,
                bytes,
                offset,
                pointer_size: self.pointer_size,
            })),
            Some(None) => Ok(None),
            // Anything that does not start like a block is an error; otherwise, it may be
            // truncated.
            None if self.version == 6 || matches!(start.rest(), [] | [5] | [5, 5, ..]) => {
                warning!(
                    "the trace ends in the middle of a block; the part before it is used [offset {offset}]"
                );
                Ok(None)
            }
            None => Err(Mismatch::lack_of("a block of the trace")
                .at_offset(offset as u64)
                .into()),
        }
    }

    fn offset(&self) -> usize {
        self.file.len() - self.rest.rest().len()
    }

    /// Reads a block of version 6: `Some(None)` at the end of the trace, `None` if it is
    /// incomplete.
    #[expect(clippy::option_option, reason = "the end is no damage")]
    fn read_block(&mut self) -> Option<Option<(Kind, &'a [u8])>> {
        let header = self.rest.u32()?;
        let bytes = self.rest.take(u64::from(header & 0xff_ffff))?;
        let kind = match header >> 24 {
            0 => return Some(None),
            1 => {
                self.set_pointer_size(bytes)?;
                Kind::Trace
            }
            2 => Kind::Event,
            3 => Kind::Metadata,
            5 => Kind::Stack,
            6 => Kind::Thread,
            _ => Kind::Other,
        };
        Some(Some((kind, bytes)))
    }

    /// Reads a block of earlier versions.
    #[expect(clippy::option_option, reason = "the end is no damage")]
    fn read_object(&mut self) -> Option<Option<(Kind, &'a [u8])>> {
        const END: &[u8] = &[1];
        const TRACE: u64 = 48;
        if self.rest.take(1)? == END {
            return Some(None);
        }
        let name = read_object_name(&mut self.rest)?;
        let bytes = match name {
            b"Trace" => {
                let trace = self.rest.take(TRACE)?;
                self.set_pointer_size(trace)?;
                trace
            }
            _ => {
                let size = self.rest.u32()?;
                let padding = self.offset().next_multiple_of(4) - self.offset();
                self.rest.skip(padding as u64)?;
                self.rest.take(u64::from(size))?
            }
        };
        self.rest.skip(1)?;
        let kind = match name {
            b"EventBlock" => Kind::Event,
            b"MetadataBlock" => Kind::Metadata,
            b"StackBlock" => Kind::Stack,
            b"Trace" => Kind::Trace,
            _ => Kind::Other,
        };
        Some(Some((kind, bytes)))
    }

    /// Sets the size of addresses, which follows the times at the start of a trace.
    fn set_pointer_size(&mut self, trace: &[u8]) -> Option<()> {
        const TIMES: usize = 32;
        let size = Bytes::new(trace.get(TIMES..)?, ByteOrder::Little).u32()?;
        self.pointer_size = if size == 4 { 4 } else { 8 };
        Some(())
    }
}

/// The version of a trace, which is in its first object up to version 5.
fn read_header(rest: &mut Bytes<'_>) -> Option<u32> {
    const SERIALIZATION: &[u8] = b"!FastSerialization.1";
    match rest.u32()? {
        0 => {
            let major = rest.u32()?;
            rest.u32()?;
            Some(major)
        }
        length => {
            let name = rest.take(u64::from(length))?;
            let mut first = *rest;
            first.skip(3)?;
            (name == SERIALIZATION).then(|| first.u32())?
        }
    }
}

/// The type name of an object, after its first byte.
fn read_object_name<'a>(rest: &mut Bytes<'a>) -> Option<&'a [u8]> {
    const TYPE: &[u8] = &[5, 1];
    const END: &[u8] = &[6];
    if rest.take(2)? != TYPE {
        return None;
    }
    // Skips the versions of the type.
    rest.skip(8)?;
    let length = rest.u32()?;
    let name = rest.take(u64::from(length))?;
    (rest.take(1)? == END).then_some(name)
}

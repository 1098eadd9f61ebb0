//! The events in a block.
//!
//! ```text
//! event  = flags u8, [ KIND ], [ SEQUENCE, CAPTURE_THREAD, CPU ], [ THREAD ], [ STACK ], TIME, [ activity ],
//!          [ related activity ], [ SIZE ], payload
//! ```
//!
//! A part in brackets is present if its bit is set; otherwise, it equals that of the previous
//! event. Numbers have any length, with seven bits per byte, the lowest first. If the block's first
//! flag is not set, all parts are present, with fixed sizes.

use crate::bytes::binary::{ByteOrder, Bytes};

/// An event.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Event<'a> {
    /// The number of the kind, which is defined in metadata.
    pub kind: u64,
    pub thread: u64,
    pub stack: u32,
    /// In units that the trace defines.
    pub time: u64,
    pub payload: &'a [u8],
}

/// Iterates over the events of a block.
pub(super) struct Events<'a> {
    rest: Bytes<'a>,
    version: u32,
    is_compressed: bool,
    /// The previous event, and its other fields.
    last: Event<'a>,
    capture_thread: u64,
    size: u64,
}

impl<'a> Events<'a> {
    /// The events of a block in a trace of the given version.
    pub fn of(block: &'a [u8], version: u32) -> Option<Events<'a>> {
        let mut header = Bytes::new(block, ByteOrder::Little);
        let (size, flags) = (header.u16()?, header.u16()?);
        let mut rest = Bytes::new(block, ByteOrder::Little);
        rest.skip(u64::from(size))?;
        Some(Events {
            rest,
            version,
            is_compressed: flags & 1 != 0,
            last: Event::default(),
            capture_thread: 0,
            size: 0,
        })
    }

    /// The next event, or `Some(None)` at the end; `None` if the data is invalid.
    #[expect(clippy::option_option, reason = "the end is no damage")]
    pub fn next(&mut self) -> Option<Option<Event<'a>>> {
        if self.rest.rest().is_empty() {
            return Some(None);
        }
        match self.is_compressed {
            true => self.read_compressed()?,
            false => self.read_plain()?,
        }
        Some(Some(self.last))
    }

    fn read_compressed(&mut self) -> Option<()> {
        const KIND: u8 = 1;
        const CAPTURE: u8 = 2;
        const THREAD: u8 = 4;
        const STACK: u8 = 8;
        const LABELS: u8 = 16;
        const RELATED: u8 = 32;
        const SIZE: u8 = 128;
        const GUID: u64 = 16;
        let rest = &mut self.rest;
        let &[flags] = rest.take(1)?.first_chunk()?;
        let has = |part: u8| flags & part != 0;
        if has(KIND) {
            self.last.kind = number(rest)?;
        }
        if has(CAPTURE) {
            number(rest)?;
            self.capture_thread = number(rest)?;
            number(rest)?;
        }
        if has(THREAD) {
            self.last.thread = number(rest)?;
        }
        if has(STACK) {
            self.last.stack = u32::try_from(number(rest)?).ok()?;
        }
        self.last.time = self.last.time.wrapping_add(number(rest)?);
        match self.version {
            6 if has(LABELS) => drop(number(rest)?),
            6 => {}
            _ => {
                let guids = u64::from(has(LABELS)) + u64::from(has(RELATED));
                rest.skip(guids * GUID)?;
            }
        }
        if has(SIZE) {
            self.size = number(rest)?;
        }
        self.last.payload = rest.take(self.size)?;
        Some(())
    }

    fn read_plain(&mut self) -> Option<()> {
        const GUIDS: u64 = 32;
        const WORD: u64 = 4;
        let size = self.rest.u32()?;
        let mut event = Bytes::new(self.rest.take(u64::from(size))?, ByteOrder::Little);
        self.last.kind = u64::from(event.u32()? & 0x7fff_ffff);
        event.skip(WORD)?;
        self.last.thread = event.u64()?;
        event.skip(2 * WORD + WORD)?;
        self.last.stack = event.u32()?;
        self.last.time = event.u64()?;
        event.skip(if self.version == 6 { WORD } else { GUIDS })?;
        let payload = event.u32()?;
        self.last.payload = event.take(u64::from(payload))?;
        if self.version < 6 {
            let end = self.rest.rest().len() as u64;
            self.rest
                .skip((u64::from(size).next_multiple_of(WORD) - u64::from(size)).min(end))?;
        }
        Some(())
    }
}

/// A number of variable length.
pub(super) fn number(bytes: &mut Bytes<'_>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let &[byte] = bytes.take(1)?.first_chunk()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// UTF-8 text, preceded by its length.
pub(super) fn utf8(bytes: &mut Bytes<'_>) -> Option<String> {
    let length = number(bytes)?;
    let text = bytes.take(length)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// UTF-16 text that ends with a NUL.
pub(super) fn utf16(bytes: &mut Bytes<'_>) -> Option<String> {
    let mut units = Vec::new();
    loop {
        match bytes.u16()? {
            0 => return Some(String::from_utf16_lossy(&units)),
            unit => units.push(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to version 5, the next event starts at a multiple of four bytes.
    #[test]
    fn without_a_flag_all_parts_have_fixed_sizes() {
        for (version, ids, padding) in [(4, 32, 3), (5, 32, 3), (6, 4, 0)] {
            let event = [
                &0x8000_0007_u32.to_le_bytes()[..],
                &[0; 4],
                &9_u64.to_le_bytes(),
                &[0; 12],
                &3_u32.to_le_bytes(),
                &100_u64.to_le_bytes(),
                &vec![0; ids],
                &5_u32.to_le_bytes(),
                b"hello",
            ]
            .concat();
            let size = (event.len() as u32).to_le_bytes();
            let padded = [&size, &event[..], &[0; 3][..padding]].concat();
            let block = [&[4, 0, 0, 0], &padded[..], &padded].concat();
            let mut events = Events::of(&block, version).unwrap();
            for _ in 0..2 {
                let event = events.next().unwrap().unwrap();
                assert_eq!((event.kind, event.thread, event.stack), (7, 9, 3));
                assert_eq!((event.time, event.payload), (100, &b"hello"[..]));
            }
            assert!(events.next().unwrap().is_none(), "{version}");
        }
    }
}

//! Profiles in protocol buffers, decoded with `prost`: the formats, and shared code.
//!
//! Small messages are decoded by [`prost::Message`]. The outermost one is not: if decoded as a
//! whole, the samples of a profile would take several times the memory of the file. Instead, it is
//! read field by field, as slices of the file.

mod location;
pub mod otlp;
#[cfg_attr(not(feature = "json"), path = "no_otlp_json.rs")]
mod otlp_json;
pub mod pprof;
pub(crate) mod pprof_messages;
pub mod simpleperf;

use crate::bytes::error::{Mismatch, ParseError, ParseErrorKind};
use prost::encoding::{WireType, decode_key, decode_varint};
use prost::{DecodeError, Message};
use std::fmt;
use std::io;

/// The contents of a field with a length: a message, text or packed numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Payload<'a> {
    pub bytes: &'a [u8],
    /// The position in the file.
    pub offset: u64,
}

impl<'a> Payload<'a> {
    /// The outermost message.
    pub fn of_file(bytes: &'a [u8]) -> Payload<'a> {
        Payload { bytes, offset: 0 }
    }

    /// Adds the position to an error about the contents.
    pub fn locate<T>(self, result: Result<T, Mismatch>) -> Result<T, ParseError> {
        result.map_err(|mismatch| mismatch.at_offset(self.offset))
    }
}

/// Iterates over the fields of a message.
pub(crate) struct Fields<'a> {
    message: Payload<'a>,
    rest: &'a [u8],
    /// The position of the latest field in the message.
    start: usize,
}

/// The value of a field. Its type depends on the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    /// A number with four or eight bytes.
    Fixed(u64),
    Bytes(Payload<'a>),
}

impl<'a> Fields<'a> {
    pub fn of(message: Payload<'a>) -> Fields<'a> {
        Fields {
            message,
            rest: message.bytes,
            start: 0,
        }
    }

    /// The latest field, with its key.
    pub fn latest(&self) -> Payload<'a> {
        Payload {
            bytes: &self.message.bytes[self.start..self.consumed()],
            offset: self.message.offset + self.start as u64,
        }
    }

    fn consumed(&self) -> usize {
        self.message.bytes.len() - self.rest.len()
    }

    fn read(&mut self) -> Result<(u32, Value<'a>), Mismatch> {
        let (tag, wire_type) = decode_key(&mut self.rest).map_err(malformed_field)?;
        let value = match wire_type {
            WireType::Varint => {
                Value::Number(decode_varint(&mut self.rest).map_err(malformed_field)?)
            }
            WireType::SixtyFourBit => Value::Fixed(u64::from_le_bytes(self.array()?)),
            WireType::ThirtyTwoBit => Value::Fixed(u64::from(u32::from_le_bytes(self.array()?))),
            WireType::LengthDelimited => {
                let length = decode_varint(&mut self.rest).map_err(malformed_field)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let offset = self.message.offset + self.consumed() as u64;
                let split = self.rest.split_at_checked(length);
                let (bytes, rest) =
                    split.ok_or_else(|| truncated_field("a field is longer than the message"))?;
                self.rest = rest;
                Value::Bytes(Payload { bytes, offset })
            }
            WireType::StartGroup | WireType::EndGroup => return Err(malformed_field("a group")),
        };
        Ok((tag, value))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Mismatch> {
        let split = self.rest.split_first_chunk();
        let (array, rest) = split.ok_or_else(|| truncated_field("the message ends"))?;
        self.rest = rest;
        Ok(*array)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = io::Result<(u32, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.start = self.consumed();
        let field = self.read().map_err(|mismatch| {
            self.rest = b"";
            mismatch
                .at_offset(self.message.offset + self.start as u64)
                .into()
        });
        Some(field)
    }
}

#[cold]
fn malformed_field(reason: impl fmt::Display) -> Mismatch {
    let expected = "a field of a protobuf message";
    Mismatch::worded(format!("expected {expected}: {reason}"), expected, None)
}

#[cold]
fn truncated_field(reason: &str) -> Mismatch {
    malformed_field(reason).of_kind(ParseErrorKind::Truncated)
}

/// Appends the elements of a repeated integer field, packed or not; `what` names the message in
/// errors.
pub(crate) fn push_numbers<N: FromInteger>(
    value: Value<'_>,
    numbers: &mut Vec<N>,
    what: &str,
) -> io::Result<()> {
    let payload = match value {
        Value::Bytes(payload) => payload,
        Value::Number(number) | Value::Fixed(number) => {
            numbers.push(N::from_integer(number));
            return Ok(());
        }
    };
    let mut packed = payload.bytes;
    while !packed.is_empty() {
        let number = varint(&mut packed);
        let number = number.map_err(|error| unlike(what, &error, payload))?;
        numbers.push(N::from_integer(number));
    }
    Ok(())
}

/// An integer type: `uint64` or `int64`.
pub(crate) trait FromInteger {
    fn from_integer(integer: u64) -> Self;
}

impl FromInteger for u64 {
    fn from_integer(integer: u64) -> u64 {
        integer
    }
}

impl FromInteger for i64 {
    fn from_integer(integer: u64) -> i64 {
        integer.cast_signed()
    }
}

/// Reads an integer. Most have one or two bytes, for which `decode_varint` has no fast path.
#[inline(always)]
fn varint(bytes: &mut &[u8]) -> Result<u64, DecodeError> {
    let (number, rest) = match *bytes {
        [low @ ..0x80, rest @ ..] => (u64::from(*low), rest),
        [low, high @ ..0x80, rest @ ..] => (u64::from(low & 0x7f) | u64::from(*high) << 7, rest),
        _ => return long_varint(bytes),
    };
    *bytes = rest;
    Ok(number)
}

#[cold]
fn long_varint(bytes: &mut &[u8]) -> Result<u64, DecodeError> {
    decode_varint(bytes)
}

/// Decodes `payload` into `message`, which is cleared first; `what` names it in errors.
pub(crate) fn decode_into<M: Message>(
    message: &mut M,
    payload: Payload<'_>,
    what: &str,
) -> io::Result<()> {
    message.clear();
    let merged = message.merge(payload.bytes);
    merged.map_err(|error| unlike(what, &error, payload))
}

/// Decodes a message; `what` names it in errors.
pub(crate) fn decode<M: Message + Default>(payload: Payload<'_>, what: &str) -> io::Result<M> {
    M::decode(payload.bytes).map_err(|error| unlike(what, &error, payload))
}

/// The error for a payload that is not the message `what`.
#[cold]
fn unlike(what: &str, error: &DecodeError, payload: Payload<'_>) -> io::Error {
    let expected = format!("a {what}");
    Mismatch::worded(format!("expected {expected}: {error}"), expected, None)
        .at_offset(payload.offset)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(bytes: &[u8], offset: u64) -> Payload<'_> {
        Payload { bytes, offset }
    }

    fn read(message: &[u8]) -> io::Result<Vec<(u32, Value<'_>)>> {
        Fields::of(Payload::of_file(message)).collect()
    }

    #[test]
    fn fields_come_in_order() {
        let fields = read(b"\x08\x96\x01\x12\x02hi\x1d\x01\0\0\0").unwrap();
        let expected = [
            (1, Value::Number(150)),
            (2, Value::Bytes(payload(b"hi", 5))),
            (3, Value::Fixed(1)),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn damage_is_an_error_with_its_offset() {
        let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(message(b"\x08\x01\x12\x05hi").contains("longer than the message [offset 2]"));
        assert!(message(b"\x0b").contains("a group"));
        assert!(message(b"\x08").contains("[offset 0]"));
        assert!(message(b"\x1d\0").contains("the message ends"));
    }

    #[test]
    fn repeated_numbers_are_packed_or_not() {
        let mut numbers: Vec<u64> = Vec::new();
        let packed = b"\x07\x96\x01\xff\xff\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        push_numbers(Value::Bytes(payload(packed, 0)), &mut numbers, "list").unwrap();
        push_numbers(Value::Number(9), &mut numbers, "list").unwrap();
        assert_eq!(numbers, [7, 150, 65535, u64::MAX, 9]);
        let cut = Value::Bytes(payload(b"\x96", 7));
        let error = push_numbers(cut, &mut numbers, "list").unwrap_err();
        assert!(error.to_string().starts_with("expected a list: "));
        assert!(error.to_string().ends_with(" [offset 7]"));
    }
}

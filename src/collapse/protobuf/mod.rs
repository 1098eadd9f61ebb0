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

use crate::input::invalid;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost::{DecodeError, Message};
use std::io;

/// Iterates over the fields of a message.
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    rest: &'a [u8],
}

/// The value of a field. Its type depends on the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    /// A number with four or eight bytes.
    Fixed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Fields<'a> {
        Fields {
            message,
            rest: message,
        }
    }

    fn read(&mut self) -> Result<(u32, Value<'a>), String> {
        let text = |error: DecodeError| error.to_string();
        let (tag, wire_type) = decode_key(&mut self.rest).map_err(text)?;
        let value = match wire_type {
            WireType::Varint => Value::Number(decode_varint(&mut self.rest).map_err(text)?),
            WireType::SixtyFourBit => Value::Fixed(u64::from_le_bytes(self.array()?)),
            WireType::ThirtyTwoBit => Value::Fixed(u64::from(u32::from_le_bytes(self.array()?))),
            WireType::LengthDelimited => {
                let length = decode_varint(&mut self.rest).map_err(text)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let split = self.rest.split_at_checked(length);
                let (bytes, rest) = split.ok_or("a field is longer than the message")?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            WireType::StartGroup | WireType::EndGroup => return Err("a group".to_string()),
        };
        Ok((tag, value))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (array, rest) = self.rest.split_first_chunk().ok_or("the message ends")?;
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
        let offset = self.message.len() - self.rest.len();
        let field = self.read().map_err(|error| {
            self.rest = b"";
            invalid(format!(
                "expected a field of a protobuf message: {error} [offset {offset}]"
            ))
        });
        Some(field)
    }
}

/// Appends the elements of a repeated integer field, packed or not; `what` names the message in
/// errors.
pub(crate) fn push_numbers<N: FromInteger>(
    value: Value<'_>,
    numbers: &mut Vec<N>,
    what: &str,
) -> io::Result<()> {
    let mut packed = match value {
        Value::Bytes(packed) => packed,
        Value::Number(number) | Value::Fixed(number) => {
            numbers.push(N::from_integer(number));
            return Ok(());
        }
    };
    while !packed.is_empty() {
        let number = varint(&mut packed);
        let number = number.map_err(|error| invalid(format!("expected a {what}: {error}")))?;
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

/// Decodes `bytes` into `message`, which is cleared first; `what` names it in errors.
pub(crate) fn decode_into<M: Message>(message: &mut M, bytes: &[u8], what: &str) -> io::Result<()> {
    message.clear();
    message
        .merge(bytes)
        .map_err(|error| invalid(format!("expected a {what}: {error}")))
}

/// Decodes a message; `what` names it in errors.
pub(crate) fn decode<M: Message + Default>(bytes: &[u8], what: &str) -> io::Result<M> {
    M::decode(bytes).map_err(|error| invalid(format!("expected a {what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> io::Result<Vec<(u32, Value<'_>)>> {
        Fields::of(message).collect()
    }

    #[test]
    fn fields_come_in_order() {
        let fields = read(b"\x08\x96\x01\x12\x02hi\x1d\x01\0\0\0").unwrap();
        let expected = [
            (1, Value::Number(150)),
            (2, Value::Bytes(b"hi")),
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
        push_numbers(Value::Bytes(packed), &mut numbers, "list").unwrap();
        push_numbers(Value::Number(9), &mut numbers, "list").unwrap();
        assert_eq!(numbers, [7, 150, 65535, u64::MAX, 9]);
        let error = push_numbers(Value::Bytes(b"\x96"), &mut numbers, "list").unwrap_err();
        assert!(error.to_string().starts_with("expected a list: "));
    }
}

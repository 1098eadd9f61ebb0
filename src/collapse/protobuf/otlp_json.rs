//! OpenTelemetry profiles in JSON: the same messages, with field names.
//!
//! ```json
//! {"resourceProfiles": [{"scopeProfiles": [{"profiles": [
//!    {"sampleType": {"typeStrindex": 1, "unitStrindex": 2}, "samples": [{"stackIndex": 1, "values": ["7"]}]}]}]}],
//!  "dictionary": {"stringTable": ["", "cpu", "ns", "main"], "functionTable": [{}, {"nameStrindex": 3}],
//!    "locationTable": [{}, {"lines": [{"functionIndex": 1}]}], "stackTable": [{}, {"locationIndices": [1]}]}}
//! ```
//!
//! They are converted to protobuf, so that there is only one reader.

use crate::collapse::json::{self, Text};
use prost::encoding::{WireType, encode_key, encode_varint};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::io;

pub(super) fn sniff(head: &[u8]) -> Option<bool> {
    let keys = json::Keys::of(head);
    keys.answer(keys.has("resourceProfiles"))
}

/// Converts the messages of a document to protobuf.
pub(super) fn to_protobuf(document: &[u8], format: &str) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let seed = Message {
        fields: PROFILES_DATA,
        message: &mut message,
    };
    json::parse(document, seed, format)?;
    Ok(message)
}

/// The encoding of a field.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    /// Eight bytes.
    Fixed,
    Text,
    Message(&'static [Field]),
}

/// The name, number and kind of a field.
type Field = (&'static str, u32, Kind);

const PROFILES_DATA: &[Field] = &[
    ("resourceProfiles", 1, Kind::Message(RESOURCE_PROFILES)),
    ("dictionary", 2, Kind::Message(DICTIONARY)),
];
const RESOURCE_PROFILES: &[Field] = &[
    (
        "resource",
        1,
        Kind::Message(&[("attributes", 1, Kind::Message(KEY_VALUE))]),
    ),
    ("scopeProfiles", 2, Kind::Message(SCOPE_PROFILES)),
];
const KEY_VALUE: &[Field] = &[
    ("key", 1, Kind::Text),
    ("value", 2, Kind::Message(ANY_VALUE)),
];
const ANY_VALUE: &[Field] = &[
    ("stringValue", 1, Kind::Text),
    ("intValue", 3, Kind::Number),
];
const SCOPE_PROFILES: &[Field] = &[("profiles", 2, Kind::Message(PROFILE))];
const PROFILE: &[Field] = &[
    ("sampleType", 1, Kind::Message(VALUE_TYPE)),
    ("samples", 2, Kind::Message(SAMPLE)),
];
const VALUE_TYPE: &[Field] = &[
    ("typeStrindex", 1, Kind::Number),
    ("unitStrindex", 2, Kind::Number),
];
const SAMPLE: &[Field] = &[
    ("stackIndex", 1, Kind::Number),
    ("attributeIndices", 2, Kind::Number),
    ("values", 4, Kind::Number),
    ("timestampsUnixNano", 5, Kind::Fixed),
];
const DICTIONARY: &[Field] = &[
    ("mappingTable", 1, Kind::Message(MAPPING)),
    ("locationTable", 2, Kind::Message(LOCATION)),
    ("functionTable", 3, Kind::Message(FUNCTION)),
    ("stringTable", 5, Kind::Text),
    ("attributeTable", 6, Kind::Message(ATTRIBUTE)),
    (
        "stackTable",
        7,
        Kind::Message(&[("locationIndices", 1, Kind::Number)]),
    ),
];
const MAPPING: &[Field] = &[
    ("memoryStart", 1, Kind::Number),
    ("memoryLimit", 2, Kind::Number),
    ("fileOffset", 3, Kind::Number),
    ("filenameStrindex", 4, Kind::Number),
    ("attributeIndices", 5, Kind::Number),
];
const LOCATION: &[Field] = &[
    ("mappingIndex", 1, Kind::Number),
    ("address", 2, Kind::Number),
    ("lines", 3, Kind::Message(LINE)),
];
const LINE: &[Field] = &[
    ("functionIndex", 1, Kind::Number),
    ("line", 2, Kind::Number),
];
const FUNCTION: &[Field] = &[
    ("nameStrindex", 1, Kind::Number),
    ("systemNameStrindex", 2, Kind::Number),
    ("filenameStrindex", 3, Kind::Number),
];
const ATTRIBUTE: &[Field] = &[
    ("keyStrindex", 1, Kind::Number),
    ("value", 2, Kind::Message(ANY_VALUE)),
];

/// Writes the fields of an object to a message.
struct Message<'m> {
    fields: &'static [Field],
    message: &'m mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Message<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Message<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            match self
                .fields
                .iter()
                .find(|(name, ..)| name.as_bytes() == &*key)
            {
                Some(&(_, tag, kind)) => map.next_value_seed(Values {
                    tag,
                    kind,
                    message: self.message,
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Writes the value of a field, or all elements of an array.
struct Values<'m> {
    tag: u32,
    kind: Kind,
    message: &'m mut Vec<u8>,
}

impl Values<'_> {
    fn write_bytes(&mut self, bytes: &[u8]) {
        encode_key(self.tag, WireType::LengthDelimited, self.message);
        encode_varint(bytes.len() as u64, self.message);
        self.message.extend_from_slice(bytes);
    }

    fn write_number<E: Error>(mut self, number: u64) -> Result<(), E> {
        match self.kind {
            Kind::Number => {
                encode_key(self.tag, WireType::Varint, self.message);
                encode_varint(number, self.message);
            }
            Kind::Fixed => {
                encode_key(self.tag, WireType::SixtyFourBit, self.message);
                self.message.extend_from_slice(&number.to_le_bytes());
            }
            Kind::Text => self.write_bytes(number.to_string().as_bytes()),
            Kind::Message(_) => return Err(E::custom("expected an object, found a number")),
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field of a profile")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.write_number(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.write_number(number.cast_unsigned())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        match self.kind {
            Kind::Text => {
                self.write_bytes(text.as_bytes());
                Ok(())
            }
            _ => match (text.parse::<u64>(), text.parse::<i64>()) {
                (Ok(number), _) => self.write_number(number),
                (_, Ok(number)) => self.write_number(number.cast_unsigned()),
                _ => Err(E::custom(format!("expected a number, found `{text}`"))),
            },
        }
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let Values { tag, kind, message } = self;
        while let Some(()) = array.next_element_seed(Values { tag, kind, message })? {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let Kind::Message(fields) = self.kind else {
            return Err(A::Error::custom("expected a number, found an object"));
        };
        let mut message = Vec::new();
        let inner = Message {
            fields,
            message: &mut message,
        };
        inner.visit_map(map)?;
        self.write_bytes(&message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document that has 7 in the field at the end of a path: `a.b` becomes `{"a": {"b": 7}}`.
    fn document(path: &str) -> String {
        let wrap = |inner: String, name: &str| format!("{{\"{name}\": {inner}}}");
        path.rsplit('.').fold("7".to_string(), wrap)
    }

    /// The same in protobuf, where the path consists of numbers.
    fn message(path: &[u8], kind: Kind) -> Vec<u8> {
        let (last, outer) = path.split_last().unwrap();
        let field = match kind {
            Kind::Number => vec![last << 3, 7],
            Kind::Fixed => [&[last << 3 | 1][..], &7_u64.to_le_bytes()].concat(),
            _ => vec![last << 3 | 2, 1, b'7'],
        };
        let wrap = |inner: Vec<u8>, number: &u8| {
            [&[number << 3 | 2, inner.len() as u8], &inner[..]].concat()
        };
        outer.iter().rev().fold(field, wrap)
    }

    #[test]
    fn fields_have_numbers() {
        const ATTRIBUTES: &str = "resourceProfiles.resource.attributes";
        const PROFILE: &str = "resourceProfiles.scopeProfiles.profiles";
        const TABLES: &str = "dictionary";
        for (message_of, field, numbers, kind) in [
            (ATTRIBUTES, "key", &[1, 1, 1, 1][..], Kind::Text),
            (
                ATTRIBUTES,
                "value.stringValue",
                &[1, 1, 1, 2, 1],
                Kind::Text,
            ),
            (ATTRIBUTES, "value.intValue", &[1, 1, 1, 2, 3], Kind::Number),
            (
                PROFILE,
                "sampleType.typeStrindex",
                &[1, 2, 2, 1, 1],
                Kind::Number,
            ),
            (
                PROFILE,
                "sampleType.unitStrindex",
                &[1, 2, 2, 1, 2],
                Kind::Number,
            ),
            (
                PROFILE,
                "samples.stackIndex",
                &[1, 2, 2, 2, 1],
                Kind::Number,
            ),
            (
                PROFILE,
                "samples.attributeIndices",
                &[1, 2, 2, 2, 2],
                Kind::Number,
            ),
            (PROFILE, "samples.values", &[1, 2, 2, 2, 4], Kind::Number),
            (
                PROFILE,
                "samples.timestampsUnixNano",
                &[1, 2, 2, 2, 5],
                Kind::Fixed,
            ),
            (TABLES, "mappingTable.memoryStart", &[2, 1, 1], Kind::Number),
            (TABLES, "mappingTable.memoryLimit", &[2, 1, 2], Kind::Number),
            (TABLES, "mappingTable.fileOffset", &[2, 1, 3], Kind::Number),
            (
                TABLES,
                "mappingTable.filenameStrindex",
                &[2, 1, 4],
                Kind::Number,
            ),
            (
                TABLES,
                "mappingTable.attributeIndices",
                &[2, 1, 5],
                Kind::Number,
            ),
            (
                TABLES,
                "locationTable.mappingIndex",
                &[2, 2, 1],
                Kind::Number,
            ),
            (TABLES, "locationTable.address", &[2, 2, 2], Kind::Number),
            (
                TABLES,
                "locationTable.lines.functionIndex",
                &[2, 2, 3, 1],
                Kind::Number,
            ),
            (
                TABLES,
                "locationTable.lines.line",
                &[2, 2, 3, 2],
                Kind::Number,
            ),
            (
                TABLES,
                "functionTable.nameStrindex",
                &[2, 3, 1],
                Kind::Number,
            ),
            (
                TABLES,
                "functionTable.systemNameStrindex",
                &[2, 3, 2],
                Kind::Number,
            ),
            (
                TABLES,
                "functionTable.filenameStrindex",
                &[2, 3, 3],
                Kind::Number,
            ),
            (TABLES, "stringTable", &[2, 5], Kind::Text),
            (
                TABLES,
                "attributeTable.keyStrindex",
                &[2, 6, 1],
                Kind::Number,
            ),
            (
                TABLES,
                "attributeTable.value.stringValue",
                &[2, 6, 2, 1],
                Kind::Text,
            ),
            (
                TABLES,
                "stackTable.locationIndices",
                &[2, 7, 1],
                Kind::Number,
            ),
        ] {
            let path = format!("{message_of}.{field}");
            let found = to_protobuf(document(&path).as_bytes(), "a profile").unwrap();
            assert_eq!(found, message(numbers, kind), "{path}");
        }
    }
}

//! Profiles in JSON, read with `serde_json`: the formats, and shared code.

mod amounts;
pub mod bpftrace;
pub mod chrome;
pub mod cpuprofile;
pub mod dhat;
pub mod firefox;
pub mod ghc;
pub mod heapprofile;
pub mod jstack;
pub mod node_prof;
mod packed;
pub mod pyinstrument;
pub mod pyspy_dump;
pub mod safari;
pub mod speedscope;
pub mod stackprof;
pub mod xhprof;

mod keys;

pub(crate) use keys::{Keys, is_started, list_keys, outline};

use super::document::out_of_range;
pub(crate) use super::document::read_to_end;
use crate::bytes::decimal::Decimal;
use crate::bytes::error::{Mismatch, ParseErrorKind};
use crate::input::invalid;
use crate::warnings::{Forwarding, receive};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde_json::de::SliceRead;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::thread;

/// Deserializes `document` with `seed`. If its stack use depends on the nesting, call it through
/// [`with_room`].
///
/// # Errors
/// Invalid JSON, or an unexpected structure; the message has the line and column. `format` is the
/// expected format, for the message.
pub(crate) fn parse<'de, S>(document: &'de [u8], seed: S, format: &str) -> io::Result<S::Value>
where
    S: DeserializeSeed<'de>,
{
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    deserializer.disable_recursion_limit();
    parse_with(deserializer, seed, format)
}

fn parse_with<'de, S>(
    mut deserializer: serde_json::Deserializer<SliceRead<'de>>,
    seed: S,
    format: &str,
) -> io::Result<S::Value>
where
    S: DeserializeSeed<'de>,
{
    let value = seed.deserialize(&mut deserializer);
    value
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| not_as_expected(error, format))
}

/// Calls [`parse`] for a document that must be an object.
pub(crate) fn parse_object<'de, T>(document: &'de [u8], format: &str) -> io::Result<T>
where
    T: Deserialize<'de>,
{
    expect_object(document, format)?;
    parse(document, PhantomData, format)
}

/// Calls [`parse_object`] for a document in which nothing that is read is nested deeper than 128
/// levels.
pub(crate) fn parse_shallow_object<'de, T>(document: &'de [u8], format: &str) -> io::Result<T>
where
    T: Deserialize<'de>,
{
    expect_object(document, format)?;
    let deserializer = serde_json::Deserializer::from_slice(document);
    parse_with(deserializer, PhantomData, format)
}

/// Derived implementations also accept an array for an object.
fn expect_object(document: &[u8], format: &str) -> io::Result<()> {
    match document.trim_ascii_start() {
        [b'{', ..] => Ok(()),
        _ => Err(invalid(format!("expected {format}, as an object"))),
    }
}

/// The error for a document that is not valid JSON, or not in `format`.
#[cold]
pub(crate) fn not_as_expected(error: serde_json::Error, format: &str) -> io::Error {
    if error.is_io() {
        return error.into();
    }
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let kind = match error.is_eof() {
        true => ParseErrorKind::Truncated,
        false => ParseErrorKind::Malformed,
    };
    let message = format!("expected {format}: {what}");
    let mismatch = Mismatch::worded(message, format.to_string(), None).of_kind(kind);
    mismatch
        .at_line_and_column(line as u64, column as u64)
        .into()
}

/// The maximum nesting depth.
const MAX_DEPTH: usize = 1 << 20;

/// Calls `read` with a stack that is large enough for the nesting of `document`.
///
/// # Errors
/// Errors of `read`, and a document that is nested deeper than a million levels.
pub(crate) fn with_room<T: Send>(
    document: &[u8],
    read: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    /// The depth that any stack has room for.
    const SHALLOW: usize = 128;
    /// The maximum stack use of a level, in debug builds.
    const BYTES_PER_LEVEL: usize = 4 << 10;
    let depth = depth(document);
    if depth <= SHALLOW {
        return read();
    }
    if depth > MAX_DEPTH {
        return Err(invalid(format!(
            "the document is nested deeper than {MAX_DEPTH} levels"
        )));
    }
    let builder = thread::Builder::new().stack_size((1 << 20) + depth * BYTES_PER_LEVEL);
    let warnings = Forwarding::here();
    thread::scope(|scope| {
        let thread = builder.spawn_scoped(scope, || warnings.run(read))?;
        let joined = thread.join();
        receive(joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The maximum number of brackets that are open at once in `document`.
fn depth(document: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut rest = document;
    while let Some(quote) = memchr::memchr(b'"', rest) {
        count_brackets(&rest[..quote], &mut depth, &mut deepest);
        rest = after_string(&rest[quote + 1..]);
    }
    count_brackets(rest, &mut depth, &mut deepest);
    deepest
}

fn count_brackets(text: &[u8], depth: &mut usize, deepest: &mut usize) {
    for byte in text {
        match byte {
            b'{' | b'[' => {
                *depth += 1;
                *deepest = (*deepest).max(*depth);
            }
            b'}' | b']' => *depth = depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// The text after the string whose content is at the start of `text`.
fn after_string(text: &[u8]) -> &[u8] {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        at += found + 1;
        match text[at - 1] {
            b'"' => return &text[at..],
            _ => at = (at + 1).min(text.len()),
        }
    }
    &[]
}

/// Reads a value that may be missing or `null`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A string as bytes, because names in profiles may contain invalid UTF-8 and lone surrogates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Text<'a>(pub Cow<'a, [u8]>);

impl Text<'_> {
    /// A copy that does not borrow from the document.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(bytes.to_vec())))
            }
        }
        deserializer.deserialize_bytes(TextVisitor)
    }
}

/// A string that does not borrow from the document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct OwnedText(Vec<u8>);

impl std::ops::Deref for OwnedText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::borrow::Borrow<[u8]> for OwnedText {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for OwnedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        Ok(OwnedText(text.into_owned()))
    }
}

/// The id of a node or thread, which some writers write as a string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Id<'a> {
    Number(u64),
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl<'de> Visitor<'de> for IdVisitor {
            type Value = Id<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a string")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Id<'de>, E> {
                Ok(Id::Number(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Id<'de>, E> {
                Ok(Id::Text(Cow::Owned(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Id<'de>, E> {
                Ok(Id::Text(Cow::Owned(number.to_string())))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Id<'de>, E> {
                Ok(match as_number(text) {
                    Some(number) => Id::Number(number),
                    None => Id::Text(Cow::Borrowed(text)),
                })
            }

            fn visit_str<E>(self, text: &str) -> Result<Id<'de>, E> {
                Ok(match as_number(text) {
                    Some(number) => Id::Number(number),
                    None => Id::Text(Cow::Owned(text.to_string())),
                })
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => number.fmt(f),
            Id::Text(text) => text.fmt(f),
        }
    }
}

/// The number in `text`, if formatting the number results in the same text.
fn as_number(text: &str) -> Option<u64> {
    let number = text.parse().ok()?;
    (text == "0" || !text.starts_with(['0', '+'])).then_some(number)
}

/// An index into a table, or the id of an entry: an integer, which some writers write as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Index(pub u64);

impl Index {
    /// The entry of `table`; `name` is its name in messages.
    pub fn of<'t, T>(self, table: &'t [T], name: &str) -> io::Result<&'t T> {
        let entry = usize::try_from(self.0).ok().and_then(|at| table.get(at));
        entry.ok_or_else(|| out_of_range(name, self.0, table.len()))
    }
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IndexVisitor;
        impl Visitor<'_> for IndexVisitor {
            type Value = Index;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an index")
            }

            fn visit_u64<E>(self, index: u64) -> Result<Index, E> {
                Ok(Index(index))
            }

            fn visit_f64<E: Error>(self, index: f64) -> Result<Index, E> {
                /// Larger numbers do not need to be exact.
                const MAX: f64 = (1u64 << 53) as f64;
                let unexpected = || E::invalid_value(Unexpected::Float(index), &self);
                let is_whole = (0.0..=MAX).contains(&index) && index.fract() == 0.0;
                is_whole
                    .then_some(Index(index as u64))
                    .ok_or_else(unexpected)
            }

            fn visit_str<E: Error>(self, index: &str) -> Result<Index, E> {
                let unexpected = || E::invalid_value(Unexpected::Str(index), &self);
                index.trim().parse().map(Index).map_err(|_| unexpected())
            }
        }
        deserializer.deserialize_any(IndexVisitor)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// Reads a number, or a string with a number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DecimalVisitor;
        impl Visitor<'_> for DecimalVisitor {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Decimal, E> {
                Ok(Decimal::from(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Decimal, E> {
                Ok(Decimal::from(number))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Decimal, E> {
                Ok(Decimal::from_f64(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                let unexpected = || E::invalid_value(Unexpected::Str(text), &self);
                let text = text.trim();
                match Decimal::parse(text.as_bytes()) {
                    Some(number) => Ok(number),
                    None => text
                        .parse()
                        .map(Decimal::from_f64)
                        .map_err(|_| unexpected()),
                }
            }
        }
        deserializer.deserialize_any(DecimalVisitor)
    }
}

/// Passes each element of an array to a function, without keeping the array.
pub(crate) struct ForEach<F, T> {
    handle: F,
    element: std::marker::PhantomData<fn(T)>,
}

impl<T, F: FnMut(T) -> io::Result<()>> ForEach<F, T> {
    pub fn new(handle: F) -> Self {
        ForEach {
            handle,
            element: std::marker::PhantomData,
        }
    }
}

impl<'de, T, F> DeserializeSeed<'de> for ForEach<F, T>
where
    T: Deserialize<'de>,
    F: FnMut(T) -> io::Result<()>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T, F> Visitor<'de> for ForEach<F, T>
where
    T: Deserialize<'de>,
    F: FnMut(T) -> io::Result<()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element()? {
            (self.handle)(element).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_that_of_brackets_outside_of_strings() {
        assert_eq!(depth(b"[]"), 1);
        assert_eq!(depth(br#"{"a[[[[": [1, {"b\"{{": "\\"}]}"#), 3);
        assert_eq!(depth(b"[[["), 3);
        assert_eq!(depth(br#"["unterminated [[\"#), 1);
    }

    #[test]
    fn deep_documents_are_read() {
        let document = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        #[derive(Deserialize)]
        struct Nested(#[expect(dead_code)] Vec<Nested>);
        let read = || {
            let seed = std::marker::PhantomData::<Nested>;
            parse(document.as_bytes(), seed, "arrays").map(std::mem::forget)
        };
        with_room(document.as_bytes(), read).unwrap();
    }

    #[test]
    fn names_need_not_be_unicode() {
        let seed = std::marker::PhantomData::<Vec<Text<'_>>>;
        let texts = parse(b"[\"a\\ud800\", \"b\xff\"]", seed, "names").unwrap();
        assert_eq!(&*texts[0], b"a\xed\xa0\x80");
        assert_eq!(&*texts[1], b"b\xff");
    }

    #[test]
    fn ids_are_compared_as_text() {
        let seed = std::marker::PhantomData::<Vec<Id<'_>>>;
        let ids = parse(br#"[7, "7", "07", "0x7"]"#, seed, "ids").unwrap();
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], ids[2]);
        assert_eq!(ids[3].to_string(), "0x7");
    }

    #[test]
    fn indices_are_whole_numbers_or_text() {
        let read = |text: &str| {
            let seed = std::marker::PhantomData::<Index>;
            parse(text.as_bytes(), seed, "an index").map(|index| index.0)
        };
        for (text, index) in [("7", 7), ("7.0", 7), ("7e0", 7), ("\"7\"", 7)] {
            assert_eq!(read(text).unwrap(), index, "{text}");
        }
        for text in ["-1", "0.5", "1e300", "\"x\"", "null", "[7]"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        let seed = std::marker::PhantomData::<Vec<Decimal>>;
        let error = parse(b"[1,\n true]", seed, "a list of numbers").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a list of numbers: invalid type: boolean `true`, expected a number \
             [line 2, column 5]"
        );
    }
}

//! Parses tags.

use super::mismatch::{invalid_id, invalid_xml, no_frame_name};
use super::stacks::Reference;
use crate::bytes::count::parse_digits;
use crate::bytes::error::Mismatch;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// The start or the end of an element, or both.
pub(super) enum Tag<'t> {
    Start(Element<'t>),
    Empty(Element<'t>),
    /// With the name of the element.
    End(&'t str),
}

/// An element, represented by its start tag.
pub(super) struct Element<'t> {
    pub name: &'t str,
    /// The part of the tag after the name.
    attributes: &'t str,
    /// The buffered text after the tag.
    rest: &'t str,
}

/// Splits off the tag that `text` starts with; `None` if it is not in the form that `xctrace`
/// writes, which is simpler than XML allows, or incomplete.
#[inline]
pub(super) fn split_usual_tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let text = text.strip_prefix('<')?;
    if let Some(text) = text.strip_prefix('/') {
        let (name, text) = split_usual_name(text)?;
        return Some((Tag::End(name), text.strip_prefix('>')?));
    }
    let (name, text) = split_usual_name(text)?;
    let mut rest = text;
    while let Some((_, _, text)) = split_usual_attribute(rest) {
        rest = text;
    }
    let attributes = &text[..text.len() - rest.len()];
    let element = |rest| Element {
        name,
        attributes,
        rest,
    };
    match rest.strip_prefix("/>") {
        Some(rest) => Some((Tag::Empty(element(rest)), rest)),
        None => {
            let rest = rest.strip_prefix('>')?;
            Some((Tag::Start(element(rest)), rest))
        }
    }
}

/// Splits off any tag. Comments and similar markup are not tags.
#[cold]
pub(super) fn split_tag(text: &str) -> Result<(Option<Tag<'_>>, &str), quick_xml::Error> {
    let mut reader = Reader::from_str(text);
    // Elements may have been opened before `text`.
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().check_end_names = false;
    let event = reader.read_event()?;
    let rest = &text[text.len() - reader.get_ref().len()..];
    let tag = match event {
        Event::Start(tag) => Some(Tag::Start(Element::of(&tag, text, rest))),
        Event::Empty(tag) => Some(Tag::Empty(Element::of(&tag, text, rest))),
        Event::End(tag) => Some(Tag::End(&text["</".len()..][..tag.name().0.len()])),
        _ => None,
    };
    Ok((tag, rest))
}

/// Splits off the attribute ` KEY="VALUE"` that `text` starts with.
#[inline]
fn split_usual_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (key, text) = split_usual_name(text.strip_prefix(' ')?)?;
    let text = text.strip_prefix("=\"")?;
    let end = memchr::memchr(b'"', text.as_bytes())?;
    Some((key, &text[..end], &text[end + 1..]))
}

#[inline]
fn split_usual_name(text: &str) -> Option<(&str, &str)> {
    let is_in_name = |byte: u8| IS_IN_NAME[usize::from(byte)];
    let length = text.bytes().position(|byte| !is_in_name(byte))?;
    (length > 0).then(|| text.split_at(length))
}

/// By byte: whether it can be in a name.
const IS_IN_NAME: [bool; 256] = {
    let mut is_in_name = [false; 256];
    let mut byte = 0u8;
    while byte.is_ascii() {
        is_in_name[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'-';
        byte += 1;
    }
    is_in_name
};

impl<'t> Element<'t> {
    /// The element of the tag that `text` starts with, before the `rest`.
    fn of(tag: &BytesStart<'_>, text: &'t str, rest: &'t str) -> Element<'t> {
        let (name, attributes) = text["<".len()..].split_at(tag.name().0.len());
        Element {
            name,
            attributes: &attributes[..tag.attributes_raw().len()],
            rest,
        }
    }

    /// The text between a start tag and the next tag; `None` if that is not buffered yet.
    pub fn content(&self) -> Option<&'t str> {
        let end = memchr::memchr(b'<', self.rest.as_bytes())?;
        Some(&self.rest[..end])
    }

    /// Whether the element, which is called `name`, is a definition or a reference.
    pub fn reference(&self, name: &'static str) -> Result<Reference, Mismatch> {
        let [to, id] = self.values(["ref", "id"])?;
        Ok(match to {
            Some(to) => Reference::Ref(parse_id(to, name)?),
            None => Reference::Definition(id.map(|id| parse_id(id, name)).transpose()?),
        })
    }

    /// The name of a frame. A frame without a symbol is named after its address.
    pub fn frame_name(&self) -> Result<Cow<'t, str>, Mismatch> {
        let [symbol, address] = self.values(["name", "addr"])?;
        text_of(symbol.or(address).ok_or_else(no_frame_name)?)
    }

    /// The text that Instruments displays.
    pub fn shown(&self) -> Result<Option<Cow<'t, str>>, Mismatch> {
        let [shown] = self.values(["fmt"])?;
        shown.map(text_of).transpose()
    }

    /// The raw values of the attributes called `keys`. If the first one exists, the others may be
    /// missing from the result.
    #[inline]
    fn values<const N: usize>(
        &self,
        keys: [&str; N],
    ) -> Result<[Option<Cow<'t, str>>; N], Mismatch> {
        let mut values = [const { None }; N];
        let mut is_found = |key: &str, value| {
            let at = keys.iter().position(|wanted| *wanted == key);
            if let Some(at) = at {
                values[at].get_or_insert(value);
            }
            at == Some(0)
        };
        let mut rest = self.attributes;
        while let Some((key, value, others)) = split_usual_attribute(rest) {
            if is_found(key, Cow::Borrowed(value)) {
                return Ok(values);
            }
            rest = others;
        }
        for attribute in Attributes::new(rest, 0).with_checks(false) {
            let attribute = attribute.map_err(invalid_xml)?;
            if is_found(attribute.key.into_inner(), attribute.value) {
                break;
            }
        }
        Ok(values)
    }
}

/// Parses the id of an element called `name`, or its reference.
fn parse_id(value: Cow<'_, str>, name: &'static str) -> Result<u64, Mismatch> {
    if let Some(id) = parse_digits(value.as_bytes()) {
        return Ok(id);
    }
    let id = text_of(value)?;
    parse_digits(id.as_bytes()).ok_or_else(|| invalid_id(name, &id))
}

/// The text of an attribute, on one line.
fn text_of(value: Cow<'_, str>) -> Result<Cow<'_, str>, Mismatch> {
    if memchr::memchr3(b'&', b'\n', b'\r', value.as_bytes()).is_none() {
        return Ok(value);
    }
    let text = unescape(&value).map_err(invalid_xml)?;
    Ok(Cow::Owned(text.replace(['\n', '\r'], " ")))
}

//! What elements say of themselves.

use super::stacks::Reference;
use crate::collapse::error::ErrorKind;
use crate::count::parse_digits;
use quick_xml::escape::unescape;
use quick_xml::events::BytesStart;
use std::borrow::Cow;

/// Whether the element is written out here, or elsewhere.
pub(super) fn reference(
    element: &BytesStart<'_>,
    tag: &'static str,
) -> Result<Reference, ErrorKind> {
    let (mut id, mut to) = (None, None);
    find(element, |name, value| {
        match name {
            "ref" => to = Some(value),
            "id" => id = id.take().or(Some(value)),
            _ => {}
        }
        to.is_some()
    })?;
    Ok(match to {
        Some(to) => Reference::Ref(parse_id(to, tag)?),
        None => Reference::Definition(id.map(|id| parse_id(id, tag)).transpose()?),
    })
}

fn parse_id(value: Cow<'_, str>, tag: &'static str) -> Result<u64, ErrorKind> {
    let id = text(value)?;
    parse_digits(id.as_bytes()).ok_or_else(|| ErrorKind::InvalidId {
        tag,
        id: id.into_owned(),
    })
}

/// The name of a frame. One without a symbol has its address as its name.
pub(super) fn frame_name<'e>(element: &'e BytesStart<'_>) -> Result<Cow<'e, str>, ErrorKind> {
    let (mut symbol, mut address) = (None, None);
    find(element, |name, value| {
        match name {
            "name" => symbol = Some(value),
            "addr" => address = address.take().or(Some(value)),
            _ => {}
        }
        symbol.is_some()
    })?;
    text(symbol.or(address).ok_or(ErrorKind::NoFrameName)?)
}

/// What Instruments shows of an element.
pub(super) fn shown<'e>(element: &'e BytesStart<'_>) -> Result<Option<Cow<'e, str>>, ErrorKind> {
    let mut shown = None;
    find(element, |name, value| {
        shown = (name == "fmt").then_some(value);
        shown.is_some()
    })?;
    shown.map(text).transpose()
}

/// Gives `is_found` each attribute, as it is written, until it says that there is no need for others.
fn find<'e>(
    element: &'e BytesStart<'_>,
    mut is_found: impl FnMut(&'e str, Cow<'e, str>) -> bool,
) -> Result<(), ErrorKind> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| ErrorKind::Xml(error.to_string()))?;
        if is_found(attribute.key.into_inner(), attribute.value) {
            break;
        }
    }
    Ok(())
}

/// What an attribute says, on one line.
fn text(value: Cow<'_, str>) -> Result<Cow<'_, str>, ErrorKind> {
    const LINE_ENDS: [char; 2] = ['\n', '\r'];
    let unescaped = match unescape(&value) {
        Ok(Cow::Owned(text)) => Some(text),
        Ok(Cow::Borrowed(_)) => None,
        Err(error) => return Err(ErrorKind::Xml(error.to_string())),
    };
    let text = unescaped.map_or(value, Cow::Owned);
    Ok(match text.contains(LINE_ENDS) {
        true => Cow::Owned(text.replace(LINE_ENDS, " ")),
        false => text,
    })
}

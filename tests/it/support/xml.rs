//! A strict parser for the XML that the tools write: elements, attributes, text, comments, CDATA.
//! It rejects everything that a browser would reject.

/// An element with its contents.
#[derive(Debug, Default, Clone)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first child with that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element with that id, which may be this one.
    pub fn by_id(&self, id: &str) -> Option<&Element> {
        match self.attribute("id") {
            Some(found) if found == id => Some(self),
            _ => self.children.iter().find_map(|child| child.by_id(id)),
        }
    }
}

/// The root element of the document.
pub fn parse(document: &str) -> Result<Element, String> {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if let Some(illegal) = document.chars().find(|&c| !is_legal(c)) {
        return Err(format!("illegal character {illegal:?}"));
    }
    let mut rest = document;
    // The bottom element represents the document.
    let mut open = vec![Element::default()];
    while let Some(at) = rest.find('<') {
        if rest[..at].contains("]]>") {
            return Err("]]> in text".to_string());
        }
        add_text(&mut open, &unescape(&rest[..at])?)?;
        rest = take_markup(&rest[at..], &mut open)?;
    }
    if !rest.trim().is_empty() {
        return Err(format!("text after the end: {rest:?}"));
    }
    match open.as_mut_slice() {
        [document] if document.children.len() == 1 => Ok(document.children.remove(0)),
        _ => Err("not one root element, closed".to_string()),
    }
}

fn take_markup<'d>(rest: &'d str, open: &mut Vec<Element>) -> Result<&'d str, String> {
    let until = |start: &str, end: &str| {
        let inner = rest.strip_prefix(start)?;
        inner.split_once(end)
    };
    if let Some((comment, rest)) = until("<!--", "-->") {
        let is_legal = !comment.contains("--") && !comment.ends_with('-');
        return is_legal
            .then_some(rest)
            .ok_or(format!("comment {comment:?}"));
    }
    if let Some((text, rest)) = until("<![CDATA[", "]]>") {
        return add_text(open, text).map(|()| rest);
    }
    if let Some((_, rest)) = until("<?xml ", "?>").or_else(|| until("<!DOCTYPE ", ">")) {
        return Ok(rest);
    }
    if let Some((name, rest)) = until("</", ">") {
        return close(open, name).map(|()| rest);
    }
    let end = end_of_tag(rest).ok_or(format!("no end of tag: {rest:.50}"))?;
    let (tag, is_closed) = match rest[1..end].strip_suffix('/') {
        Some(tag) => (tag, true),
        None => (&rest[1..end], false),
    };
    open.push(start_tag(tag)?);
    if is_closed {
        let name = open[open.len() - 1].name.clone();
        close(open, &name)?;
    }
    Ok(&rest[end + 1..])
}

/// The position of the `>` that is not in a quoted value.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    text.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'>' && !is_quoted
    })
}

fn start_tag(tag: &str) -> Result<Element, String> {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut element = Element {
        name: checked_name(name)?,
        ..Element::default()
    };
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once("=\"")
            .ok_or(format!("attribute {rest:?}"))?;
        let (value, after) = after.split_once('"').ok_or(format!("value {after:?}"))?;
        if value.contains('<') || element.attribute(key).is_some() {
            return Err(format!("attribute {key}={value:?}"));
        }
        element
            .attributes
            .push((checked_name(key)?, unescape(value)?));
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    Ok(element)
}

fn close(open: &mut Vec<Element>, name: &str) -> Result<(), String> {
    match (open.pop(), open.last_mut()) {
        (Some(element), Some(parent)) if element.name == name => {
            parent.children.push(element);
            Ok(())
        }
        (element, _) => Err(format!("{name} closes {element:?}")),
    }
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), String> {
    let is_outside = open.len() == 1;
    if is_outside && !text.trim().is_empty() {
        return Err(format!("text {text:?}"));
    }
    if let Some(element) = open.last_mut() {
        element.text += text;
    }
    Ok(())
}

fn checked_name(name: &str) -> Result<String, String> {
    let is_start = |c: char| c.is_alphabetic() || c == '_';
    let is_part = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    match name.starts_with(is_start) && name.chars().all(is_part) {
        true => Ok(name.to_string()),
        false => Err(format!("name {name:?}")),
    }
}

fn unescape(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or(format!("entity {part:?}"))?;
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "#9" => '\t',
            "#10" => '\n',
            "#13" => '\r',
            _ => return Err(format!("entity {entity:?}")),
        });
        out += rest;
    }
    Ok(out)
}

#[test]
fn refuses_what_is_not_well_formed() {
    for document in [
        "",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a x=\"1\" x=\"2\"/>",
        "<a x=\"<\"/>",
        "<a>&nope;</a>",
        "<a>\u{1}</a>",
        "<a>\u{ffff}</a>",
        "<a><!-- -- --></a>",
        "<a><!-----></a>",
        "<a>]]></a>",
        "<1/>",
    ] {
        assert!(parse(document).is_err(), "{document:?}");
    }
    assert_eq!(parse("<a x=\"&lt;>\"><![CDATA[<]]></a>").unwrap().text, "<");
}

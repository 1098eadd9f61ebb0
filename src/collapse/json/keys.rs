//! Distinguishes JSON formats by the keys of the outermost levels.

use super::Text;
use crate::bytes::text::excerpt;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The number of levels of a document to examine.
const LEVELS: u8 = 3;

/// The keys of the outermost levels, as far as they were read.
///
/// A nested key is `outer.inner`; in an array, only the first element is examined: `[].key`,
/// `outer.[].key`.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    paths: Vec<String>,
    /// Whether the document ended.
    is_whole: bool,
}

impl Keys {
    /// The keys of the document that starts with `head`.
    pub fn of(head: &[u8]) -> Keys {
        let mut scan = Scan::default();
        let is_whole = match is_started(head) {
            // Errors other than the end of `head` mean that the rest is not JSON.
            true => scan
                .read(head)
                .map_or_else(|error| !error.is_eof(), |()| true),
            false => !head.trim_ascii_start().is_empty(),
        };
        let paths = scan.paths;
        Keys { paths, is_whole }
    }

    pub fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known == path)
    }

    /// The keys of the outermost objects.
    pub fn outermost(&self) -> impl Iterator<Item = &str> {
        let is_outermost = |path: &&str| !path.trim_start_matches("[].").contains('.');
        self.paths.iter().map(String::as_str).filter(is_outermost)
    }

    /// Whether the document is in a format, if that is certain: for a truncated document, a missing
    /// key may follow.
    pub fn answer(&self, is_format: bool) -> Option<bool> {
        match (is_format, self.is_whole) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }
}

/// Whether `head` starts an object or an array.
pub(crate) fn is_started(head: &[u8]) -> bool {
    matches!(head.trim_ascii_start(), [b'{' | b'[', ..])
}

/// A small document with the same [`Keys`] as the one that starts with `head`, which is faster to examine.
/// `None` if it is not JSON.
pub(crate) fn outline(head: &[u8]) -> Option<Vec<u8>> {
    let mut scan = Scan::default();
    match scan.read(head) {
        Err(error) if !error.is_eof() => None,
        _ => Some(scan.outline),
    }
}

/// The keys and the outline of a document, as far as it was read.
#[derive(Default)]
struct Scan {
    paths: Vec<String>,
    outline: Vec<u8>,
}

impl Scan {
    fn read(&mut self, head: &[u8]) -> Result<(), serde_json::Error> {
        let document = ScanValue {
            path: "",
            levels: LEVELS,
            scan: self,
        };
        document.deserialize(&mut serde_json::Deserializer::from_slice(head))
    }
}

/// Scans a value at `path`, down to so many `levels`.
struct ScanValue<'s> {
    path: &'s str,
    levels: u8,
    scan: &'s mut Scan,
}

impl ScanValue<'_> {
    fn child<'c>(&'c mut self, path: &'c str) -> ScanValue<'c> {
        ScanValue {
            path,
            levels: self.levels - 1,
            scan: self.scan,
        }
    }

    /// Writes a placeholder for a value without keys.
    fn visit_scalar<E>(self) -> Result<(), E> {
        self.scan.outline.push(b'0');
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ScanValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.levels {
            0 => deserializer
                .deserialize_ignored_any(IgnoredAny)
                .and_then(|_| self.visit_scalar()),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for ScanValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.scan.outline.push(b'{');
        let mut separator = "";
        while let Some(Text(key)) = map.next_key()? {
            let key = String::from_utf8_lossy(&key);
            let path = format!("{}{key}", self.path);
            let children = format!("{path}.");
            self.scan.paths.push(path);
            let start = format!("{separator}{}:", serde_json::Value::from(key));
            self.scan.outline.extend_from_slice(start.as_bytes());
            map.next_value_seed(self.child(&children))?;
            separator = ",";
        }
        self.scan.outline.push(b'}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        self.scan.outline.push(b'[');
        let path = format!("{}[].", self.path);
        array.next_element_seed(self.child(&path))?;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        self.scan.outline.push(b']');
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.visit_scalar()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.visit_scalar()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.visit_scalar()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.visit_scalar()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.visit_scalar()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.visit_scalar()
    }
}

/// The outermost keys of a document for a message, in parentheses.
pub(crate) fn list_keys(head: &[u8]) -> String {
    /// The maximum number of keys to list.
    const COUNT: usize = 10;
    let keys = Keys::of(head);
    let keys = keys.outermost().take(COUNT);
    let keys: Vec<String> = keys.map(|key| excerpt(key.as_bytes())).collect();
    match keys.is_empty() {
        true => String::new(),
        false => format!(" (its keys: {})", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#" {"a": {"b": [1, {"c": 2}], "d.e": null}, "f": [{"g": [{"h": "x"}]}, {"i": 1}], "j": -1.5}"#;

    #[test]
    fn keys_are_those_of_first_elements() {
        let keys = Keys::of(DOCUMENT.as_bytes());
        assert_eq!(keys.paths, ["a", "a.b", "a.d.e", "f", "f.[].g", "j"]);
        assert_eq!(Keys::of(br#"[{"ph": 1}, {"x": 2}]"#).paths, ["[].ph"]);
        let outermost: Vec<&str> = keys.outermost().collect();
        assert_eq!(outermost, ["a", "f", "j"]);
    }

    #[test]
    fn a_truncated_document_proves_only_what_it_has() {
        let keys = Keys::of(br#" {"a": {"b": 1}, "c": [{"d"#);
        assert_eq!(keys.answer(keys.has("a.b")), Some(true));
        assert_eq!(keys.answer(keys.has("e")), None);
        assert_eq!(Keys::of(br#"{"a": 1}"#).answer(false), Some(false));
        assert_eq!(Keys::of(b"main;f 1").answer(false), Some(false));
        assert_eq!(Keys::of(b" ").answer(false), None);
    }

    #[test]
    fn outlines_have_the_keys_of_their_documents() {
        for end in 0..=DOCUMENT.len() {
            let head = &DOCUMENT.as_bytes()[..end];
            let outline = outline(head).expect("JSON, as far as it goes");
            let (keys, outlined) = (Keys::of(head), Keys::of(&outline));
            assert_eq!(keys.paths, outlined.paths, "{end}");
            assert_eq!(outlined.is_whole, end == DOCUMENT.len(), "{end}");
        }
        assert_eq!(outline(br#"{"a": }"#), None);
    }
}

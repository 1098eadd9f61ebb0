//! What tells JSON formats apart: the keys of the outermost levels.

use super::Text;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How many levels of a document are looked at.
const LEVELS: u8 = 3;

/// The keys of the outermost levels, as far as they were read.
///
/// A key below another is `outer.inner`; in an array, only the first element is looked at: `[].key`,
/// `outer.[].key`.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    paths: Vec<String>,
    /// Whether the document ended.
    is_whole: bool,
}

impl Keys {
    /// The keys of the document that `head` starts.
    pub fn of(head: &[u8]) -> Keys {
        let mut keys = Keys::default();
        if !is_started(head) {
            keys.is_whole = !head.trim_ascii_start().is_empty();
            return keys;
        }
        let mut deserializer = serde_json::Deserializer::from_slice(head);
        let seed = KeysBelow {
            path: "",
            levels: LEVELS,
            paths: &mut keys.paths,
        };
        // An error is the end of `head`, mostly. What was read before it counts.
        keys.is_whole = match seed.deserialize(&mut deserializer) {
            Ok(()) => true,
            Err(error) => !error.is_eof(),
        };
        keys
    }

    pub fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known == path)
    }

    /// The keys of the outermost objects.
    pub fn outermost(&self) -> impl Iterator<Item = &str> {
        let is_outermost = |path: &&str| !path.trim_start_matches("[].").contains('.');
        self.paths.iter().map(String::as_str).filter(is_outermost)
    }

    /// Whether the document has a key, if its start tells: a later one may follow.
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

/// A document with the same [`Keys`] as the one that `head` starts, in which little else is left: to look at it
/// takes no time. `None` if it is no JSON.
pub(crate) fn outline(head: &[u8]) -> Option<Vec<u8>> {
    let mut outline = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(head);
    let seed = Outline {
        levels: LEVELS,
        text: &mut outline,
    };
    match seed.deserialize(&mut deserializer) {
        Err(error) if !error.is_eof() => None,
        _ => Some(outline),
    }
}

/// Writes the outline of a value.
struct Outline<'o> {
    levels: u8,
    text: &'o mut Vec<u8>,
}

impl Outline<'_> {
    fn below(&mut self) -> Outline<'_> {
        Outline {
            levels: self.levels - 1,
            text: self.text,
        }
    }

    /// Writes what stands for a value without keys.
    fn write_scalar<E>(self) -> Result<(), E> {
        self.text.push(b'0');
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Outline<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.levels {
            0 => deserializer
                .deserialize_ignored_any(IgnoredAny)
                .and_then(|_| self.write_scalar()),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Outline<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.text.push(b'{');
        let mut separator = "";
        while let Some(Text(key)) = map.next_key()? {
            let key = serde_json::Value::from(String::from_utf8_lossy(&key));
            let start = format!("{separator}{key}:");
            self.text.extend_from_slice(start.as_bytes());
            map.next_value_seed(self.below())?;
            separator = ",";
        }
        self.text.push(b'}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        self.text.push(b'[');
        array.next_element_seed(self.below())?;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        self.text.push(b']');
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.write_scalar()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.write_scalar()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.write_scalar()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.write_scalar()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.write_scalar()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.write_scalar()
    }
}

struct KeysBelow<'k> {
    path: &'k str,
    levels: u8,
    paths: &'k mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for KeysBelow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.levels {
            0 => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for KeysBelow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            let path = format!("{}{}", self.path, String::from_utf8_lossy(&key));
            let below = format!("{path}.");
            self.paths.push(path);
            map.next_value_seed(KeysBelow {
                path: &below,
                levels: self.levels - 1,
                paths: self.paths,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let path = format!("{}[].", self.path);
        array.next_element_seed(KeysBelow {
            path: &path,
            levels: self.levels - 1,
            paths: self.paths,
        })?;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
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
    fn a_document_that_is_cut_off_tells_what_it_has_but_not_what_it_lacks() {
        let keys = Keys::of(br#" {"a": {"b": 1}, "c": [{"d"#);
        assert_eq!(keys.answer(keys.has("a.b")), Some(true));
        assert_eq!(keys.answer(keys.has("e")), None);
        assert_eq!(Keys::of(br#"{"a": 1}"#).answer(false), Some(false));
        assert_eq!(Keys::of(b"main;f 1").answer(false), Some(false));
        assert_eq!(Keys::of(b" ").answer(false), None);
    }

    #[test]
    fn outlines_have_the_same_keys_as_what_they_are_of() {
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

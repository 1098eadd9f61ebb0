//! Custom attributes for the frames of selected functions, from a file.
//!
//! ```text
//! file      = { name { TAB attribute } LF }
//! attribute = key "=" value | key "=" '"' value '"'
//! key       = "title" | "href" | "id" | "class" | "target" | "g_extra" | "a_extra"
//! extra     = { name "=" ( word | '"' text '"' ) }        (the value of g_extra and a_extra)
//! ```
//!
//! `title` replaces the tooltip of the frame, `href` makes the frame a link:
//!
//! ```text
//! main<TAB>href=https://example.org/main<TAB>class=entry
//! parse<TAB>title=all of the parser<TAB>g_extra=stroke="green" stroke-width=2
//! ```

mod script;

use super::Options;
use crate::warnings::warning;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Attributes by function name: see [`Options::func_frameattrs`].
///
/// ```
/// use inferno::flamegraph::{FuncFrameAttrsMap, Options};
///
/// let file = "main\thref=https://example.org/main\tclass=entry\n";
/// let mut options = Options::default();
/// options.func_frameattrs = FuncFrameAttrsMap::from_reader(file.as_bytes())?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`Options::func_frameattrs`]: super::Options::func_frameattrs
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FuncFrameAttrsMap(HashMap<String, FrameAttrs>);

/// The attributes of a function's frames.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrameAttrs {
    /// Replaces the frame's title.
    pub title: Option<String>,
    /// Attributes of the frame's element, in the order of their first mention.
    pub attrs: IndexMap<String, String>,
}

const HREF: &str = "xlink:href";

/// Whether any frame may have attributes.
pub(super) fn exist(opt: &Options<'_>) -> bool {
    !opt.func_frameattrs.0.is_empty()
}

/// The attributes of the frames of a function.
pub(super) fn of<'o>(opt: &'o Options<'_>, name: &str) -> Option<&'o FrameAttrs> {
    opt.func_frameattrs.0.get(name)
}

impl FuncFrameAttrsMap {
    /// Reads the file at `path`: one function per line, its name and attributes separated by tabs.
    ///
    /// Invalid parts are skipped with a warning, and so is anything that could run a script: event
    /// handlers such as `onclick`, and links to `javascript:` and similar URLs.
    ///
    /// # Errors
    /// Errors of the file, with its path.
    pub fn from_file(path: &Path) -> io::Result<FuncFrameAttrsMap> {
        File::open(path)
            .and_then(|file| FuncFrameAttrsMap::from_reader(BufReader::new(file)))
            .map_err(|error| super::named(path, &error))
    }

    /// Reads any buffered reader.
    ///
    /// # Errors
    /// Errors of `reader`.
    pub fn from_reader<R: BufRead>(reader: R) -> io::Result<FuncFrameAttrsMap> {
        let mut map = FuncFrameAttrsMap::default();
        let mut scripts = Scripts::default();
        for line in reader.split(b'\n') {
            map.add_line(crate::bytes::text::lossy(&line?).trim(), &mut scripts);
        }
        scripts.warn();
        Ok(map)
    }

    fn add_line(&mut self, line: &str, scripts: &mut Scripts) {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        if name.is_empty() {
            return;
        }
        let attrs = self.0.entry(name.to_string()).or_default();
        let mut function = Function { name, scripts };
        for (key, value) in fields.filter_map(split_field) {
            attrs.add(&mut function, key, value);
        }
        if attrs.is_link() && !attrs.attrs.contains_key("target") {
            attrs.set(&mut function, "target", "_top");
        }
    }
}

/// The function of the current line.
struct Function<'l> {
    name: &'l str,
    scripts: &'l mut Scripts,
}

/// The number of skipped attributes that could run a script, by name.
#[derive(Default)]
struct Scripts(IndexMap<String, u64>);

impl Scripts {
    /// Warns once per attribute name, because a file may repeat it for a thousand functions.
    fn warn(&self) {
        for (key, count) in &self.0 {
            let times = if *count == 1 { "time" } else { "times" };
            warning!("attribute {key} left out {count} {times}, since it could run a script");
        }
    }
}

impl FrameAttrs {
    /// Whether the frame is an `a` element instead of a `g`.
    pub fn is_link(&self) -> bool {
        self.attrs.contains_key(HREF)
    }

    fn add(&mut self, function: &mut Function<'_>, key: &str, value: &str) {
        match key {
            "title" => {
                let replaced = self.title.replace(value.to_string());
                warn_of_duplicate(function.name, key, replaced.as_deref(), value);
            }
            "href" => self.set(function, HREF, value),
            "id" | "class" | "target" => self.set(function, key, value),
            "g_extra" | "a_extra" => self.add_extra(function, value),
            _ => warn_of_invalid(function.name, key),
        }
    }

    fn add_extra(&mut self, function: &mut Function<'_>, list: &str) {
        let mut rest = list;
        while let Some((words, after)) = rest.split_once('=') {
            let mut words = words.split_whitespace();
            let Some(key) = words.next_back() else {
                warning!("\"=\" found with no name in extra attributes");
                return;
            };
            words.for_each(warn_of_no_value);
            let Some((value, others)) = split_value(after) else {
                warning!("no end quote found for extra attribute {key}");
                return;
            };
            self.set(function, key, value);
            rest = others;
        }
        rest.split_whitespace().for_each(warn_of_no_value);
    }

    fn set(&mut self, function: &mut Function<'_>, key: &str, value: &str) {
        if !is_attribute_name(key) {
            return warn_of_invalid(function.name, key);
        }
        if script::could_run(key, value) {
            let key = if key == HREF { "href" } else { key };
            *function.scripts.0.entry(key.to_string()).or_default() += 1;
            return;
        }
        let replaced = self.attrs.insert(key.to_string(), value.to_string());
        warn_of_duplicate(function.name, key, replaced.as_deref(), value);
    }
}

/// Splits `key=value`; `None` if there is no key. The value may be quoted.
fn split_field(field: &str) -> Option<(&str, &str)> {
    let (key, value) = field.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    (!key.is_empty()).then_some((key, unquoted.unwrap_or(value)))
}

/// Splits off a word or a quoted text; `None` if the quote is unterminated.
fn split_value(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => {
            let end = text.find(char::is_whitespace);
            Some(text.split_at(end.unwrap_or(text.len())))
        }
    }
}

/// Whether this is a valid attribute name in XML, in a namespace that the document declares.
fn is_attribute_name(name: &str) -> bool {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let is_start = |first: char| first.is_alphabetic() || first == '_';
    let is_part = |part: char| part.is_alphanumeric() || "_-.".contains(part);
    matches!(prefix, "" | "xlink" | "xml" | "fg")
        && !name.starts_with(':')
        && local != "xmlns"
        && local.starts_with(is_start)
        && local.chars().all(is_part)
}

fn warn_of_no_value(key: &str) {
    warning!("extra attribute {key} has no value (did you mean to quote the value?)");
}

fn warn_of_invalid(function: &str, key: &str) {
    warning!("invalid attribute {key} found for {function}");
}

fn warn_of_duplicate(function: &str, key: &str, replaced: Option<&str>, value: &str) {
    if let Some(replaced) = replaced {
        warning!(
            "duplicate attribute `{key}` in nameattr file for `{function}`; \
             replacing value \"{replaced}\" with \"{value}\""
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attrs_of(name: &str, file: &str) -> Vec<(String, String)> {
        let map = FuncFrameAttrsMap::from_reader(file.as_bytes()).unwrap();
        let attrs = map.0.get(name).map(|attrs| attrs.attrs.clone());
        attrs.unwrap_or_default().into_iter().collect()
    }

    fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
        pairs
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .to_vec()
    }

    #[test]
    fn attributes_keep_the_order_of_their_first_mention() {
        let file = "f\tclass=a\tid = \"x y\" \n\nf\tclass=b\ttarget=t\r\n";
        let expected = pairs([("class", "b"), ("id", "x y"), ("target", "t")]);
        assert_eq!(attrs_of("f", file), expected);
        assert_eq!(attrs_of("g", file), []);
    }

    #[test]
    fn the_title_is_not_an_attribute() {
        let map = FuncFrameAttrsMap::from_reader("f\ttitle=T\ng\ttitle=\n".as_bytes()).unwrap();
        assert_eq!(map.0.get("f").unwrap().title.as_deref(), Some("T"));
        assert_eq!(map.0.get("g").unwrap().title.as_deref(), Some(""));
        assert_eq!(attrs_of("f", "f\ttitle=T\n"), []);
    }

    #[test]
    fn a_link_opens_in_the_whole_window_by_default() {
        let expected = pairs([("xlink:href", "u?a=b"), ("target", "_top")]);
        assert_eq!(attrs_of("f", "f\thref=u?a=b\n"), expected);
        let expected = pairs([("target", "t"), ("xlink:href", "u")]);
        assert_eq!(attrs_of("f", "f\ttarget=t\thref=u\n"), expected);
    }

    #[test]
    fn extras_are_lists() {
        let file = "f\tg_extra=a=\"1 2\" b=3 c\ta_extra=d e=4\n";
        let expected = pairs([("a", "1 2"), ("b", "3"), ("e", "4")]);
        assert_eq!(attrs_of("f", file), expected);
        assert_eq!(
            attrs_of("f", "f\tg_extra=a=1 =x b=2\n"),
            pairs([("a", "1")])
        );
        assert_eq!(attrs_of("f", "f\tg_extra=a=1 b=\"2\n"), pairs([("a", "1")]));
    }

    #[test]
    fn attributes_that_could_run_scripts_are_left_out() {
        for link in [
            "javascript:alert(1)",
            " JavaScript&#58;x",
            "data:text/html,x",
        ] {
            assert_eq!(attrs_of("f", &format!("f\thref={link}\n")), [], "{link}");
            let file = format!("f\ta_extra=href=\"{link}\" xlink:href=\"{link}\" ONCLICK=x\n");
            assert_eq!(attrs_of("f", &file), [], "{link}");
        }
        let expected = pairs([("xlink:href", "/x"), ("target", "_top")]);
        assert_eq!(attrs_of("f", "f\thref=/x\thref=javascript:y\n"), expected);
    }

    #[test]
    fn names_that_would_break_the_document_are_left_out() {
        for name in [
            "<", "a\"", "1a", ":a", "a:b", "a:b:c", "xmlns", "xmlns:x", "é/",
        ] {
            assert_eq!(
                attrs_of("f", &format!("f\tg_extra={name}=1\n")),
                [],
                "{name}"
            );
        }
        let expected = pairs([("data-x", "1"), ("xlink:title", "2")]);
        assert_eq!(
            attrs_of("f", "f\tg_extra=data-x=1 xlink:title=2\n"),
            expected
        );
    }
}

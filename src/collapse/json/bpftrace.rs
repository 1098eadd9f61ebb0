//! bpftrace: printed maps, as text and as JSON (`bpftrace -f json`).
//!
//! ```text
//! entry = "@" [ NAME ] "[" KEY "]: " VALUE
//! KEY   = element { ", " element }
//! element = stack | TEXT
//! stack = LF, { whitespace FRAME LF }                          (the leaf first)
//! FRAME = NAME "+" OFFSET  |  ADDRESS " " NAME "+" OFFSET " (" MODULE ")"  |  "0x" ADDRESS
//!
//! json  = { "type": "map", "data": { "@NAME": { KEY: VALUE … } } }       (a line for each map)
//! ```
//!
//! ```text
//! Attaching 1 probe...
//! @[
//!     do_read+12
//!     entry_SYSCALL_64+110
//! ,
//!     read+17
//!     main+30
//! , shop]: 7
//! ```
//!
//! Scalars in a key become root frames, followed by its stacks; the last stack is nearest to the
//! root: `shop;main;read;entry_SYSCALL_64;do_read 7`.

use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::CallTree;
use crate::collapse::document::lines::{Lines, parse, whole_lines};
use crate::collapse::document::{Document, Profile, ValueType, peek, shared_options};
use crate::collapse::json::{self, Text};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use ahash::RandomState;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead};
use std::marker::PhantomData;

/// Folds bpftrace maps. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, bpftrace::Folder};
///
/// let maps = "@[\n    read+17\n    main+30\n, shop]: 7\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(maps.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"shop;main;read 7\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for bpftrace maps.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Read only the map of this name, with or without stacks [default: all maps with stacks]
        #[arg(long, value_name = "NAME")]
        pub map: Option<String>,

        /// Keep offsets: `read+17`
        #[arg(long)]
        pub includeoffset: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "bpftrace";
    const DESCRIPTION: &'static str = "maps printed by bpftrace";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).filter(|line| !line.is_empty()).peekable();
        if let Some(kind) = lines.peek()?.strip_prefix(b"{\"type\": \"") {
            return Some(KINDS.iter().any(|known| kind.starts_with(known.as_bytes())));
        }
        // The output of the script may come first.
        let mut rest = lines.skip_while(|line| entry_start(line).is_none());
        rest.any(|line| value_in(line).is_some()).then_some(true)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("value", "count")], None, 0)?;
        let mut maps = Maps {
            options: self,
            profile,
            names: BTreeSet::new(),
            with_stacks: BTreeSet::new(),
            skipped: 0,
            found: false,
        };
        let (head, mut input) = peek(input, 1)?;
        match &*head {
            b"{" => maps.read_json(&mut input)?,
            _ => maps.read_text(&mut Lines::of(&mut input))?,
        }
        maps.finish()
    }
}

/// The types of lines in JSON.
const KINDS: [&str; 9] = [
    "attached_probes\"",
    "hist\"",
    "join\"",
    "lost_events\"",
    "map\"",
    "printf\"",
    "stats\"",
    "time\"",
    "value\"",
];

/// The name of the map and the text after `[` in a line that starts an entry.
fn entry_start(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"@")?;
    let open = memchr::memchr(b'[', rest)?;
    Some((map_name(&rest[..open])?, &rest[open + 1..]))
}

/// The text, if it is a valid map name.
fn map_name(text: &[u8]) -> Option<&[u8]> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.iter().all(is_part).then_some(text)
}

struct Maps<'m> {
    options: &'m Options,
    profile: &'m mut Profile,
    /// The names of all maps, and of those whose stacks are counted.
    names: BTreeSet<Vec<u8>>,
    with_stacks: BTreeSet<Vec<u8>>,
    /// The number of entries whose values are not integers.
    skipped: u64,
    found: bool,
}

impl Maps<'_> {
    fn read_text(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        let mut entry: Option<(Vec<u8>, Vec<u8>)> = None;
        while let Some(line) = lines.next()? {
            // The value is in the last line of an entry. Searching all lines of a deep stack for it
            // repeatedly would take long.
            let ((name, mut key), last) = match (entry_start(line), entry.take()) {
                (Some((name, key)), _) => ((name.to_vec(), Vec::new()), key),
                (None, Some((name, mut key))) => {
                    key.push(b'\n');
                    ((name, key), line)
                }
                (None, None) => {
                    self.add_scalar(line);
                    continue;
                }
            };
            self.found = true;
            match value_in(last) {
                Some((length, Some(value))) => {
                    key.extend_from_slice(&last[..length]);
                    self.add(&name, &key, b", ", value);
                }
                Some((_, None)) => self.skipped += 1,
                None => {
                    key.extend_from_slice(last);
                    entry = Some((name, key));
                }
            }
        }
        if entry.is_some() {
            warning!("the output ends in the middle of an entry, which is skipped");
        }
        Ok(())
    }

    fn read_json(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        #[derive(Deserialize)]
        struct Line<'a> {
            #[serde(rename = "type")]
            kind: Text<'a>,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        type Data<'a> = HashMap<Text<'a>, &'a RawValue, RandomState>;
        let mut lines = Lines::of(input);
        while lines.next()?.is_some() {
            let text = lines.line();
            if text.trim_ascii().is_empty() {
                continue;
            }
            let expected = "a line of `bpftrace -f json`";
            let line = match json::parse(text, PhantomData::<Line<'_>>, expected) {
                Ok(line) => line,
                Err(error) if lines.is_terminated() => return Err(error),
                Err(_) => break,
            };
            self.found = true;
            if &*line.kind != b"map" {
                continue;
            }
            let maps = serde_json::from_str::<Data<'_>>(line.data.get()).unwrap_or_default();
            for (name, entries) in maps {
                let name = name.strip_prefix(b"@").unwrap_or(&name);
                self.names.insert(name.to_vec());
                if let Some(value) = whole_number(entries.get().as_bytes()) {
                    self.add_without_key(name, value);
                    continue;
                }
                let entries = serde_json::from_str::<Data<'_>>(entries.get());
                for (key, value) in entries.unwrap_or_default() {
                    match whole_number(value.get().as_bytes()) {
                        Some(value) => self.add(name, &key, b",", value),
                        // The value of a histogram is an array.
                        None => self.skipped += 1,
                    }
                }
            }
        }
        lines.warn_if_cut();
        Ok(())
    }

    /// Parses `@NAME: VALUE`, which has no stack, if the map is requested.
    fn add_scalar(&mut self, line: &[u8]) {
        let scalar = line.strip_prefix(b"@").and_then(|rest| {
            let colon = memchr::memmem::find(rest, b": ")?;
            Some((map_name(&rest[..colon])?, whole_number(&rest[colon + 2..])?))
        });
        if let Some((name, value)) = scalar {
            self.names.insert(name.to_vec());
            self.found = true;
            self.add_without_key(name, value);
        }
    }

    fn add_without_key(&mut self, map: &[u8], value: Decimal) {
        if self.wanted().is_some() {
            self.add(map, b"", b",", value);
        }
    }

    /// The name of the requested map.
    fn wanted(&self) -> Option<&[u8]> {
        let name = self.options.map.as_ref()?;
        Some(name.strip_prefix('@').unwrap_or(name).as_bytes())
    }

    /// Adds an entry, in whose key scalars are separated by `separator`.
    fn add(&mut self, map: &[u8], key: &[u8], separator: &[u8], value: Decimal) {
        let has_stack = key.contains(&b'\n') || key.starts_with(separator) || key.is_empty();
        self.names.insert(map.to_vec());
        match self.wanted() {
            Some(wanted) if wanted != map => return,
            None if !has_stack => return,
            _ => {}
        }
        self.with_stacks.insert(map.to_vec());
        let mut node = CallTree::ROOT;
        for name in self.frames(key, separator) {
            node = self.profile.tree.child_called(node, &name);
        }
        self.profile.add_to_sum(0, value);
        self.profile.add(node, value);
    }

    /// The frames of a key, the outermost first.
    fn frames(&self, key: &[u8], separator: &[u8]) -> Vec<Vec<u8>> {
        let mut roots = Vec::new();
        let mut stacks: Vec<Vec<Vec<u8>>> = Vec::new();
        for (number, line) in key.split(|byte| *byte == b'\n').enumerate() {
            let is_indented = line.first().is_some_and(u8::is_ascii_whitespace);
            match stacks.last_mut() {
                Some(stack) if is_indented && number > 0 => {
                    stack.push(self.frame(line.trim_ascii()))
                }
                _ => {
                    roots.extend(scalars(line, separator).map(frame_name));
                    // A stack follows the line.
                    stacks.push(Vec::new());
                }
            }
        }
        if roots.is_empty() && stacks.iter().all(Vec::is_empty) {
            return vec![b"[no stack]".to_vec()];
        }
        let stacks = stacks
            .into_iter()
            .rev()
            .flat_map(|stack| stack.into_iter().rev());
        roots.into_iter().chain(stacks).collect()
    }

    /// The frame of `NAME+OFFSET`, or of `ADDRESS NAME+OFFSET (MODULE)`.
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        let is_hex = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_hexdigit);
        let name = match memchr::memchr(b' ', text) {
            Some(space) if is_hex(&text[..space]) => {
                let rest = text[space..].trim_ascii();
                let end = memchr::memmem::rfind(rest, b" (").filter(|_| rest.ends_with(b")"));
                &rest[..end.unwrap_or(rest.len())]
            }
            _ => text,
        };
        let offset = memchr::memrchr(b'+', name).filter(|at| {
            let digits = &name[at + 1..];
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        });
        match offset {
            Some(offset) if !self.options.includeoffset => frame_name(&name[..offset]),
            _ => frame_name(name),
        }
    }

    fn finish(self) -> io::Result<()> {
        if !self.found {
            return Err(invalid("expected maps printed by bpftrace, found none"));
        }
        if let Some(wanted) = self.wanted()
            && !self.names.contains(wanted)
        {
            let (wanted, names) = (String::from_utf8_lossy(wanted), list(&self.names));
            return Err(invalid(format!(
                "there is no map @{wanted}; there are {names}"
            )));
        }
        if let (true, None) = (self.with_stacks.len() > 1, &self.options.map) {
            let names = list(&self.with_stacks);
            warning!("added up the maps {names}; see --map");
        }
        if self.skipped > 0 {
            let entries = plural(self.skipped, "entry", "entries");
            warning!("skipped {entries} without an integer value, such as histograms");
        }
        Ok(())
    }
}

/// Formats the names of maps for messages.
fn list(names: &BTreeSet<Vec<u8>>) -> String {
    let names = names
        .iter()
        .map(|name| format!("@{}", String::from_utf8_lossy(name)));
    names.collect::<Vec<_>>().join(", ")
}

/// The scalars in a part of a key; none next to a stack at its start or end.
fn scalars<'k>(part: &'k [u8], separator: &[u8]) -> impl Iterator<Item = &'k [u8]> {
    let mut starts: Vec<usize> = vec![0];
    let mut ends = Vec::new();
    for at in memchr::memmem::find_iter(part, separator) {
        ends.push(at);
        starts.push(at + separator.len());
    }
    ends.push(part.len());
    let parts = starts
        .into_iter()
        .zip(ends)
        .map(|(start, end)| &part[start..end]);
    let parts = parts.map(|text| text.strip_suffix(b",").unwrap_or(text).trim_ascii());
    parts.filter(|text| !text.is_empty())
}

/// The length of the text before `]: VALUE`, which ends an entry, and the value, if it is an
/// integer.
fn value_in(line: &[u8]) -> Option<(usize, Option<Decimal>)> {
    // Frames are indented.
    line.first().filter(|first| !first.is_ascii_whitespace())?;
    let end = memchr::memmem::rfind(line, b"]:")?;
    Some((end, whole_number(line[end + 2..].trim_ascii())))
}

fn whole_number(text: &[u8]) -> Option<Decimal> {
    let unsigned = || parse::<u64>(text).map(Decimal::from);
    unsigned().or_else(|| parse::<i64>(text).map(Decimal::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_json_are_recognized_by_their_type() {
        for kind in [
            "attached_probes",
            "hist",
            "join",
            "lost_events",
            "map",
            "printf",
            "stats",
            "time",
            "value",
        ] {
            let line = format!("{{\"type\": \"{kind}\", \"data\": 1}}\n");
            assert_eq!(Options::sniff(line.as_bytes()), Some(true), "{kind}");
        }
        let other = b"{\"type\": \"maps\", \"data\": 1}\n";
        assert_eq!(Options::sniff(other), Some(false));
    }
}

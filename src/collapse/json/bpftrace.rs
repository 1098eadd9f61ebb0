//! Maps that bpftrace prints, as text and as JSON (`bpftrace -f json`).
//!
//! ```text
//! entry = "@" [ NAME ] "[" KEY "]: " VALUE
//! KEY   = element { ", " element }
//! element = stack | TEXT
//! stack = LF, { white space FRAME LF }                          (the leaf first)
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
//! What is text in a key is the root, and then its stacks follow, the last one nearest to the root:
//! `shop;main;read;entry_SYSCALL_64;do_read 7`.

use crate::call_tree::CallTree;
use crate::collapse::document::lines::{Lines, parse, whole_lines};
use crate::collapse::document::names::frame_name;
use crate::collapse::document::{Document, Profile, ValueType, invalid, peek, shared_options};
use crate::collapse::json::{self, Text};
use crate::decimal::Decimal;
use ahash::RandomState;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead};
use std::marker::PhantomData;

/// Folds maps of bpftrace. See the [module](self) for what is read.
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

/// What to make of maps of bpftrace.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct Options {
    /// Read only the map of this name, with or without stacks [default: all that have stacks]
    #[cfg_attr(feature = "cli", arg(long, value_name = "NAME"))]
    pub map: Option<String>,

    /// Keep offsets: `read+17`
    #[cfg_attr(feature = "cli", arg(long))]
    pub includeoffset: bool,

    /// Keep mangled names of Rust and C++ functions as they are
    #[cfg_attr(feature = "cli", arg(long))]
    pub no_demangle: bool,
}

impl Document for Options {
    const NAME: &'static str = "bpftrace";
    const DESCRIPTION: &'static str = "maps that bpftrace prints";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).filter(|line| !line.is_empty()).peekable();
        if let Some(kind) = lines.peek()?.strip_prefix(b"{\"type\": \"") {
            return Some(KINDS.iter().any(|known| kind.starts_with(known.as_bytes())));
        }
        // Before may be what the script printed.
        let mut rest = lines.skip_while(|line| entry_start(line).is_none());
        rest.any(|line| split_value(line).is_some()).then_some(true)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("value", "count")], None, 0)?;
        let mut maps = Maps {
            options: self,
            profile,
            with_stacks: BTreeSet::new(),
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

/// What a line of JSON may be.
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

/// The name of the map and what follows `[` in a line that starts an entry.
fn entry_start(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"@")?;
    let open = memchr::memchr(b'[', rest)?;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    rest[..open]
        .iter()
        .all(is_part)
        .then_some((&rest[..open], &rest[open + 1..]))
}

struct Maps<'m> {
    options: &'m Options,
    profile: &'m mut Profile,
    /// The names of maps that have stacks.
    with_stacks: BTreeSet<Vec<u8>>,
    found: bool,
}

impl Maps<'_> {
    fn read_text(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        let mut entry: Option<(Vec<u8>, Vec<u8>)> = None;
        while let Some(line) = lines.next()? {
            // A value is in the line that ends its entry: to look for it in all lines again and again takes
            // long for deep stacks.
            let ((name, mut key), last) = match (entry_start(line), entry.take()) {
                (Some((name, key)), _) => ((name.to_vec(), Vec::new()), key),
                (None, Some((name, mut key))) => {
                    key.push(b'\n');
                    ((name, key), line)
                }
                (None, None) => continue,
            };
            self.found = true;
            match split_value(last) {
                Some((length, value)) => {
                    key.extend_from_slice(&last[..length]);
                    self.add(&name, &key, value);
                }
                None => {
                    key.extend_from_slice(last);
                    entry = Some((name, key));
                }
            }
        }
        if entry.is_some() {
            log::warn!("the output ends in the middle of an entry, which is left out");
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
        while let Some(text) = lines.next()? {
            if text.trim_ascii().is_empty() {
                continue;
            }
            let line = json::parse(
                text,
                PhantomData::<Line<'_>>,
                "a line of `bpftrace -f json`",
            )?;
            self.found = true;
            if &*line.kind != b"map" {
                continue;
            }
            let maps = serde_json::from_str::<Data<'_>>(line.data.get()).unwrap_or_default();
            for (name, entries) in maps {
                let name = name.strip_prefix(b"@").unwrap_or(&name);
                // A map without a key is a number, and one of a histogram has arrays.
                for (key, value) in
                    serde_json::from_str::<Data<'_>>(entries.get()).unwrap_or_default()
                {
                    if let Some(value) = parse(value.get().as_bytes()) {
                        self.add(name, &key, value);
                    }
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, map: &[u8], key: &[u8], value: u64) {
        let has_stack = key.contains(&b'\n') || key.starts_with(b", ") || key.is_empty();
        match &self.options.map {
            Some(wanted) if wanted.as_bytes() != map => return,
            None if !has_stack => return,
            _ => {}
        }
        self.with_stacks.insert(map.to_vec());
        let mut node = CallTree::ROOT;
        for name in self.frames(key) {
            let frame = self.profile.tree.intern(&name);
            node = self.profile.tree.child(node, frame);
        }
        self.profile.add_to_sum(0, Decimal::from(value));
        self.profile.add(node, Decimal::from(value));
    }

    /// The frames of a key, the outermost first.
    fn frames(&self, key: &[u8]) -> Vec<Vec<u8>> {
        let mut roots = Vec::new();
        let mut stacks: Vec<Vec<Vec<u8>>> = Vec::new();
        for (number, line) in key.split(|byte| *byte == b'\n').enumerate() {
            let is_indented = line.first().is_some_and(u8::is_ascii_whitespace);
            match stacks.last_mut() {
                Some(stack) if is_indented && number > 0 => {
                    stack.push(self.frame(line.trim_ascii()))
                }
                _ => {
                    let texts = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
                    roots.extend(texts.filter(|text| !text.is_empty()).map(frame_name));
                    // What follows the line is a stack.
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
            return Err(invalid("expected maps that bpftrace prints, found none"));
        }
        if let (true, None) = (self.with_stacks.len() > 1, &self.options.map) {
            let names = self
                .with_stacks
                .iter()
                .map(|name| format!("@{}", String::from_utf8_lossy(name)));
            let names = names.collect::<Vec<_>>().join(", ");
            log::warn!("added up the maps {names}; see --map");
        }
        Ok(())
    }
}

/// The length of what is before `]: VALUE`, which ends a line, and the value.
fn split_value(line: &[u8]) -> Option<(usize, u64)> {
    line.last().filter(|last| last.is_ascii_digit())?;
    let end = memchr::memmem::rfind(line, b"]: ")?;
    Some((end, parse(&line[end + 3..])?))
}

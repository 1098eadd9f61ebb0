//! Go: the output of `go tool pprof -raw`.
//!
//! ```text
//! input    = header, "Samples:", TYPE "/" UNIT { " " TYPE "/" UNIT }, { sample }, "Locations", { location }, …
//! sample   = { VALUE }, ":", { location ID }, LF, [ labels ]                       (the leaf first)
//! labels   = 16 spaces, { KEY ":[" VALUE "]" }
//! location = ID ": 0x" ADDRESS [ " M=" MAPPING ] line { line }                     (the innermost first)
//! line     = FUNCTION " " FILE ":" LINE [ ":" COLUMN ] " s=" START
//! …        = "Mappings", { ID ": " START "/" LIMIT "/" OFFSET " " FILE }
//! ```
//!
//! ```text
//! PeriodType: cpu nanoseconds
//! Period: 10000000
//! Samples:
//! samples/count cpu/nanoseconds
//!           1   10000000: 1 2
//!                 route:[/pay]
//! Locations
//!      1: 0x4a1 M=1 main.inner /srv/m.go:5 s=3
//!              main.outer /srv/m.go:9 s=8
//!      2: 0x4b2 M=1 main.main /srv/m.go:20 s=19
//! ```
//!
//! A location has one frame for each line: inlined functions, and the function that they were
//! inlined into. A location without a function is named after its mapping, `[libc.so.6]`.

use super::document::lines::{Lines, parse, parse_hex, whole_lines};
use super::document::{Document, Profile, ValueType, resolve_value, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, NodeId};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{UNKNOWN, basename, frame_name, object_name, with_source};
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds the output of `go tool pprof -raw`. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the output of `go tool pprof -raw`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count [default: as specified in the profile]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with the value of this label; can be repeated
        #[arg(long, value_name = "LABEL")]
        pub tagroot: Vec<String>,

        /// Append file and line to names: `main.main (/srv/m.go:20)`
        #[arg(long)]
        pub lines: bool,

        /// Include the address of functions without a name: `[libc.so.6 <2a1f0>]`
        #[arg(long)]
        pub addrs: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "go";
    const DESCRIPTION: &'static str = "the output of `go tool pprof -raw`";
    shared_options!(value, lines, addrs);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head);
        match lines.next() {
            None => None,
            Some(first) if first.starts_with(b"PeriodType: ") => {
                lines.any(|line| line == b"Samples:").then_some(true)
            }
            Some(_) => Some(false),
        }
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut file = File::default();
        file.read(&mut Lines::of(input))?;
        let (types, default) = value_types(&file.types);
        let wanted = self
            .value
            .as_deref()
            .map(|name| resolve_value(&types, name));
        let column = profile.choose(types, wanted.as_deref(), default)?;
        let mut frames = AHashMap::new();
        for sample in &file.samples {
            if sample.values.len() != profile.values.len() {
                let (values, types) = (sample.values.len(), profile.values.len());
                return Err(invalid(format!(
                    "a sample has {values} values, expected {types}"
                )));
            }
            profile.add_to_sums(&sample.values);
            let mut node = self.add_labels(sample, profile);
            for id in sample.locations.iter().rev() {
                let location = file.locations.get(id).ok_or_else(|| {
                    invalid(format!(
                        "the location {id} is referenced but missing from `Locations`"
                    ))
                })?;
                let frames = frames.entry(*id).or_insert_with(|| {
                    let lines = location.lines.iter().rev();
                    let names = lines.map(|line| self.frame(line, location, &file));
                    names
                        .map(|name| profile.tree.intern(&name))
                        .collect::<Vec<_>>()
                });
                for frame in frames.iter() {
                    node = profile.tree.child(node, *frame);
                }
            }
            profile.add(node, sample.values[column]);
        }
        Ok(())
    }
}

/// The types in the line after `Samples:`, and the index of the default one.
fn value_types(line: &str) -> (Vec<ValueType>, usize) {
    let mut default = None;
    let types = line.split_whitespace().enumerate().map(|(index, text)| {
        let text = match text.strip_suffix("[dflt]") {
            Some(text) => {
                default = Some(index);
                text
            }
            None => text,
        };
        let (name, unit) = text.split_once('/').unwrap_or((text, ""));
        ValueType::new(name, unit)
    });
    let types: Vec<ValueType> = types.collect();
    let last = types.len().saturating_sub(1);
    (types, default.unwrap_or(last))
}

#[derive(Default)]
struct File {
    types: String,
    samples: Vec<Sample>,
    locations: AHashMap<u64, Location>,
    /// The file of each mapping.
    mappings: AHashMap<u64, Vec<u8>>,
}

#[derive(Default)]
struct Location {
    address: u64,
    mapping: Option<u64>,
    /// The description of each function, the innermost first.
    lines: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Sample {
    values: Vec<Decimal>,
    /// The leaf first.
    locations: Vec<u64>,
    labels: Vec<u8>,
}

/// The section of the current line.
enum Section {
    Header,
    Types,
    Samples,
    Locations(Option<u64>),
    Mappings,
}

impl File {
    fn read(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        let mut section = Section::Header;
        while let Some(line) = lines.next()? {
            section = match (line, section) {
                (b"Samples:", _) => Section::Types,
                (b"Locations", _) => Section::Locations(None),
                (b"Mappings", _) => Section::Mappings,
                (line, Section::Types) => {
                    self.types = String::from_utf8_lossy(line).into_owned();
                    Section::Samples
                }
                (line, Section::Samples) => {
                    if !self.read_sample(line) {
                        return Err(lines.error("a sample, `VALUES: LOCATIONS`, or its labels"));
                    }
                    Section::Samples
                }
                (line, Section::Locations(current)) => match self.read_location(line, current) {
                    Some(current) => Section::Locations(Some(current)),
                    None => return Err(lines.error("a location, `ID: ADDRESS FUNCTION FILE:LINE`")),
                },
                (line, Section::Mappings) => {
                    self.mappings.extend(read_mapping(line));
                    Section::Mappings
                }
                (_, section) => section,
            };
        }
        lines.finish(
            !self.types.is_empty(),
            "the types of values in the line after `Samples:`",
        )
    }

    fn read_sample(&mut self, line: &[u8]) -> bool {
        let values = |text: &[u8]| {
            let words = text
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty());
            words.map(Decimal::parse).collect::<Option<Vec<_>>>()
        };
        let ids = |text: &[u8]| {
            let words = text
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty());
            words.map(parse).collect::<Option<Vec<u64>>>()
        };
        let parts = memchr::memchr(b':', line).and_then(|colon| {
            let values = values(&line[..colon]).filter(|values| !values.is_empty())?;
            Some((values, ids(&line[colon + 1..])?))
        });
        match (parts, self.samples.last_mut()) {
            (Some((values, locations)), _) => self.samples.push(Sample {
                values,
                locations,
                labels: Vec::new(),
            }),
            (None, Some(sample)) if line.starts_with(b" ") => {
                sample.labels.extend_from_slice(line.trim_ascii_start());
                sample.labels.push(b' ');
            }
            (None, _) => return line.is_empty(),
        }
        true
    }

    /// Reads a line of a location, where `current` is the previous location. Returns the location
    /// of the line.
    fn read_location(&mut self, line: &[u8], current: Option<u64>) -> Option<u64> {
        let text = line.trim_ascii();
        let start = memchr::memmem::find(text, b": 0x");
        let id = start.and_then(|at| Some((parse(&text[..at])?, &text[at + 2..])));
        let Some((id, rest)) = id else {
            let location = self.locations.get_mut(&current?)?;
            location.lines.push(text.to_vec());
            return current;
        };
        let location = self.locations.entry(id).or_default();
        let (address, rest) = split_word(rest);
        let (mapping, after_mapping) = split_word(rest);
        let function = match mapping.strip_prefix(b"M=") {
            Some(_) => after_mapping,
            None => rest,
        };
        location.address = parse_hex(address).unwrap_or_default();
        location.mapping = mapping.strip_prefix(b"M=").and_then(parse);
        let function = function.strip_prefix(b"[F] ").unwrap_or(function);
        location.lines.push(function.to_vec());
        Some(id)
    }
}

/// The number and file of `ID: START/LIMIT/OFFSET FILE BUILD_ID [FN][FL]…`, where the last two may
/// be missing.
fn read_mapping(line: &[u8]) -> Option<(u64, Vec<u8>)> {
    let text = line.trim_ascii();
    let colon = memchr::memmem::find(text, b": 0x")?;
    let (_, mut file) = split_word(&text[colon + 2..]);
    let is_flags = |word: &[u8]| word.starts_with(b"[") && word.ends_with(b"]");
    let is_build_id = |word: &[u8]| word.len() >= 8 && word.iter().all(u8::is_ascii_hexdigit);
    for is_other in [is_flags, is_build_id] {
        if let Some(space) = memchr::memrchr(b' ', file)
            && is_other(&file[space + 1..])
        {
            file = file[..space].trim_ascii_end();
        }
    }
    Some((parse(&text[..colon])?, file.to_vec()))
}

fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii_start())
}

impl Options {
    fn frame(&self, line: &[u8], location: &Location, file: &File) -> Vec<u8> {
        if matches!(line, b"" | b"??") {
            let object = location.mapping.and_then(|id| file.mappings.get(&id));
            let object = object.map_or(&b""[..], |path| basename(path));
            return object_name(object, self.addrs.then_some(location.address));
        }
        let end = memchr::memmem::rfind(line, b" s=").unwrap_or(line.len());
        let line = &line[..end];
        let location = memchr::memrchr(b' ', line).filter(|at| line[*at..].contains(&b':'));
        let (name, location) = match location {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        match (name, location) {
            (b"??" | b"", _) => UNKNOWN.to_vec(),
            (name, location) if self.lines && !location.is_empty() => {
                with_source(&frame_name(name), location, None)
            }
            (name, _) => frame_name(name),
        }
    }

    /// Adds a frame for each requested label of the sample.
    fn add_labels(&self, sample: &Sample, profile: &mut Profile) -> NodeId {
        let mut node = CallTree::ROOT;
        for key in &self.tagroot {
            let start = [key.as_bytes(), b":["].concat();
            let at = memchr::memmem::find_iter(&sample.labels, &start)
                .find(|at| *at == 0 || sample.labels[at - 1] == b' ');
            let value = at.and_then(|at| {
                let rest = &sample.labels[at + start.len()..];
                Some(&rest[..memchr::memmem::find(rest, b"] ")?])
            });
            if let Some(value) = value {
                let frame = profile.tree.intern(&frame_name(value));
                node = profile.tree.child(node, frame);
            }
        }
        node
    }
}

//! callgrind: profiles of valgrind, and of xdebug (PHP) in the same format (`cachegrind.out`).
//!
//! ```text
//! input = { line }
//! line  = "#" comment | KEY ": " VALUE                           ("events: Ir Dr", "positions: line", "creator: ")
//!       | ( "ob" | "fl" | "fi" | "fe" | "fn" | "cob" | "cfi" | "cfl" | "cfn" | "job" | "jfi" | "jfn" ) "=" name
//!       | "calls=" COUNT position, LF, cost                      (the inclusive cost of the calls)
//!       | "jump=" … LF position | "jcnd=" … LF position
//!       | cost
//! cost  = { position }, { NUMBER }                               (one for each event; missing ones are 0)
//! name  = "(" ID ") " NAME | "(" ID ")" | NAME
//! ```
//!
//! ```text
//! events: Ir
//! fn=(1) main
//! 16 400
//! cfn=(2) parse
//! calls=3 20
//! 17 900
//! fn=(2)
//! 20 900
//! ```
//!
//! callgrind records which function called which, but not the full stacks. The tree is an estimate
//! (see `document/graph.rs`): a function with two callers looks alike below both. xdebug writes a
//! block for each call, from which exact stacks are reconstructed (see `calls.rs`).

mod calls;

use super::document::graph::{FunctionId, Graph};
use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::flags::flags;
use crate::names::frame::{Names, frame_name};
use crate::warnings::warning;
use ahash::{AHashMap, AHashSet};
use calls::Calls;
use std::io::{self, BufRead};

/// Folds profiles of callgrind and xdebug. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, callgrind::Folder};
///
/// let profile = "events: Ir\nfn=main\n16 400\ncfn=parse\ncalls=3 20\n17 900\nfn=parse\n20 900\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main 400\nmain;parse 900\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a callgrind profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The event to count [default: the first]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "callgrind";
    const JOINS_INPUTS: bool = true;
    const DESCRIPTION: &'static str = "a callgrind or xdebug profile";
    shared_options!(value);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut has_events = false;
        for line in whole_lines(head) {
            if line.starts_with(b"# callgrind format") || line.starts_with(b"creator: xdebug") {
                return Some(true);
            }
            has_events |= line.starts_with(b"events: ");
            if has_events && line.starts_with(b"fn=") {
                return Some(true);
            }
            let is_header = line.starts_with(b"#")
                || line.is_empty()
                || memchr::memmem::find(line, b": ").is_some()
                || line.ends_with(b":");
            let is_name = memchr::memchr(b'=', line).is_some_and(|at| at <= 3);
            if !(is_header || has_events && is_name) {
                return Some(false);
            }
        }
        None
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut reader = CallgrindReader::new(self.value.as_deref(), profile);
        let mut lines = Lines::of(input);
        while lines.next()?.is_some() {
            if let Err(expected) = reader.read_line(lines.line()) {
                match expected {
                    Problem::Expected(expected) => lines.skip_if_cut(expected)?,
                    Problem::Io(error) => return Err(error),
                }
            }
        }
        lines.finish(
            !reader.profile.values.is_empty(),
            "a callgrind profile with a line `events: `",
        )?;
        reader.finish();
        Ok(())
    }
}

/// Why a line is invalid.
enum Problem {
    Expected(&'static str),
    Io(io::Error),
}

/// The names of functions. Files and objects have separate tables, which are not needed.
#[derive(Default)]
struct Functions {
    names: Names,
    /// The function of each `(ID)`.
    compressed: AHashMap<Vec<u8>, FunctionId>,
}

impl Functions {
    /// The function of `(ID) NAME`, `(ID)` or `NAME`.
    fn read(&mut self, text: &[u8]) -> Result<FunctionId, Problem> {
        match split_id(text) {
            None => Ok(self.intern(text)),
            Some((id, b"")) => match self.compressed.get(id) {
                Some(function) => Ok(*function),
                None => Err(UNDEFINED),
            },
            Some((id, name)) => {
                let function = self.intern(name);
                self.compressed.insert(id.to_vec(), function);
                Ok(function)
            }
        }
    }

    fn intern(&mut self, name: &[u8]) -> FunctionId {
        self.names.intern(&frame_name(name))
    }
}

const UNDEFINED: Problem = Problem::Expected("a name that is already defined");

/// The ID and the name in `(ID) NAME`, where the name may be missing.
fn split_id(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(b"(")?;
    let close = memchr::memchr(b')', rest)?;
    let is_id = close > 0 && rest[..close].iter().all(u8::is_ascii_digit);
    is_id.then_some((&rest[..close], rest[close + 1..].trim_ascii()))
}

/// The IDs of files or objects, whose names are not needed.
#[derive(Default)]
struct Defined(AHashSet<Vec<u8>>);

impl Defined {
    fn read(&mut self, text: &[u8]) -> Result<(), Problem> {
        match split_id(text) {
            Some((id, b"")) if !self.0.contains(id) => Err(UNDEFINED),
            Some((_, b"")) | None => Ok(()),
            Some((id, _)) => {
                self.0.insert(id.to_vec());
                Ok(())
            }
        }
    }
}

/// The meaning of the next line with a cost.
enum Next {
    /// The self cost of the function.
    Own,
    /// The given number of calls of a function.
    Calls(FunctionId, u64),
    /// A jump, which has no cost.
    Jump,
}

struct CallgrindReader<'r> {
    wanted: Option<&'r str>,
    profile: &'r mut Profile,
    column: usize,
    positions: usize,
    functions: Functions,
    files: Defined,
    objects: Defined,
    current: Option<FunctionId>,
    callee: Option<FunctionId>,
    next: Next,
    /// The cost of each event in the current line.
    costs: Vec<Decimal>,
    is_of_xdebug: bool,
    graph: Graph,
    calls: Calls,
}

impl<'r> CallgrindReader<'r> {
    fn new(wanted: Option<&'r str>, profile: &'r mut Profile) -> CallgrindReader<'r> {
        CallgrindReader {
            wanted,
            profile,
            column: 0,
            positions: 1,
            functions: Functions::default(),
            files: Defined::default(),
            objects: Defined::default(),
            current: None,
            callee: None,
            next: Next::Own,
            costs: Vec::new(),
            is_of_xdebug: false,
            graph: Graph::default(),
            calls: Calls::default(),
        }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Problem> {
        let line = line.trim_ascii();
        match line.first() {
            None | Some(b'#') => Ok(()),
            Some(byte) if byte.is_ascii_digit() || b"+-*".contains(byte) => self.read_cost(line),
            Some(_) => match memchr::memchr2(b'=', b':', line) {
                Some(at) if line[at] == b'=' => {
                    self.read_name(&line[..at], line[at + 1..].trim_ascii())
                }
                Some(at) => self.read_header(&line[..at], line[at + 1..].trim_ascii()),
                None => Err(Problem::Expected("a name, a cost or a header")),
            },
        }
    }

    fn read_header(&mut self, key: &[u8], value: &[u8]) -> Result<(), Problem> {
        match key {
            b"creator" => self.is_of_xdebug |= value.starts_with(b"xdebug"),
            // Each file has its own names.
            b"version" => {
                self.end_block();
                self.current = None;
                self.functions.compressed.clear();
                self.files = Defined::default();
                self.objects = Defined::default();
            }
            b"positions" => self.positions = value.split(|byte| *byte == b' ').count(),
            b"events" => self.read_events(value)?,
            _ => {}
        }
        Ok(())
    }

    fn read_events(&mut self, value: &[u8]) -> Result<(), Problem> {
        let names = value
            .split(u8::is_ascii_whitespace)
            .filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(String::from_utf8_lossy).collect();
        let known = self.profile.values.iter().map(|value| value.name.as_str());
        if self.profile.values.is_empty() {
            let values = names.iter().map(|name| ValueType::new(&**name, unit(name)));
            let chosen = self.profile.choose(values.collect(), self.wanted, 0);
            self.column = chosen.map_err(Problem::Io)?;
        } else if !known.eq(names.iter()) {
            return Err(Problem::Expected("the same events as in the previous part"));
        }
        Ok(())
    }

    fn read_name(&mut self, key: &[u8], value: &[u8]) -> Result<(), Problem> {
        match key {
            b"fn" => {
                self.end_block();
                let function = self.functions.read(value)?;
                self.current = Some(function);
            }
            b"cfn" => self.callee = Some(self.functions.read(value)?),
            // The line may define a name.
            b"jfn" => drop(self.functions.read(value)?),
            b"calls" => {
                let callee = self
                    .callee
                    .take()
                    .ok_or(Problem::Expected("a function that is called"))?;
                let count = value
                    .split(u8::is_ascii_whitespace)
                    .next()
                    .unwrap_or_default();
                let count = super::document::lines::parse(count);
                let count = count.ok_or(Problem::Expected("a number of calls"))?;
                self.next = Next::Calls(callee, count);
            }
            b"jump" | b"jcnd" => self.next = Next::Jump,
            b"fl" | b"fi" | b"fe" | b"cfl" | b"cfi" | b"jfi" => self.files.read(value)?,
            b"ob" | b"cob" | b"job" => self.objects.read(value)?,
            _ => {}
        }
        Ok(())
    }

    fn read_cost(&mut self, line: &[u8]) -> Result<(), Problem> {
        let next = std::mem::replace(&mut self.next, Next::Own);
        if matches!(next, Next::Jump) {
            return Ok(());
        }
        let words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        self.costs.clear();
        for word in words.skip(self.positions) {
            let cost = Decimal::parse(word);
            self.costs
                .push(cost.ok_or(Problem::Expected("positions and costs"))?);
        }
        let cost = self.costs.get(self.column).copied().unwrap_or_default();
        let function = self
            .current
            .ok_or(Problem::Expected("a function, `fn=`, before its costs"))?;
        match next {
            Next::Calls(callee, count) => {
                self.graph.add_call(function, callee, cost);
                if self.is_of_xdebug {
                    self.calls.add_call(callee, count);
                }
            }
            _ => {
                self.profile.add_to_sums(&self.costs);
                self.graph.add_own(function, cost);
                if self.is_of_xdebug {
                    self.calls.add_own(cost);
                }
            }
        }
        Ok(())
    }

    /// Ends the block of a function, which is a call in files of xdebug.
    fn end_block(&mut self) {
        if let (Some(function), true) = (self.current, self.is_of_xdebug) {
            self.calls.end(function);
        }
    }

    fn finish(mut self) {
        self.end_block();
        let names = self.functions.names.as_slice();
        match self.is_of_xdebug && self.calls.are_exact() {
            true => self.calls.add_to(names, self.profile),
            false => {
                if self.is_of_xdebug {
                    warning!("the calls are inconsistent; the tree is an estimate");
                }
                self.graph.add_to(names, self.profile);
            }
        }
    }
}

/// The unit of an event.
fn unit(event: &str) -> &'static str {
    match event {
        "Time_(10ns)" => "10 nanoseconds",
        "Time_(µs)" | "Time" => "microseconds",
        event if event.starts_with("Memory") => "bytes",
        _ => "count",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_xdebug_have_units() {
        for (event, expected) in [
            ("Time_(10ns)", "10 nanoseconds"),
            ("Time_(µs)", "microseconds"),
            ("Time", "microseconds"),
            ("Memory_(bytes)", "bytes"),
            ("Memory", "bytes"),
            ("Ir", "count"),
        ] {
            assert_eq!(unit(event), expected, "{event}");
        }
    }
}

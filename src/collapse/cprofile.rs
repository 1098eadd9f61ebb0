//! cProfile: the files of Python's own profilers, `cProfile` and `profile` (`.pstats`, `python3 -m
//! cProfile -o FILE`).
//!
//! The file is a dictionary of functions, in the format of Python's module `marshal`:
//!
//! ```text
//! stats    = { function: (CALLS, CALLS_NOT_RECURSIVE, OWN_TIME, TIME, callers) }      (times in seconds)
//! function = (FILE, LINE, NAME)
//! callers  = { function: (CALLS, CALLS_NOT_RECURSIVE, OWN_TIME, TIME) }               (of cProfile)
//!          | { function: CALLS }                                                      (of profile)
//! ```
//!
//! A value is a byte with its type, followed by its contents; numbers are little-endian:
//!
//! ```text
//! dict  = "{", { value, value }, "0"
//! tuple = ")" u8, values | "(" u32, values
//! text  = ( "z" | "Z" ) u8, bytes | ( "a" | "A" | "u" | "t" | "s" ) u32, bytes
//! number = "i" i32 | "I" i64 | "l" i32 (of 15 bits each), digits | "g" f64 | "f" u8, bytes
//! other = "N" | "T" | "F" | "r" u32                   (a value again, by its number among those marked)
//! ```
//!
//! The highest bit of the first byte marks a value that may be referenced later.
//!
//! The profile is a call graph. The self time of each function is exact, and stacks are an estimate
//! (see `document/graph.rs`).

use super::document::graph::{FunctionId, Graph};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::bytes::decimal::Decimal;
use crate::bytes::error::{Mismatch, ParseError, ParseErrorKind};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_source};
use ahash::AHashMap;
use std::io::{self, BufRead};
use std::rc::Rc;

/// Folds files of Python's profilers. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for files of Python's profilers.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Append file and line to names: `load (app/load.py:7)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "cprofile";
    const DESCRIPTION: &'static str = "a Python cProfile profile (.pstats)";

    shared_options!(lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let plain = |at: usize| Some(head.get(at)? & !MarshalReader::MARK);
        if plain(0)? != b'{' {
            return Some(false);
        }
        let (length, name): (&[u8], _) = match plain(1)? {
            b')' => (&[3], 3),
            b'(' => (&[3, 0, 0, 0], 6),
            _ => return Some(false),
        };
        let is_function = head.get(2..name)? == length;
        Some(is_function && b"zZaAuts".contains(&plain(name)?))
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let stats = MarshalReader::of(&bytes).read_stats()?;
        let mut calls = Calls::default();
        for (function, stats) in &stats {
            calls.add(function, stats)?;
        }
        profile.choose(vec![ValueType::new("time", "seconds")], None, 0)?;
        for own in calls.own.iter() {
            profile.add_to_sum(0, *own);
        }
        let names = calls.names(self.lines);
        calls.graph.add_to(&names, profile);
        Ok(())
    }
}

const CODE: &str = "the profile contains code objects, like those of Python's module `profile`: record it with cProfile";

/// A Python value.
#[derive(Debug, Clone)]
enum Value {
    Number(Decimal),
    Text(Rc<[u8]>),
    Tuple(Rc<[Value]>),
    Dict(Dict),
    /// Any other value, or a repeated dictionary, which profiles do not contain.
    Other,
}

type Dict = Vec<(Value, Value)>;

/// A function, identified by its file, line and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Function {
    file: Rc<[u8]>,
    line: Decimal,
    name: Rc<[u8]>,
}

impl Function {
    fn of(value: &Value) -> io::Result<Function> {
        if let Value::Tuple(parts) = value
            && let [Value::Text(file), Value::Number(line), Value::Text(name)] = &parts[..]
        {
            return Ok(Function {
                file: file.clone(),
                line: *line,
                name: name.clone(),
            });
        }
        Err(unexpected("a function (file, line, name)"))
    }

    fn frame(&self, with_line: bool) -> Vec<u8> {
        let name = frame_name(&self.name);
        match with_line && self.line > Decimal::ZERO {
            true => with_source(&name, &self.file, Some(self.line)),
            false => name,
        }
    }
}

#[cold]
fn unexpected(what: &str) -> io::Error {
    invalid(format!("expected {what} in a cProfile profile"))
}

/// The calls in a profile.
#[derive(Default)]
struct Calls {
    graph: Graph,
    functions: AHashMap<Function, FunctionId>,
    own: Vec<Decimal>,
}

impl Calls {
    fn add(&mut self, function: &Value, stats: &Value) -> io::Result<()> {
        let id = self.id(function)?;
        let Value::Tuple(stats) = stats else {
            return Err(unexpected("the numbers of a function"));
        };
        let [
            _,
            _,
            Value::Number(own),
            Value::Number(time),
            Value::Dict(callers),
        ] = &stats[..]
        else {
            return Err(unexpected("four numbers and callers of a function"));
        };
        self.graph.add_own(id, *own);
        self.own[id as usize] += *own;
        let count = |value: &Value| match value {
            Value::Number(count) => *count,
            _ => Decimal::ZERO,
        };
        let counts = callers.iter().map(|(_, calls)| count(calls));
        let all_calls = counts.fold(Decimal::ZERO, |sum, count| sum + count);
        for (caller, calls) in callers {
            let cost = match calls {
                Value::Tuple(calls) => match &calls[..] {
                    [_, _, _, Value::Number(time)] => *time,
                    _ => return Err(unexpected("four numbers of a caller")),
                },
                // Without times, all calls are assumed to take the same time.
                Value::Number(calls) => time.share(*calls, all_calls),
                _ => return Err(unexpected("the numbers of a caller")),
            };
            let caller = self.id(caller)?;
            self.graph.add_call(caller, id, cost);
        }
        Ok(())
    }

    fn id(&mut self, function: &Value) -> io::Result<FunctionId> {
        let next = self.functions.len() as FunctionId;
        let entry = self.functions.entry(Function::of(function)?);
        let id = *entry.or_insert(next);
        if id == next {
            self.own.push(Decimal::ZERO);
        }
        Ok(id)
    }

    /// The names of functions, by id.
    fn names(&self, with_lines: bool) -> Vec<Vec<u8>> {
        let mut names = vec![Vec::new(); self.functions.len()];
        for (function, id) in &self.functions {
            names[*id as usize] = function.frame(with_lines);
        }
        names
    }
}

/// Reads the output of `marshal`.
struct MarshalReader<'a> {
    length: usize,
    rest: Bytes<'a>,
    /// The values that may be referenced later.
    marked: Vec<Value>,
}

impl<'a> MarshalReader<'a> {
    const MARK: u8 = 0x80;

    fn of(bytes: &'a [u8]) -> MarshalReader<'a> {
        MarshalReader {
            length: bytes.len(),
            rest: Bytes::new(bytes, ByteOrder::Little),
            marked: Vec::new(),
        }
    }

    fn read_stats(&mut self) -> io::Result<Dict> {
        /// Profiles are not nested deeper.
        const MAX_DEPTH: u32 = 16;
        match self.value(MAX_DEPTH)? {
            Some(Value::Dict(stats)) => Ok(stats),
            _ => Err(unexpected("a dictionary of functions")),
        }
    }

    #[cold]
    fn error(&self, expected: &str) -> io::Error {
        let offset = self.length - self.rest.rest().len();
        let mismatch = Mismatch::lack_of(expected.to_string());
        mismatch.at_offset(offset as u64).into()
    }

    #[cold]
    fn at_end(&self) -> ParseError {
        let message = "expected another value; the profile is truncated";
        Mismatch::worded(message, "another value", None)
            .of_kind(ParseErrorKind::Truncated)
            .at_offset(self.length as u64)
    }

    /// The next value; `None` for the end of a dictionary.
    fn value(&mut self, depth: u32) -> io::Result<Option<Value>> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.error("values with less nesting"));
        };
        let Some(&[kind]) = self.rest.take(1) else {
            return Err(self.at_end().into());
        };
        let kind_of_value = kind & !Self::MARK;
        if kind_of_value == b'0' {
            return Ok(None);
        }
        // A value is numbered before its elements.
        let number = (kind & Self::MARK != 0).then(|| {
            self.marked.push(Value::Other);
            self.marked.len() - 1
        });
        let value = match kind_of_value {
            // The encoding depends on the version of Python.
            b'c' => return Err(invalid(CODE)),
            b'{' => self.dict(depth),
            b'(' | b')' => self.tuple(kind_of_value, depth),
            kind => Ok(self.plain(kind)),
        }?;
        let value = value.ok_or_else(|| self.error("a value of a profile"))?;
        if let Some(number) = number
            && !matches!(value, Value::Dict(_))
        {
            self.marked[number] = value.clone();
        }
        Ok(Some(value))
    }

    fn dict(&mut self, depth: u32) -> io::Result<Option<Value>> {
        let mut entries = Vec::new();
        while let Some(key) = self.value(depth)? {
            let Some(value) = self.value(depth)? else {
                return Ok(None);
            };
            entries.push((key, value));
        }
        Ok(Some(Value::Dict(entries)))
    }

    fn tuple(&mut self, kind: u8, depth: u32) -> io::Result<Option<Value>> {
        let Some(length) = self.length_of(kind == b')') else {
            return Ok(None);
        };
        let mut values = Vec::new();
        for _ in 0..length {
            match self.value(depth)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(Value::Tuple(values.into())))
    }

    /// The number of bytes or values that follow.
    fn length_of(&mut self, is_short: bool) -> Option<u64> {
        match is_short {
            true => self.rest.take(1).map(|byte| u64::from(byte[0])),
            false => self.rest.u32().map(u64::from),
        }
    }

    /// A value without nested ones; `None` if its type is unknown, or if it is truncated.
    fn plain(&mut self, kind: u8) -> Option<Value> {
        match kind {
            b'z' | b'Z' | b'f' => {
                let length = self.length_of(true)?;
                let text = self.rest.take(length)?;
                match kind {
                    b'f' => std::str::from_utf8(text).ok()?.parse().ok().map(number),
                    _ => Some(Value::Text(text.into())),
                }
            }
            b'a' | b'A' | b'u' | b't' | b's' => {
                let length = self.length_of(false)?;
                self.rest.take(length).map(|text| Value::Text(text.into()))
            }
            b'i' => Some(Value::Number(i64::from(self.rest.i32()?).into())),
            b'I' => Some(Value::Number(self.rest.u64()?.cast_signed().into())),
            b'l' => self.long().map(Value::Number),
            b'g' => self.rest.u64().map(|bits| number(f64::from_bits(bits))),
            b'r' => {
                let number = self.rest.u32()?;
                self.marked.get(number as usize).cloned()
            }
            b'N' | b'T' | b'F' => Some(Value::Other),
            _ => None,
        }
    }

    /// An integer of any length, in digits of 15 bits; its sign is that of their number.
    fn long(&mut self) -> Option<Decimal> {
        let count = self.rest.i32()?;
        let mut number: i64 = 0;
        for digit in 0..count.unsigned_abs() {
            let bits = i64::from(self.rest.u16()?);
            number |= bits.checked_shl(15 * digit)?;
        }
        Some(Decimal::from(if count < 0 { -number } else { number }))
    }
}

fn number(value: f64) -> Value {
    Value::Number(Decimal::from_f64(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::folder::Collapse;

    /// `{("a.py", 1, "main"): (1, 1, 0.5, 2.0, {}), ("a.py", 4, "load"): (2, 2, 1.5, 1.5, {("a.py",
    /// 1, "main"): (2, 2, 1.5, 1.5)})}`, where repeated values are references.
    fn stats() -> Vec<u8> {
        let time = |time: f64| [&b"g"[..], &time.to_bits().to_le_bytes()].concat();
        let (one, two) = (b"i\x01\0\0\0", b"i\x02\0\0\0");
        [
            b"{\xa9\x03\xfa\x04a.pyi\x01\0\0\0\xfa\x04main)\x05",
            &[&one[..], one, &time(0.5), &time(2.0), b"{0"].concat()[..],
            b"\xa9\x03r\x01\0\0\0i\x04\0\0\0\xfa\x04load)\x05",
            &[&two[..], two, &time(1.5), &time(1.5)].concat(),
            b"{r\0\0\0\0)\x04",
            &[&two[..], two, &time(1.5), &time(1.5)].concat(),
            b"00",
        ]
        .concat()
    }

    fn fold(bytes: &[u8]) -> Result<String, String> {
        let mut folded = Vec::new();
        let result = Folder::default().collapse(bytes, &mut folded);
        let error = |error: io::Error| error.to_string();
        result
            .map(|()| String::from_utf8(folded).unwrap())
            .map_err(error)
    }

    #[test]
    fn functions_are_below_their_callers() {
        assert_eq!(fold(&stats()).unwrap(), "main 0.5\nmain;load 1.5\n");
        assert_eq!(Options::sniff(&stats()), Some(true));
        assert_eq!(Options::sniff(b"{\"nodes\": []}"), Some(false));
        assert_eq!(Options::sniff(b"{)"), None);
        // Older versions of Python write a longer form of tuples.
        assert_eq!(Options::sniff(b"{(\x03\0\0\0z"), Some(true));
        assert_eq!(Options::sniff(b"{(\x04\0\0\0z"), Some(false));
    }

    /// The module `profile` counts calls by callers, but not their time.
    #[test]
    fn calls_may_lack_their_times() {
        let mut stats = stats();
        stats.truncate(stats.len() - 32);
        stats.extend(b"i\x02\0\0\x0000");
        assert_eq!(fold(&stats).unwrap(), "main 0.5\nmain;load 1.5\n");
    }

    #[test]
    fn integers_have_any_length() {
        for (bytes, expected) in [
            (&b"\x01\0\0\0\x03\0"[..], Some(3)),
            (b"\xff\xff\xff\xff\x03\0", Some(-3)),
            (b"\x02\0\0\0\x03\0\x01\0", Some(0x8003)),
            (b"\xfe\xff\xff\xff\x03\0\x01\0", Some(-0x8003)),
            (b"\0\0\0\0", Some(0)),
            (b"\x02\0\0\0\x03\0", None),
        ] {
            let found = MarshalReader::of(bytes).long();
            assert_eq!(found, expected.map(|number: i64| Decimal::from(number)));
        }
    }

    #[test]
    fn truncated_input_is_an_error_with_its_offset() {
        let stats = stats();
        for length in 1..stats.len() {
            let error = fold(&stats[..length]).unwrap_err();
            assert!(error.contains("[offset "), "{length}: {error}");
        }
    }

    #[test]
    fn a_repeated_dictionary_is_rejected() {
        let error = fold(b"{\xfb0r\0\0\0\x000").unwrap_err();
        assert_eq!(
            error,
            "expected a function (file, line, name) in a cProfile profile"
        );
        let deep = [b")\x01".repeat(100_000), b"N".to_vec()].concat();
        let error = fold(&deep).unwrap_err();
        assert!(error.starts_with("expected values with less nesting"));
    }
}

//! Austin: output of the Python profiler, as text and in its binary format MOJO.
//!
//! ```text
//! text  = { "# " KEY ": " VALUE | sample }
//! sample = "P" PID ";T" THREAD { ";" FILE ":" FUNCTION ":" LINE } " " metric
//! metric = NUMBER | TIME "," IDLE "," MEMORY                     (with `--full`)
//!
//! mojo  = "MOJ" VERSION { event }
//! event = 1 KEY VALUE (metadata) | 2 PID [ INTERPRETER ] THREAD (a stack) | 3 … (a frame's definition)
//!       | 4 (an invalid frame) | 5 KEY (a frame) | 6 TEXT (of the kernel) | 7 (collecting garbage) | 8 (idle)
//!       | 9 NUMBER (the time, µs) | 10 NUMBER (the memory) | 11 KEY TEXT (a string) | 12 KEY | 13 … 16 (tasks)
//! ```
//!
//! ```text
//! # austin: 3.7.0
//! P71;T0:71;cart.py:total:31 1500
//! ```
//!
//! Numbers in MOJO have 6 bits in the first byte and 7 in each following one, the lowest first; the
//! first byte also has the sign. Strings end with a NUL.

use super::document::lines::{Lines, parse, parse_hex, whole_lines};
use super::document::{Document, Profile, ValueType, peek, shared_options};
use super::selection::{Criterion, SampleOrigin};
use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use ahash::AHashMap;
use std::io::{self, BufRead, Read};

/// Folds the output of Austin. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, austin::Folder};
///
/// let samples = "# austin: 3.7.0\nP71;T0:71;cart.py:total:31 1500\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(samples.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"P71;T0:71;cart.py:total:31 1500\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the output of Austin.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `time` or `cpu` (time not idle), in microseconds, or `memory` [default:
        /// time, or memory if nothing else was measured]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Omit files and lines: `total` instead of `cart.py:total:31`
        #[arg(long)]
        pub no_lines: bool,
    }
}

const MAGIC: &[u8] = b"MOJ";

/// The available values, in this order.
const TIME: usize = 0;
const CPU: usize = 1;
const MEMORY: usize = 2;

impl Document for Options {
    const NAME: &'static str = "austin";
    const DESCRIPTION: &'static str = "an Austin profile (text or MOJO)";
    const ORIGIN: &'static [Criterion] = &[Criterion::Pid, Criterion::Tid];
    shared_options!(value);

    fn sniff(head: &[u8]) -> Option<bool> {
        if head.starts_with(MAGIC) {
            return Some(
                head.get(MAGIC.len())
                    .is_some_and(|version| (1..=4).contains(version)),
            );
        }
        let first = whole_lines(head).find(|line| !line.is_empty());
        first.map(|line| line.starts_with(b"# austin: ") || is_sample(line))
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let (head, mut input) = peek(input, MAGIC.len() as u64)?;
        match head == MAGIC {
            true => {
                let mut bytes = Vec::new();
                input.read_to_end(&mut bytes)?;
                Mojo::new(self, &bytes, profile).read()
            }
            false => self.read_text(&mut Lines::of(&mut input), profile),
        }
    }
}

/// Whether a line starts with a process and a thread.
fn is_sample(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"P") else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest[digits..].starts_with(b";T")
}

impl Options {
    /// Sets the available values. The first one is the default, unless only `memory` was measured.
    fn choose(&self, is_of_memory: bool, profile: &mut Profile) -> io::Result<usize> {
        let values = vec![
            ValueType::new("time", "microseconds"),
            ValueType::new("cpu", "microseconds"),
            ValueType::new("memory", "bytes"),
        ];
        let default = if is_of_memory { MEMORY } else { TIME };
        profile.choose(values, self.value.as_deref(), default)
    }

    fn read_text(&self, lines: &mut Lines<'_>, profile: &mut Profile) -> io::Result<()> {
        // The text is also folded text, and both are drawn the same way.
        profile.hide_unit();
        let (mut found, mut is_of_memory) = (false, false);
        let mut column = None;
        while let Some(line) = lines.next()? {
            if line.is_empty() || line.starts_with(b"# ") {
                found |= line.starts_with(b"# austin");
                is_of_memory |= line == b"# mode: memory";
                continue;
            }
            let column = match column {
                Some(column) => column,
                None => *column.insert(self.choose(is_of_memory, profile)?),
            };
            let Some((stack, values)) = split_sample(line, is_of_memory) else {
                lines.skip_if_cut("a sample, `P…;T…;FILE:FUNCTION:LINE METRIC`")?;
                continue;
            };
            found = true;
            if !profile.takes(&origin(stack)) {
                continue;
            }
            let mut node = CallTree::ROOT;
            for (depth, name) in stack.split(|byte| *byte == b';').enumerate() {
                let name = frame_name(if depth < 2 { name } else { self.frame(name) });
                let frame = profile.tree.intern(&name);
                node = profile.tree.child(node, frame);
            }
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
        }
        if column.is_none() {
            self.choose(is_of_memory, profile)?;
        }
        lines.finish(found, "an Austin profile, found no sample")
    }

    /// A frame as printed, or only its function.
    fn frame<'f>(&self, text: &'f [u8]) -> &'f [u8] {
        let function = || {
            let end = memchr::memrchr(b':', text)?;
            let start = memchr::memrchr(b':', &text[..end])?;
            Some(&text[start + 1..end])
        };
        match self.no_lines {
            true => function().unwrap_or(text),
            false => text,
        }
    }
}

/// The process and the thread at the start of a stack: `P71;T0:72`.
fn origin(stack: &[u8]) -> SampleOrigin<'_> {
    let mut names = stack.split(|byte| *byte == b';');
    let number = |name: Option<&[u8]>| {
        let digits = name?
            .rsplit(|byte| matches!(byte, b':' | b'P' | b'T'))
            .next();
        parse(digits?)
    };
    SampleOrigin {
        pid: number(names.next()),
        tid: number(names.next()),
        ..SampleOrigin::default()
    }
}

/// The stack of a line, with its time, its time not idle, and its memory. A single number is the
/// time, unless memory was measured.
fn split_sample(line: &[u8], is_of_memory: bool) -> Option<(&[u8], [Decimal; 3])> {
    let space = memchr::memrchr(b' ', line)?;
    let mut numbers = line[space + 1..]
        .split(|byte| *byte == b',')
        .map(Decimal::parse);
    let first = numbers.next()??;
    let values = match (numbers.next(), numbers.next()) {
        (Some(idle), Some(memory)) => values(first, idle? != Decimal::ZERO, memory?),
        _ if is_of_memory => values(Decimal::ZERO, false, first),
        _ => values(first, false, Decimal::ZERO),
    };
    is_sample(line).then_some((&line[..space], values))
}

fn values(time: Decimal, is_idle: bool, memory: Decimal) -> [Decimal; 3] {
    let mut values = [Decimal::ZERO; 3];
    values[TIME] = time;
    values[CPU] = if is_idle { Decimal::ZERO } else { time };
    values[MEMORY] = memory;
    values
}

/// A MOJO sample, as far as it was read.
#[derive(Default)]
struct Sample {
    process: u64,
    thread: Vec<u8>,
    frames: Vec<Vec<u8>>,
    time: Decimal,
    memory: Decimal,
    is_idle: bool,
}

struct Mojo<'m> {
    options: &'m Options,
    file: &'m [u8],
    rest: &'m [u8],
    version: u64,
    is_of_memory: bool,
    /// The index of the value to count, set at the first sample because the mode is specified
    /// before it.
    column: Option<usize>,
    profile: &'m mut Profile,
    /// The strings and frames of each process, by their keys.
    strings: AHashMap<(u64, u64), Vec<u8>>,
    frames: AHashMap<(u64, u64), Vec<u8>>,
    process: u64,
    sample: Option<Sample>,
}

/// Why an event cannot be read.
enum Failure {
    End,
    Invalid(String),
    Io(io::Error),
}

type Parsed<T> = Result<T, Failure>;

impl<'m> Mojo<'m> {
    fn new(options: &'m Options, file: &'m [u8], profile: &'m mut Profile) -> Mojo<'m> {
        Mojo {
            options,
            file,
            rest: &file[MAGIC.len()..],
            version: 0,
            is_of_memory: false,
            column: None,
            profile,
            strings: AHashMap::new(),
            frames: AHashMap::new(),
            process: 0,
            sample: None,
        }
    }

    fn read(mut self) -> io::Result<()> {
        let mut offset = 0;
        let read = self.number().and_then(|version| {
            self.version = version.unsigned_abs();
            while let Some((&event, rest)) = self.rest.split_first() {
                offset = self.file.len() - self.rest.len();
                self.rest = rest;
                self.read_event(event)?;
            }
            Ok(())
        });
        match read {
            Ok(()) => self.end_sample()?,
            Err(Failure::End) => {
                warning!("the input ends in the middle of an event [offset {offset}]");
            }
            Err(Failure::Invalid(message)) => {
                return Err(invalid(format!("{message} [offset {offset}]")));
            }
            Err(Failure::Io(error)) => return Err(error),
        }
        self.column().map(drop)
    }

    fn column(&mut self) -> io::Result<usize> {
        match self.column {
            Some(column) => Ok(column),
            None => {
                let column = self.options.choose(self.is_of_memory, self.profile)?;
                Ok(*self.column.insert(column))
            }
        }
    }

    fn read_event(&mut self, event: u8) -> Parsed<()> {
        match event {
            1 => {
                let (key, value) = (self.text()?, self.text()?);
                self.is_of_memory |= (key, value) == (b"mode", b"memory");
            }
            2 => self.begin_sample()?,
            3 => self.define_frame()?,
            4 => self.push(b":INVALID:".to_vec()),
            5 => {
                let key = self.key()?;
                let frame = self.frames.get(&key);
                let frame = frame
                    .ok_or_else(|| Failure::Invalid(format!("frame {} is not defined", key.1)))?;
                let frame = frame.clone();
                self.push(frame);
            }
            6 => {
                let text = self.text()?;
                let name = match self.options.no_lines {
                    true => text.to_vec(),
                    false => [b"kernel:", text, b":0"].concat(),
                };
                self.push(name);
            }
            7 => self.push(b":GC:".to_vec()),
            8 => self.change(|sample| sample.is_idle = true),
            9 => {
                let time = Decimal::from(self.number()?);
                self.change(|sample| sample.time += time);
            }
            10 => {
                let memory = Decimal::from(self.number()?);
                self.change(|sample| sample.memory += memory);
            }
            11 => {
                let key = self.key()?;
                let text = self.text()?.to_vec();
                self.strings.insert(key, text);
            }
            12 => drop(self.number()?),
            13 => self.begin_sample()?,
            14 => drop([self.number()?, self.number()?, self.number()?]),
            15 => drop([self.number()?, self.number()?]),
            16 => drop(self.number()?),
            event => return Err(Failure::Invalid(format!("unknown event {event} of MOJO"))),
        }
        Ok(())
    }

    fn begin_sample(&mut self) -> Parsed<()> {
        self.end_sample().map_err(Failure::Io)?;
        self.process = self.number()?.unsigned_abs();
        let interpreter = match self.version {
            0..=2 => 0,
            _ => self.number()?,
        };
        let thread = self.text()?;
        // It is written in hexadecimal, but Austin prints it as a decimal number.
        let number = parse_hex(thread);
        let thread = number.map_or(String::from_utf8_lossy(thread).into_owned(), |it| {
            it.to_string()
        });
        let thread = format!("T{interpreter}:{thread}");
        self.sample = Some(Sample {
            process: self.process,
            thread: thread.into_bytes(),
            ..Sample::default()
        });
        Ok(())
    }

    fn define_frame(&mut self) -> Parsed<()> {
        let key = self.key()?;
        let file = self.key()?;
        let scope = self.key()?;
        let line = self.number()?;
        if self.version >= 2 {
            for _ in 0..3 {
                self.number()?;
            }
        }
        let (file, scope) = (self.string(file)?, self.string(scope)?);
        let name = match self.options.no_lines {
            true => scope.to_vec(),
            false => [file, b":", scope, b":", line.to_string().as_bytes()].concat(),
        };
        self.frames.insert(key, name);
        Ok(())
    }

    fn string(&self, key: (u64, u64)) -> Parsed<&[u8]> {
        /// Austin has no text for strings that it could not read.
        const UNKNOWN_KEYS: std::ops::RangeInclusive<u64> = 0..=1;
        match self.strings.get(&key) {
            Some(text) => Ok(text),
            None if UNKNOWN_KEYS.contains(&key.1) => Ok(b"<unknown>"),
            None => Err(Failure::Invalid(format!("string {} is not defined", key.1))),
        }
    }

    fn push(&mut self, name: Vec<u8>) {
        self.change(|sample| sample.frames.push(name));
    }

    fn change(&mut self, change: impl FnOnce(&mut Sample)) {
        if let Some(sample) = &mut self.sample {
            change(sample);
        }
    }

    /// Counts the current sample.
    fn end_sample(&mut self) -> io::Result<()> {
        let Some(sample) = self.sample.take() else {
            return Ok(());
        };
        let column = self.column()?;
        let process = format!("P{}", sample.process).into_bytes();
        let start = [process.as_slice(), &sample.thread].join(&b';');
        if !self.profile.takes(&origin(&start)) {
            return Ok(());
        }
        let mut node = CallTree::ROOT;
        for name in [process, sample.thread].iter().chain(&sample.frames) {
            let frame = self.profile.tree.intern(&frame_name(name));
            node = self.profile.tree.child(node, frame);
        }
        let values = values(sample.time, sample.is_idle, sample.memory);
        self.profile.add_to_sums(&values);
        self.profile.add(node, values[column]);
        Ok(())
    }

    /// A key, which belongs to the process.
    fn key(&mut self) -> Parsed<(u64, u64)> {
        Ok((self.process, self.number()?.unsigned_abs()))
    }

    fn number(&mut self) -> Parsed<i64> {
        let mut value: u64 = 0;
        let mut shift = 6;
        let (&first, rest) = self.rest.split_first().ok_or(Failure::End)?;
        self.rest = rest;
        value |= u64::from(first & 0x3f);
        let mut byte = first;
        while byte & 0x80 != 0 {
            let (&next, rest) = self.rest.split_first().ok_or(Failure::End)?;
            self.rest = rest;
            byte = next;
            if shift < u64::BITS {
                value |= u64::from(byte & 0x7f) << shift;
            }
            shift += 7;
        }
        let value = value.cast_signed();
        Ok(if first & 0x40 != 0 {
            value.wrapping_neg()
        } else {
            value
        })
    }

    fn text(&mut self) -> Parsed<&'m [u8]> {
        let end = memchr::memchr(0, self.rest).ok_or(Failure::End)?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        Ok(text)
    }
}

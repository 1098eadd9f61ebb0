//! gperftools: CPU profiles (binary), heap profiles and contention profiles (text).
//!
//! ```text
//! cpu     = words: 0, 3, 0, PERIOD (µs), 0, { COUNT, N, N × ADDRESS }, 0, 1, 0; then text, maps
//!           (words of 4 or 8 bytes, in either byte order; the leaf first)
//! heap    = "heap profile: " OBJECTS ": " BYTES [ " [" OBJECTS ": " BYTES "]" ] " @ " KIND, { line }, maps
//! line    = OBJECTS ": " BYTES [ " [" OBJECTS ": " BYTES "]" ] " @ " { ADDRESS }
//! contention = ( "--- contention" | "--- mutex" ), headers, { CYCLES " " COUNT " @ " { ADDRESS } }, maps
//! names   = { "#" TAB ADDRESS TAB FUNCTION "+0x" OFFSET TABS FILE ":" LINE }   (of Go, after each stack)
//! maps    = { line of /proc/PID/maps }                           (mostly after `MAPPED_LIBRARIES:`)
//! ```
//!
//! ```text
//! heap profile:    3:   300 [   5:   500] @ heapprofile
//!    2:   200 [   4:   400] @ 0x00001101 0x00005201
//!    1:   100 [   1:   100] @ 0x00005301
//! MAPPED_LIBRARIES:
//! 00001000-00002000 r-xp 00000000 08:01 12      /srv/app/prog
//! ```
//!
//! The cycles of a contention profile are converted to nanoseconds if the headers have
//! `cycles/second=`.
//!
//! There are no symbols, except in files written by Go. They are looked up in the mapped objects,
//! if these still exist.

use super::document::addresses::Addresses;
use super::document::heap::{self, Sampling};
use super::document::lines::{Lines, parse, parse_hex, whole_lines};
use super::document::maps::Maps;
use super::document::{Document, Profile, START, ValueType, peek, read_to_end, shared_options};
use super::engine::shared::SymbolOptions;
use super::goroutine;
use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::CallTree;
use crate::flags::flags;
use crate::input::invalid;
use crate::warnings::warning;
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds gperftools profiles. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a gperftools profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count. CPU: `samples` or `time` (µs). Heap: `inuse_space`, `inuse_objects`,
        /// `alloc_space` or `alloc_objects`. Contention: `delay` (ns) or `contentions` [default: the
        /// first]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names, where there is debug information: `main (main.c:7)`
        #[arg(long)]
        pub lines: bool,

        /// How to symbolize addresses
        #[command(flatten)]
        pub symbols: SymbolOptions,
    }
}

const HEAP: [&[u8]; 2] = [b"heap profile:", b"heapz"];
const CONTENTION: [&[u8]; 2] = [b"--- contention", b"--- mutex"];

/// Whether a text starts with one of these.
fn starts_with_any(text: &[u8], starts: &[&[u8]]) -> bool {
    starts.iter().any(|start| text.starts_with(start))
}

impl Document for Options {
    const NAME: &'static str = "gperftools";
    const DESCRIPTION: &'static str = "a gperftools profile";
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        if Words::of(head).is_some() {
            return Some(true);
        }
        let line = whole_lines(head).next()?;
        Some(starts_with_any(line, &HEAP) || starts_with_any(line, &CONTENTION))
    }

    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        Some(&mut self.symbols)
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let (head, mut input) = peek(input, START)?;
        if starts_with_any(&head, &HEAP) {
            return self.read_heap(&mut Lines::of(&mut input), profile);
        }
        if starts_with_any(&head, &CONTENTION) {
            return self.read_contention(&mut Lines::of(&mut input), profile);
        }
        let bytes = read_to_end(&mut input)?;
        self.read_cpu(&bytes, profile)
    }
}

impl Options {
    fn addresses(&self) -> Addresses<'_> {
        Addresses::new(&self.symbols, self.lines)
    }

    fn read_heap(&self, lines: &mut Lines<'_>, profile: &mut Profile) -> io::Result<()> {
        let header = lines.next()?.unwrap_or_default();
        let kind = memchr::memmem::rfind(header, b" @ ").map_or(&b""[..], |at| &header[at + 3..]);
        let sampling = match memchr::memchr(b'/', kind) {
            Some(slash) => {
                let rate = parse(kind[slash + 1..].trim_ascii()).unwrap_or(1);
                // The older format has twice the rate.
                let rate = if &kind[..slash] == b"heap" {
                    rate / 2
                } else {
                    rate
                };
                Sampling::with_rate(rate)
            }
            None => Sampling::NONE,
        };
        let text = read_stacks(lines, |counts| {
            Some(heap::counts(counts)?.unsampled(sampling))
        })?;
        let column = profile.choose(heap::value_types(), self.value.as_deref(), 0)?;
        add_stacks(text.stacks, text.maps, self.addresses(), column, profile);
        Ok(())
    }

    fn read_contention(&self, lines: &mut Lines<'_>, profile: &mut Profile) -> io::Result<()> {
        let mut text = read_stacks(lines, |counts| {
            let mut words = counts
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty());
            let (cycles, count) = (parse::<u64>(words.next()?)?, parse::<u64>(words.next()?)?);
            Some([cycles, count].map(Decimal::from))
        })?;
        for [delay, count] in text.stacks.iter_mut().map(|stack| &mut stack.values) {
            *delay = duration(delay.times(text.period), text.cycles_per_second);
            *count = count.times(text.period);
        }
        let unit = text.cycles_per_second.map_or("cycles", |_| "nanoseconds");
        let values = vec![
            ValueType::new("delay", unit),
            ValueType::new("contentions", "count"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        add_stacks(text.stacks, text.maps, self.addresses(), column, profile);
        Ok(())
    }

    fn read_cpu(&self, bytes: &[u8], profile: &mut Profile) -> io::Result<()> {
        let Some(mut words) = Words::of(bytes) else {
            return Err(invalid("expected a gperftools profile"));
        };
        let header = words.header().unwrap_or_default();
        if header.version != 0 {
            return Err(invalid("Java profiles of gperftools are not supported"));
        }
        let mut stacks = Vec::new();
        let is_whole = loop {
            match words.record() {
                Some(Record::Sample(count, addresses)) => {
                    let count = Decimal::from(count);
                    stacks.push(Stack::new([count, count.times(header.period)], addresses));
                }
                Some(Record::Trailer) => break true,
                None => break false,
            }
        };
        if !is_whole {
            let offset = bytes.len() - words.rest.len();
            let records = plural(stacks.len() as u64, "complete record", "complete records");
            warning!("the profile is truncated after {records} [offset {offset}]");
        }
        let mut maps = Maps::default();
        for line in words.rest.split(|byte| *byte == b'\n').filter(|_| is_whole) {
            maps.read_line(line);
        }
        let values = vec![
            ValueType::new("samples", "count"),
            ValueType::new("time", "microseconds"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        add_stacks(stacks, maps, self.addresses(), column, profile);
        Ok(())
    }
}

/// The contents of a text profile.
struct Text<const N: usize> {
    stacks: Vec<Stack<N>>,
    maps: Maps,
    /// The number of contentions that each recorded one represents.
    period: u64,
    cycles_per_second: Option<u64>,
}

/// Cycles in whole nanoseconds, if their frequency is known.
fn duration(cycles: Decimal, per_second: Option<u64>) -> Decimal {
    const NANOSECONDS: u64 = 1_000_000_000;
    match per_second {
        Some(frequency) => {
            let duration = cycles.times(NANOSECONDS).divided_by(frequency);
            duration.rounded_to(Decimal::from(1u64))
        }
        None => cycles,
    }
}

/// A stack of addresses, starting with the leaf.
pub(super) struct Stack<const N: usize> {
    values: [Decimal; N],
    addresses: Vec<u64>,
    /// The names of the frames, starting with the leaf, if Go wrote them.
    names: Vec<Vec<u8>>,
}

impl<const N: usize> Stack<N> {
    pub fn new(values: [Decimal; N], addresses: Vec<u64>) -> Stack<N> {
        Stack {
            values,
            addresses,
            names: Vec::new(),
        }
    }
}

/// Reads stacks, whose `values` come before their addresses, and mappings.
fn read_stacks<const N: usize>(
    lines: &mut Lines<'_>,
    values: impl Fn(&[u8]) -> Option<[Decimal; N]>,
) -> io::Result<Text<N>> {
    let mut text = Text {
        stacks: Vec::new(),
        maps: Maps::default(),
        period: 1,
        cycles_per_second: None,
    };
    while let Some(line) = lines.next()? {
        if let Some(name) = line.strip_prefix(b"#") {
            let name = goroutine::frame_of_profile(name, false);
            if let (Some(stack), Some(name)) = (text.stacks.last_mut(), name) {
                stack.names.push(name);
            }
        } else if let Some(period) = header(line, b"sampling period") {
            text.period = period;
        } else if let Some(frequency) = header(line, b"cycles/second") {
            text.cycles_per_second = Some(frequency).filter(|it| *it > 0);
        } else if text.maps.read_line(line).is_none() && line.contains(&b'@') {
            let stack = split_stack(line)
                .and_then(|(counts, addresses)| Some(Stack::new(values(counts)?, addresses)));
            match stack {
                Some(stack) => text.stacks.push(stack),
                None => lines.skip_if_cut("a stack, `VALUES @ ADDRESSES`")?,
            }
        }
    }
    lines.warn_if_cut();
    Ok(text)
}

/// The number in `NAME = NUMBER`.
fn header(line: &[u8], name: &[u8]) -> Option<u64> {
    let value = line.strip_prefix(name)?.trim_ascii_start();
    parse(value.strip_prefix(b"=")?.trim_ascii())
}

/// Adds stacks. All addresses except the leaf are return addresses.
pub(super) fn add_stacks<const N: usize>(
    mut stacks: Vec<Stack<N>>,
    mut maps: Maps,
    mut addresses: Addresses<'_>,
    column: usize,
    profile: &mut Profile,
) {
    maps.sort();
    let mut ids = AHashMap::new();
    for stack in stacks.iter_mut().filter(|stack| stack.names.is_empty()) {
        let callers = stack.addresses.iter_mut().skip(1);
        callers.for_each(|it| *it = it.saturating_sub(1));
        for &address in &stack.addresses {
            ids.entry(address)
                .or_insert_with(|| maps.add(address, &mut addresses));
        }
    }
    let names = addresses.resolve();
    for stack in &stacks {
        let mut node = CallTree::ROOT;
        for name in stack.names.iter().rev() {
            node = profile.tree.child_called(node, name);
        }
        let addresses = stack
            .addresses
            .iter()
            .rev()
            .filter(|_| stack.names.is_empty());
        for id in addresses.filter_map(|address| ids.get(address)) {
            for frame in names.frames(*id) {
                node = profile.tree.child_called(node, frame);
            }
        }
        profile.add_to_sums(&stack.values);
        profile.add(node, stack.values[column]);
    }
}

/// The parts before and after ` @ ` in the line of a stack.
pub(super) fn split_stack(line: &[u8]) -> Option<(&[u8], Vec<u64>)> {
    let at = memchr::memchr(b'@', line)?;
    let words = line[at + 1..]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let addresses = words.map(|word| word.strip_prefix(b"0x").and_then(parse_hex));
    Some((&line[..at], addresses.collect::<Option<_>>()?))
}

/// The words of a CPU profile.
struct Words<'a> {
    rest: &'a [u8],
    size: usize,
    is_big_endian: bool,
}

#[derive(Default)]
struct Header {
    version: u64,
    /// The time between samples, in microseconds.
    period: u64,
}

enum Record {
    /// The number of samples with a stack.
    Sample(u64, Vec<u64>),
    Trailer,
}

impl<'a> Words<'a> {
    /// The words of a file, if it starts like a CPU profile: with 0 and 3.
    fn of(bytes: &'a [u8]) -> Option<Words<'a>> {
        let shapes = [(4, false), (4, true), (8, false), (8, true)];
        shapes.into_iter().find_map(|(size, is_big_endian)| {
            let mut words = Words {
                rest: bytes,
                size,
                is_big_endian,
            };
            let starts = [words.next()?, words.next()?, words.next()?];
            let period = words.next()?;
            let is_profile = starts[..2] == [0, 3] && starts[2] <= 1 && period > 0;
            is_profile.then_some(Words {
                rest: bytes,
                size,
                is_big_endian,
            })
        })
    }

    fn next(&mut self) -> Option<u64> {
        let (word, rest) = self.rest.split_at_checked(self.size)?;
        self.rest = rest;
        let mut bytes = [0; 8];
        bytes[..self.size].copy_from_slice(word);
        if self.is_big_endian {
            bytes[..self.size].reverse();
        }
        Some(u64::from_le_bytes(bytes))
    }

    fn header(&mut self) -> Option<Header> {
        self.next()?;
        let words_after = self.next()?;
        let (version, period) = (self.next()?, self.next()?);
        for _ in 2..words_after {
            self.next()?;
        }
        Some(Header { version, period })
    }

    /// The next complete record, if any.
    fn record(&mut self) -> Option<Record> {
        let start = self.rest;
        let mut read = || {
            let (count, depth) = (self.next()?, self.next()?);
            let depth = usize::try_from(depth)
                .ok()
                .filter(|depth| *depth <= self.rest.len() / self.size)?;
            let mut addresses = Vec::with_capacity(depth);
            for _ in 0..depth {
                addresses.push(self.next()?);
            }
            Some((count, addresses))
        };
        let record = read();
        let Some((count, mut addresses)) = record else {
            self.rest = start;
            return None;
        };
        if (count, addresses.as_slice()) == (0, &[0]) {
            return Some(Record::Trailer);
        }
        // The unwinder may have repeated the leaf.
        if addresses.len() > 1 && addresses[0] == addresses[1] {
            addresses.remove(1);
        }
        Some(Record::Sample(count, addresses))
    }
}

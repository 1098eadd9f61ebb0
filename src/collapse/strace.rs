//! strace: the output of `strace -k`, system calls with the stacks that made them.
//!
//! ```text
//! call  = start NAME "(" arguments ") = " RESULT [ " <" SECONDS ">" ]
//!       | start "<... " NAME " resumed>" … ") = " RESULT [ " <" SECONDS ">" ]
//! start = [ "[pid " N "] " | N " " ] [ TIME " " ]
//! frame = " > " OBJECT "(" [ SYMBOL [ "+0x" OFFSET ] ] ") [0x" ADDRESS "]"          (the leaf first)
//! ```
//!
//! ```text
//! [pid 12] read(3, "abc", 9) = 3 <0.000010>
//!  > /usr/lib/libc.so.6(__read+0x14) [0x10e214]
//!  > /srv/shop(main+0x5) [0x1135]
//! ```
//!
//! The system call is the leaf. A call interrupted by others is printed twice, and counts where it
//! is resumed.

use super::document::lines::{Lines, parse, parse_hex, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use super::selection::{Criterion, SampleOrigin};
use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::flags::flags;
use crate::names::frame::{basename, frame_name, object_name};
use std::io::{self, BufRead};

/// Folds the output of `strace -k`. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the output of `strace -k`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `calls`, or `time`, in microseconds, which requires `strace -T`
        /// [default: calls]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Include the address of functions without a name: `[libc.so.6 <2a1f0>]`
        #[arg(long)]
        pub addrs: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "strace";
    const DESCRIPTION: &'static str = "the output of `strace -k`";
    const ORIGIN: &'static [Criterion] = &[Criterion::Time, Criterion::Pid, Criterion::Tid];
    shared_options!(value, addrs);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head);
        let first = lines.next()?;
        if call_name(first).is_none() {
            return Some(false);
        }
        let mut others =
            lines.filter(|line| call_name(line).is_none() && read_call(line).is_none());
        others.next().map(|line| line.starts_with(b" > "))
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let values = vec![
            ValueType::new("calls", "count"),
            ValueType::new("time", "microseconds"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let mut lines = Lines::of(input);
        let mut call: Option<Call> = None;
        let mut found = false;
        while let Some(line) = lines.next()? {
            if let Some(frame) = line.strip_prefix(b" > ") {
                if let Some(call) = &mut call {
                    call.frames.push(self.frame(frame));
                }
            } else if let Some(call) = std::mem::replace(&mut call, read_call(line)) {
                found = true;
                call.add(column, profile);
            }
        }
        if let Some(call) = call {
            found = true;
            call.add(column, profile);
        }
        lines.finish(found, "the output of `strace -k`, found no call")
    }
}

struct Call {
    origin: SampleOrigin<'static>,
    name: Vec<u8>,
    /// In microseconds.
    time: Decimal,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
}

impl Call {
    fn add(&self, column: usize, profile: &mut Profile) {
        if !profile.takes(&self.origin) {
            return;
        }
        let mut node = CallTree::ROOT;
        for name in self.frames.iter().rev().chain([&self.name]) {
            let frame = profile.tree.intern(name);
            node = profile.tree.child(node, frame);
        }
        let values = [Decimal::from(1u64), self.time];
        profile.add_to_sums(&values);
        profile.add(node, values[column]);
    }
}

/// Parses the line of a finished call.
fn read_call(line: &[u8]) -> Option<Call> {
    memchr::memmem::find(line, b" = ")?;
    Some(Call {
        origin: origin(line),
        name: frame_name(resumed_call(line).or_else(|| call_name(line))?),
        time: seconds(line).unwrap_or_default().times(1_000_000),
        frames: Vec::new(),
    })
}

/// The process or thread, and the time, at the start of a line. strace calls both IDs `pid`.
fn origin(line: &[u8]) -> SampleOrigin<'static> {
    let mut words = line.split(|byte| matches!(byte, b' ' | b'[' | b']'));
    let mut words = words.by_ref().filter(|word| !matches!(*word, b"" | b"pid"));
    let mut word = words.next().unwrap_or_default();
    let id = parse(word);
    if id.is_some() {
        word = words.next().unwrap_or_default();
    }
    SampleOrigin {
        time: time(word),
        pid: id,
        tid: id,
        ..SampleOrigin::default()
    }
}

/// A time of day (`strace -t`), or since 1970 (`-ttt`), in seconds. Others are relative to the
/// previous call (`-r`).
fn time(word: &[u8]) -> Option<Decimal> {
    const YEAR: u64 = 365 * 86400;
    if !word.contains(&b':') {
        return Decimal::parse(word).filter(|time| *time >= Decimal::from(YEAR));
    }
    let mut parts = word.split(|byte| *byte == b':').map(Decimal::parse);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(hours.times(3600) + minutes.times(60) + seconds)
}

/// The name in `<... NAME resumed>`.
fn resumed_call(line: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(line, b"<... ")? + 5;
    let end = memchr::memmem::find(&line[start..], b" resumed>")?;
    Some(&line[start..start + end])
}

/// The word before the arguments.
fn call_name(line: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'(', line)?;
    let start = memchr::memrchr(b' ', &line[..open]).map_or(0, |space| space + 1);
    let name = &line[start..open];
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    (!name.is_empty() && name.iter().all(is_part)).then_some(name)
}

/// The time at the end, if it was recorded.
fn seconds(line: &[u8]) -> Option<Decimal> {
    let line = line.strip_suffix(b">")?;
    Decimal::parse(&line[memchr::memmem::rfind(line, b" <")? + 2..])
}

impl Options {
    /// The frame of `OBJECT(SYMBOL+0xOFFSET) [0xADDRESS]`.
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        let bracket = memchr::memmem::rfind(text, b" [").unwrap_or(text.len());
        let address = text[bracket..]
            .strip_prefix(b" [")
            .and_then(|rest| rest.strip_suffix(b"]"));
        let location = &text[..bracket];
        let inside = location.strip_suffix(b")").unwrap_or(location);
        let (object, symbol) = split_symbol(inside);
        let offset = memchr::memmem::rfind(symbol, b"+0x").unwrap_or(symbol.len());
        match &symbol[..offset] {
            b"" => {
                let object = object
                    .strip_prefix(b"[")
                    .and_then(|it| it.strip_suffix(b"]"))
                    .unwrap_or(object);
                object_name(
                    basename(object),
                    address.and_then(parse_hex).filter(|_| self.addrs),
                )
            }
            symbol => frame_name(symbol),
        }
    }
}

/// Splits `OBJECT(SYMBOL` at the first parenthesis, because the symbol may contain others.
fn split_symbol(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'(', text) {
        Some(open) => (&text[..open], &text[open + 1..]),
        None => (text, b""),
    }
}

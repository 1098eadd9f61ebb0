//! R: the files of `Rprof()` and of `Rprofmem()`.
//!
//! ```text
//! input  = header, { "#File " N ": " PATH | sample }
//! header = … "sample.interval=" µs
//! sample = [ ":" N ":" N ":" N ":" N ":" ], { location | name }          (the leaf first)
//! name   = '"' FUNCTION '"'
//! location  = FILE "#" LINE
//!
//! memory = { ( BYTES " " | "new page" ) ":", { name } }          (of `Rprofmem()`)
//! ```
//!
//! ```text
//! line profiling: sample.interval=20000
//! #File 1: cart.R
//! 1#3 "total" 1#9 "serve"
//! "<GC>" 1#3 "total" 1#9 "serve"
//! ```
//!
//! ```text
//! 16048 :"total" "serve"
//! new page:"total" "serve"
//! ```
//!
//! The sizes of pages, which hold small objects, are unknown: they only count as allocations.

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_source};
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds the files of `Rprof()` and `Rprofmem()`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, rprof::Folder};
///
/// let samples = "sample.interval=20000\n\"total\" \"serve\" \n\"serve\" \n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(samples.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"serve 1\nserve;total 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the files of `Rprof()` and `Rprofmem()`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `samples`, or `time`, in microseconds; of `Rprofmem()`, `space` (bytes) or
        /// `allocations` [default: the first]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names, if they were recorded: `total (cart.R:3)`
        #[arg(long)]
        pub lines: bool,
    }
}

const INTERVAL: &[u8] = b"sample.interval=";

impl Document for Options {
    const NAME: &'static str = "rprof";
    const DESCRIPTION: &'static str = "an R profile of Rprof() or Rprofmem()";
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let first = whole_lines(head).next()?;
        Some(interval(first).is_some() || allocation(first).is_some())
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut lines = Lines::of(input);
        let first = lines.next()?.unwrap_or_default();
        if let Some(interval) = interval(first) {
            return self.read_samples(interval, lines, profile);
        }
        if allocation(first).is_some() {
            return self.read_allocations(lines, profile);
        }
        Err(invalid(
            "expected an R profile, whose first line has `sample.interval=`",
        ))
    }
}

impl Options {
    fn read_samples(
        &self,
        interval: u64,
        mut lines: Lines<'_>,
        profile: &mut Profile,
    ) -> io::Result<()> {
        let values = vec![
            ValueType::new("samples", "count"),
            ValueType::new("time", "microseconds"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let values = [Decimal::from(1u64), Decimal::from(interval)];
        let mut files = AHashMap::new();
        while let Some(line) = lines.next()? {
            if let Some(file) = line.strip_prefix(b"#File ") {
                files.extend(split_file(file));
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let Some(calls) = calls(line) else {
                lines.skip_if_cut("names in quotes")?;
                continue;
            };
            let frames = calls.iter().map(|call| call.frame(&files, self.lines));
            add(profile, frames, values, column);
        }
        lines.warn_if_cut();
        Ok(())
    }

    /// Reads the output of `Rprofmem()`, of which the first line has been read.
    fn read_allocations(&self, mut lines: Lines<'_>, profile: &mut Profile) -> io::Result<()> {
        let values = vec![
            ValueType::new("space", "bytes"),
            ValueType::new("allocations", "count"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        loop {
            let line = lines.line();
            let parts = allocation(line).and_then(|(size, stack)| Some((size, calls(stack)?)));
            match parts {
                Some((size, calls)) => {
                    let frames = calls.iter().map(|call| frame_name(call.name));
                    add(profile, frames, [size, 1].map(Decimal::from), column);
                }
                None if line.is_empty() => {}
                None => lines.skip_if_cut("a size, `:` and names in quotes")?,
            }
            if lines.next()?.is_none() {
                break;
            }
        }
        lines.warn_if_cut();
        Ok(())
    }
}

/// Adds a stack, whose leaf is first.
fn add(
    profile: &mut Profile,
    frames: impl DoubleEndedIterator<Item = Vec<u8>>,
    values: [Decimal; 2],
    column: usize,
) {
    let mut node = CallTree::ROOT;
    for name in frames.rev() {
        node = profile.tree.child_called(node, &name);
    }
    profile.add_to_sums(&values);
    profile.add(node, values[column]);
}

/// The size and the stack of an allocation; the size of a new page is unknown.
fn allocation(line: &[u8]) -> Option<(u64, &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (what, stack) = (&line[..colon], &line[colon + 1..]);
    let size = match what {
        b"new page" => 0,
        _ => parse(what.strip_suffix(b" ")?)?,
    };
    (stack.is_empty() || stack.starts_with(b"\"")).then_some((size, stack))
}

/// The time between samples, in microseconds, from the first line.
fn interval(line: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(line, INTERVAL)?;
    parse(line[at + INTERVAL.len()..].trim_ascii())
}

/// Maps the numbers of files to paths.
type Files = AHashMap<u64, Vec<u8>>;

/// The number and path of `N: PATH`.
fn split_file(text: &[u8]) -> Option<(u64, Vec<u8>)> {
    let colon = memchr::memmem::find(text, b": ")?;
    Some((parse(&text[..colon])?, text[colon + 2..].to_vec()))
}

/// A function, and the location of the sample in it.
struct Call<'l> {
    name: &'l [u8],
    /// The numbers of the file and the line.
    location: Option<(u64, u64)>,
}

impl Call<'_> {
    fn frame(&self, files: &Files, with_line: bool) -> Vec<u8> {
        let name = frame_name(self.name);
        let location = self.location.filter(|_| with_line);
        match location.and_then(|(file, line)| Some((files.get(&file)?, line))) {
            Some((file, line)) => with_source(&name, file, Some(Decimal::from(line))),
            None => name,
        }
    }
}

/// The calls in a line, starting with the leaf; `None` if the last one is unterminated, or if the
/// line contains anything else.
fn calls(line: &[u8]) -> Option<Vec<Call<'_>>> {
    let mut calls = Vec::new();
    let mut rest = line;
    while let Some(start) = memchr::memchr(b'"', rest) {
        let name = &rest[start + 1..];
        // A name may contain quotes; the final quote is followed by a space.
        let end = memchr::memmem::find(name, b"\" ")
            .or_else(|| name.strip_suffix(b"\"").map(<[u8]>::len))?;
        calls.push(Call {
            name: &name[..end],
            location: location(&rest[..start]),
        });
        rest = &name[end + 1..];
    }
    let is_number = |byte: &u8| byte.is_ascii_digit() || b":# ".contains(byte);
    rest.iter().all(is_number).then_some(calls)
}

/// The file and line before a name: `1#3`, possibly after memory statistics.
fn location(text: &[u8]) -> Option<(u64, u64)> {
    let text = text.trim_ascii();
    let start = memchr::memrchr2(b' ', b':', text).map_or(0, |at| at + 1);
    let hash = memchr::memchr(b'#', &text[start..])?;
    let (file, line) = text[start..].split_at(hash);
    Some((parse(file)?, parse(&line[1..])?))
}

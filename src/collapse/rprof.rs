//! R: the files of `Rprof()`.
//!
//! ```text
//! input  = header, { "#File " N ": " PATH | sample }
//! header = … "sample.interval=" µs
//! sample = [ ":" N ":" N ":" N ":" N ":" ], { place | name }          (the leaf first)
//! name   = '"' FUNCTION '"'
//! place  = FILE "#" LINE
//! ```
//!
//! ```text
//! line profiling: sample.interval=20000
//! #File 1: cart.R
//! 1#3 "total" 1#9 "serve"
//! "<GC>" 1#3 "total" 1#9 "serve"
//! ```

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_place};
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds the files of `Rprof()`. See the [module](self) for the format.
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

/// Options for the files of `Rprof()`.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct Options {
    /// The value to count: `samples`, or `time`, in microseconds [default: samples]
    #[cfg_attr(feature = "cli", arg(long, alias = "sample-type", value_name = "NAME"))]
    pub value: Option<String>,

    /// Append file and line to names, if they were recorded: `total (cart.R:3)`
    #[cfg_attr(feature = "cli", arg(long))]
    pub lines: bool,
}

const INTERVAL: &[u8] = b"sample.interval=";

impl Document for Options {
    const NAME: &'static str = "rprof";
    const DESCRIPTION: &'static str = "an R profile of Rprof()";
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        whole_lines(head)
            .next()
            .map(|line| interval(line).is_some())
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut lines = Lines::of(input);
        let interval = match lines.next()? {
            Some(line) => interval(line),
            None => None,
        };
        let interval = interval.ok_or_else(|| {
            invalid("expected an R profile, whose first line has `sample.interval=`")
        })?;
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
            let mut node = CallTree::ROOT;
            for call in calls.iter().rev() {
                let name = call.frame(&files, self.lines);
                node = profile.tree.child_called(node, &name);
            }
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
        }
        lines.warn_if_cut();
        Ok(())
    }
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
    place: Option<(u64, u64)>,
}

impl Call<'_> {
    fn frame(&self, files: &Files, with_line: bool) -> Vec<u8> {
        let name = frame_name(self.name);
        let place = self.place.filter(|_| with_line);
        match place.and_then(|(file, line)| Some((files.get(&file)?, line))) {
            Some((file, line)) => with_place(&name, file, Some(Decimal::from(line))),
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
            place: place(&rest[..start]),
        });
        rest = &name[end + 1..];
    }
    let is_number = |byte: &u8| byte.is_ascii_digit() || b":# ".contains(byte);
    rest.iter().all(is_number).then_some(calls)
}

/// The file and line before a name: `1#3`, possibly after memory statistics.
fn place(text: &[u8]) -> Option<(u64, u64)> {
    let text = text.trim_ascii();
    let start = memchr::memrchr2(b' ', b':', text).map_or(0, |at| at + 1);
    let hash = memchr::memchr(b'#', &text[start..])?;
    let (file, line) = text[start..].split_at(hash);
    Some((parse(file)?, parse(&line[1..])?))
}

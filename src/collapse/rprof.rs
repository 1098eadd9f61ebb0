//! What R's `Rprof()` records.
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
use super::document::names::frame_name;
use super::document::{Document, Profile, ValueType, invalid, shared_options};
use crate::call_tree::CallTree;
use crate::decimal::Decimal;
use std::io::{self, BufRead};

/// Folds what `Rprof()` records. See the [module](self) for what is read.
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

/// What to make of what `Rprof()` records.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct Options {
    /// What to count: `samples`, or `time`, in microseconds [default: samples]
    #[cfg_attr(feature = "cli", arg(long, alias = "sample-type", value_name = "NAME"))]
    pub value: Option<String>,
}

const INTERVAL: &[u8] = b"sample.interval=";

impl Document for Options {
    const NAME: &'static str = "rprof";
    const DESCRIPTION: &'static str = "what Rprof() of R records";
    shared_options!(value);

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
            invalid("expected what Rprof() records, whose first line has `sample.interval=`")
        })?;
        let values = vec![
            ValueType::new("samples", "count"),
            ValueType::new("time", "microseconds"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let values = [Decimal::from(1u64), Decimal::from(interval)];
        while let Some(line) = lines.next()? {
            if line.starts_with(b"#File ") || line.is_empty() {
                continue;
            }
            let Some(names) = names(line) else {
                lines.skip_if_cut("names in quotes")?;
                continue;
            };
            let mut node = CallTree::ROOT;
            for name in names.iter().rev() {
                let frame = profile.tree.intern(&frame_name(name));
                node = profile.tree.child(node, frame);
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

/// The names in a line, the leaf first; `None` if the last one has no end.
fn names(line: &[u8]) -> Option<Vec<&[u8]>> {
    let mut names = Vec::new();
    let mut rest = line;
    while let Some(start) = memchr::memchr(b'"', rest) {
        let name = &rest[start + 1..];
        // A name may hold quotes; what ends it is followed by a space.
        let end = memchr::memmem::find(name, b"\" ")
            .or_else(|| name.strip_suffix(b"\"").map(<[u8]>::len))?;
        names.push(&name[..end]);
        rest = &name[end + 1..];
    }
    Some(names)
}

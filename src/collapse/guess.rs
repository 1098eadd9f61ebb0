//! Any format that can be collapsed, told from the first lines of the input.

use super::format::Format;
use super::{Collapse, DEFAULT_NTHREADS, perf};
use crate::call_tree::CallTree;
use std::io::{self, BufRead, Read, Write};

/// How much of the input is looked at before giving up.
const MOST_LOOKED_AT: usize = 1 << 20;

/// How to fold what was recognised.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The number of threads to use; 0 is taken as 1. Default: one for each logical CPU.
    pub nthreads: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            nthreads: *DEFAULT_NTHREADS,
        }
    }
}

/// Folds a profile in any format that is recognised, with that format's default options.
#[derive(Clone, Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

/// A row of the table of formats.
struct Row {
    name: &'static str,
    sniff: fn(&[u8]) -> Option<bool>,
    collapse: fn(&Options, &mut dyn BufRead) -> io::Result<CallTree>,
}

/// All formats, in the order in which they are asked. The first to say yes gets the input.
const FORMATS: [Row; 1] = [Row {
    name: "perf",
    sniff: |head| perf::Options::default().sniff(head),
    collapse: |options, reader| {
        let perf = perf::Options {
            nthreads: options.nthreads,
            ..perf::Options::default()
        };
        perf::Folder::from(perf).collapse_to_tree(reader)
    },
}];

impl Folder {
    /// Folds `reader` into a tree if its format is recognised; if not, returns `None`, and what
    /// was read of it is in `head`.
    ///
    /// # Errors
    /// Those of `reader`, and those of the format.
    pub fn collapse_if_recognised<R: BufRead>(
        &self,
        mut reader: R,
        head: &mut Vec<u8>,
    ) -> io::Result<Option<CallTree>> {
        let Some(row) = recognise(&mut reader, head)? else {
            return Ok(None);
        };
        log::info!("Using {} collapser", row.name);
        let mut whole = io::BufReader::new(io::Cursor::new(&*head).chain(reader));
        (row.collapse)(&self.options, &mut whole).map(Some)
    }
}

impl Collapse for Folder {
    /// See [`Collapse::collapse`]. If no format is recognised, that is logged as an error and
    /// nothing is written.
    fn collapse<R, W>(&mut self, reader: R, writer: W) -> io::Result<()>
    where
        R: BufRead,
        W: Write,
    {
        crate::folded::write(&self.collapse_to_tree(reader)?, writer)
    }

    fn is_applicable(&mut self, input: &str) -> Option<bool> {
        let answers = FORMATS.map(|row| (row.sniff)(input.as_bytes()));
        match answers {
            _ if answers.contains(&Some(true)) => Some(true),
            _ if answers.contains(&None) => None,
            _ => Some(false),
        }
    }

    fn collapse_to_tree<R>(&mut self, reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        let tree = self.collapse_if_recognised(reader, &mut Vec::new())?;
        if tree.is_none() {
            log::error!("No applicable collapse implementation found for input");
        }
        Ok(tree.unwrap_or_default())
    }
}

/// Reads into `head` until a format says yes, all say no, or there is no more.
fn recognise(reader: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<Option<&'static Row>> {
    let mut open: Vec<&'static Row> = FORMATS.iter().collect();
    let mut looked_at = 1 << 12;
    while !open.is_empty() && looked_at <= MOST_LOOKED_AT {
        let missing = looked_at - head.len();
        let is_at_end = reader.take(missing as u64).read_to_end(head)? < missing;
        if let Some(row) = ask(&mut open, head, is_at_end) {
            return Ok(Some(row));
        }
        if is_at_end {
            break;
        }
        looked_at *= 4;
    }
    Ok(None)
}

/// Returns the first of the `open` formats that says yes, and drops those that say no.
fn ask(open: &mut Vec<&'static Row>, head: &[u8], is_at_end: bool) -> Option<&'static Row> {
    // Formats look at whole lines only; at the end of the input the last one is whole.
    let end: &[u8] = if is_at_end { b"\n" } else { b"" };
    let head = [head, end].concat();
    let mut yes = None;
    open.retain(|row| {
        let answer = if yes.is_none() {
            (row.sniff)(&head)
        } else {
            None
        };
        if answer == Some(true) {
            yes = Some(*row);
        }
        answer != Some(false)
    });
    yes
}

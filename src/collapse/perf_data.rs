//! `perf.data` itself, what `perf record` writes, without `perf script`.
//!
//! What comes out is what [`perf`] makes of the output of `perf script` for the same
//! file, in a fraction of the time.
//!
//! ```no_run
//! use inferno::collapse::perf_data::{Folder, Options};
//! use std::path::Path;
//!
//! let mut options = Options::default();
//! options.stacks.include_pid = true;
//! options.inline = false;
//! let tree = Folder::from(options).collapse_path_to_tree(Path::new("perf.data"))?;
//! println!("{} samples' worth of time", tree.totals()[0]);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! It takes the crate's feature `perf-data`; without it, there is an error that says so.
//!
//! # How it works
//!
//! ```text
//! records ─> processes, maps ─> samples ─┬─> worker: tree of places ─┬─> symbols, ─> CallTree
//!            (in the order of time)      └─> worker: tree of places ─┘   inlined calls
//! ```
//!
//! Records are read in a stream, in the order of time. They say which process had what mapped
//! where, so that an address in a sample is a place in an object: a file and an offset. Stacks are
//! counted in a tree of such places. Only then symbols are read, an object at a time, and each
//! place in it is named once: memory and time grow with what is distinct, not with the samples.
//!
//! [`nthreads`](struct@perf::Options#structfield.nthreads) workers take stacks apart, unwind and count them while one
//! more thread reads; then they read the symbols. What comes out does not depend on their number.
//!
//! Stacks that are to be unwound, from registers and the top of the stack, are unwound with the
//! tables in the objects, which are read once for all processes. Where the recorded part of the
//! stack ends before the stack does, the outermost frame is `[unknown]`, as `perf script` has it.
//!
//! # What is read
//!
//! Files of `perf record` of both byte orders, compressed (`-z`) or not, and what it writes to
//! pipes; several events, also in groups (`{a,b}:S`), of which
//! [one is folded](perf::Options::event_filter), the first in the header by default; call chains of
//! frame pointers, also where the kernel records the user part later (`--call-graph fp,defer`); DWARF
//! unwinding of x86-64 and AArch64; and calls that the processor recorded (`--call-graph lbr`). Other
//! branches are skipped.
//!
//! Symbols come from the objects' files, `~/.debug`, debug files by build-id and
//! `.gnu_debuglink`, `.dwo` and `.dwp` files, `.gnu_debugdata`, `/tmp/perf-PID.map`, and `/proc/kallsyms` or a file like it.
//! A file with another build-id than the recorded one is never used, and of another machine's
//! files only those with a build-id. While a process of a container runs, its files are taken from
//! there. Only regular files are opened, and maps of compiled code that are the user's or root's.
//! Nothing is fetched from a network. What has no name is called as its object, `[libc.so.6]`, and a warning says why.

#[cfg(feature = "perf-data")]
mod choice;
#[cfg(feature = "perf-data")]
mod compressed;
#[cfg(feature = "perf-data")]
mod counters;
#[cfg(feature = "perf-data")]
mod crew;
#[cfg(feature = "perf-data")]
mod deferred;
#[cfg(feature = "perf-data")]
mod event;
#[cfg(feature = "perf-data")]
mod fold;
#[cfg(feature = "perf-data")]
mod frame_tables;
#[cfg(feature = "perf-data")]
mod header;
#[cfg(feature = "perf-data")]
mod machine;
#[cfg(feature = "perf-data")]
mod naming;
#[cfg(feature = "perf-data")]
mod objects;
#[cfg(feature = "perf-data")]
mod processes;
#[cfg(feature = "perf-data")]
mod reader;
#[cfg(feature = "perf-data")]
mod records;
#[cfg(feature = "perf-data")]
mod report;
#[cfg(feature = "perf-data")]
mod resolve;
#[cfg(feature = "perf-data")]
mod sample;
#[cfg(feature = "perf-data")]
mod space;
#[cfg(feature = "perf-data")]
mod stacks;
#[cfg(feature = "perf-data")]
mod trampolines;
#[cfg(feature = "perf-data")]
mod unwind;

use super::format::Format;
use super::formats::Listed;
use super::guess;
use super::reader::Reader;
use super::selection::{Criterion, Selection};
use super::{Collapse, ReadAt, in_order, open, perf};
use crate::call_tree::{CallTree, Forest};
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

#[cfg(feature = "perf-data")]
use fold::{fold_file, fold_reader};

/// What to make of a `perf.data` file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// What to make of the stacks: the options that the output of `perf script` has.
    pub stacks: perf::Options,

    /// Show calls that the compiler inlined as frames of their own, where there is debug
    /// information. Default: `true`.
    pub inline: bool,

    /// Put file and line behind the names of functions, where there is debug information:
    /// `parse (/srv/shop/parse.c:7)`. In functions that called others it is the line of the call. Default: `false`.
    pub lines: bool,

    /// A copy of `/proc/kallsyms` of the kernel that was recorded. Default: `None`, the kernel that
    /// is running, if it is the one that was recorded.
    pub kallsyms: Option<PathBuf>,

    /// The directory below which to look for the files that were mapped, instead of `/`. Default:
    /// `None`.
    pub symfs: Option<PathBuf>,

    /// Directories with debug information besides `/usr/lib/debug`. Default: none.
    pub debug_dirs: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            stacks: perf::Options::default(),
            inline: true,
            lines: false,
            kallsyms: None,
            symfs: None,
            debug_dirs: Vec::new(),
        }
    }
}

/// Folds a `perf.data` file. See the [module](self) for what is read.
#[derive(Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

/// Whether a file that starts with `head` is one that `perf record` wrote; `None` if it takes more
/// of the file to tell.
///
/// ```
/// use inferno::collapse::perf_data::is_perf_data;
///
/// assert_eq!(is_perf_data(b"PERFILE2\x68\0\0\0\0\0\0\0"), Some(true));
/// assert_eq!(is_perf_data(b"PERF"), None);
/// assert_eq!(is_perf_data(b"prog 1 1.0: 7 cycles:"), Some(false));
/// ```
pub fn is_perf_data(head: &[u8]) -> Option<bool> {
    // The same word, as machines write it that start numbers at either end.
    let starts: [&[u8]; 2] = [b"PERFILE2", b"2ELIFREP"];
    if starts.iter().any(|start| head.starts_with(start)) {
        return Some(true);
    }
    let is_open = starts.iter().any(|start| start.starts_with(head));
    if is_open { None } else { Some(false) }
}

impl Folder {
    /// Folds the file at `path` into a tree, reading it in one pass. A pipe is read as
    /// [`Collapse::collapse_to_tree`] does.
    ///
    /// ```
    /// use inferno::collapse::perf_data::{Folder, Options};
    /// use inferno::folded;
    /// use std::path::Path;
    ///
    /// # if !cfg!(feature = "perf-data") { return Ok(()) }
    /// let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/perf-data"));
    /// let mut options = Options::default();
    /// options.symfs = Some(data.join("symfs"));
    /// let tree = Folder::from(options).collapse_path_to_tree(&data.join("dwarf.data"))?;
    ///
    /// let mut text = Vec::new();
    /// folded::write(&tree, &mut text)?;
    /// assert!(String::from_utf8_lossy(&text).contains("spin;_start;run;recurse;recurse;leaf;"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Collapse::collapse`], and if the file cannot be opened; the message names the path.
    pub fn collapse_path_to_tree(&self, path: &Path) -> io::Result<CallTree> {
        let file = open(path)?;
        match file.metadata()?.is_file() {
            true => fold_file(&self.options, file),
            false => fold_reader(&self.options, io::BufReader::new(file)),
        }
        .map(Forest::merged)
    }
}

impl Listed for Options {
    const NAME: &'static str = "perf";
    const DESCRIPTION: &'static str = "perf.data, or the output of `perf script`";
    const EXPECTED: &'static str = "the output of `perf script`";
    const ORIGIN: &'static [Criterion] = &Criterion::ALL;

    fn sniff(head: &[u8]) -> Option<bool> {
        match (
            is_perf_data(head),
            Format::sniff(&perf::Options::default(), head),
        ) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }

    fn adopt(&mut self, options: &guess::Options) {
        *self = options.perf_data();
    }

    fn select(&mut self, selection: &Selection) {
        self.stacks.select(selection);
    }

    fn fold(self, mut reader: Reader<'_>) -> io::Result<Forest> {
        let mut head = Vec::new();
        reader.by_ref().take(8).read_to_end(&mut head)?;
        reader.after(&head, |reader| match (is_perf_data(&head), reader) {
            (Some(true), Reader::Stream(stream)) => fold_reader(&self, stream),
            (Some(true), Reader::AtPlaces(file)) => fold_file(&self, file.into_inner()),
            (_, script) => perf::Folder::from(self.stacks).fold(script),
        })
    }
}

impl Collapse for Folder {
    fn collapse<R, W>(&mut self, reader: R, writer: W) -> io::Result<()>
    where
        R: BufRead,
        W: Write,
    {
        crate::folded::write(&self.collapse_to_tree(reader)?, writer)
    }

    fn collapse_file<P, W>(&mut self, infile: Option<P>, writer: W) -> io::Result<()>
    where
        P: AsRef<Path>,
        W: Write,
    {
        match infile {
            Some(path) => crate::folded::write(&self.collapse_path_to_tree(path.as_ref())?, writer),
            None => self.collapse(io::stdin().lock(), writer),
        }
    }

    /// Whether the input starts as a `perf.data` file does.
    fn is_applicable(&mut self, input: &str) -> Option<bool> {
        is_perf_data(input.as_bytes())
    }

    /// See [`Collapse::collapse_to_tree`]. What `perf record -o -` writes is read in a stream; a
    /// file has parts behind the records that are needed first, and is held in memory. Prefer
    /// [`Folder::collapse_path_to_tree`].
    fn collapse_to_tree<R>(&mut self, reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        self.collapse_to_forest(reader).map(Forest::merged)
    }

    fn collapse_to_forest<R>(&mut self, reader: R) -> io::Result<Forest>
    where
        R: BufRead,
    {
        fold_reader(&self.options, reader)
    }

    fn collapse_file_to_forest(&mut self, file: &dyn ReadAt) -> io::Result<Forest> {
        fold_file(&self.options, in_order(file).into_inner())
    }

    fn collapse_slice_to_tree(&mut self, profile: &[u8]) -> io::Result<CallTree> {
        fold_file(&self.options, io::Cursor::new(profile)).map(Forest::merged)
    }
}

#[cfg(not(feature = "perf-data"))]
fn fold_file(options: &Options, _: impl io::Read) -> io::Result<Forest> {
    fold_reader(options, io::empty())
}

#[cfg(not(feature = "perf-data"))]
fn fold_reader(_: &Options, _: impl BufRead) -> io::Result<Forest> {
    let message = "perf.data cannot be read: built without the feature `perf-data`; \
                   take the output of `perf script`";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

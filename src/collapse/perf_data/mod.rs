//! `perf.data`: the files of `perf record`, read without `perf script`.
//!
//! The result is that of folding the output of `perf script` for the same file with [`perf`], in a
//! fraction of the time. `docs/DIFFERENCES.md` lists where symbols and unwound stacks differ.
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
//! This requires the crate's feature `perf-data`; without it, an error says so.
//!
//! # Implementation
//!
//! ```text
//! records ─> processes, maps ─> samples ─┬─> worker: tree of locations ─┬─> symbols, ─> CallTree
//!            (in the order of time)      └─> worker: tree of locations ─┘   inlined calls
//! ```
//!
//! Records are read as a stream, in time order. They contain the mappings of processes, which turn
//! an address in a sample into a location in an object: a file and an offset. Stacks are counted in
//! a tree of such locations. Symbols are read afterwards, one object at a time, and each location
//! is named once: memory and time depend on distinct content, not on the number of samples.
//!
//! [`nthreads`](struct@perf::Options#structfield.nthreads) workers parse, unwind and count stacks
//! while another thread reads; then they read the symbols. The result does not depend on their
//! number.
//!
//! Stacks recorded as registers and the top of the stack are unwound with the tables in the
//! objects, which are read once for all processes. If the recorded part of the stack ends before
//! the stack does, the outermost frame is `[unknown]`, as in `perf script`.
//!
//! # Supported files
//!
//! Files of `perf record` in both byte orders, compressed (`-z`) or not, and its output to pipes;
//! several events, also in groups (`{a,b}:S`), of which [one is
//! folded](perf::Options::event_filter), by default the first in the header; call chains from frame
//! pointers, also if the kernel records the user part later (`--call-graph fp,defer`); DWARF
//! unwinding on x86-64 and AArch64; and calls recorded by the processor (`--call-graph lbr`). Other
//! branches are skipped.
//!
//! Symbols come from the objects' files, `~/.debug`, debug files by build ID and `.gnu_debuglink`,
//! `.dwo` and `.dwp` files, `.gnu_debugdata`, `/tmp/perf-PID.map`, and `/proc/kallsyms` or a
//! similar file. A file whose build ID differs from the recorded one is never used, and for a
//! recording from another machine, only files with a build ID are. Files in a container are used as
//! long as its process is running. Only regular files are opened, and JIT maps must belong to the
//! user or root. Nothing is fetched from the network. A function without a name is named after its
//! object, `[libc.so.6]`, and a warning says why.

#[cfg_attr(not(feature = "perf-data"), path = "no_recording.rs")]
mod recording;

use super::engine::folder::{Collapse, open};
use super::engine::format::Listed;
use super::engine::format::{Format, Samples};
use super::engine::shared::Shared;
use super::perf;
use super::selection::{Criterion, Selection};
use crate::call_tree::{CallTree, Forest};
use crate::input::Reader;
use crate::input::{ReadAt, in_order};
use recording::{fold_file, fold_reader};
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

/// Options for a `perf.data` file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The options shared with the output of `perf script`.
    pub stacks: perf::Options,

    /// Show inlined calls as separate frames, if there is debug information. Default: `true`.
    pub inline: bool,

    /// A copy of `/proc/kallsyms` of the kernel that was recorded. Default: `None`, the kernel that
    /// is running, if it is the one that was recorded.
    pub kallsyms: Option<PathBuf>,

    /// The directory in which to look for mapped files, instead of `/`. Default: `None`.
    pub symfs: Option<PathBuf>,

    /// Directories with debug information in addition to `/usr/lib/debug`. Default: none.
    pub debug_dirs: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            stacks: perf::Options::default(),
            inline: true,
            kallsyms: None,
            symfs: None,
            debug_dirs: Vec::new(),
        }
    }
}

/// Folds a `perf.data` file. See the [module](self) for details.
#[derive(Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

/// Whether a file that starts with `head` was written by `perf record`; `None` if more bytes are
/// needed.
///
/// ```
/// use inferno::collapse::perf_data::is_perf_data;
///
/// assert_eq!(is_perf_data(b"PERFILE2\x68\0\0\0\0\0\0\0"), Some(true));
/// assert_eq!(is_perf_data(b"PERF"), None);
/// assert_eq!(is_perf_data(b"prog 1 1.0: 7 cycles:"), Some(false));
/// ```
pub fn is_perf_data(head: &[u8]) -> Option<bool> {
    // The same word in either byte order.
    let starts: [&[u8]; 2] = [b"PERFILE2", b"2ELIFREP"];
    if starts.iter().any(|start| head.starts_with(start)) {
        return Some(true);
    }
    let is_open = starts.iter().any(|start| start.starts_with(head));
    if is_open { None } else { Some(false) }
}

impl Folder {
    /// Folds the file at `path` into a tree, in one pass. A pipe is read as in
    /// [`Collapse::collapse_to_tree`].
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
    /// The same as for [`Collapse::collapse`], and if the file cannot be opened; the message names
    /// the path.
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
    const SAMPLES: Option<Samples> = Some(perf::SAMPLES);

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

    fn adopt(&mut self, shared: &Shared) {
        let stacks = &mut self.stacks;
        stacks.lines |= shared.lines;
        stacks.demangle = shared.demangle;
        stacks.in_time_order = shared.in_time_order;
        stacks.nthreads = shared.nthreads;
        stacks.select(&shared.selection);
        stacks.include_pid |= shared.threads;
        stacks.include_tid |= shared.threads;
        stacks.count_samples |= shared.value.as_deref() == Some("samples");
    }

    fn select(&mut self, selection: &Selection) {
        self.stacks.select(selection);
    }

    fn fold(self, mut reader: Reader<'_>) -> io::Result<Forest> {
        let mut head = Vec::new();
        reader.by_ref().take(8).read_to_end(&mut head)?;
        reader.after(&head, |reader| match (is_perf_data(&head), reader) {
            (Some(true), Reader::Stream(stream)) => fold_reader(&self, stream),
            (Some(true), Reader::RandomAccess(file)) => fold_file(&self, file.into_inner()),
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

    /// Whether the input starts like a `perf.data` file.
    fn is_applicable(&mut self, input: &str) -> Option<bool> {
        is_perf_data(input.as_bytes())
    }

    /// See [`Collapse::collapse_to_tree`]. The output of `perf record -o -` is read as a stream; a
    /// file is read into memory, because parts after the records are needed first. Prefer
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

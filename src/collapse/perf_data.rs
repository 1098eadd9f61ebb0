//! `perf.data` itself, what `perf record` writes, without `perf script`.
//!
//! What comes out is what [`perf`](super::perf) makes of the output of `perf script` for the same
//! file, in a fraction of the time.
//!
//! ```text
//! records ─> processes, maps ─> samples ─> tree of places ─> symbols, inlined calls ─> CallTree
//! ```

mod bytes;
mod compressed;
mod event;
mod files;
mod header;
mod inline;
mod kernel;
mod naming;
mod objects;
mod processes;
mod records;
mod resolve;
mod sample;
mod stacks;
mod symbols;
mod unwind;

use super::perf::{self, EventName, Report};
use super::{Collapse, open};
use crate::call_tree::CallTree;
use files::{Files, Found};
use header::{Header, Start, invalid};
use naming::Naming;
use objects::ObjectId;
use processes::Processes;
use records::{Record, Records, kind};
use resolve::{Resolver, known_build_ids};
use sample::{Comm, Fork, KernelSymbol, Mapping, Sample};
use stacks::Stacks;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use unwind::Unwinder;

/// What to make of a `perf.data` file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// What to make of the stacks: the options that the output of `perf script` has.
    pub stacks: perf::Options,

    /// Show calls that the compiler inlined as frames of their own, where there is debug
    /// information. Default: `true`.
    pub inline: bool,

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

/// Whether a file that starts with `head` is what `perf record` writes; `None` if it takes more of
/// the file to tell.
pub fn is_perf_data(head: &[u8]) -> Option<bool> {
    let starts = [&b"PERFILE2"[..], b"2ELIFREP"];
    match Start::read(head) {
        Some(_) => Some(true),
        None if starts.iter().any(|start| start.starts_with(head)) => None,
        None => Some(head.len() < Start::LENGTH && starts.contains(&&head[..head.len().min(8)])),
    }
}

impl Folder {
    /// Folds the file at `path` into a tree, reading it in one pass.
    ///
    /// # Errors
    /// As [`Collapse::collapse`], and if the file cannot be opened; the message names the path.
    pub fn collapse_path_to_tree(&self, path: &Path) -> io::Result<CallTree> {
        self.fold_file(open(path)?)
    }

    fn fold_file(&self, mut file: impl Read + Seek) -> io::Result<CallTree> {
        const BUFFER: usize = 1 << 18;
        match read_start(&mut file)? {
            start if start.is_pipe => {
                self.fold_pipe(start, BufReader::with_capacity(BUFFER, file))
            }
            start => {
                let (header, length) = Header::read_file(&mut file, start.order)?;
                let records = BufReader::with_capacity(BUFFER, file.take(length));
                self.fold(Records::new(header, Box::new(records)))
            }
        }
    }

    fn fold_pipe(&self, start: Start, reader: impl Read) -> io::Result<CallTree> {
        self.fold(Records::new(Header::new(start.order), Box::new(reader)))
    }

    fn fold(&self, mut records: Records<'_>) -> io::Result<CallTree> {
        let mut folding = Folding::new(&self.options);
        while let Some(record) = records.next()? {
            folding.take(&record, &records.header);
        }
        folding.conclude(&records.header)
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
            Some(path) => {
                crate::folded::write(&self.collapse_path_to_tree(path.as_ref())?, writer)
            }
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
    fn collapse_to_tree<R>(&mut self, mut reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        let start = read_start(&mut reader)?;
        if start.is_pipe {
            return self.fold_pipe(start, reader);
        }
        let mut file = start.bytes.to_vec();
        reader.read_to_end(&mut file)?;
        self.fold_file(Cursor::new(file))
    }

    fn collapse_slice_to_tree(&mut self, profile: &[u8]) -> io::Result<CallTree> {
        self.fold_file(Cursor::new(profile))
    }
}

fn read_start(reader: &mut impl Read) -> io::Result<Start> {
    let mut head = Vec::new();
    reader.take(Start::LENGTH as u64).read_to_end(&mut head)?;
    Start::read(&head).ok_or_else(|| invalid("this is not what `perf record` writes"))
}

/// What is known while records are read.
struct Folding<'a> {
    options: &'a Options,
    files: Files,
    processes: Processes,
    stacks: Stacks,
    unwinder: Option<Unwinder>,
    report: Report,
    /// The event that is folded, without modifiers.
    filter: Option<Vec<u8>>,
    unreadable: u64,
}

impl<'a> Folding<'a> {
    fn new(options: &'a Options) -> Folding<'a> {
        let filter = options.stacks.event_filter.as_ref();
        Folding {
            options,
            files: Files::new(options.symfs.clone(), &options.debug_dirs),
            processes: Processes::default(),
            stacks: Stacks::default(),
            unwinder: None,
            report: Report::default(),
            filter: filter.map(|name| name.as_bytes().to_vec()),
            unreadable: 0,
        }
    }

    fn take(&mut self, record: &Record, header: &Header) {
        if self.try_take(record, header).is_none() {
            self.unreadable += 1;
        }
    }

    fn try_take(&mut self, record: &Record, header: &Header) -> Option<()> {
        let (body, misc, order) = (record.body.as_slice(), record.misc, header.order);
        match record.kind {
            kind::SAMPLE => self.take_sample(record, header)?,
            kind::MMAP => self.map(&Mapping::read(body, misc, order)?, misc),
            kind::MMAP2 => self.map(&Mapping::read_second(body, misc, order)?, misc),
            kind::COMM => self.processes.rename(&Comm::read(body, order)?),
            kind::FORK => self.processes.fork(&Fork::read(body, misc, order)?),
            kind::KSYMBOL => {
                let symbol = KernelSymbol::read(body, order)?;
                self.processes.change_kernel(&symbol);
            }
            _ => {}
        }
        Some(())
    }

    fn map(&mut self, mapping: &Mapping<'_>, misc: u16) {
        const KERNEL: u16 = 1;
        match misc & 7 {
            KERNEL => self.processes.map_kernel(mapping),
            _ => self.processes.map(mapping),
        }
    }

    fn take_sample(&mut self, record: &Record, header: &Header) -> Option<()> {
        let event = header.events.get(record.event)?;
        let sample = Sample::read(&record.body, event, header.order)?;
        let name = EventName::new(&event.name);
        let filter = self.filter.get_or_insert_with(|| name.name.to_vec());
        if !name.is(filter) {
            self.report.leave_out(name.name);
            return Some(());
        }
        let unwinder = self
            .unwinder
            .get_or_insert_with(|| Unwinder::new(&header.arch));
        let (files, objects) = (&self.files, &self.processes.objects);
        let mut open = |id: ObjectId| -> Found {
            let object = objects.get(id);
            files.program(object, &known_build_ids(object, &header.build_ids))
        };
        let stacks = &mut self.stacks;
        if stacks.read(&sample, record.misc, &self.processes, unwinder, &mut open) {
            let period = sample.period.filter(|_| event.has_printed_period());
            let comm = self.processes.comm(sample.tid);
            stacks.count(&sample, comm, period.unwrap_or(1), &self.options.stacks);
        } else {
            self.report.without_stack += 1;
        }
        Some(())
    }

    fn conclude(self, header: &Header) -> io::Result<CallTree> {
        let resolver = Resolver {
            files: &self.files,
            header,
            kallsyms: self.options.kallsyms.as_deref(),
            with_inlined: self.options.inline,
        };
        let objects = &self.processes.objects;
        let resolved = resolver.resolve(&self.stacks.locations, objects);
        let naming = Naming {
            options: &self.options.stacks,
            objects,
            resolved: &resolved,
        };
        let tree = naming.name(&self.stacks);
        let was_asked_for = self.options.stacks.event_filter.is_some();
        self.report
            .log(self.filter.as_deref(), was_asked_for, tree.is_empty());
        Ok(tree)
    }
}

//! The way from a file to a tree.

use super::Options;
use super::files::{Files, Found};
use super::header::{Header, Start, invalid};
use super::naming::Naming;
use super::objects::ObjectId;
use super::processes::Processes;
use super::records::{Record, Records, kind};
use super::report::{Reading, Unnamed};
use super::resolve::{Resolver, known_build_ids};
use super::sample::{Comm, Fork, KernelSymbol, Mapping, Sample};
use super::stacks::Stacks;
use super::unwind::Unwinder;
use crate::call_tree::CallTree;
use crate::collapse::perf::{EventName, Report};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};

/// Folds a file, which is read in one pass.
pub(super) fn fold_file(options: &Options, mut file: impl Read + Seek) -> io::Result<CallTree> {
    const BUFFER: usize = 1 << 18;
    let start = read_start(&mut file)?;
    if start.is_pipe {
        return fold_pipe(options, start, BufReader::with_capacity(BUFFER, file));
    }
    let (header, length) = Header::read_file(&mut file, start.order)?;
    let records = BufReader::with_capacity(BUFFER, file.take(length));
    fold(options, Records::new(header, Box::new(records)))
}

/// Folds what `reader` gives, which is held in memory unless it is what perf writes to pipes.
pub(super) fn fold_reader(options: &Options, mut reader: impl BufRead) -> io::Result<CallTree> {
    let start = read_start(&mut reader)?;
    if start.is_pipe {
        return fold_pipe(options, start, reader);
    }
    let mut file = start.bytes.to_vec();
    reader.read_to_end(&mut file)?;
    fold_file(options, Cursor::new(file))
}

fn fold_pipe(options: &Options, start: Start, reader: impl Read) -> io::Result<CallTree> {
    fold(
        options,
        Records::new(Header::new(start.order), Box::new(reader)),
    )
}

fn fold(options: &Options, mut records: Records<'_>) -> io::Result<CallTree> {
    let mut folding = Folding::new(options);
    while let Some(record) = records.next()? {
        folding.take(&record, &records.header);
    }
    folding.reading.note_damage(records.header.damage);
    folding.conclude(&records.header)
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
    reading: Reading,
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
            reading: Reading::default(),
        }
    }

    fn take(&mut self, record: &Record, header: &Header) {
        if self.try_take(record, header).is_none() {
            self.reading.unreadable += 1;
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
            kind::LOST => self.reading.note_lost(body, order, 8),
            kind::LOST_SAMPLES => self.reading.note_lost(body, order, 0),
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
        self.reading.log();
        Unnamed::find(&self.stacks, objects, &resolved).log();
        let was_asked_for = self.options.stacks.event_filter.is_some();
        self.report
            .log(self.filter.as_deref(), was_asked_for, tree.is_empty());
        Ok(tree)
    }
}

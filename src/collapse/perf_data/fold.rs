//! The way from a file to a tree.

use super::Options;
use super::bytes::ByteOrder;
use super::crew;
use super::event::Event;
use super::files::{Files, Found};
use super::header::{BuildIds, Header, Start, invalid};
use super::naming::Naming;
use super::objects::{Object, ObjectId, ObjectList};
use super::processes::Processes;
use super::records::{Record, Records, kind};
use super::report::{Reading, Unnamed};
use super::resolve::{Resolver, known_build_ids};
use super::sample::{Comm, Fork, KernelSymbol, Mapping, Sample};
use super::stacks::{Spaces, Stacks};
use super::unwind::{AllTables, Open, Unwinder};
use crate::call_tree::CallTree;
use crate::collapse::perf::{self, EventName, Report};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::sync::Arc;

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
    let files = Files::new(options.symfs.clone(), &options.debug_dirs);
    let mut reader = Reader::new(options);
    let (read, workers) = crew::work(
        options.stacks.nthreads,
        |worker: &mut Worker, batch: Batch| worker.fold(&batch, &files, &options.stacks),
        |give| reader.read(&mut records, give),
    );
    read?;
    reader.reading.note_damage(records.header.damage);
    conclude(options, &files, &records.header, reader, workers)
}

fn read_start(reader: &mut impl Read) -> io::Result<Start> {
    let mut head = Vec::new();
    reader.take(Start::LENGTH as u64).read_to_end(&mut head)?;
    Start::read(&head).ok_or_else(|| invalid("this is not what `perf record` writes"))
}

/// What is known while records are read.
struct Reader {
    processes: Processes,
    /// What all samples have in common, once there is one.
    recording: Option<Arc<Recording>>,
    /// The samples that wait for a worker, and their size in bytes.
    waiting: Vec<WaitingSample>,
    size: usize,
    report: Report,
    /// The event that is folded, without modifiers.
    filter: Option<Vec<u8>>,
    reading: Reading,
}

/// A sample, and what was so at its time.
struct WaitingSample {
    record: Record,
    event: Arc<Event>,
    spaces: Spaces,
    comm: Arc<[u8]>,
}

/// What a worker does at a time.
struct Batch {
    samples: Vec<WaitingSample>,
    recording: Arc<Recording>,
}

/// What all samples have in common.
struct Recording {
    order: ByteOrder,
    arch: Vec<u8>,
    build_ids: BuildIds,
    objects: ObjectList,
    tables: Arc<AllTables>,
}

impl Reader {
    fn new(options: &Options) -> Reader {
        let filter = options.stacks.event_filter.as_ref();
        Reader {
            processes: Processes::default(),
            recording: None,
            waiting: Vec::new(),
            size: 0,
            report: Report::default(),
            filter: filter.map(|name| name.as_bytes().to_vec()),
            reading: Reading::default(),
        }
    }

    fn read(&mut self, records: &mut Records<'_>, give: &mut dyn FnMut(Batch)) -> io::Result<()> {
        const BATCH: usize = 1 << 20;
        while let Some(record) = records.next()? {
            if self.take(record, &records.header).is_none() {
                self.reading.unreadable += 1;
            }
            if self.size > BATCH {
                self.give_waiting(give);
            }
        }
        self.give_waiting(give);
        Ok(())
    }

    fn give_waiting(&mut self, give: &mut dyn FnMut(Batch)) {
        if let Some(recording) = &self.recording {
            let samples = std::mem::take(&mut self.waiting);
            let recording = recording.clone();
            self.size = 0;
            give(Batch { samples, recording });
        }
    }

    fn take(&mut self, record: Record, header: &Header) -> Option<()> {
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

    fn take_sample(&mut self, record: Record, header: &Header) -> Option<()> {
        let event = header.events.get(record.event)?;
        let sample = Sample::read(&record.body, event, header.order)?;
        let name = EventName::new(&event.name);
        let filter = self.filter.get_or_insert_with(|| name.name.to_vec());
        if !name.is(filter) {
            self.report.leave_out(name.name);
            return Some(());
        }
        let processes = &self.processes;
        self.recording.get_or_insert_with(|| {
            Arc::new(Recording {
                order: header.order,
                arch: header.arch.clone(),
                build_ids: header.build_ids.clone(),
                objects: processes.objects.list.clone(),
                tables: Arc::default(),
            })
        });
        let (pid, tid) = (sample.pid, sample.tid);
        self.size += size_of::<WaitingSample>() + record.body.len();
        self.waiting.push(WaitingSample {
            record,
            event: event.clone(),
            spaces: Spaces {
                user: processes.space(pid).clone(),
                kernel: processes.kernel.clone(),
            },
            comm: processes.comm(tid),
        });
        Some(())
    }
}

/// Makes a tree of samples.
#[derive(Default)]
struct Worker {
    stacks: Stacks,
    unwinder: Option<Unwinder>,
    without_stack: u64,
}

impl Worker {
    fn fold(&mut self, batch: &Batch, files: &Files, options: &perf::Options) {
        for waiting in &batch.samples {
            self.fold_sample(waiting, &batch.recording, files, options);
        }
    }

    fn fold_sample(
        &mut self,
        waiting: &WaitingSample,
        recording: &Recording,
        files: &Files,
        options: &perf::Options,
    ) -> Option<()> {
        let (record, event) = (&waiting.record, &waiting.event);
        let sample = Sample::read(&record.body, event, recording.order)?;
        let new = || Unwinder::new(&recording.arch, recording.tables.clone());
        let unwinder = self.unwinder.get_or_insert_with(new);
        let stacks = &mut self.stacks;
        let files = (recording, files);
        if stacks.read(&sample, record.misc, &waiting.spaces, unwinder, &files) {
            let count = event.count(sample.period);
            stacks.count(&sample, waiting.comm.clone(), count, options);
        } else {
            self.without_stack += 1;
        }
        Some(())
    }
}

impl Open for (&Recording, &Files) {
    fn object(&self, id: ObjectId) -> Arc<Object> {
        self.0.objects.get(id)
    }

    fn open(&self, object: &Object) -> Found {
        let build_ids = known_build_ids(object, &self.0.build_ids);
        self.1.program(object, &build_ids)
    }
}

/// Names what was counted, and says what is odd about it.
fn conclude(
    options: &Options,
    files: &Files,
    header: &Header,
    mut reader: Reader,
    workers: Vec<Worker>,
) -> io::Result<CallTree> {
    let mut places = CallTree::new();
    for worker in workers {
        reader.report.without_stack += worker.without_stack;
        match places.is_empty() {
            true => places = worker.stacks.tree,
            false => places.merge(&worker.stacks.tree),
        }
    }
    let resolver = Resolver {
        files,
        build_ids: &header.build_ids,
        os_release: &header.os_release,
        kallsyms: options.kallsyms.as_deref(),
        with_inlined: options.inline,
    };
    let objects = &reader.processes.objects.list;
    let resolved = resolver.resolve(&places, objects, options.stacks.nthreads);
    let naming = Naming {
        options: &options.stacks,
        objects,
        resolved: &resolved,
    };
    let tree = naming.name(&places);
    reader.reading.log();
    Unnamed::find(&places, objects, &resolved).log();
    let was_asked_for = options.stacks.event_filter.is_some();
    let filter = reader.filter.as_deref();
    reader.report.log(filter, was_asked_for, tree.is_empty());
    Ok(tree)
}

//! The way from a file to a tree.

use super::Options;
use super::choice::{Choice, Rank};
use super::counters::{Counters, Readings};
use super::crew;
use super::deferred::{self, Rest};
use super::event::Event;
use super::header::{BuildIds, Header, Start, invalid};
use super::naming::Naming;
use super::objects::{ObjectId, ObjectList, identity};
use super::processes::Processes;
use super::records::{Record, Records, kind};
use super::report::{Reading, Unnamed};
use super::resolve::Resolver;
use super::sample::{Comm, Fork, KernelSymbol, Mapping, Sample, thread_of_record};
use super::stacks::{Spaces, Stacks};
use super::unwind::{AllTables, Open, Unwinder};
use crate::bytes::ByteOrder;
use crate::call_tree::{CallTree, Forest, Timeline};
use crate::collapse::format::Format;
use crate::collapse::perf::{self, Report, Sums};
use crate::symbols::{Files, Found, Object, Origin};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::sync::Arc;

/// Folds a file, which is read in one pass.
pub(super) fn fold_file(options: &Options, mut file: impl Read + Seek) -> io::Result<Forest> {
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
pub(super) fn fold_reader(options: &Options, mut reader: impl BufRead) -> io::Result<Forest> {
    let start = read_start(&mut reader)?;
    if start.is_pipe {
        return fold_pipe(options, start, reader);
    }
    let mut file = start.bytes.to_vec();
    reader.read_to_end(&mut file)?;
    fold_file(options, Cursor::new(file))
}

fn fold_pipe(options: &Options, start: Start, reader: impl Read) -> io::Result<Forest> {
    fold(
        options,
        Records::new(Header::new(start.order), Box::new(reader)),
    )
}

fn fold(options: &Options, mut records: Records<'_>) -> io::Result<Forest> {
    let files = Files::new(options.symfs.clone(), &options.debug_dirs);
    let mut reader = Reader::new(options);
    let (read, workers) = crew::work(
        options.stacks.nthreads(),
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
    deferred: deferred::Waiting<WaitingSample>,
    choice: Choice,
    counters: Counters,
    /// How many samples were taken so far.
    taken: u64,
    /// What the latest sample counts as, of each event that it is of.
    counts: Vec<(Rank, u64)>,
    reading: Reading,
}

/// A sample, and what was so at its time.
struct WaitingSample {
    /// How many samples there were before it.
    place: u64,
    record: Record,
    /// What has the rest of its call chain, if that is not in the sample.
    rest: Option<Arc<Record>>,
    event: Arc<Event>,
    spaces: Spaces,
    comm: Arc<[u8]>,
    count: u64,
}

impl WaitingSample {
    fn size(&self) -> usize {
        size_of::<WaitingSample>() + self.record.body.len()
    }
}

/// What a worker does at a time.
struct Batch {
    samples: Vec<WaitingSample>,
    /// That of their event.
    rank: Rank,
    recording: Arc<Recording>,
}

/// What all samples have in common.
struct Recording {
    order: ByteOrder,
    arch: Vec<u8>,
    build_ids: BuildIds,
    origin: Origin,
    objects: ObjectList,
    tables: Arc<AllTables>,
}

impl Reader {
    fn new(options: &Options) -> Reader {
        Reader {
            processes: Processes::default(),
            recording: None,
            waiting: Vec::new(),
            size: 0,
            taken: 0,
            deferred: deferred::Waiting::default(),
            choice: Choice::new(options.stacks.event_filter.as_deref()),
            counters: Counters::default(),
            counts: Vec::new(),
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
        self.give_up_deferred();
        self.give_waiting(give);
        Ok(())
    }

    fn give_waiting(&mut self, give: &mut dyn FnMut(Batch)) {
        if let (Some(recording), Some(rank)) = (&self.recording, self.choice.chosen()) {
            let samples = std::mem::take(&mut self.waiting);
            let recording = recording.clone();
            self.size = 0;
            give(Batch {
                samples,
                rank,
                recording,
            });
        }
    }

    fn take(&mut self, record: Record, header: &Header) -> Option<()> {
        let (body, misc, order) = (record.body.as_slice(), record.misc, header.order);
        match record.kind {
            kind::SAMPLE => self.take_sample(record, header)?,
            kind::MMAP => self.map(&Mapping::read(body, misc, order)?, misc),
            kind::MMAP2 => self.map(&Mapping::read_second(body, misc, order)?, misc),
            kind::COMM => self.processes.rename(&Comm::read(body, misc, order)?),
            kind::FORK => self.processes.fork(&Fork::read(body, misc, order)?),
            // Else, samples from before it may still come.
            kind::EXIT if record.is_in_order() => {
                self.processes.exit(&Fork::read(body, misc, order)?);
            }
            kind::LOST => self.reading.note_lost(body, order, 8),
            kind::LOST_SAMPLES => self.reading.note_lost(body, order, 0),
            kind::CALLCHAIN_DEFERRED => self.join(record, header)?,
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
        let before = self.choice.chosen();
        let count = self.count(&sample, record.event, header);
        if self.choice.chosen() != before {
            self.forget_waiting();
        }
        let Some(count) = count else { return Some(()) };
        let processes = &self.processes;
        self.recording.get_or_insert_with(|| {
            Arc::new(Recording {
                order: header.order,
                arch: header.arch.clone(),
                build_ids: header.build_ids.clone(),
                origin: header.origin(),
                objects: processes.objects.list.clone(),
                tables: Arc::default(),
            })
        });
        let (pid, tid) = (sample.pid, sample.tid);
        let cookie = sample.callchain.and_then(deferred::cookie);
        self.taken += 1;
        let waiting = WaitingSample {
            place: self.taken,
            record,
            rest: None,
            event: event.clone(),
            spaces: Spaces {
                user: processes.space(pid).clone(),
                kernel: processes.kernel.clone(),
            },
            comm: processes.comm(tid),
            count,
        };
        match cookie {
            Some(cookie) => self.defer(tid, cookie, waiting),
            None => self.enqueue(waiting),
        }
        Some(())
    }

    fn enqueue(&mut self, sample: WaitingSample) {
        self.size += sample.size();
        self.waiting.push(sample);
    }

    fn defer(&mut self, thread: i32, cookie: u64, sample: WaitingSample) {
        let size = sample.size();
        self.deferred.add(cookie, thread, sample, size);
        if self.deferred.is_full() {
            self.give_up_deferred();
        }
    }

    /// Joins the rest of their call chains to the samples that wait for it.
    fn join(&mut self, record: Record, header: &Header) -> Option<()> {
        let event = header.events.get(record.event)?;
        let thread = thread_of_record(&record.body, event, header.order);
        let cookie = Rest::read(&record.body, header.order)?.cookie;
        let record = Arc::new(record);
        for mut sample in self.deferred.take(cookie, thread) {
            sample.rest = Some(record.clone());
            self.enqueue(sample);
        }
        Some(())
    }

    fn give_up_deferred(&mut self) {
        for sample in self.deferred.take_all() {
            self.reading.without_rest += 1;
            self.enqueue(sample);
        }
    }

    /// Forgets the samples of an event that is not to be folded after all.
    fn forget_waiting(&mut self) {
        self.waiting.clear();
        self.size = 0;
        self.deferred = deferred::Waiting::default();
    }

    /// What a sample counts as of the event that is folded; `None` if it is not of that event.
    fn count(&mut self, sample: &Sample<'_>, index: usize, header: &Header) -> Option<u64> {
        self.counts.clear();
        let readings = sample.readings;
        if !readings.is_some_and(|it| self.note_readings(it, sample, index, header)) {
            self.note(index, sample.period, header);
        }
        let chosen = self.choice.chosen();
        let counts = self.counts.iter();
        let of_chosen = counts.filter(|(rank, _)| Some(*rank) == chosen);
        of_chosen
            .map(|(_, count)| *count)
            .reduce(u64::saturating_add)
    }

    fn note(&mut self, index: usize, period: Option<u64>, header: &Header) {
        let event = header.events.get(index);
        let rank = self.choice.note(index, &header.events);
        let counted = rank.zip(event.map(|event| event.count(period)));
        self.counts.extend(counted);
    }

    /// Notes each event of the group that happened since the sample before. Returns whether the
    /// counters are of events in the file at all.
    fn note_readings(
        &mut self,
        readings: Readings<'_>,
        sample: &Sample<'_>,
        index: usize,
        header: &Header,
    ) -> bool {
        let leader = header.events.get(index);
        let is_per_thread = leader.is_some_and(|event| event.has_counters_of_threads());
        let thread = is_per_thread.then_some(sample.tid);
        let (mut known, mut unknown) = (0, 0);
        for (id, value) in readings.iter() {
            let id = id.or(sample.id.filter(|_| readings.is_one()));
            let index = id.and_then(|id| header.event_of_id.get(&id).copied());
            let (Some(id), Some(index)) = (id, index) else {
                unknown += 1;
                continue;
            };
            known += 1;
            let times = self.counters.advance((id, thread), value);
            if times > 0 {
                self.note(index, Some(times), header);
            }
        }
        if known > 0 {
            self.reading.unknown_counters += unknown;
        }
        known > 0
    }
}

/// Makes a tree of samples.
#[derive(Default)]
struct Worker {
    /// That of the event whose samples these are.
    rank: Option<Rank>,
    stacks: Stacks,
    unwinder: Option<Unwinder>,
    timeline: Timeline,
    sums: Sums,
    without_stack: u64,
}

impl Worker {
    fn fold(&mut self, batch: &Batch, files: &Files, options: &perf::Options) {
        if self.rank != Some(batch.rank) {
            *self = Worker {
                rank: Some(batch.rank),
                unwinder: self.unwinder.take(),
                ..Worker::default()
            };
        }
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
        let mut sample = Sample::read(&record.body, event, recording.order)?;
        let rest = waiting.rest.as_ref();
        sample.rest = rest.and_then(|it| Rest::read(&it.body, recording.order));
        let new = || Unwinder::new(&recording.arch, recording.tables.clone());
        let unwinder = self.unwinder.get_or_insert_with(new);
        let stacks = &mut self.stacks;
        let files = (recording, files);
        if stacks.read(&sample, record.misc, &waiting.spaces, unwinder, &files) {
            let count = match options.count_samples {
                true => 1,
                false => waiting.count,
            };
            self.sums.add(Some(waiting.count));
            let node = stacks.count(&sample, waiting.comm.clone(), count, options);
            if options.in_time_order {
                let thread = sample.tid.to_le_bytes();
                self.timeline.add(&thread, waiting.place, node, count);
            }
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
        let identity = identity(object, &self.0.build_ids, self.0.origin);
        self.1.program(object, &identity)
    }

    fn perf_map(&self, object: &Object) -> Vec<u8> {
        let identity = identity(object, &self.0.build_ids, self.0.origin);
        self.1.perf_map(object, &identity).unwrap_or_default()
    }
}

/// Names what was counted, and says what is odd about it.
fn conclude(
    options: &Options,
    files: &Files,
    header: &Header,
    reader: Reader,
    workers: Vec<Worker>,
) -> io::Result<Forest> {
    let (mut places, mut report) = (CallTree::new(), Report::default());
    let mut timeline = Timeline::default();
    let mut sums = Sums::default();
    let chosen = reader.choice.chosen();
    for worker in workers.into_iter().filter(|it| it.rank == chosen) {
        sums.merge(worker.sums);
        report.without_stack += worker.without_stack;
        match places.is_empty() {
            // In time order there is one.
            true => (places, timeline) = (worker.stacks.tree, worker.timeline),
            false => places.merge(&worker.stacks.tree),
        }
    }
    let resolver = Resolver {
        files,
        build_ids: &header.build_ids,
        origin: header.origin(),
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
    let (mut tree, nodes) = naming.name(&places);
    if options.stacks.in_time_order {
        tree = timeline.chart(&tree, |place| nodes[place.index()]);
    }
    reader.reading.log();
    Unnamed::find(&places, objects, &resolved).log();
    let mut forest = Forest::from(tree);
    sums.describe(
        &mut forest,
        reader.choice.event(),
        options.stacks.count_samples,
    );
    reader.choice.log(report, forest.is_empty());
    Ok(forest)
}

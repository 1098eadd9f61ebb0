//! Reads records: mappings, and the samples to fold.

use super::choice::{Choice, Rank};
use super::counters::{Counters, Readings};
use super::deferred::{self, Rest};
use super::event::Event;
use super::header::{BuildIds, Header};
use super::objects::ObjectList;
use super::off_cpu::OffCpu;
use super::processes::Processes;
use super::records::{Record, Records, kind};
use super::report::Reading;
use super::sample::{Comm, Fork, KernelSymbol, Mapping, Sample, thread_of_record};
use super::stacks::Spaces;
use super::unwind::AllTables;
use crate::bytes::binary::ByteOrder;
use crate::collapse::perf::EventName;
use crate::collapse::perf_data::Options;
use crate::collapse::selection::Chooser;
use crate::symbols::Origin;
use std::io;
use std::sync::Arc;

/// The state while reading records.
pub(super) struct RecordReader {
    pub processes: Processes,
    /// The data that all samples share, after the first one.
    recording: Option<Arc<Recording>>,
    /// The samples waiting for a worker, and their size in bytes.
    waiting: Vec<WaitingSample>,
    size: usize,
    deferred: deferred::Waiting<WaitingSample>,
    pub choice: Choice,
    /// Selects samples, unless all are folded.
    pub chooser: Option<Chooser>,
    counters: Counters,
    pub off_cpu: Option<OffCpu>,
    /// The number of samples so far.
    taken: u64,
    /// The events of the latest sample, as indexes in the header, with their periods.
    periods: Vec<(usize, Option<u64>)>,
    /// The counts of the latest sample for each of them.
    counts: Vec<(Rank, u64)>,
    pub reading: Reading,
}

impl RecordReader {
    pub fn new(options: &Options) -> RecordReader {
        let selection = &options.stacks.selection;
        RecordReader {
            processes: Processes::default(),
            recording: None,
            waiting: Vec::new(),
            size: 0,
            taken: 0,
            deferred: deferred::Waiting::default(),
            choice: Choice::new(options.stacks.folded_event()),
            chooser: selection.needs_origin().then(|| Chooser::new(selection)),
            counters: Counters::default(),
            off_cpu: OffCpu::of(&options.stacks),
            periods: Vec::new(),
            counts: Vec::new(),
            reading: Reading::default(),
        }
    }

    /// Whether all records must be read once before selecting samples.
    pub fn needs_survey(&self) -> bool {
        let chooser = self.chooser.as_ref();
        chooser.is_some_and(|chooser| chooser.needs_survey(true))
    }

    /// Returns an error if no sample was selected.
    pub fn finish_choice(&self) -> io::Result<()> {
        const ADVICE: &str =
            "; `perf record --timestamp --sample-cpu` records all that they can be chosen by";
        let Some(chooser) = &self.chooser else {
            return Ok(());
        };
        chooser.log_overview("perf.data");
        if let Some(event) = self.choice.event() {
            chooser.division().set_default_event(event);
        }
        chooser.finish(ADVICE)
    }

    /// Reads all records to learn which samples exist.
    pub fn survey(&mut self, records: &mut Records<'_>) -> io::Result<()> {
        let Some(chooser) = &mut self.chooser else {
            return Ok(());
        };
        chooser.start_survey();
        while let Some(record) = records.next()? {
            let event = records.header.events.get(record.event);
            if record.kind == kind::SAMPLE
                && let Some(event) = event
                && let Some(sample) = Sample::read(&record.body, event, records.header.order)
            {
                chooser.takes(&sample.origin(b""));
            }
        }
        chooser.end_survey();
        Ok(())
    }

    pub fn read(
        &mut self,
        records: &mut Records<'_>,
        give: &mut dyn FnMut(Batch),
    ) -> io::Result<()> {
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
            kind::SAMPLE if self.off_cpu.is_some() => self.take_change(record, header)?,
            kind::SAMPLE => self.take_sample(record, header)?,
            kind::SWITCH | kind::SWITCH_CPU_WIDE => self.take_switch(&record, header)?,
            kind::MMAP => self.map(&Mapping::read(body, misc, order)?, misc),
            kind::MMAP2 => self.map(&Mapping::read_second(body, misc, order)?, misc),
            kind::COMM => self.processes.rename(&Comm::read(body, misc, order)?),
            kind::FORK => self.processes.fork(&Fork::read(body, misc, order)?),
            // Otherwise, earlier samples may still follow.
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
        self.read_periods(&sample, record.event, header);
        if !self.takes(&sample) {
            return Some(());
        }
        let before = self.choice.chosen();
        let count = self.count(header);
        if self.choice.chosen() != before {
            self.forget_waiting();
        }
        let Some(count) = count else { return Some(()) };
        let (state, event) = (State::of(&sample), event.clone());
        let waiting = self.waiting(record, event, state);
        self.give(waiting, count, header);
        Some(())
    }

    /// A sample of `event`, and the state of its thread.
    pub fn waiting(&self, record: Record, event: Arc<Event>, state: State) -> WaitingSample {
        let processes = &self.processes;
        WaitingSample {
            number: 0,
            record,
            rest: None,
            event,
            spaces: Spaces {
                user: processes.space(state.pid).clone(),
                kernel: processes.kernel.clone(),
            },
            comm: processes.comm(state.tid),
            state,
            waker: None,
            count: 0,
        }
    }

    /// Lets a worker count a sample, once its call chain is known.
    pub fn give(&mut self, mut waiting: WaitingSample, count: u64, header: &Header) {
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
        self.taken += 1;
        waiting.number = self.taken;
        waiting.count = count;
        match waiting.state.cookie {
            Some(cookie) => self.defer(waiting.state.tid, cookie, waiting),
            None => self.enqueue(waiting),
        }
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

    /// Adds the user part of call chains to the samples waiting for it.
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

    /// Discards the samples of an event that is not folded after all.
    fn forget_waiting(&mut self) {
        self.waiting.clear();
        self.size = 0;
        self.deferred = deferred::Waiting::default();
    }

    /// Whether a sample is selected.
    fn takes(&mut self, sample: &Sample<'_>) -> bool {
        match &mut self.chooser {
            None => true,
            Some(chooser) => {
                let comm = self.processes.comm(sample.tid);
                chooser.takes(&sample.origin(&comm))
            }
        }
    }

    /// The count of the latest sample for the folded event; `None` if it has another event.
    fn count(&mut self, header: &Header) -> Option<u64> {
        self.counts.clear();
        for (index, period) in &self.periods {
            let rank = self.choice.note(*index, &header.events);
            let event = header.events.get(*index);
            if let Some((chooser, event)) = self.chooser.as_ref().zip(event) {
                let name = EventName::new(&event.name).name;
                chooser.division().note_event(name);
            }
            self.counts
                .extend(rank.zip(event.map(|event| event.count(*period))));
        }
        let chosen = self.choice.chosen();
        let counts = self.counts.iter();
        let of_chosen = counts.filter(|(rank, _)| Some(*rank) == chosen);
        of_chosen
            .map(|(_, count)| *count)
            .reduce(u64::saturating_add)
    }

    fn read_periods(&mut self, sample: &Sample<'_>, index: usize, header: &Header) {
        self.periods.clear();
        let readings = sample.readings;
        if !readings.is_some_and(|it| self.note_readings(it, sample, index, header)) {
            self.periods.push((index, sample.period));
        }
    }

    /// Records each event of the group that occurred since the previous sample. Returns whether any
    /// counter belongs to an event in the file.
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
                self.periods.push((index, Some(times)));
            }
        }
        if known > 0 {
            self.reading.unknown_counters += unknown;
        }
        known > 0
    }
}

/// A sample, and the state at its time.
pub(super) struct WaitingSample {
    /// The number of preceding samples.
    pub number: u64,
    pub record: Record,
    /// The record with the user part of its call chain, if that is separate.
    pub rest: Option<Arc<Record>>,
    pub event: Arc<Event>,
    pub spaces: Spaces,
    pub comm: Arc<[u8]>,
    pub state: State,
    /// The sample of the thread that woke this one.
    pub waker: Option<Box<WaitingSample>>,
    pub count: u64,
}

/// What the reader needs of a sample later.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub pid: i32,
    pub tid: i32,
    pub cpu: Option<u32>,
    cookie: Option<u64>,
}

impl State {
    pub fn of(sample: &Sample<'_>) -> State {
        State {
            pid: sample.pid,
            tid: sample.tid,
            cpu: sample.cpu,
            cookie: sample.callchain.and_then(deferred::cookie),
        }
    }
}

impl WaitingSample {
    fn size(&self) -> usize {
        let waker = self.waker.as_ref().map_or(0, |waker| waker.size());
        size_of::<WaitingSample>() + self.record.body.len() + waker
    }
}

/// A unit of work.
pub(super) struct Batch {
    pub samples: Vec<WaitingSample>,
    /// The rank of their event.
    pub rank: Rank,
    pub recording: Arc<Recording>,
}

/// The data that all samples share.
pub(super) struct Recording {
    pub order: ByteOrder,
    pub arch: Vec<u8>,
    pub build_ids: BuildIds,
    pub origin: Origin,
    pub objects: ObjectList,
    pub tables: Arc<AllTables>,
}

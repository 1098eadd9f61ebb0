//! Folds a file into a tree.

use super::choice::Rank;
use super::deferred::Rest;
use super::header::{Header, Start, invalid};
use super::naming::Naming;
use super::objects::{ObjectId, identity};
use super::reader::{Batch, RecordReader, Recording, WaitingSample};
use super::records::Records;
use super::report::Unnamed;
use super::resolve::Resolver;
use super::sample::Sample;
use super::stacks::{Kind, LocationTree};
use super::unwind::{Open, Unwinder};
use super::workers;
use crate::call_tree::{CallTree, Forest, Moment, NodeId, Timeline};
use crate::collapse::engine::format::Format;
use crate::collapse::perf::{self, Report, Sums};
use crate::collapse::perf_data::Options;
use crate::symbols::{Detail, Files, Found, Object};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Folds a file in one pass.
pub(in crate::collapse::perf_data) fn fold_file(
    options: &Options,
    mut file: impl Read + Seek,
) -> io::Result<Forest> {
    let start = read_start(&mut file)?;
    let mut reader = RecordReader::new(options);
    if reader.needs_survey() {
        reader.survey(&mut records_of(&start, &mut file)?)?;
        file.seek(SeekFrom::Start(Start::LENGTH as u64))?;
    }
    fold(options, reader, records_of(&start, &mut file)?)
}

/// The records of a file, whose `start` was already read.
fn records_of<'f>(start: &Start, file: &'f mut (impl Read + Seek)) -> io::Result<Records<'f>> {
    const BUFFER: usize = 1 << 18;
    if start.is_pipe {
        return Ok(records_of_pipe(
            start,
            BufReader::with_capacity(BUFFER, file),
        ));
    }
    let (header, length) = Header::read_file(file, start.order)?;
    let records = BufReader::with_capacity(BUFFER, file.take(length));
    Ok(Records::new(header, Box::new(records)))
}

fn records_of_pipe<'r>(start: &Start, reader: impl Read + 'r) -> Records<'r> {
    Records::new(Header::new(start.order), Box::new(reader))
}

/// Folds `input` in one pass; it is read into memory unless it has the pipe format.
pub(in crate::collapse::perf_data) fn fold_reader(
    options: &Options,
    mut input: impl BufRead,
) -> io::Result<Forest> {
    let start = read_start(&mut input)?;
    let reader = RecordReader::new(options);
    if start.is_pipe && !reader.needs_survey() {
        return fold(options, reader, records_of_pipe(&start, input));
    }
    let mut file = start.bytes.to_vec();
    input.read_to_end(&mut file)?;
    fold_file(options, Cursor::new(file))
}

fn fold(
    options: &Options,
    mut reader: RecordReader,
    mut records: Records<'_>,
) -> io::Result<Forest> {
    let files = Files::new(options.symfs.clone(), &options.debug_dirs);
    let (read, workers) = workers::work(
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

/// Builds a tree of samples.
#[derive(Default)]
struct Worker {
    /// The rank of the event of these samples.
    rank: Option<Rank>,
    stacks: LocationTree,
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
        let files = (&*batch.recording, files);
        for waiting in &batch.samples {
            self.fold_sample(waiting, &files, options);
        }
    }

    fn fold_sample(
        &mut self,
        waiting: &WaitingSample,
        files: &(&Recording, &Files),
        options: &perf::Options,
    ) -> Option<()> {
        let (sample, has_stack) = self.read_stack(waiting, Kind::Own, files)?;
        if !has_stack {
            self.without_stack += 1;
            return Some(());
        }
        let count = match options.count_samples {
            true => 1,
            false => waiting.count,
        };
        self.sums.add(Some(waiting.count));
        let mut node = self.stacks.node(&sample, &waiting.comm, options);
        if let Some(waker) = &waiting.waker {
            let kind = Kind::of_waker(&waker.comm);
            let (sample, _) = self.read_stack(waker, kind, files)?;
            node = self.stacks.waker_node(node, &sample, &waker.comm, options);
        }
        self.stacks.tree.add(node, count);
        let length = match options.off_cpu {
            true => waiting.count,
            false => 0,
        };
        let moment = match options.in_time_order {
            true => Some(Moment::at(waiting.number)),
            false => sample.time.map(|start| Moment { start, length }),
        };
        if let Some(moment) = moment.filter(|_| options.needs_order()) {
            let thread = sample.tid.to_le_bytes();
            self.timeline.add(&thread, moment, node, count);
        }
        Some(())
    }

    /// Reads the stack of a sample; `false` if it has none.
    fn read_stack<'w>(
        &mut self,
        waiting: &'w WaitingSample,
        kind: Kind,
        files: &(&Recording, &Files),
    ) -> Option<(Sample<'w>, bool)> {
        let recording = files.0;
        let record = &waiting.record;
        let mut sample = Sample::read(&record.body, &waiting.event, recording.order)?;
        let rest = waiting.rest.as_ref();
        sample.rest = rest.and_then(|it| Rest::read(&it.body, recording.order));
        let new = || Unwinder::new(&recording.arch, recording.tables.clone());
        let unwinder = self.unwinder.get_or_insert_with(new);
        let (misc, spaces) = (record.misc, &waiting.spaces);
        let stacks = &mut self.stacks;
        let has_stack = stacks.read(kind, &sample, misc, spaces, unwinder, files);
        Some((sample, has_stack))
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

/// Symbolizes the tree, and logs warnings.
fn conclude(
    options: &Options,
    files: &Files,
    header: &Header,
    reader: RecordReader,
    workers: Vec<Worker>,
) -> io::Result<Forest> {
    reader.finish_off_cpu()?;
    reader.finish_choice()?;
    let (mut locations, mut report) = (CallTree::new(), Report::default());
    let mut timeline = Timeline::default();
    let mut sums = Sums::default();
    let chosen = reader.choice.chosen();
    for worker in workers.into_iter().filter(|it| it.rank == chosen) {
        sums.merge(worker.sums);
        report.without_stack += worker.without_stack;
        match locations.is_empty() {
            // If there is a timeline, there is only one.
            true => (locations, timeline) = (worker.stacks.tree, worker.timeline),
            false => locations.merge(&worker.stacks.tree),
        }
    }
    let resolver = Resolver {
        files,
        build_ids: &header.build_ids,
        origin: header.origin(),
        os_release: &header.os_release,
        kallsyms: options.kallsyms.as_deref(),
        detail: Detail {
            inlined: options.inline,
            lines: options.stacks.lines,
        },
    };
    let objects = &reader.processes.objects.list;
    let resolved = resolver.resolve(&locations, objects, options.stacks.nthreads);
    let naming = Naming {
        options: &options.stacks,
        objects,
        resolved: &resolved,
    };
    let (mut tree, nodes) = naming.name(&locations);
    if options.stacks.in_time_order {
        tree = timeline.chart(&tree, |location| nodes[location.index()]);
    } else if timeline.len() > 0 {
        let node_of = |location: NodeId| Some(nodes[location.index()]);
        tree.timeline_mut().append(&timeline, node_of);
    }
    reader.reading.log();
    Unnamed::find(&locations, objects, &resolved).log();
    let mut forest = Forest::from(tree);
    sums.log(reader.choice.event());
    sums.describe(&mut forest, reader.choice.event(), &options.stacks);
    forest.set_roots(options.stacks.roots());
    reader.choice.log(report, forest.is_empty());
    Ok(forest)
}

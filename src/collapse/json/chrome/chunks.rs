//! CPU profiles of V8 in a trace, which come in chunks.

use super::{Event, ThreadId};
use crate::collapse::json::Id;
use crate::collapse::json::cpuprofile::{Node, Recording};
use crate::decimal::Decimal;
use ahash::AHashMap;
use serde::Deserialize;

/// The recordings of a trace. Those of a process are told apart by their id, which processes share.
#[derive(Default)]
pub(super) struct Recordings<'a> {
    by_id: AHashMap<(Id<'a>, Option<Id<'a>>), usize>,
    recordings: Vec<Chunks<'a>>,
}

#[derive(Default)]
struct Chunks<'a> {
    thread: Option<ThreadId<'a>>,
    start: Option<Decimal>,
    chunks: Vec<(Decimal, Chunk<'a>)>,
}

/// Any part of it may be missing.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Chunk<'a> {
    #[serde(borrow)]
    cpu_profile: Option<CpuProfile<'a>>,
    time_deltas: Vec<Decimal>,
    start_time: Option<Decimal>,
    end_time: Option<Decimal>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CpuProfile<'a> {
    #[serde(borrow)]
    nodes: Vec<Node<'a>>,
    #[serde(borrow)]
    samples: Vec<Id<'a>>,
    time_deltas: Vec<Decimal>,
    start_time: Option<Decimal>,
    end_time: Option<Decimal>,
}

#[derive(Deserialize)]
struct Args<'a> {
    #[serde(borrow)]
    data: Chunk<'a>,
}

impl<'a> Recordings<'a> {
    pub fn is_empty(&self) -> bool {
        self.recordings
            .iter()
            .all(|recording| recording.chunks.is_empty())
    }

    /// Takes an event, if it is of a recording.
    pub fn add(&mut self, event: Event<'a>) {
        let name = event.name.as_deref().unwrap_or_default();
        if !matches!(name, b"Profile" | b"ProfileChunk" | b"CpuProfile") {
            return;
        }
        let args = event.args.as_ref().map_or("{}", |args| args.get());
        // From a reader texts are copied: those of the event end with it.
        let mut args = serde_json::Deserializer::from_reader(args.as_bytes());
        let chunk = Args::deserialize(&mut args).map_or(Chunk::default(), |args| args.data);
        let is_start = name == b"Profile";
        let thread = event.thread();
        let key = (thread.0.clone(), event.id.clone());
        let next = self.recordings.len();
        let number = match name {
            b"CpuProfile" => next,
            _ => *self.by_id.entry(key).or_insert(next),
        };
        if number == next {
            self.recordings.push(Chunks::default());
        }
        let recording = &mut self.recordings[number];
        if is_start || recording.thread.is_none() {
            // Chunks are written by another thread.
            recording.thread = Some(thread);
        }
        if is_start {
            recording.start = chunk.start_time;
        } else {
            recording.chunks.push((event.ts.unwrap_or_default(), chunk));
        }
    }

    /// The recordings with their threads.
    pub fn finish(self) -> impl Iterator<Item = (ThreadId<'a>, Recording<'a>)> {
        self.recordings.into_iter().filter_map(|recording| {
            let thread = recording.thread.clone()?;
            (!recording.chunks.is_empty()).then(|| (thread, recording.finish()))
        })
    }
}

impl<'a> Chunks<'a> {
    fn finish(mut self) -> Recording<'a> {
        self.chunks.sort_by_key(|(at, _)| *at);
        let mut recording = Recording::default();
        recording.set_start(self.start.unwrap_or_default());
        for (_, chunk) in self.chunks {
            let cpu_profile = chunk.cpu_profile.unwrap_or_default();
            if let Some(start) = cpu_profile.start_time.or(chunk.start_time) {
                recording.set_start(start);
            }
            if let Some(end) = cpu_profile.end_time.or(chunk.end_time) {
                recording.set_end(end);
            }
            cpu_profile
                .nodes
                .into_iter()
                .for_each(|node| recording.add_node(node));
            cpu_profile
                .samples
                .into_iter()
                .for_each(|id| recording.add_sample(id));
            let deltas = chunk.time_deltas.into_iter().chain(cpu_profile.time_deltas);
            deltas.for_each(|delta| recording.add_delta(delta));
        }
        recording
    }
}

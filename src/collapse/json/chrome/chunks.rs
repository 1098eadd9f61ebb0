//! V8 CPU profiles in a trace, split into chunks.

use super::{Event, ThreadId};
use crate::bytes::decimal::Decimal;
use crate::collapse::json::cpuprofile::{Node, Recording};
use crate::collapse::json::{self, Id};
use ahash::AHashMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io;
use std::marker::PhantomData;

/// The recordings of a trace. Ids are unique only within a process.
#[derive(Default)]
pub(super) struct Recordings<'a> {
    by_id: AHashMap<(Id<'a>, Option<Id<'a>>), usize>,
    recordings: Vec<Chunks<'a>>,
}

#[derive(Default)]
struct Chunks<'a> {
    thread: Option<ThreadId<'a>>,
    start: Option<Decimal>,
    /// The chunks with their times, as text, because parsed chunks would take several times the
    /// memory.
    chunks: Vec<(Decimal, Option<Box<RawValue>>)>,
}

/// Any part of it may be missing.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Chunk<'a> {
    #[serde(borrow)]
    cpu_profile: Option<CpuProfile<'a>>,
    #[serde(deserialize_with = "json::or_default")]
    time_deltas: Vec<Decimal>,
    start_time: Option<Decimal>,
    end_time: Option<Decimal>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CpuProfile<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    nodes: Vec<Node<'a>>,
    #[serde(borrow, deserialize_with = "json::or_default")]
    samples: Vec<Id<'a>>,
    #[serde(deserialize_with = "json::or_default")]
    time_deltas: Vec<Decimal>,
    start_time: Option<Decimal>,
    end_time: Option<Decimal>,
}

#[derive(Deserialize)]
struct Args<'a> {
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    data: Chunk<'a>,
}

impl<'a> Recordings<'a> {
    pub fn is_empty(&self) -> bool {
        self.recordings
            .iter()
            .all(|recording| recording.chunks.is_empty())
    }

    /// Adds an event if it belongs to a recording.
    pub fn add(&mut self, event: Event<'a>) -> io::Result<()> {
        let name = event.name.as_deref().unwrap_or_default();
        if !matches!(name, b"Profile" | b"ProfileChunk" | b"CpuProfile") {
            return Ok(());
        }
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
            recording.start = Chunk::of(event.args.as_deref())?.start_time;
        } else {
            let at = event.ts.unwrap_or_default();
            recording.chunks.push((at, event.args));
        }
        Ok(())
    }

    /// Passes each recording to `handle`, with its thread, and with the times of its samples if
    /// needed for selecting them.
    pub fn finish(
        self,
        has_selection: bool,
        mut handle: impl FnMut(ThreadId<'a>, Recording) -> io::Result<()>,
    ) -> io::Result<()> {
        for mut recording in self.recordings {
            let Some(thread) = recording.thread.take() else {
                continue;
            };
            if !recording.chunks.is_empty() {
                recording.chunks.sort_by_key(|(at, _)| *at);
                handle(thread, recording.joined(has_selection)?)?;
            }
        }
        Ok(())
    }
}

impl Chunks<'_> {
    /// The recording that the chunks are of.
    fn joined(self, has_selection: bool) -> io::Result<Recording> {
        let mut recording = Recording::with_times(has_selection);
        recording.set_start(self.start.unwrap_or_default());
        for (_, args) in self.chunks {
            Chunk::of(args.as_deref())?.add_to(&mut recording);
        }
        Ok(recording)
    }
}

impl<'a> Chunk<'a> {
    /// The chunk in the arguments of an event; an empty one if there are none.
    fn of(args: Option<&'a RawValue>) -> io::Result<Chunk<'a>> {
        let Some(args) = args else {
            return Ok(Chunk::default());
        };
        let args = json::parse::<PhantomData<Args<'a>>>(
            args.get().as_bytes(),
            PhantomData,
            "a chunk of a CPU profile",
        );
        args.map(|args| args.data)
    }

    fn add_to(self, recording: &mut Recording) {
        let cpu_profile = self.cpu_profile.unwrap_or_default();
        if let Some(start) = cpu_profile.start_time.or(self.start_time) {
            recording.set_start(start);
        }
        if let Some(end) = cpu_profile.end_time.or(self.end_time) {
            recording.set_end(end);
        }
        for node in cpu_profile.nodes {
            recording.add_node(node);
        }
        for id in cpu_profile.samples {
            recording.add_sample(id);
        }
        for delta in self.time_deltas.into_iter().chain(cpu_profile.time_deltas) {
            recording.add_delta(delta);
        }
    }
}

//! [speedscope](https://www.speedscope.app): a format that py-spy, rbspy, pyinstrument, austin,
//! dotnet-trace and many other profilers write.
//!
//! ```text
//! file    = { "shared": { "frames": [frame …] }, "profiles": [profile …], "activeProfileIndex": N … }
//! frame   = { "name": NAME, "file": FILE, "line": LINE … }
//! profile = { "type": "sampled", "name", "unit", "samples": [[FRAME …] …], "weights": [NUMBER …] }
//!         | { "type": "evented", "name", "unit", "endValue",
//!             "events": [{ "type": "O" or "C", "frame": FRAME, "at": NUMBER } …] }
//! ```
//!
//! ```json
//! {"$schema": "https://www.speedscope.app/file-format-schema.json",
//!  "shared": {"frames": [{"name": "main"}, {"name": "parse", "file": "parse.py", "line": 7}]},
//!  "profiles": [{"type": "sampled", "name": "thread 1", "unit": "seconds", "startValue": 0, "endValue": 3,
//!                "samples": [[0], [0, 1]], "weights": [1, 2]}]}
//! ```
//!
//! A sample is a stack, starting with the root, and counts its weight. In an `evented` profile,
//! events open and close frames; the time between two events belongs to the open stack.
//!
//! The profiles in a file usually represent threads. Those with the same unit as the active one are
//! added up.

use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::document::latest::LatestStack;
use crate::collapse::document::{
    Document, Profile, ValueType, read_to_end, shared_options, thread_roots,
};
use crate::collapse::json::{self, ForEach, Index, Keys, Text};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_source};
use crate::warnings::warning;
use ahash::AHashMap;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::io::{self, BufRead};

/// Folds speedscope profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, speedscope::Folder};
///
/// let profile = r#"{"shared": {"frames": [{"name": "main"}, {"name": "parse"}]},
///     "profiles": [{"type": "sampled", "name": "t", "unit": "none", "startValue": 0, "endValue": 3,
///                   "samples": [[0], [0, 1]], "weights": [1, 2]}]}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main 1\nmain;parse 2\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a speedscope profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Start each stack with the name of its profile, which is usually a thread
        #[arg(long)]
        pub threads: bool,

        /// Use only this profile of the file: its number, starting with 0, or its name
        #[arg(long, value_name = "NUMBER|NAME")]
        pub profile: Option<String>,

        /// Append file and line to names: `parse (parse.py:7)`
        #[arg(long)]
        pub lines: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "speedscope";
    const DESCRIPTION: &'static str = "a speedscope profile (JSON)";
    const ORIGIN: &'static [Criterion] = &[Criterion::Time, Criterion::Comm];
    shared_options!(threads, lines);
    thread_roots!(Threads);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        // The start of a large file may contain only profiles.
        let has_profiles = keys.has("profiles.[].endValue") || keys.has("$schema");
        let is_speedscope = keys.has("shared") || has_profiles;
        keys.answer(keys.has("profiles") && is_speedscope)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        let mut file = File {
            frames: Vec::new(),
            threads: Vec::new(),
            active: Index(0),
            keeps_times: profile.has_selection(),
        };
        json::parse(&document, FileSeed(&mut file), Self::DESCRIPTION)?;
        let file = file.into_owned();
        drop(document);
        self.add_up(file, profile)
    }
}

impl Options {
    /// Adds up the requested profiles.
    fn add_up(&self, file: File<'_>, profile: &mut Profile) -> io::Result<()> {
        let chosen = match &self.profile {
            Some(wanted) => Some(file.find(wanted)?),
            None => None,
        };
        let unit = match (chosen, file.threads.as_slice()) {
            (None, []) => "none".to_string(),
            (None, threads) => file.active.of(threads, "profiles")?.unit.clone(),
            (Some(chosen), threads) => threads[chosen].unit.clone(),
        };
        profile.choose(vec![ValueType::new("weight", &unit)], None, 0)?;
        let mut other_units = 0;
        // The tree of each thread is dropped after it was added.
        for (index, thread) in file.threads.into_iter().enumerate() {
            match chosen {
                Some(chosen) if chosen != index => {}
                _ if thread.unit != unit => other_units += 1,
                _ => self.add_thread(thread, &file.frames, profile)?,
            }
        }
        if other_units > 0 {
            let profiles = plural(other_units, "profile", "profiles");
            warning!("skipped {profiles} whose unit is not {unit}; see --profile");
        }
        Ok(())
    }

    fn add_thread(
        &self,
        mut thread: Thread<'_>,
        frames: &[Frame<'_>],
        profile: &mut Profile,
    ) -> io::Result<()> {
        if !thread.select(profile) {
            return Ok(());
        }
        let base = match self.threads {
            true => profile
                .tree
                .descend(CallTree::ROOT, &frame_name(&thread.name)),
            false => CallTree::ROOT,
        };
        profile.add_renamed(&thread.stacks, base, |index| {
            let index = std::str::from_utf8(index)
                .ok()
                .and_then(|index| index.parse().ok());
            let index = Index(index.unwrap_or(u64::MAX));
            let frame = index.of(frames, "frames")?;
            Ok(frame.name(self.lines).into())
        })
    }
}

/// The contents of a file.
struct File<'a> {
    frames: Vec<Frame<'a>>,
    threads: Vec<Thread<'a>>,
    active: Index,
    /// Whether the time of each stack is needed, to select by it.
    keeps_times: bool,
}

impl File<'_> {
    /// A copy that does not borrow from the document, which takes more memory than its names.
    fn into_owned(self) -> File<'static> {
        let frames = self.frames.into_iter().map(Frame::into_owned);
        let threads = self.threads.into_iter().map(Thread::into_owned);
        File {
            frames: frames.collect(),
            threads: threads.collect(),
            active: self.active,
            keeps_times: self.keeps_times,
        }
    }

    /// The index of the profile with the name or number `wanted`.
    fn find(&self, wanted: &str) -> io::Result<usize> {
        let by_name = || {
            self.threads
                .iter()
                .position(|thread| *thread.name == *wanted.as_bytes())
        };
        let by_number = || {
            wanted
                .parse()
                .ok()
                .filter(|index| *index < self.threads.len())
        };
        by_name().or_else(by_number).ok_or_else(|| {
            let names = self
                .threads
                .iter()
                .map(|thread| String::from_utf8_lossy(&thread.name));
            let names: Vec<_> = names.collect();
            invalid(format!(
                "no profile is called `{wanted}`; there are {}",
                names.join(", ")
            ))
        })
    }
}

#[derive(Deserialize)]
struct Shared<'a> {
    #[serde(borrow)]
    frames: Vec<Frame<'a>>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    file: Option<Text<'a>>,
    #[serde(default)]
    line: Option<Decimal>,
}

impl Frame<'_> {
    fn into_owned(self) -> Frame<'static> {
        Frame {
            name: self.name.map(Text::into_owned),
            file: self.file.map(Text::into_owned),
            line: self.line,
        }
    }

    fn name(&self, with_line: bool) -> Vec<u8> {
        let name = frame_name(self.name.as_deref().unwrap_or_default());
        match &self.file {
            Some(file) if with_line => with_source(&name, file, self.line),
            _ => name,
        }
    }
}

/// A profile of a file.
#[derive(Default)]
struct Thread<'a> {
    name: Text<'a>,
    unit: String,
    /// The stacks. Frames are named by their indexes, because the names may come last.
    stacks: Profile,
    /// The stacks of an evented profile with their times, which are not counted yet if they are to
    /// be selected.
    times: Vec<(NodeId, Decimal, Decimal)>,
    /// The samples of a sampled profile with their weights, if times are kept.
    samples: Vec<(NodeId, Decimal)>,
    /// When the first sample starts.
    start: Decimal,
}

impl Thread<'_> {
    /// Counts the stacks in the selected time; `false` if the whole thread is left out.
    fn select(&mut self, profile: &mut Profile) -> bool {
        let origin = SampleOrigin {
            comm: Some(&self.name),
            ..SampleOrigin::default()
        };
        if self.times.is_empty() {
            let is_taken = !profile.has_selection() || profile.takes(&origin);
            if is_taken && profile.keeps_times() {
                self.note_times(profile);
            }
            return is_taken;
        }
        let second = self.ticks_per_second().unwrap_or(1);
        for (node, start, end) in std::mem::take(&mut self.times) {
            let (start, end) = (start.divided_by(second), end.divided_by(second));
            if let Some((start, end)) = profile.clip(start, end, &origin) {
                let weight = (end - start).times(second);
                self.stacks.add(node, weight);
                profile.note_time_in(&mut self.stacks, node, weight);
            }
        }
        true
    }

    /// Counts a sample of a sampled profile.
    fn add(&mut self, node: NodeId, weight: Decimal, keeps_times: bool) {
        self.stacks.add(node, weight);
        if keeps_times {
            self.samples.push((node, weight));
        }
    }

    /// Keeps the times of the samples of a sampled profile, which follow each other.
    fn note_times(&mut self, profile: &mut Profile) {
        let Some(second) = self.ticks_per_second() else {
            return;
        };
        let origin = SampleOrigin {
            comm: Some(&self.name),
            ..SampleOrigin::default()
        };
        let mut at = self.start;
        for (node, weight) in std::mem::take(&mut self.samples) {
            let start = at.divided_by(second);
            at += weight;
            if profile
                .clip(start, at.divided_by(second), &origin)
                .is_some()
            {
                profile.note_time_in(&mut self.stacks, node, weight);
            }
        }
    }

    /// How many of its units are a second, if it measures time.
    fn ticks_per_second(&self) -> Option<u64> {
        match self.unit.as_str() {
            "seconds" => Some(1),
            "milliseconds" => Some(1_000),
            "microseconds" => Some(1_000_000),
            "nanoseconds" => Some(1_000_000_000),
            _ => None,
        }
    }

    fn into_owned(self) -> Thread<'static> {
        Thread {
            name: self.name.into_owned(),
            ..self
        }
    }
}

/// Reads a [`Thread`], whose keys may be in any order.
#[derive(Default)]
struct ThreadReader<'a> {
    thread: Thread<'a>,
    frames: IndexFrames,
    /// The leaf of each sample.
    leaves: Vec<NodeId>,
    /// The number of weights read, and those that came before their samples.
    weight_count: usize,
    weights: Vec<Decimal>,
    events: Events,
    end: Option<Decimal>,
}

impl<'a> ThreadReader<'a> {
    fn read_samples<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        let ThreadReader {
            thread,
            frames,
            leaves,
            ..
        } = self;
        let tree = &mut thread.stacks.tree;
        map.next_value_seed(StacksSeed {
            tree,
            frames,
            leaves,
        })
    }

    fn read_weights<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        map.next_value_seed(ForEach::new(|weight| {
            match self.leaves.get(self.weight_count) {
                Some(node) => self.thread.add(*node, weight, self.events.keeps_times),
                None => self.weights.push(weight),
            }
            self.weight_count += 1;
            Ok(())
        }))
    }

    fn read_events<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        map.next_value_seed(ForEach::new(|event| {
            self.events.take(&event, &mut self.frames, &mut self.thread);
            Ok(())
        }))
    }

    /// The thread, with all of its samples counted.
    fn finish(mut self) -> io::Result<Thread<'a>> {
        if self.leaves.len() != self.weight_count {
            return Err(invalid(format!(
                "the profile `{}` has {} samples and {} weights",
                String::from_utf8_lossy(&self.thread.name),
                self.leaves.len(),
                self.weight_count
            )));
        }
        for (node, weight) in self.leaves.iter().zip(&self.weights) {
            self.thread.add(*node, *weight, self.events.keeps_times);
        }
        self.events.finish(self.end, &mut self.thread);
        Ok(self.thread)
    }
}

/// Maps indexes to frames in a tree of indexes.
#[derive(Default)]
struct IndexFrames(AHashMap<u64, FrameId>);

impl IndexFrames {
    fn child(&mut self, tree: &mut CallTree, parent: NodeId, index: Index) -> NodeId {
        let frame = self.0.entry(index.0);
        let frame = *frame.or_insert_with(|| tree.intern(index.0.to_string().as_bytes()));
        tree.child(parent, frame)
    }
}

/// The events of an `evented` profile.
#[derive(Default)]
struct Events {
    keeps_times: bool,
    /// The open frames, starting with the root.
    open: Vec<(Index, NodeId)>,
    /// The time of the latest event, if any.
    at: Option<Decimal>,
    never_opened: u64,
    out_of_order: u64,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: EventKind,
    frame: Index,
    at: Decimal,
}

#[derive(Deserialize)]
enum EventKind {
    #[serde(rename = "O")]
    Open,
    #[serde(rename = "C")]
    Close,
}

impl Events {
    fn take(&mut self, event: &Event, frames: &mut IndexFrames, thread: &mut Thread<'_>) {
        self.pass_to(event.at, thread);
        match event.kind {
            EventKind::Open => {
                let caller = self.open.last().map_or(CallTree::ROOT, |(_, node)| *node);
                let node = frames.child(&mut thread.stacks.tree, caller, event.frame);
                self.open.push((event.frame, node));
            }
            EventKind::Close => self.close(event.frame),
        }
    }

    /// Closes the innermost open `frame`, and its callees.
    fn close(&mut self, frame: Index) {
        match self.open.iter().rposition(|(open, _)| *open == frame) {
            Some(at) => {
                self.out_of_order += u64::from(at + 1 != self.open.len());
                self.open.truncate(at);
            }
            None => self.never_opened += 1,
        }
    }

    /// Counts the time until `at` for the open stack. Time is monotonic.
    fn pass_to(&mut self, at: Decimal, thread: &mut Thread<'_>) {
        let before = self.at.unwrap_or(at);
        let at = at.max(before);
        match self.open.last() {
            Some((_, node)) if self.keeps_times => thread.times.push((*node, before, at)),
            Some((_, node)) => thread.stacks.add(*node, at - before),
            None => {}
        }
        self.at = Some(at);
    }

    fn finish(mut self, end: Option<Decimal>, thread: &mut Thread<'_>) {
        if let Some(end) = end {
            self.pass_to(end, thread);
        }
        for (count, what) in [
            (self.out_of_order, "closed before the frames they called"),
            (self.never_opened, "closed without being open"),
        ] {
            if count > 0 {
                warning!("{} {what}", plural(count, "frame was", "frames were"));
            }
        }
    }
}

struct FileSeed<'f, 'a>(&'f mut File<'a>);

impl<'de> DeserializeSeed<'de> for FileSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FileSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `shared` and `profiles`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut missing = vec!["shared", "profiles"];
        while let Some(key) = map.next_key::<Text<'de>>()? {
            missing.retain(|known| known.as_bytes() != &*key);
            match &*key {
                b"shared" => self.0.frames = map.next_value::<Shared<'de>>()?.frames,
                b"profiles" => {
                    let keeps_times = self.0.keeps_times;
                    self.0.threads = map.next_value_seed(ThreadsSeed { keeps_times })?;
                }
                b"activeProfileIndex" => {
                    self.0.active = map.next_value::<Option<Index>>()?.unwrap_or(Index(0));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        match missing.first() {
            None => Ok(()),
            Some(field) => Err(A::Error::missing_field(field)),
        }
    }
}

/// Reads the profiles of a file.
struct ThreadsSeed {
    keeps_times: bool,
}

impl<'de> DeserializeSeed<'de> for ThreadsSeed {
    type Value = Vec<Thread<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ThreadsSeed {
    type Value = Vec<Thread<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of profiles")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut profiles: A) -> Result<Self::Value, A::Error> {
        let mut threads = Vec::new();
        loop {
            let mut reader = ThreadReader::default();
            reader.thread.unit = "none".to_string();
            reader.events.keeps_times = self.keeps_times;
            match profiles.next_element_seed(reader)? {
                Some(thread) => threads.push(thread),
                None => return Ok(threads),
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for ThreadReader<'de> {
    type Value = Thread<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ThreadReader<'de> {
    type Value = Thread<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sampled or evented profile")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Thread<'de>, A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key {
                b"name" => self.thread.name = map.next_value::<Option<_>>()?.unwrap_or_default(),
                b"unit" => {
                    if let Some(unit) = map.next_value()? {
                        self.thread.unit = unit;
                    }
                }
                b"startValue" => {
                    self.thread.start = map.next_value::<Option<_>>()?.unwrap_or_default();
                }
                b"endValue" => self.end = map.next_value()?,
                b"samples" => self.read_samples(&mut map)?,
                b"weights" => self.read_weights(&mut map)?,
                b"events" => self.read_events(&mut map)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.finish().map_err(A::Error::custom)
    }
}

/// Reads samples, and keeps only their leaves in the tree.
struct StacksSeed<'t> {
    tree: &'t mut CallTree,
    frames: &'t mut IndexFrames,
    leaves: &'t mut Vec<NodeId>,
}

impl<'de> DeserializeSeed<'de> for StacksSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for StacksSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of stacks")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut samples: A) -> Result<(), A::Error> {
        let mut latest = LatestStack::default();
        loop {
            latest.begin(CallTree::ROOT);
            let frames = ForEach::new(|index: Index| {
                if !latest.follow(index) {
                    let node = self.frames.child(self.tree, latest.node(), index);
                    latest.push(index, node);
                }
                Ok(())
            });
            match samples.next_element_seed(frames)? {
                Some(()) => self.leaves.push(latest.node()),
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time_have_ticks() {
        for (unit, ticks) in [
            ("seconds", Some(1)),
            ("milliseconds", Some(1_000)),
            ("microseconds", Some(1_000_000)),
            ("nanoseconds", Some(1_000_000_000)),
            ("bytes", None),
            ("none", None),
        ] {
            let thread = Thread {
                unit: unit.to_string(),
                ..Thread::default()
            };
            assert_eq!(thread.ticks_per_second(), ticks, "{unit}");
        }
    }
}

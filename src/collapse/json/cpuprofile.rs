//! V8: CPU profiles (`.cpuprofile`) of node (`--cpu-prof`), Chrome's developer tools, VS Code, Deno
//! and Bun.
//!
//! ```text
//! file  = { "nodes": [node …], "startTime": µs, "endTime": µs, "samples": [ID …], "timeDeltas": [µs …] }
//! node  = { "id": ID, "callFrame": { "functionName", "url", "lineNumber" … }, "children": [ID …] or "parent": ID }
//! old   = { "head": { "functionName", "url", "lineNumber", "id", "children": [head …] },
//!           "startTime": s, "endTime": s, "samples": [ID …], "timestamps": [µs …] }     (before 2017)
//! ```
//!
//! ```json
//! {"nodes": [{"id": 1, "callFrame": {"functionName": "(root)", "url": "", "lineNumber": -1}, "children": [2]},
//!            {"id": 2, "callFrame": {"functionName": "serve", "url": "file:///srv/a.js", "lineNumber": 4}}],
//!  "startTime": 100, "endTime": 140, "samples": [2, 2], "timeDeltas": [10, 20]}
//! ```
//!
//! A sample counts the time until the next one; the last one counts until the end. Time is
//! monotonic, even if deltas are negative. `(root)` is not a frame, and `(idle)` is skipped.

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, Moment, NodeId};
use crate::collapse::document::ids::Ids;
use crate::collapse::document::stack_table::StackTable;
use crate::collapse::document::{Document, Profile, ValueType, read_to_end, shared_options};
use crate::collapse::json::{self, ForEach, Id, Keys, Text};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{Names, basename, frame_name, with_source};
use crate::warnings::warning;
use ahash::AHashMap;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::io::{self, BufRead};

/// Folds V8 CPU profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, cpuprofile::Folder};
///
/// let profile = r#"{"nodes": [{"id": 1, "callFrame": {"functionName": "(root)"}, "children": [2]},
///                             {"id": 2, "callFrame": {"functionName": "serve"}}],
///                   "startTime": 100, "endTime": 140, "samples": [2, 2], "timeDeltas": [10, 20]}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"serve 30\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a V8 CPU profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `time`, in microseconds, or `samples` [default: time]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Keep idle time
        #[arg(long)]
        pub idle: bool,

        /// Append file and line to names: `serve (a.js:5)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "cpuprofile";
    const DESCRIPTION: &'static str = "a V8 CPU profile (JSON)";
    const ORIGIN: &'static [Criterion] = &[Criterion::Time];
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        let is_new = keys.has("nodes")
            && ["samples", "timeDeltas", "startTime"]
                .iter()
                .any(|key| keys.has(key));
        // The start of a large file contains only nodes.
        let has_nodes = keys.has("nodes.[].callFrame");
        keys.answer(is_new || has_nodes || keys.has("head.functionName"))
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        let recording = json::with_room(&document, || {
            let mut recording = Recording {
                with_lines: self.lines,
                ..Recording::with_times(profile.has_selection())
            };
            json::parse(&document, RecordingSeed(&mut recording), Self::DESCRIPTION)?;
            Ok(recording)
        })?;
        // The parsed data takes less memory.
        drop(document);
        let column = profile.choose(value_types(), self.value.as_deref(), TIME)?;
        recording.add_to(
            profile,
            CallTree::ROOT,
            column,
            self,
            &SampleOrigin::default(),
        )
    }
}

/// The index of the first value.
pub(super) const TIME: usize = 0;

fn value_types() -> Vec<ValueType> {
    vec![
        ValueType::new("time", "microseconds"),
        ValueType::new("samples", "count"),
    ]
}

/// The location of a function, as written by V8.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallFrame<'a> {
    #[serde(borrow, default)]
    function_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    url: Option<Text<'a>>,
    /// Zero-based, omitted in traces, and -1 if unknown.
    #[serde(default)]
    line_number: Option<Decimal>,
}

impl CallFrame<'_> {
    /// The name of the frame. A function without a name is identified by its location.
    pub fn name(&self, with_line: bool) -> Vec<u8> {
        let name = self.function_name.as_deref().unwrap_or_default();
        let file = basename(self.url.as_deref().unwrap_or_default());
        let line = self.line_number.unwrap_or_default();
        let line = (!line.is_negative()).then(|| line + Decimal::from(1u64));
        if name.trim_ascii().is_empty() {
            return match (file, line) {
                (b"", _) => b"(anonymous)".to_vec(),
                (file, None) => frame_name(&[b"(anonymous ", file, b")"].concat()),
                (file, Some(line)) => {
                    let line = format!(":{line})");
                    frame_name(&[b"(anonymous ", file, line.as_bytes()].concat())
                }
            };
        }
        let name = frame_name(name);
        match file {
            b"" => name,
            file if with_line => with_source(&name, file, line),
            _ => name,
        }
    }

    fn is(&self, name: &[u8]) -> bool {
        self.function_name.as_deref() == Some(name)
    }
}

/// A node of the call tree in the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow, default)]
    call_frame: CallFrame<'a>,
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    children: Vec<Id<'a>>,
    #[serde(borrow, default)]
    parent: Option<Id<'a>>,
}

/// A node in the nested format from before 2017.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow, default)]
    function_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    url: Option<Text<'a>>,
    #[serde(default)]
    line_number: Option<Decimal>,
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    children: Vec<Head<'a>>,
}

/// The properties of a node.
#[derive(Default)]
struct NodeData {
    /// The number of its name; `None` for a node that was only referred to.
    name: Option<u32>,
    is_root: bool,
    is_idle: bool,
    parent: Option<u32>,
    time: Decimal,
    samples: u64,
}

/// A recording, whose parts come in any order. Nodes are numbered by their first mention.
#[derive(Default)]
pub(super) struct Recording {
    /// Whether names include their locations.
    with_lines: bool,
    /// The times of samples in microseconds, if needed.
    times: Option<Vec<Decimal>>,
    numbers: Numbers,
    names: Names,
    nodes: Vec<NodeData>,
    /// The nodes of the samples.
    samples: Vec<u32>,
    /// The number of times read, which may run ahead of the samples.
    time_count: usize,
    pending: Vec<Decimal>,
    /// Whether times are timestamps instead of deltas.
    has_timestamps: bool,
    clock: Clock,
    start: Decimal,
    end: Option<Decimal>,
}

/// Maps the ids of nodes to numbers.
#[derive(Default)]
struct Numbers {
    ids: Ids,
    texts: AHashMap<String, u32>,
}

impl Numbers {
    /// The number of the node with this id, which is `next` for a new one.
    fn number(&mut self, id: Id<'_>, next: u32) -> u32 {
        match id {
            Id::Number(id) => match self.ids.get(id) {
                Some(number) => number,
                None => {
                    self.ids.insert(id, next);
                    next
                }
            },
            Id::Text(id) => *self.texts.entry(id.into_owned()).or_insert(next),
        }
    }

    /// The id of a node.
    fn id(&self, number: u32) -> Option<String> {
        let ids = self.ids.iter().map(|(id, known)| (id.to_string(), known));
        let texts = self.texts.iter();
        let texts = texts.map(|(id, known)| (id.to_string(), *known));
        let found = ids.chain(texts).find(|(_, known)| *known == number);
        found.map(|(id, _)| id)
    }
}

/// Tracks the times of samples.
#[derive(Default)]
struct Clock {
    at: Decimal,
    /// The latest time, if any, which never decreases.
    latest: Option<Decimal>,
}

impl Clock {
    /// Advances to `at` and returns the time that has passed.
    fn move_to(&mut self, at: Decimal) -> Decimal {
        let before = self.latest.unwrap_or(at);
        self.at = at;
        self.latest = Some(before.max(at));
        before.max(at) - before
    }
}

/// A sample whose time is kept.
struct Kept {
    node: u32,
    moment: Moment,
    values: [Decimal; 2],
}

impl Recording {
    /// A recording that keeps the times of samples, if wanted.
    pub fn with_times(is_wanted: bool) -> Recording {
        Recording {
            times: is_wanted.then(Vec::new),
            ..Recording::default()
        }
    }

    fn number(&mut self, id: Id<'_>) -> u32 {
        let next = self.nodes.len() as u32;
        let number = self.numbers.number(id, next);
        if number == next {
            self.nodes.push(NodeData::default());
        }
        number
    }

    pub fn add_node(&mut self, node: Node<'_>) {
        let number = self.number(node.id);
        if let Some(parent) = node.parent {
            let parent = self.number(parent);
            self.nodes[number as usize].parent = Some(parent);
        }
        for child in node.children {
            let child = self.number(child);
            self.nodes[child as usize].parent = Some(number);
        }
        self.set_call_frame(number, &node.call_frame);
    }

    fn set_call_frame(&mut self, number: u32, call_frame: &CallFrame<'_>) {
        let name = self.names.intern(&call_frame.name(self.with_lines));
        let facts = &mut self.nodes[number as usize];
        facts.name = Some(name);
        facts.is_root = call_frame.is(b"(root)");
        facts.is_idle = call_frame.is(b"(idle)");
    }

    fn add_head(&mut self, head: Head<'_>) {
        let mut pending = vec![(head, None)];
        while let Some((head, parent)) = pending.pop() {
            let number = self.number(head.id);
            self.nodes[number as usize].parent = parent;
            let call_frame = CallFrame {
                function_name: head.function_name,
                url: head.url,
                line_number: head.line_number,
            };
            self.set_call_frame(number, &call_frame);
            pending.extend(head.children.into_iter().map(|child| (child, Some(number))));
        }
    }

    pub fn add_sample(&mut self, id: Id<'_>) {
        let node = self.number(id);
        self.samples.push(node);
    }

    /// Adds the time between a sample and the previous one.
    pub fn add_delta(&mut self, delta: Decimal) {
        self.add_time(delta);
    }

    /// Adds the time of a sample.
    fn add_timestamp(&mut self, at: Decimal) {
        self.has_timestamps = true;
        self.add_time(at);
    }

    fn add_time(&mut self, time: Decimal) {
        match self.pending.is_empty() && self.time_count < self.samples.len() {
            true => self.count_time(time),
            false => self.pending.push(time),
        }
    }

    /// Attributes the `time` between two samples to the first of them.
    fn count_time(&mut self, time: Decimal) {
        let at = match self.has_timestamps {
            true => time,
            false => self.clock.at + time,
        };
        let passed = self.clock.move_to(at);
        if let Some(before) = self.time_count.checked_sub(1) {
            let node = self.samples[before];
            self.nodes[node as usize].time += passed;
        }
        if let Some(times) = &mut self.times {
            times.extend(self.clock.latest);
        }
        self.time_count += 1;
    }

    pub fn set_start(&mut self, start: Decimal) {
        self.start = start;
    }

    pub fn set_end(&mut self, end: Decimal) {
        self.end = Some(end);
    }

    /// Uses timestamps, as in files from before 2017: the end is in seconds, and so is the start,
    /// but samples are not relative to it.
    fn use_timestamps(&mut self) {
        self.start = Decimal::ZERO;
        self.end = self.end.map(|end| end.times(1_000_000));
    }

    /// Counts the remaining time at the end.
    fn finish(&mut self) {
        let (samples, times) = (self.samples.len(), self.time_count + self.pending.len());
        let missing = samples.saturating_sub(self.time_count);
        for time in std::mem::take(&mut self.pending).into_iter().take(missing) {
            self.count_time(time);
        }
        if samples != times {
            warning!("the profile has {samples} samples and {times} times; the rest is skipped");
        }
        self.samples.truncate(self.time_count);
        for node in &self.samples {
            self.nodes[*node as usize].samples += 1;
        }
        if let (Some(last), Some(end), Some(latest)) =
            (self.samples.last(), self.end, self.clock.latest)
        {
            let left = end - self.start - latest;
            self.nodes[*last as usize].time += left.max(Decimal::ZERO);
        }
    }

    /// Recounts only the selected samples of `thread`, and returns those whose time is kept.
    fn choose(
        &mut self,
        times: &[Decimal],
        thread: &SampleOrigin<'_>,
        profile: &mut Profile,
    ) -> Vec<Kept> {
        let mut kept = Vec::new();
        for facts in &mut self.nodes {
            (facts.time, facts.samples) = (Decimal::ZERO, 0);
        }
        let last = self.end.map(|end| end - self.start);
        let ends = times.iter().skip(1).copied().chain(last);
        let mut ends = ends.map(Some).chain(std::iter::repeat(None));
        for (node, time) in self.samples.iter().zip(times) {
            let end = ends.next().flatten().unwrap_or(*time);
            let at = (self.start + *time).divided_by(1_000_000);
            let origin = SampleOrigin {
                time: Some(at),
                ..*thread
            };
            if profile.takes(&origin) {
                let facts = &mut self.nodes[*node as usize];
                let passed = (end - *time).max(Decimal::ZERO);
                facts.time += passed;
                facts.samples += 1;
                kept.extend(profile.take_moment().map(|moment| Kept {
                    node: *node,
                    moment,
                    values: [passed, Decimal::from(1u64)],
                }));
            }
        }
        kept
    }

    /// Adds the selected samples of `thread` to `profile`, below `base`, with the value at index
    /// `column`.
    pub fn add_to(
        mut self,
        profile: &mut Profile,
        base: NodeId,
        column: usize,
        options: &Options,
        thread: &SampleOrigin<'_>,
    ) -> io::Result<()> {
        self.finish();
        let kept = match self.times.take() {
            Some(times) => self.choose(&times, thread, profile),
            None => Vec::new(),
        };
        let nodes = self.nodes_in(profile, base)?;
        for sample in kept {
            let number = sample.node as usize;
            if options.idle || !self.nodes[number].is_idle {
                profile.note_time(Some(sample.moment), nodes[number], sample.values[column]);
            }
        }
        let mut idle = Decimal::ZERO;
        for (facts, node) in self.nodes.iter().zip(nodes) {
            let values = [facts.time, Decimal::from(facts.samples)];
            if !options.idle && facts.is_idle {
                idle += values[column];
                continue;
            }
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
        }
        if idle > Decimal::ZERO {
            log::info!(
                "skipped {} of idle time; see --idle",
                profile.unit().text(idle.to_count().unwrap_or_default())
            );
        }
        Ok(())
    }

    /// The node in the tree of `profile` for each node of the recording.
    fn nodes_in(&self, profile: &mut Profile, base: NodeId) -> io::Result<Vec<NodeId>> {
        let frames = self.names.as_frames(&mut profile.tree);
        let mut table = StackTable::new("nodes", self.nodes.len(), base);
        let parent = |row: usize| Ok(self.nodes[row].parent.map(|parent| parent as usize));
        let mut child = |row: usize, parent| {
            let facts = &self.nodes[row];
            let name = facts.name.ok_or_else(|| self.unknown_node(row))?;
            if facts.parent.is_none() && facts.is_root {
                return Ok(parent);
            }
            Ok(profile.tree.child(parent, frames[name as usize]))
        };
        let rows = 0..self.nodes.len();
        rows.map(|row| table.node(row, parent, &mut child))
            .collect()
    }

    /// The error for a missing node that samples or other nodes refer to.
    #[cold]
    fn unknown_node(&self, number: usize) -> io::Error {
        let id = self.numbers.id(number as u32).unwrap_or_default();
        invalid(format!("node {id} is referenced but missing from `nodes`"))
    }
}

/// Reads a file into a [`Recording`].
pub(super) struct RecordingSeed<'r>(pub &'r mut Recording);

impl<'de> DeserializeSeed<'de> for RecordingSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordingSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `nodes` and `samples`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let RecordingSeed(recording) = self;
        let mut is_in_seconds = false;
        let mut has_nodes = false;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            has_nodes |= matches!(&*key, b"nodes" | b"head");
            match &*key {
                b"nodes" => map.next_value_seed(ForEach::new(|node| {
                    recording.add_node(node);
                    Ok(())
                }))?,
                b"head" => {
                    recording.add_head(map.next_value()?);
                    is_in_seconds = true;
                }
                b"samples" => map.next_value_seed(ForEach::new(|id| {
                    recording.add_sample(id);
                    Ok(())
                }))?,
                b"timeDeltas" => map.next_value_seed(ForEach::new(|delta| {
                    recording.add_delta(delta);
                    Ok(())
                }))?,
                b"timestamps" => map.next_value_seed(ForEach::new(|at| {
                    recording.add_timestamp(at);
                    Ok(())
                }))?,
                b"startTime" => {
                    recording.start = map.next_value::<Option<_>>()?.unwrap_or_default();
                }
                b"endTime" => recording.end = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if is_in_seconds {
            recording.use_timestamps();
        }
        match has_nodes {
            true => Ok(()),
            false => Err(A::Error::missing_field("nodes")),
        }
    }
}

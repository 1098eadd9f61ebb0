//! Chrome: traces in the Trace Event Format, written by Chrome's Performance panel, `clang
//! -ftime-trace`, PyTorch, viztracer, rustc's self-profile, uftrace, Bazel, Hermes and Perfetto.
//!
//! ```text
//! file  = [event, …       (the end may be missing)
//!       | { "traceEvents": [event …], "stackFrames"?: { ID: { "name", "parent"? } …}, "samples"?: [sample …] }
//! event = { "ph": PHASE, "name", "ts": µs, "dur"?: µs, "pid", "tid", "id"?, "args"? }
//! sample = { "ts": µs, "pid", "tid", "sf": ID }
//! ```
//!
//! ```json
//! [{"ph": "X", "name": "load", "ts": 100, "dur": 50, "pid": 1, "tid": 1},
//!  {"ph": "B", "name": "parse", "ts": 110, "pid": 1, "tid": 1}, {"ph": "E", "ts": 130, "pid": 1, "tid": 1}]
//! ```
//!
//! A trace can contain three kinds of profile, and the first available one is used: V8 CPU
//! profiles, in `Profile` and `ProfileChunk` events; samples with stacks; and spans, events with a
//! begin and an end. A span counts its self time.

mod chunks;
mod spans;

use super::cpuprofile;
use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, Moment, NodeId};
use crate::collapse::document::{Document, Profile, ValueType, shared_options, thread_roots};
use crate::collapse::json::{self, Id, Keys, Text};
use crate::collapse::selection::{Criterion, SampleOrigin};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use ahash::{AHashMap, RandomState};
use chunks::Recordings;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use spans::Spans;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead};

/// Folds Chrome traces. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, chrome::Folder};
///
/// let trace = r#"[{"ph": "X", "name": "load", "ts": 100, "dur": 50, "pid": 1, "tid": 1},
///     {"ph": "X", "name": "parse", "ts": 110, "dur": 20, "pid": 1, "tid": 1}]"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(trace.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"load 30\nload;parse 20\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a Chrome trace.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count, in microseconds: `profile` (V8 CPU profiles), `samples` (samples with
        /// stacks) or `spans` [default: the first one available]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Start each stack with its process and thread
        #[arg(long)]
        pub threads: bool,

        /// Append this argument of spans to their names
        #[arg(long, value_name = "KEY")]
        pub arg: Option<String>,

        /// Keep idle time
        #[arg(long)]
        pub idle: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "chrome";
    const ALIASES: &'static [&'static str] = &["chrome-tracing"];
    const DESCRIPTION: &'static str = "a Chrome trace (JSON)";
    const ORIGIN: &'static [Criterion] = &[
        Criterion::Time,
        Criterion::Comm,
        Criterion::Pid,
        Criterion::Tid,
    ];
    shared_options!(value, threads);
    thread_roots!(ProcessesAndThreads);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("traceEvents") || keys.has("[].ph"))
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut trace = Trace::new(self);
        // The deserializer reads single bytes, which is slow through several layers of readers.
        let buffered = io::BufReader::with_capacity(BUFFER_SIZE, input);
        let mut deserializer = serde_json::Deserializer::from_reader(buffered);
        let read = TraceSeed(&mut trace).deserialize(&mut deserializer);
        match read.and_then(|()| deserializer.end()) {
            Ok(()) => {}
            Err(error) if trace.is_cut(&error) => {
                let events = plural(trace.events, "whole event", "whole events");
                let (line, column) = (error.line(), error.column());
                warning!("the trace is truncated after {events} [line {line}, column {column}]");
            }
            Err(error) => return Err(json::not_as_expected(error, Self::DESCRIPTION)),
        }
        trace.finish(profile)
    }
}

const BUFFER_SIZE: usize = 1 << 16;

/// The kinds of profile in a trace, in order of preference.
const KINDS: [&str; 3] = ["profile", "samples", "spans"];
const PROFILE: usize = 0;
const SAMPLES: usize = 1;
const SPANS: usize = 2;

/// A process and one of its threads.
type ThreadId<'a> = (Id<'a>, Id<'a>);

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    ph: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    ts: Option<Decimal>,
    #[serde(default)]
    dur: Option<Decimal>,
    #[serde(default)]
    tdur: Option<Decimal>,
    #[serde(borrow, default)]
    pid: Option<Id<'a>>,
    #[serde(borrow, default)]
    tid: Option<Id<'a>>,
    #[serde(borrow, default)]
    id: Option<Id<'a>>,
    #[serde(default)]
    args: Option<Box<RawValue>>,
}

impl<'a> Event<'a> {
    fn thread(&self) -> ThreadId<'a> {
        let pid = self.pid.clone().unwrap_or(Id::Number(0));
        let tid = self.tid.clone().unwrap_or_else(|| pid.clone());
        (pid, tid)
    }

    /// The arguments, if they have this type.
    fn args<'t, T: Deserialize<'t>>(&'t self) -> Option<T> {
        serde_json::from_str(self.args.as_ref()?.get()).ok()
    }
}

#[derive(Deserialize)]
struct StackFrame<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    parent: Option<Id<'a>>,
}

#[derive(Deserialize)]
struct Sample<'a> {
    ts: Decimal,
    #[serde(borrow, default)]
    pid: Option<Id<'a>>,
    #[serde(borrow, default)]
    tid: Option<Id<'a>>,
    #[serde(borrow)]
    sf: Id<'a>,
}

/// The contents of a trace.
struct Trace<'o, 'a> {
    options: &'o Options,
    is_array: bool,
    events: u64,
    /// Whether any event has a phase, as all should.
    has_phases: bool,
    recordings: Recordings<'a>,
    stack_frames: HashMap<Id<'a>, StackFrame<'a>, RandomState>,
    samples: Vec<Sample<'a>>,
    spans: Spans<'a>,
    process_names: AHashMap<Id<'a>, Vec<u8>>,
    thread_names: AHashMap<ThreadId<'a>, Vec<u8>>,
}

impl<'o, 'a> Trace<'o, 'a> {
    fn new(options: &'o Options) -> Trace<'o, 'a> {
        Trace {
            options,
            is_array: false,
            events: 0,
            has_phases: false,
            recordings: Recordings::default(),
            stack_frames: HashMap::default(),
            samples: Vec::new(),
            spans: Spans::default(),
            process_names: AHashMap::new(),
            thread_names: AHashMap::new(),
        }
    }

    /// Whether `error` only means that the array of events ends early. The format permits a missing
    /// `]`.
    fn is_cut(&self, error: &serde_json::Error) -> bool {
        self.is_array && (error.is_eof() || error.to_string().starts_with("trailing comma"))
    }

    fn add(&mut self, event: Event<'a>) -> io::Result<()> {
        self.events += 1;
        self.has_phases |= event.ph.is_some();
        match event.ph.as_deref() {
            Some(b"X" | b"B" | b"E") => self.add_span(event),
            Some(b"M") => self.add_name(&event),
            Some(b"P" | b"I") => self.recordings.add(event)?,
            _ => {}
        }
        Ok(())
    }

    fn add_span(&mut self, event: Event<'a>) {
        let Some(begin) = event.ts else {
            return;
        };
        let thread = self.spans.thread(event.thread());
        let length = event.dur.or(event.tdur).unwrap_or_default();
        match event.ph.as_deref() {
            Some(b"E") => {
                let key = event.name.as_ref().map(|key| self.spans.intern(key));
                self.spans.end(thread, begin, key);
            }
            phase => {
                if is_total_of_clang(&event) {
                    return;
                }
                let name = self.span_name(&event);
                let name = self.spans.intern(&name);
                match phase {
                    Some(b"X") => self
                        .spans
                        .add(thread, begin, length.max(Decimal::ZERO), name),
                    _ => {
                        let key = self.spans.intern(event.name.as_deref().unwrap_or_default());
                        self.spans.begin(thread, begin, name, key);
                    }
                }
            }
        }
    }

    fn span_name(&self, event: &Event<'_>) -> Vec<u8> {
        let name = match event.name.as_deref() {
            None | Some(b"") => b"(unnamed)".to_vec(),
            Some(name) => frame_name(name),
        };
        let Some(key) = &self.options.arg else {
            return name;
        };
        let mut args: HashMap<Text<'_>, &RawValue, RandomState> = event.args().unwrap_or_default();
        match args.remove(&Text(key.as_bytes().into())) {
            Some(value) => {
                let text = serde_json::from_str::<Text<'_>>(value.get());
                let text = text.unwrap_or_else(|_| Text(value.get().as_bytes().into()));
                [&name, &b" "[..], &frame_name(&text)].concat()
            }
            None => name,
        }
    }

    /// Records the name of a process or thread.
    fn add_name(&mut self, event: &Event<'a>) {
        #[derive(Deserialize)]
        struct Name<'a> {
            #[serde(borrow)]
            name: Text<'a>,
        }
        let Some(Name { name }) = event.args() else {
            return;
        };
        let name = frame_name(&name);
        let thread = event.thread();
        match event.name.as_deref() {
            Some(b"process_name") => drop(self.process_names.insert(thread.0, name)),
            Some(b"thread_name") => drop(self.thread_names.insert(thread, name)),
            _ => {}
        }
    }

    fn finish(self, profile: &mut Profile) -> io::Result<()> {
        if self.events > 0 && !self.has_phases {
            return Err(invalid(
                "expected a Chrome trace, whose events have a key `ph`",
            ));
        }
        let has = [
            !self.recordings.is_empty(),
            !self.samples.is_empty() && !self.stack_frames.is_empty(),
            true,
        ];
        let kinds: Vec<usize> = (PROFILE..=SPANS).filter(|kind| has[*kind]).collect();
        let values = kinds
            .iter()
            .map(|kind| ValueType::new(KINDS[*kind], "microseconds"));
        let chosen = profile.choose(values.collect(), self.options.value.as_deref(), 0)?;
        match kinds[chosen] {
            PROFILE => self.count_recordings(profile),
            SAMPLES => self.count_samples(profile),
            _ => {
                self.count_spans(profile);
                Ok(())
            }
        }
    }

    fn count_recordings(mut self, profile: &mut Profile) -> io::Result<()> {
        let mut options = cpuprofile::Options::default();
        options.idle = self.options.idle;
        let has_selection = profile.has_selection();
        std::mem::take(&mut self.recordings).finish(has_selection, |thread, recording| {
            let base = self.base(&thread, profile);
            let origin = self.origin(&thread);
            recording.add_to(profile, base, cpuprofile::TIME, &options, &origin)
        })
    }

    /// A sample counts the time until the next one of its thread.
    fn count_samples(mut self, profile: &mut Profile) -> io::Result<()> {
        self.samples.sort_by_key(|sample| sample.ts);
        let mut latest: AHashMap<ThreadId<'_>, (Decimal, Option<NodeId>, Option<Moment>)> =
            AHashMap::new();
        let mut nodes = AHashMap::new();
        for sample in &self.samples {
            let pid = sample.pid.clone().unwrap_or(Id::Number(0));
            let tid = sample.tid.clone().unwrap_or_else(|| pid.clone());
            let thread = (pid, tid);
            let is_taken = profile.takes(&SampleOrigin {
                time: Some(sample.ts.divided_by(1_000_000)),
                ..self.origin(&thread)
            });
            let base = self.base(&thread, profile);
            let key = (base, sample.sf.clone());
            let node = match nodes.get(&key) {
                Some(node) => *node,
                None => self.stack(&sample.sf, base, profile)?,
            };
            nodes.insert(key, node);
            let node = is_taken.then_some(node);
            let moment = profile.take_moment();
            let now = (sample.ts, node, moment);
            if let Some((at, Some(node), moment)) = latest.insert(thread, now) {
                let passed = (sample.ts - at).max(Decimal::ZERO);
                profile.add_to_sum(0, passed);
                profile.add(node, passed);
                profile.note_time(moment, node, passed);
            }
        }
        Ok(())
    }

    /// The node of a stack frame.
    fn stack(&self, id: &Id<'_>, base: NodeId, profile: &mut Profile) -> io::Result<NodeId> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next {
            let frame = self.stack_frames.get(id);
            let frame = frame
                .ok_or_else(|| invalid(format!("stack frame {id} is missing from the trace")))?;
            path.push(frame.name.as_deref().unwrap_or_default());
            next = frame.parent.as_ref();
            if path.len() > self.stack_frames.len() {
                return Err(invalid(format!(
                    "the parents of stack frame {id} form a cycle"
                )));
            }
        }
        let names = path.into_iter().rev().map(frame_name);
        Ok(names.fold(base, |node, name| {
            let frame = profile.tree.intern(&name);
            profile.tree.child(node, frame)
        }))
    }

    fn count_spans(mut self, profile: &mut Profile) {
        let spans = std::mem::take(&mut self.spans);
        let column = profile.values.len() - 1;
        let report = spans.fold(profile, column, |thread, profile| {
            (self.base(thread, profile), self.origin(thread))
        });
        for (done, count, why) in [
            ("truncated", report.cut, "longer than the enclosing span"),
            ("skipped", report.never_begun, "without a begin"),
        ] {
            if count > 0 {
                warning!("{done} {} {why}", plural(count, "span", "spans"));
            }
        }
    }

    /// The origin of a thread's samples.
    fn origin(&self, thread: &ThreadId<'a>) -> SampleOrigin<'_> {
        let number = |id: &Id<'_>| match id {
            Id::Number(number) => Some(*number),
            Id::Text(text) => text.parse().ok(),
        };
        SampleOrigin {
            comm: self.thread_names.get(thread).map(Vec::as_slice),
            pid: number(&thread.0),
            tid: number(&thread.1),
            ..SampleOrigin::default()
        }
    }

    /// The node below which a thread's stacks are.
    fn base(&self, thread: &ThreadId<'a>, profile: &mut Profile) -> NodeId {
        if !self.options.threads {
            return CallTree::ROOT;
        }
        let (pid, tid) = thread;
        let name = |name: Option<&Vec<u8>>, kind: &str, id: &Id<'_>| {
            let name = name.map_or(Cow::Borrowed(kind.as_bytes()), Cow::from);
            [&*name, b" ", id.to_string().as_bytes()].concat()
        };
        let process = name(self.process_names.get(pid), "process", pid);
        let thread = name(self.thread_names.get(thread), "thread", tid);
        let process = profile.tree.intern(&frame_name(&process));
        let thread = profile.tree.intern(&frame_name(&thread));
        let process = profile.tree.child(CallTree::ROOT, process);
        profile.tree.child(process, thread)
    }
}

/// Whether the event is a total that `clang -ftime-trace` computes from others.
fn is_total_of_clang(event: &Event<'_>) -> bool {
    #[derive(Deserialize)]
    struct Total {
        #[serde(rename = "avg ms")]
        _average: IgnoredAny,
    }
    event
        .name
        .as_deref()
        .is_some_and(|name| name.starts_with(b"Total "))
        && event.args::<Total>().is_some()
}

/// Reads a trace, one event at a time.
struct TraceSeed<'t, 'o, 'a>(&'t mut Trace<'o, 'a>);

impl<'de> DeserializeSeed<'de> for TraceSeed<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TraceSeed<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events, or an object with `traceEvents`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<(), A::Error> {
        self.0.is_array = true;
        while let Some(event) = events.next_element()? {
            self.0.add(event).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let TraceSeed(trace) = self;
        let mut has_events = false;
        while let Some(key) = map.next_key::<Text<'_>>()? {
            has_events |= &*key == b"traceEvents";
            match &*key {
                b"traceEvents" => {
                    map.next_value_seed(json::ForEach::new(|event| trace.add(event)))?
                }
                b"stackFrames" => trace.stack_frames = map.next_value()?,
                b"samples" => trace.samples = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        match has_events {
            true => Ok(()),
            false => Err(A::Error::missing_field("traceEvents")),
        }
    }
}

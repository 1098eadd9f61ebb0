//! Chrome traces: an array of spans, and an object as saved by the Performance panel.

use super::cpuprofile::{START, call_frame, id};
use super::program::{FUNCTIONS, Function, Node, Run, Step};
use super::{Made, join};
use std::fmt::Write;

/// Spans as tracers write them: when they end, so that callees come first.
pub fn make_array(bytes: usize) -> Made {
    let mut run = Run::new(FUNCTIONS);
    let mut text = String::from("[\n");
    let mut spans = Spans::default();
    while text.len() < bytes {
        let step = run.step();
        let nanoseconds = 100 + run.random.below(40_000);
        spans.take(step, nanoseconds, &mut text);
    }
    end_array(&mut text);
    text.push('\n');
    Made {
        bytes: text.into_bytes(),
        total: spans.total as f64 / 1000.0,
    }
}

/// Replaces the last comma with the end of an array.
fn end_array(text: &mut String) {
    text.truncate(text.trim_end_matches(",\n").len());
    text.push(']');
}

/// The spans of a run. Times are in nanoseconds.
#[derive(Default)]
struct Spans {
    at: u64,
    /// The start of each open span, and the time of its nested spans.
    open: Vec<(u64, u64)>,
    total: u64,
}

impl Spans {
    fn take(&mut self, step: Step, passed: u64, text: &mut String) {
        self.at += passed;
        match step {
            Step::Call(_) => self.open.push((self.at, 0)),
            Step::Return(function) => {
                let (begin, inner) = self.open.pop().expect("it was called");
                let length = self.at - begin;
                if let Some((_, inner)) = self.open.last_mut() {
                    *inner += length;
                }
                self.total += length - inner;
                push_span(text, function, begin, length);
            }
        }
    }
}

fn push_span(text: &mut String, function: Function, begin: u64, length: u64) {
    let (name, category) = (function.name(), function.class());
    let (begin, length) = (micros(begin), micros(length));
    writeln!(
        text,
        "{{\"name\":\"{name}\",\"cat\":\"{category}\",\"ph\":\"X\",\"ts\":{begin},\"dur\":{length},\"pid\":4711,\
         \"tid\":4712,\"args\":{{\"line\":{}}}}},",
        function.line()
    )
    .expect("a string takes all");
}

/// Converts nanoseconds to microseconds, with decimal places only if needed.
fn micros(nanoseconds: u64) -> String {
    match nanoseconds % 1000 {
        0 => format!("{}", nanoseconds / 1000),
        rest => format!("{}.{rest:03}", nanoseconds / 1000),
    }
}

/// CPU profiles in chunks, between spans and other events.
pub fn make_object(bytes: usize) -> Made {
    let mut run = Run::new(FUNCTIONS);
    let mut text = format!(
        "{{\"metadata\":{{\"source\":\"DevTools\"}},\"traceEvents\":[\n\
         {{\"args\":{{\"data\":{{\"startTime\":{START}}}}},\"cat\":\"disabled-by-default-v8.cpu_profiler\",\"id\":\"0x1\",\
         \"name\":\"Profile\",\"ph\":\"P\",\"pid\":4711,\"tid\":4712,\"ts\":{START}}},\n"
    );
    let mut chunks = Chunks {
        at: START,
        known: 0,
        total: 0,
    };
    let mut spans = Spans::default();
    let mut is_first = true;
    while text.len() < bytes {
        let first_delta = chunks.push(&mut run, &mut text);
        if std::mem::take(&mut is_first) {
            // The time before the first sample is unknown.
            chunks.total -= first_delta;
        }
        for _ in 0..SPANS_PER_CHUNK {
            spans.take(Step::Call(Function(1)), 700, &mut text);
            spans.take(Step::Return(Function(1)), 30_000, &mut text);
        }
    }
    end_array(&mut text);
    text.push_str("}\n");
    Made {
        bytes: text.into_bytes(),
        total: chunks.total as f64,
    }
}

const SAMPLES_PER_CHUNK: usize = 100;
const SPANS_PER_CHUNK: usize = 40;

/// The chunks of a CPU profile.
struct Chunks {
    at: u64,
    /// The number of nodes written.
    known: usize,
    total: u64,
}

impl Chunks {
    /// Appends a chunk, and returns the time between its first sample and the previous sample.
    fn push(&mut self, run: &mut Run, text: &mut String) -> u64 {
        let samples: Vec<Node> = (0..SAMPLES_PER_CHUNK).map(|_| run.sample()).collect();
        let deltas: Vec<u64> = samples.iter().map(|_| 100 + run.random.below(50)).collect();
        let duration: u64 = deltas.iter().sum();
        let nodes: Vec<Node> = run.nodes().skip(self.known).collect();
        self.known += nodes.len();
        self.at += duration;
        self.total += duration;
        let nodes = nodes.iter().map(|node| {
            let parent = run.caller(*node).map(id);
            let parent = parent.map_or(String::new(), |parent| format!(",\"parent\":{parent}"));
            let call_frame = call_frame(run, *node);
            format!(
                "{{\"callFrame\":{call_frame},\"id\":{}{parent}}}",
                id(*node)
            )
        });
        writeln!(
            text,
            "{{\"args\":{{\"data\":{{\"cpuProfile\":{{\"nodes\":[{}],\"samples\":[{}]}},\"timeDeltas\":[{}]}}}},\
             \"cat\":\"disabled-by-default-v8.cpu_profiler\",\"id\":\"0x1\",\"name\":\"ProfileChunk\",\"ph\":\"P\",\
             \"pid\":4711,\"tid\":4713,\"ts\":{}}},",
            join(nodes),
            join(samples.iter().map(|node| id(*node))),
            join(&deltas),
            self.at
        )
        .expect("a string takes all");
        deltas.first().copied().unwrap_or(0)
    }
}

//! Off-CPU time and wakeups: scheduler events of `perf script`.
//!
//! The events are `sched:sched_switch`, `sched:sched_stat_sleep` and `sched:sched_stat_blocked`,
//! with stacks, printed by `perf script -F comm,pid,tid,time,event,ip,sym,dso,trace`.
//!
//! ```text
//! event  = COMM " " PID [ "/" TID ] " " TIME ": " ( switch | wakeup ), { frame }, blank line
//! switch = "sched:sched_switch: " … "prev_pid=" PID …
//! wakeup = "sched:sched_stat_" … "comm=" COMM " pid=" PID " delay=" NANOSECONDS …
//! frame  = whitespace, ADDRESS " " FUNCTION " (" MODULE ")"                       (the leaf first)
//! ```
//!
//! ```text
//! till 71/72 831.426492: sched:sched_switch: prev_comm=till prev_pid=72 prev_prio=120 prev_state=S ==> next_comm=swapper next_pid=0
//!     ffffffff821f8298 __schedule ([kernel.kallsyms])
//!               ee137 read (/usr/lib/libc.so.6)
//!
//! cart 80/80 831.526519: sched:sched_stat_sleep: comm=till pid=72 delay=100026999 [ns]
//!     ffffffff813a8777 try_to_wake_up ([kernel.kallsyms])
//!
//! ```
//!
//! For `sched:sched_switch` alone, which has all time off the CPU, see
//! [`perf::Options::off_cpu`](super::perf::Options::off_cpu).
//!
//! A thread that wakes up counts the microseconds that it slept, at the stack with which it went to
//! sleep. A sleep counts once, even if the event that ends it is printed repeatedly.

use super::document::lines::{Lines, parse};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, NodeId};
use crate::flags::flags;
use crate::names::frame::frame_name;
use ahash::AHashMap;
use std::io::{self, BufRead};

/// Folds scheduler events of `perf script`. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for scheduler events.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Append the ID of the thread to its name: `till-72`
        #[arg(long)]
        pub record_tid: bool,

        /// Continue each stack with the stack of the waking thread, and its name
        #[arg(long)]
        pub record_wake_stack: bool,

        /// Like --record-wake-stack, but continue recursively with the thread that woke that one
        #[arg(long)]
        pub recurse: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "perf-sched";
    const DESCRIPTION: &'static str = "scheduler events of perf script, as off-CPU time";
    shared_options!();

    /// These are ordinary events, which `perf` reads. Only the user knows that the time between
    /// them is of interest.
    fn sniff(_: &[u8]) -> Option<bool> {
        Some(false)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("time", "microseconds")], None, 0)?;
        let mut reader = EventReader {
            options: self,
            profile,
            event: None,
            frames: Vec::new(),
            asleep: AHashMap::default(),
            woken: AHashMap::default(),
            times: AHashMap::default(),
            found: false,
        };
        let mut lines = Lines::of(input);
        while let Some(line) = lines.next()? {
            reader.read_line(line);
        }
        reader.end_event();
        let found = reader.found;
        reader.count();
        lines.finish(
            found,
            "events sched:sched_switch and sched:sched_stat_* of perf script, found none",
        )
    }
}

enum Event {
    /// A thread leaves the CPU.
    Switch {
        pid: Vec<u8>,
    },
    Wakeup(Wakeup),
}

struct Wakeup {
    waker: Vec<u8>,
    /// As printed: `PID/TID`.
    waker_id: Vec<u8>,
    comm: Vec<u8>,
    pid: Vec<u8>,
    nanoseconds: u64,
}

type Stack = Vec<Vec<u8>>;

struct EventReader<'r> {
    options: &'r Options,
    profile: &'r mut Profile,
    event: Option<Event>,
    /// The frames of the event, starting with the leaf.
    frames: Stack,
    /// The stacks with which threads went to sleep, the outermost frame first, by thread.
    asleep: AHashMap<Vec<u8>, Stack>,
    /// The stacks counted when threads last woke up, by thread; for `recurse`.
    woken: AHashMap<Vec<u8>, Stack>,
    /// In nanoseconds.
    times: AHashMap<NodeId, u64>,
    found: bool,
}

impl EventReader<'_> {
    fn read_line(&mut self, line: &[u8]) {
        match line {
            [b'#', ..] => {}
            [b' ' | b'\t', ..] if !line.trim_ascii().is_empty() => {
                if self.event.is_some() {
                    self.frames.extend(frame(line));
                }
            }
            _ => {
                self.end_event();
                self.event = read_event(line);
                self.found |= self.event.is_some();
            }
        }
    }

    fn end_event(&mut self) {
        let frames = std::mem::take(&mut self.frames);
        match self.event.take() {
            Some(Event::Switch { pid }) => {
                self.asleep.insert(pid, frames.into_iter().rev().collect());
            }
            Some(Event::Wakeup(wakeup)) => self.wake(wakeup, frames),
            None => {}
        }
    }

    /// Counts the sleep of a thread, if the start of the sleep was seen.
    fn wake(&mut self, wakeup: Wakeup, wake_stack: Stack) {
        let Some(mut stack) = self.asleep.remove(&wakeup.pid) else {
            return;
        };
        let name = |comm: &[u8], id: &[u8]| match self.options.record_tid {
            true => frame_name(&[comm, b"-", id].concat()),
            false => frame_name(comm),
        };
        if self.options.record_wake_stack || self.options.recurse {
            stack.extend(wake_stack);
            stack.push(name(&wakeup.waker, &wakeup.waker_id));
        }
        if self.options.recurse {
            if let Some(before) = self.woken.get(&wakeup.waker_id) {
                stack.push(b"-".to_vec());
                stack.extend_from_slice(before);
            }
            stack.truncate(MAX_DEPTH);
            self.woken.insert(wakeup.pid.clone(), stack.clone());
        }
        let root = name(&wakeup.comm, &wakeup.pid);
        let mut node = CallTree::ROOT;
        for frame in std::iter::once(&root).chain(&stack) {
            node = self.profile.tree.child_called(node, frame);
        }
        let time = self.times.entry(node).or_default();
        *time = time.saturating_add(wakeup.nanoseconds);
    }

    fn count(self) {
        for (node, nanoseconds) in self.times {
            let time = Decimal::from(nanoseconds / 1000);
            self.profile.add_to_sum(0, time);
            self.profile.add(node, time);
        }
    }
}

/// The maximum depth of a stack, because two threads may wake each other repeatedly.
const MAX_DEPTH: usize = 10_000;

fn read_event(line: &[u8]) -> Option<Event> {
    if has_event(line, b"sched:sched_switch:") {
        let pid = field(line, b" prev_pid=")?.to_vec();
        return Some(Event::Switch { pid });
    }
    has_event(line, b"sched:sched_stat_").then_some(())?;
    let (waker, waker_id) = thread(line)?;
    let comm = memchr::memmem::find(line, b" comm=")? + b" comm=".len();
    let end = memchr::memmem::find(&line[comm..], b" pid=")?;
    Some(Event::Wakeup(Wakeup {
        waker: waker.to_vec(),
        waker_id: waker_id.to_vec(),
        comm: line[comm..comm + end].to_vec(),
        pid: field(line, b" pid=")?.to_vec(),
        nanoseconds: parse(field(line, b" delay=")?)?,
    }))
}

fn has_event(line: &[u8], event: &[u8]) -> bool {
    memchr::memmem::find(line, event).is_some()
}

/// The word after `key`.
fn field<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l [u8]> {
    let start = memchr::memmem::find(line, key)? + key.len();
    line[start..].split(u8::is_ascii_whitespace).next()
}

/// The name and ID of a thread, before the time, which ends in a colon.
fn thread(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let time = memchr::memmem::find(line, b": ")?;
    let id_end = memchr::memrchr(b' ', &line[..time])?;
    let start = line[..id_end].trim_ascii_end();
    // The number of the CPU may be in between, in brackets.
    let start = match memchr::memmem::rfind(start, b" [") {
        Some(bracket) if start.ends_with(b"]") => start[..bracket].trim_ascii_end(),
        _ => start,
    };
    let id = memchr::memrchr(b' ', start)? + 1;
    Some((start[..id].trim_ascii(), &start[id..]))
}

/// The function of a frame, between the address and the module.
fn frame(line: &[u8]) -> Option<Vec<u8>> {
    let text = line.trim_ascii();
    let start = memchr::memchr(b' ', text)?;
    let end = memchr::memrchr(b' ', text).filter(|end| *end > start)?;
    let words = text[start..end].split(u8::is_ascii_whitespace);
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    Some(frame_name(&words.join(&b' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_named_before_the_time() {
        for (line, comm, id) in [
            ("till 71/72   1.5: sched:x: pid=1", "till", "71/72"),
            ("my till 72 [001] 1.5: sched:x: pid=1", "my till", "72"),
            (":-1    -1/-1  1.5: sched:x: pid=1", ":-1", "-1/-1"),
        ] {
            let expected = (comm.as_bytes(), id.as_bytes());
            assert_eq!(thread(line.as_bytes()), Some(expected));
        }
    }

    #[test]
    fn functions_may_hold_spaces() {
        for (line, name) in [
            ("\t  ee137 read (/usr/lib/libc.so.6)", "read"),
            ("\t  1 <a::B>::c  d (/srv/shop)", "<a::B>::c d"),
            ("\t  1 [unknown] ([vdso])", "[unknown]"),
        ] {
            assert_eq!(frame(line.as_bytes()).unwrap(), name.as_bytes());
        }
    }
}

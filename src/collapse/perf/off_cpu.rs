//! Reads the scheduler's events, whose stacks wait until their threads return to a CPU.
//!
//! perf prints the fields of `sched:sched_switch` in one of two forms:
//!
//! ```text
//! prev_comm=till prev_pid=72 prev_prio=120 prev_state=S ==> next_comm=cart next_pid=80 next_prio=120
//! till:72 [120] S ==> cart:80 [120]
//! ```

use super::Options;
use super::Worker;
use super::absences::{Absence, Absences, Change, SWITCH, Thread};
use super::block::{BlockFolder, Sample};
use super::chosen::origin;
use super::event::EventLine;
use crate::call_tree::{CallTree, Moment, NodeId};
use crate::collapse::selection::{Chooser, SampleOrigin};
use ahash::AHashMap;
use memchr::memmem;
use std::io;

/// The threads that are off the CPU.
#[derive(Default)]
pub(crate) struct OffCpu {
    absences: Absences<Stop>,
    /// All stacks, of which some are not counted.
    stacks: CallTree,
    /// The nodes in the result, by a stack and that of its waker.
    nodes: AHashMap<(NodeId, Option<NodeId>), NodeId>,
    /// Selects samples, unless all are folded; `None` before the first event.
    chooser: Option<Option<Chooser>>,
    /// The absences so far and their ends, if the whole time must be known first.
    held: Vec<(Absence<Stop>, u64)>,
}

/// A stack with which a thread leaves a CPU or wakes another.
#[derive(Debug)]
struct Stop {
    /// `None` if there are no frames; of a waker, then only its name counts.
    node: Option<NodeId>,
    comm: Vec<u8>,
    /// As printed, for the time order.
    thread: Vec<u8>,
    pid: Option<u64>,
    tid: Option<u64>,
    cpu: Option<u64>,
}

impl BlockFolder<'_> {
    /// Takes a sample of any event.
    pub fn take_change(&mut self, sample: &Sample<'_>) -> Option<()> {
        let (event, options) = (&sample.event, self.options);
        let origin = origin(sample.line, event);
        let off_cpu = &mut self.worker.off_cpu;
        if let Some(chooser) = off_cpu.chooser(options).filter(|_| !event.is_record()) {
            chooser.see(&origin);
        }
        let change = change(sample.line, event, &origin)?;
        let time = origin.time?.to_nanos()?;
        let is_wakeup = matches!(change, Change::Wakeup(_));
        let needs_stack = !is_wakeup || options.wakers;
        let stop = needs_stack.then(|| self.stop(sample, &origin, is_wakeup));
        let off_cpu = &mut self.worker.off_cpu;
        let absence = off_cpu.absences.apply(change, time, stop)?;
        let chooser = off_cpu.chooser.as_ref().and_then(Option::as_ref);
        if chooser.is_some_and(|chooser| chooser.needs_survey(true)) {
            off_cpu.held.push((absence, time));
        } else {
            self.worker.end_absence(&absence, time, options, self.tree);
        }
        Some(())
    }

    fn stop(&mut self, sample: &Sample<'_>, origin: &SampleOrigin<'_>, is_wakeup: bool) -> Stop {
        let Worker {
            stacks, off_cpu, ..
        } = &mut *self.worker;
        let (event, lines) = (&sample.event, sample.frames.iter().rev().copied());
        let tree = &mut off_cpu.stacks;
        let mut node = stacks.read_lines(lines, event, self.options, tree).node;
        if node.is_none() && is_wakeup {
            node = Some(stacks.command_node(event, self.options, tree));
        }
        Stop {
            node,
            comm: origin.comm.unwrap_or_default().to_vec(),
            thread: event.start.tid.unwrap_or(event.start.comm).to_vec(),
            pid: origin.pid,
            tid: origin.tid,
            cpu: origin.cpu,
        }
    }
}

impl OffCpu {
    fn chooser(&mut self, options: &Options) -> Option<&mut Chooser> {
        let new = || {
            let mut chooser = options.new_chooser()?;
            if chooser.needs_survey(true) {
                chooser.start_survey();
            }
            Some(chooser)
        };
        self.chooser.get_or_insert_with(new).as_mut()
    }

    /// The selected nanoseconds of an absence.
    fn selected_time(&mut self, absence: &Absence<Stop>, end: u64) -> Option<u64> {
        let stop = &absence.stack;
        let Some(chooser) = self.chooser.as_mut().and_then(Option::as_mut) else {
            return Some(end.saturating_sub(absence.start));
        };
        let origin = SampleOrigin {
            time: None,
            comm: Some(stop.comm.as_slice()).filter(|comm| !comm.is_empty()),
            pid: stop.pid,
            tid: stop.tid,
            cpu: stop.cpu,
        };
        chooser.clip_nanos(absence.start, end, &origin)
    }

    /// The node of a stack and that of its waker, in `tree`.
    fn node(&mut self, stack: NodeId, waker: Option<NodeId>, tree: &mut CallTree) -> NodeId {
        let stacks = &self.stacks;
        *self.nodes.entry((stack, waker)).or_insert_with(|| {
            let up = |node| std::iter::successors(Some(node), |node| stacks.parent(*node));
            let up = |node| up(node).filter(|node| *node != CallTree::ROOT);
            let mut path: Vec<NodeId> = up(stack).collect();
            path.reverse();
            path.extend(waker.into_iter().flat_map(up));
            path.into_iter().fold(CallTree::ROOT, |node, frame| {
                tree.child_called(node, stacks.name(frame))
            })
        })
    }
}

impl Worker {
    /// Counts the selected part of an absence.
    fn end_absence(
        &mut self,
        absence: &Absence<Stop>,
        end: u64,
        options: &Options,
        tree: &mut CallTree,
    ) {
        let Some(time) = self.off_cpu.selected_time(absence, end) else {
            return;
        };
        let Some(node) = absence.stack.node else {
            self.report.without_stack += 1;
            return;
        };
        let waker = absence.waker.as_ref().and_then(|waker| waker.node);
        let node = self.off_cpu.node(node, waker, tree);
        self.sums.add(Some(time));
        let count = if options.count_samples { 1 } else { time };
        tree.add(node, count);
        if options.needs_order() {
            let timeline = &mut self.timeline;
            let moment = match options.in_time_order {
                true => Moment::at(timeline.len()),
                false => Moment {
                    start: end.saturating_sub(time),
                    length: time,
                },
            };
            timeline.add(&absence.stack.thread, moment, node, count);
        }
    }

    /// Counts the absences that wait for the end, and logs which time is unknown.
    ///
    /// # Errors
    /// The necessary events are missing, or none of several samples was selected.
    pub(super) fn finish_off_cpu(
        &mut self,
        options: &Options,
        tree: &mut CallTree,
    ) -> io::Result<()> {
        self.off_cpu.absences.finish(options.wakers)?;
        if let Some(chooser) = self
            .off_cpu
            .chooser(options)
            .filter(|it| it.needs_survey(true))
        {
            chooser.end_survey();
        }
        for (absence, end) in std::mem::take(&mut self.off_cpu.held) {
            self.end_absence(&absence, end, options, tree);
        }
        match self.off_cpu.chooser(options) {
            Some(chooser) => chooser.finish(<Options as super::Format>::ORIGIN_ADVICE),
            None => Ok(()),
        }
    }
}

/// What an event changes; `None` if it is another one, or its fields are not printed.
fn change(line: &[u8], event: &EventLine<'_>, origin: &SampleOrigin<'_>) -> Option<Change> {
    let name = event.event?.name;
    match name {
        name if name == SWITCH.as_bytes() => read_switch(event.payload),
        b"sched:sched_waking" | b"sched:sched_wakeup" | b"sched:sched_wakeup_new" => {
            read_wakeup(event.payload)
        }
        b"PERF_RECORD_SWITCH" | b"PERF_RECORD_SWITCH_CPU_WIDE" => {
            let thread = Thread::try_from(origin.tid?).ok()?;
            memmem::find(line, b" IN ").map(|_| Change::Return(thread))
        }
        _ => None,
    }
}

fn read_switch(fields: &[u8]) -> Option<Change> {
    const ARROW: &[u8] = b" ==> ";
    // A command may contain anything, so both sides are read from their ends.
    let arrow = memmem::rfind(fields, ARROW)?;
    let (previous, next) = (&fields[..arrow], &fields[arrow + ARROW.len()..]);
    let state = previous.rsplit(|byte| *byte == b' ').next()?;
    let state = state.strip_prefix(b"prev_state=").unwrap_or(state);
    Some(Change::Switch {
        previous: read_thread(previous, b" prev_pid=")?,
        next: read_thread(next, b" next_pid=")?,
        is_exit: matches!(state, [b'X' | b'Z', ..]),
    })
}

fn read_wakeup(fields: &[u8]) -> Option<Change> {
    read_thread(fields, b" pid=").map(Change::Wakeup)
}

/// The ID after `key`, or between the command and the priority: `till:72 [120]`.
fn read_thread(fields: &[u8], key: &[u8]) -> Option<Thread> {
    let start = match memmem::rfind(fields, key) {
        Some(at) => at + key.len(),
        None => memchr::memrchr(b':', &fields[..memmem::rfind(fields, b" [")?])? + 1,
    };
    let id = fields[start..].split(|byte| *byte == b' ').next()?;
    Thread::try_from(crate::bytes::count::parse_digits(id)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_fields_are_read() {
        let switch = |previous, next, is_exit| {
            Some(Change::Switch {
                previous,
                next,
                is_exit,
            })
        };
        for (fields, expected) in [
            (
                "prev_comm=a prev_pid=72 prev_prio=120 prev_state=S ==> next_comm=b next_pid=80 next_prio=120",
                switch(72, 80, false),
            ),
            (
                "prev_comm=x ==> prev_pid=1 prev_pid=72 prev_prio=120 prev_state=X ==> next_comm=b next_pid=80 next_prio=120",
                switch(72, 80, true),
            ),
            (
                "my till:72 [120] R+ ==> a:b:80 [120]",
                switch(72, 80, false),
            ),
            ("prev_comm=a prev_pid=72 prev_prio=120 prev_state=S", None),
        ] {
            assert_eq!(read_switch(fields.as_bytes()), expected, "{fields}");
        }
        for fields in [
            "comm=a pid=72 prio=120 target_cpu=000",
            "my a:72 [120] CPU:001",
        ] {
            assert_eq!(read_wakeup(fields.as_bytes()), Some(Change::Wakeup(72)));
        }
    }
}

//! Reads the scheduler's events, whose samples wait until their threads return to a CPU.

use super::choice::Choice;
use super::event::Event;
use super::header::Header;
use super::reader::{RecordReader, State, WaitingSample};
use super::records::Record;
use super::sample::{Sample, thread_of_record};
use super::tracing::{Role, SOFTWARE_SWITCH};
use crate::collapse::perf;
use crate::collapse::perf::absences::{Absence, Absences, Change, Thread};
use crate::collapse::selection::SampleOrigin;
use ahash::AHashMap;
use std::io;
use std::sync::Arc;

/// The threads that are off the CPU.
#[derive(Default)]
pub(super) struct OffCpu {
    absences: Absences<WaitingSample>,
    with_wakers: bool,
    /// The event that threads leave CPUs by, once it is known.
    role: Option<Role>,
    /// The scheduler's IDs of threads, which differ from those of perf in another namespace.
    threads: AHashMap<i32, Thread>,
}

impl OffCpu {
    /// The state for options that count off-CPU time.
    pub fn of(options: &perf::Options) -> Option<OffCpu> {
        options.off_cpu.then(|| OffCpu {
            with_wakers: options.wakers,
            ..OffCpu::default()
        })
    }
}

impl RecordReader {
    /// Takes a sample of any event; `None` if it is one of the scheduler's without the necessary fields.
    pub fn take_change(&mut self, record: Record, header: &Header) -> Option<()> {
        let event = header.events.get(record.event)?.clone();
        let sample = Sample::read(&record.body, &event, header.order)?;
        self.choose_switches(header);
        self.choice.note(record.event, &header.events);
        if let Some(chooser) = &mut self.chooser {
            chooser.see(&sample.origin(b""));
        }
        let Some(role) = self.role(&event) else {
            return Some(());
        };
        let tracepoints = &header.tracepoints;
        let change = tracepoints.change(role, &event, &sample, header.order)?;
        let (time, state) = (sample.time?, State::of(&sample));
        if let (Some(off_cpu), Change::Switch { previous, .. }) = (&mut self.off_cpu, change) {
            off_cpu.threads.insert(state.tid, previous);
        }
        self.apply(change, time, Some((record, event, state)), header);
        Some(())
    }

    /// Folds the software event if the tracepoint was not recorded.
    fn choose_switches(&mut self, header: &Header) {
        let is_tracepoint = |event: &Arc<Event>| Role::of(event) == Some(Role::Switch);
        if let Some(off_cpu) = &mut self.off_cpu
            && off_cpu.role.is_none()
        {
            let role = match header.events.iter().any(is_tracepoint) {
                true => Role::Switch,
                false => Role::SoftwareSwitch,
            };
            off_cpu.role = Some(role);
            if role == Role::SoftwareSwitch {
                self.choice = Choice::new(Some(SOFTWARE_SWITCH));
            }
        }
    }

    /// What an event says, unless it is not needed.
    fn role(&self, event: &Event) -> Option<Role> {
        let switch = self.off_cpu.as_ref()?.role;
        Role::of(event).filter(|role| *role == Role::Wakeup || Some(*role) == switch)
    }

    /// Takes a record of `perf record --switch-events`, which may be the return of a thread.
    pub fn take_switch(&mut self, record: &Record, header: &Header) -> Option<()> {
        const IS_OUT: u16 = 1 << 13;
        let Some(off_cpu) = self.off_cpu.as_ref().filter(|_| record.misc & IS_OUT == 0) else {
            return Some(());
        };
        let event = header.events.get(record.event)?;
        let tid = thread_of_record(&record.body, event, header.order)?;
        let known = off_cpu.threads.get(&tid).copied();
        let thread = known.unwrap_or(Thread::from(tid));
        self.apply(Change::Return(thread), record.time()?, None, header);
        Some(())
    }

    fn apply(
        &mut self,
        change: Change,
        time: u64,
        stack: Option<(Record, Arc<Event>, State)>,
        header: &Header,
    ) {
        let Some(mut off_cpu) = self.off_cpu.take() else {
            return;
        };
        let stack = stack.map(|(record, event, state)| self.waiting(record, event, state));
        if let Some(absence) = off_cpu.absences.apply(change, time, stack) {
            self.end_absence(absence, time, header, off_cpu.with_wakers);
        }
        self.off_cpu = Some(off_cpu);
    }

    /// Counts the selected part of an absence.
    fn end_absence(
        &mut self,
        absence: Absence<WaitingSample>,
        end: u64,
        header: &Header,
        with_wakers: bool,
    ) {
        let mut sample = absence.stack;
        let Some(count) = self.selected_time(&sample, absence.start, end) else {
            return;
        };
        sample.waker = absence.waker.filter(|_| with_wakers).map(Box::new);
        self.give(sample, count, header);
    }

    /// The selected nanoseconds between `start` and `end`, at which the thread of the sample is away.
    fn selected_time(&mut self, sample: &WaitingSample, start: u64, end: u64) -> Option<u64> {
        let Some(chooser) = &mut self.chooser else {
            return Some(end.saturating_sub(start));
        };
        let id = |id: i32| u64::try_from(id).ok();
        let origin = SampleOrigin {
            time: None,
            comm: Some(sample.comm.trim_ascii()),
            pid: id(sample.state.pid),
            tid: id(sample.state.tid),
            cpu: sample.state.cpu.map(u64::from),
        };
        chooser.clip_nanos(start, end, &origin)
    }

    /// Logs which off-CPU time is unknown.
    ///
    /// # Errors
    /// The necessary events are missing.
    pub fn finish_off_cpu(&self) -> io::Result<()> {
        match &self.off_cpu {
            Some(off_cpu) => off_cpu.absences.finish(off_cpu.with_wakers),
            None => Ok(()),
        }
    }
}

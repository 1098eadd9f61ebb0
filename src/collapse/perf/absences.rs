//! Off-CPU time: the time between the events at which a thread leaves a CPU and returns to one.
//!
//! Readers of `perf.data` and `perf script` turn events into [`Change`]s, and keep the stack of each
//! thread that leaves a CPU until it returns.

use crate::bytes::text::plural;
use crate::input::invalid;
use crate::warnings::warning;
use ahash::AHashMap;
use std::io;

/// The event recorded when a CPU switches between threads.
pub(crate) const SWITCH: &str = "sched:sched_switch";

/// The ID of a thread as the scheduler has it.
pub(crate) type Thread = i64;

/// The thread that runs if there is no other.
pub(crate) const IDLE: Thread = 0;

/// What an event changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// One thread leaves a CPU for another.
    Switch {
        previous: Thread,
        next: Thread,
        /// Whether the previous thread has exited.
        is_exit: bool,
    },
    /// A thread is woken by the one that runs.
    Wakeup(Thread),
    /// A thread returns to a CPU.
    Return(Thread),
}

/// A thread that is not on a CPU.
#[derive(Debug)]
pub(crate) struct Absence<S> {
    /// The time at which it left, in nanoseconds.
    pub start: u64,
    /// The stack with which it left.
    pub stack: S,
    /// The stack of the thread that woke it, if that is recorded.
    pub waker: Option<S>,
}

/// The threads that are not on a CPU.
#[derive(Debug)]
pub(crate) struct Absences<S> {
    of_thread: AHashMap<Thread, Absence<S>>,
    switches: u64,
    wakeups: u64,
    returns: u64,
    /// The number of returns that are not recorded, though the thread left a CPU again.
    missed: u64,
}

impl<S> Default for Absences<S> {
    fn default() -> Self {
        Absences {
            of_thread: AHashMap::new(),
            switches: 0,
            wakeups: 0,
            returns: 0,
            missed: 0,
        }
    }
}

impl<S> Absences<S> {
    /// Applies the change at a time in nanoseconds, and returns the absence that it ends. A wakeup
    /// without a stack is only counted.
    pub fn apply(&mut self, change: Change, time: u64, stack: Option<S>) -> Option<Absence<S>> {
        match change {
            Change::Switch {
                previous,
                next,
                is_exit,
            } => {
                self.switches += 1;
                if let Some(stack) = stack.filter(|_| !is_exit && previous != IDLE) {
                    self.leave(previous, time, stack);
                }
                self.end(next)
            }
            Change::Wakeup(thread) => {
                self.wakeups += 1;
                if let Some(absence) = self.of_thread.get_mut(&thread) {
                    absence.waker = absence.waker.take().or(stack);
                }
                None
            }
            Change::Return(thread) => self.end(thread),
        }
    }

    fn leave(&mut self, thread: Thread, start: u64, stack: S) {
        let absence = Absence {
            start,
            stack,
            waker: None,
        };
        let before = self.of_thread.insert(thread, absence);
        self.missed += u64::from(before.is_some());
    }

    fn end(&mut self, thread: Thread) -> Option<Absence<S>> {
        let absence = self.of_thread.remove(&thread)?;
        self.returns += 1;
        Some(absence)
    }

    /// Logs which times are unknown.
    ///
    /// # Errors
    /// The necessary events are missing.
    pub fn finish(&self, with_wakers: bool) -> io::Result<()> {
        if self.switches == 0 {
            return Err(invalid(
                "--off-cpu needs sched:sched_switch events with their fields; record with `perf record -e \
                 sched:sched_switch -a -g`",
            ));
        }
        if self.returns == 0 {
            return Err(invalid(
                "--off-cpu: no thread that left a CPU returns to one in the recording; record all CPUs with \
                 `perf record -e sched:sched_switch -a -g`",
            ));
        }
        if with_wakers && self.wakeups == 0 {
            return Err(invalid(
                "--wakers needs sched:sched_waking events with their fields; record with `perf record -e \
                 sched:sched_switch -e sched:sched_waking -a -g`",
            ));
        }
        self.log();
        Ok(())
    }

    fn log(&self) {
        let away = self.of_thread.len() as u64;
        if away > 0 {
            let threads = plural(
                away,
                "thread that leaves a CPU does",
                "threads that leave a CPU do",
            );
            warning!(
                "{threads} not return before the end of the recording; that time is not counted"
            );
        }
        if self.missed > 0 {
            let returns = plural(self.missed, "return to a CPU is", "returns to a CPU are");
            warning!("{returns} missing in the recording; the time before is not counted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(previous: Thread, next: Thread) -> Change {
        Change::Switch {
            previous,
            next,
            is_exit: false,
        }
    }

    /// The absences that end: when, and its start, stack and waker.
    fn ends(changes: &[(u64, Change)]) -> Vec<(u64, u64, u64, Option<u64>)> {
        let mut absences = Absences::default();
        let ended = changes.iter().filter_map(|(time, change)| {
            let absence = absences.apply(*change, *time, Some(*time))?;
            Some((*time, absence.start, absence.stack, absence.waker))
        });
        ended.collect()
    }

    #[test]
    fn a_thread_is_off_the_cpu_until_it_is_switched_to() {
        let changes = [
            (10, switch(7, 8)),
            (20, switch(8, 7)),
            (30, switch(7, 0)),
            (31, Change::Wakeup(7)),
            (32, Change::Wakeup(7)),
            (40, switch(0, 7)),
            (50, switch(7, 0)),
            (60, Change::Return(7)),
            (70, switch(0, 7)),
        ];
        let expected = [
            (20, 10, 10, None),
            (40, 30, 30, Some(31)),
            (60, 50, 50, None),
        ];
        assert_eq!(ends(&changes), expected);
    }

    #[test]
    fn an_exited_thread_is_not_waited_for() {
        let mut absences = Absences::default();
        let exit = Change::Switch {
            previous: 7,
            next: 0,
            is_exit: true,
        };
        assert!(absences.apply(exit, 1, Some(())).is_none());
        assert!(absences.of_thread.is_empty());
    }
}

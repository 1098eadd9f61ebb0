//! Starts threads: it limits their number, and propagates their panics to the waiting thread.

use crate::warnings::{Forwarding, receive};
use std::cell::Cell;
use std::panic;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// The maximum number of threads, even if more are requested: each needs memory, and the standard
/// library panics if a thread cannot allocate its stack.
pub(crate) const MAX_THREADS: usize = 1024;

thread_local! {
    /// The maximum number of threads that work started by this thread may use, including it.
    static LIMIT: Cell<usize> = const { Cell::new(MAX_THREADS) };
}

/// Calls `work`, which may use at most `limit` threads, including this one.
pub(crate) fn with_at_most<T>(limit: usize, work: impl FnOnce() -> T) -> T {
    let outer = LIMIT.replace(limit.clamp(1, MAX_THREADS));
    let result = work();
    LIMIT.set(outer);
    result
}

/// The number of threads to use if `wanted` are requested, at least 1.
pub(crate) fn allowed(wanted: usize) -> usize {
    wanted.clamp(1, LIMIT.get())
}

/// Runs `own` on this thread and each of `others` on another thread, and returns their results. If
/// the system refuses a thread, the remaining `others` do not run: `own`, or the caller, must do
/// their work.
///
/// Linux may start a thread on the core of its parent and leave both there for some milliseconds,
/// even if another core is idle. But a thread that wakes up moves to an idle core at once.
/// Therefore, all threads wait until all have started.
pub(crate) fn work_together<T, W, R>(
    others: impl Iterator<Item = W>,
    own: impl FnOnce() -> R,
) -> (R, Vec<T>)
where
    T: Send,
    W: FnOnce() -> T + Send,
{
    let start = Start::default();
    let warnings = Forwarding::here();
    thread::scope(|scope| {
        let spawn = |work: W| {
            let start = &start;
            let after_start = move || {
                start.wait();
                warnings.run(work)
            };
            thread::Builder::new().spawn_scoped(scope, after_start).ok()
        };
        let others = others.take(LIMIT.get() - 1);
        let threads: Vec<_> = others.map_while(spawn).collect();
        start.release(threads.len());
        (own(), threads.into_iter().map(join).map(receive).collect())
    })
}

/// Starts a thread that nothing waits for: it ends with the program.
pub(crate) fn in_background(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}

/// A barrier that threads wait at before they start to work.
#[derive(Default)]
struct Start {
    state: Mutex<StartState>,
    changed: Condvar,
}

#[derive(Default)]
struct StartState {
    waiting: usize,
    is_released: bool,
}

impl Start {
    fn wait(&self) {
        let mut state = lock(&self.state);
        state.waiting += 1;
        self.changed.notify_all();
        let is_held = |state: &mut StartState| !state.is_released;
        let _released = self.changed.wait_while(state, is_held);
    }

    /// Releases the threads as soon as `all` of them wait, or after a timeout.
    fn release(&self, all: usize) {
        const LATE: Duration = Duration::from_millis(1);
        let is_any_missing = |state: &mut StartState| state.waiting < all;
        let state = lock(&self.state);
        let waited = self.changed.wait_timeout_while(state, LATE, is_any_missing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_released = true;
        self.changed.notify_all();
    }
}

/// The result of the thread.
fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    let joined = thread.join();
    joined.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Locks `mutex`, even if another thread has panicked: joining that thread panics too.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn all_work_at_the_same_time() {
        for count in [0, 1, 7] {
            // A thread cannot pass this alone.
            let all_are_there = Barrier::new(count + 1);
            let others = (0..count).map(|index| {
                let all_are_there = &all_are_there;
                move || {
                    all_are_there.wait();
                    index
                }
            });
            let (own, others) = work_together(others, || {
                all_are_there.wait();
                "own"
            });
            assert_eq!((own, others), ("own", (0..count).collect()));
        }
    }

    #[test]
    fn work_with_a_limit_uses_no_more_threads() {
        let count = |limit| {
            with_at_most(limit, || {
                work_together((0..7).map(|_| || ()), || ()).1.len()
            })
        };
        assert_eq!((count(0), count(1), count(3), count(9)), (0, 0, 2, 7));
        assert_eq!(
            with_at_most(3, || (allowed(0), allowed(2), allowed(9))),
            (1, 2, 3)
        );
    }

    #[test]
    #[should_panic = "of another thread"]
    fn panics_propagate() {
        work_together([|| panic!("of another thread")].into_iter(), || ());
    }
}

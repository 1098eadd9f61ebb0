//! What all that starts threads does alike: they are not too many, and a panic on one of them is a
//! panic of the one that waits.

use crate::warnings::{Forwarding, receive};
use std::panic;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// No more than so many are started, whatever number is asked for: they have memory each, and the
/// standard library panics where a thread has none for its stack.
pub(crate) const MOST_THREADS: usize = 1024;

/// Does `own` on this thread and each of `others` on another one, and returns what they return. What
/// no thread can be had for is not done: `own`, or what comes after, must do what is left.
///
/// Linux may start a thread on the core of the one that starts it, and leave both there for some
/// milliseconds, though another core is idle. What is woken is put on an idle core at once: so all
/// threads wait until all have started.
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
                warnings.from(work)
            };
            thread::Builder::new().spawn_scoped(scope, after_start).ok()
        };
        let threads: Vec<_> = others.map_while(spawn).collect();
        start.give(threads.len());
        (own(), threads.into_iter().map(join).map(receive).collect())
    })
}

/// The start of some threads.
#[derive(Default)]
struct Start {
    state: Mutex<StartState>,
    changed: Condvar,
}

#[derive(Default)]
struct StartState {
    waiting: usize,
    is_given: bool,
}

impl Start {
    fn wait(&self) {
        let mut state = lock(&self.state);
        state.waiting += 1;
        self.changed.notify_all();
        let is_not_given = |state: &mut StartState| !state.is_given;
        let _given = self.changed.wait_while(state, is_not_given);
    }

    /// Lets threads go on as soon as `all` of them wait, or when they are late.
    fn give(&self, all: usize) {
        const LATE: Duration = Duration::from_millis(1);
        let are_some_missing = |state: &mut StartState| state.waiting < all;
        let state = lock(&self.state);
        let waited = self
            .changed
            .wait_timeout_while(state, LATE, are_some_missing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_given = true;
        self.changed.notify_all();
    }
}

/// What the thread returns.
fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    let joined = thread.join();
    joined.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// What `mutex` holds, even if another thread has panicked: who joins that will panic too.
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
            // Nobody gets past it alone.
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
    #[should_panic = "of another thread"]
    fn a_panic_is_handed_on() {
        work_together([|| panic!("of another thread")].into_iter(), || ());
    }
}

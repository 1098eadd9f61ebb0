//! What all that starts threads does alike: a panic on one of them is a panic of the one that waits.

use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ScopedJoinHandle;

/// What the thread returns.
pub(crate) fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    let joined = thread.join();
    joined.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// What `mutex` holds, even if another thread has panicked: who joins that will panic too.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Does all jobs on this thread.

/// Lets a single worker do the jobs that `feed` passes. Returns the result of `feed`, and the worker.
pub(super) fn work<W: Default + Send, J: Send, R>(
    _nthreads: usize,
    do_job: impl Fn(&mut W, J) + Sync,
    feed: impl FnOnce(&mut dyn FnMut(J)) -> R,
) -> (R, Vec<W>) {
    let mut worker = W::default();
    let fed = feed(&mut |job| do_job(&mut worker, job));
    (fed, vec![worker])
}

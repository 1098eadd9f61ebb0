//! Distributes a stream of jobs to several threads.

use crate::threads::{allowed, work_together};
use crossbeam_channel::{SendError, bounded};

/// Lets `nthreads` workers, each on its own thread, do the jobs that `feed` passes; a single worker
/// runs on this thread. Returns the result of `feed`, and the workers.
pub(super) fn work<W: Default + Send, J: Send, R>(
    nthreads: usize,
    do_job: impl Fn(&mut W, J) + Sync,
    feed: impl FnOnce(&mut dyn FnMut(J)) -> R,
) -> (R, Vec<W>) {
    if allowed(nthreads) > 1 {
        return work_on_threads(allowed(nthreads), do_job, feed);
    }
    let mut worker = W::default();
    let fed = feed(&mut |job| do_job(&mut worker, job));
    (fed, vec![worker])
}

fn work_on_threads<W: Default + Send, J: Send, R>(
    nthreads: usize,
    do_job: impl Fn(&mut W, J) + Sync,
    feed: impl FnOnce(&mut dyn FnMut(J)) -> R,
) -> (R, Vec<W>) {
    // Enough that no thread waits; more would cost memory.
    let (jobs, queue) = bounded::<J>(2 * nthreads);
    let do_job = &do_job;
    let do_jobs = (0..nthreads).map(move |_| {
        let queue = queue.clone();
        move || {
            let mut worker = W::default();
            queue.iter().for_each(|job| do_job(&mut worker, job));
            worker
        }
    });
    let feed_all = || {
        let mut own = W::default();
        let fed = feed(&mut |job| {
            // Sending fails if no thread could be started.
            if let Err(SendError(job)) = jobs.send(job) {
                do_job(&mut own, job);
            }
        });
        drop(jobs);
        (fed, own)
    };
    let ((fed, own), mut workers) = work_together(do_jobs, feed_all);
    workers.push(own);
    (fed, workers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_whatever_the_number_of_workers() {
        for count in [1, 2, 3, 8] {
            let (fed, workers) = work(
                count,
                |sum, job: u64| *sum += job,
                |give| (1..=1000).for_each(give),
            );
            assert_eq!((fed, workers.iter().sum::<u64>()), ((), 500_500));
        }
    }
}

//! Work for several threads, that comes in a stream.

#[cfg(feature = "multithreaded")]
use crate::threads::join;
#[cfg(feature = "multithreaded")]
use crossbeam_channel::{Receiver, bounded};

/// Lets each of `workers` do, on a thread of its own, some of the jobs that `feed` gives; one alone
/// works on this thread. Returns what `feed` returns, and the workers.
pub(super) fn work<W: Send, J: Send, R>(
    workers: Vec<W>,
    do_job: impl Fn(&mut W, J) + Sync,
    feed: impl FnOnce(&mut dyn FnMut(J)) -> R,
) -> (R, Vec<W>) {
    #[cfg(feature = "multithreaded")]
    if workers.len() > 1 {
        return work_on_threads(workers, do_job, feed);
    }
    let mut workers = workers;
    let fed = feed(&mut |job| {
        if let Some(worker) = workers.first_mut() {
            do_job(worker, job);
        }
    });
    (fed, workers)
}

#[cfg(feature = "multithreaded")]
fn work_on_threads<W: Send, J: Send, R>(
    workers: Vec<W>,
    do_job: impl Fn(&mut W, J) + Sync,
    feed: impl FnOnce(&mut dyn FnMut(J)) -> R,
) -> (R, Vec<W>) {
    // Enough that nobody waits; more would be memory.
    let (jobs, queue) = bounded::<J>(2 * workers.len());
    let do_jobs = |mut worker: W, queue: Receiver<J>| {
        queue.iter().for_each(|job| do_job(&mut worker, job));
        worker
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = workers
            .into_iter()
            .map(|worker| {
                let (do_jobs, queue) = (&do_jobs, queue.clone());
                scope.spawn(move || do_jobs(worker, queue))
            })
            .collect();
        drop(queue);
        let fed = feed(&mut |job| {
            // It fails if all threads have panicked, which the join below hands on.
            let _ = jobs.send(job);
        });
        drop(jobs);
        (fed, threads.into_iter().map(join).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_whatever_the_number_of_workers() {
        for count in [1, 2, 3, 8] {
            let (fed, workers) = work(
                vec![0u64; count],
                |sum, job: u64| *sum += job,
                |give| (1..=1000).for_each(give),
            );
            assert_eq!((fed, workers.iter().sum::<u64>()), ((), 500_500));
        }
    }
}

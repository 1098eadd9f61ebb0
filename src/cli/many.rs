//! Adds up inputs. If there are many, each thread reads whole inputs into its own tree.

use super::progress::Progress;
use super::{Input, Opened};
use crate::call_tree::{Forest, ForestDescription};
use crate::threads::{lock, with_at_most, work_together};
use crate::warnings::{self, Warning};
use clap::Args;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Flags of commands that add up inputs.
#[derive(Debug, Clone, Copy, Args)]
pub struct ManyArgs {
    /// Report unreadable inputs and continue with the others; exit with code 1
    #[arg(long)]
    pub keep_going: bool,
}

/// The sum of the inputs that were read.
#[derive(Default)]
pub struct Sum {
    pub forest: Forest,
    pub left_out: LeftOut,
}

impl From<Forest> for Sum {
    fn from(forest: Forest) -> Sum {
        Sum {
            forest,
            ..Sum::default()
        }
    }
}

/// The number of inputs that are not part of a sum.
#[derive(Clone, Copy, Default)]
pub struct LeftOut {
    count: usize,
    inputs: usize,
}

impl LeftOut {
    pub fn of(inputs: &[Input]) -> LeftOut {
        LeftOut {
            count: 0,
            inputs: inputs.len(),
        }
    }

    /// Reports the error of an input, which is left out.
    pub fn add(&mut self, error: &io::Error) {
        log::error!("{error}");
        self.count += 1;
    }

    /// Whether no input was read.
    fn is_all(self) -> bool {
        self.count == self.inputs
    }

    /// An error if there are any. The output is written anyway.
    pub fn check(self) -> io::Result<()> {
        match self {
            LeftOut { count: 0, .. } => Ok(()),
            LeftOut { count, inputs } => Err(io::Error::other(format!(
                "skipped {count} of {inputs} inputs"
            ))),
        }
    }
}

/// How one input is read.
pub(super) type FoldOne<'a> = dyn Fn(Opened<'_>) -> io::Result<Forest> + Sync + 'a;

/// Adds up `inputs` on up to `nthreads` threads. Neither the sum nor any message depends on their number.
///
/// Inputs are read one after another, each by all threads, unless there are enough to keep the
/// threads busy: then each thread reads one at a time.
pub(super) fn add_up(
    inputs: &[Input],
    nthreads: usize,
    args: ManyArgs,
    fold: &FoldOne<'_>,
) -> io::Result<Sum> {
    if let [input] = inputs {
        return input.open(fold).map(Sum::from);
    }
    let nthreads = nthreads.max(1);
    let nworkers = if inputs.len() < 2 * nthreads {
        1
    } else {
        nthreads
    };
    let team = Team {
        inputs,
        fold,
        keeps_going: args.keep_going,
        threads_per_worker: nthreads / nworkers,
        progress: Progress::of_inputs(inputs),
        next: AtomicUsize::new(0),
        is_stopped: AtomicBool::new(false),
        ledger: Mutex::new(Ledger::of(inputs)),
    };
    let (own, others) = work_together((1..nworkers).map(|_| || team.work()), || team.work());
    let mut forest = own;
    others.into_iter().for_each(|other| forest.append(other));
    team.conclude(forest)
}

/// The state that the workers share.
struct Team<'a> {
    inputs: &'a [Input],
    fold: &'a FoldOne<'a>,
    keeps_going: bool,
    threads_per_worker: usize,
    progress: Progress,
    /// The index of the next input to read.
    next: AtomicUsize,
    /// Whether an input was damaged, so that no more need to be read.
    is_stopped: AtomicBool,
    ledger: Mutex<Ledger>,
}

/// The result of reading an input.
struct Outcome {
    warnings: Vec<Warning>,
    read: io::Result<ForestDescription>,
}

/// The outcomes, which are processed in the order of the inputs.
struct Ledger {
    /// The number of processed outcomes.
    done: usize,
    /// Outcomes of later inputs than the next one, by index.
    waiting: BTreeMap<usize, Outcome>,
    description: Option<ForestDescription>,
    error: Option<io::Error>,
    left_out: LeftOut,
}

impl Team<'_> {
    /// Reads inputs until there are no more. Returns the sum of their stacks.
    fn work(&self) -> Forest {
        with_at_most(self.threads_per_worker, || {
            let mut sum = Forest::default();
            while !self.is_stopped.load(Ordering::Relaxed) {
                let index = self.next.fetch_add(1, Ordering::Relaxed);
                let Some(input) = self.inputs.get(index) else {
                    break;
                };
                let outcome = self.read(input, &mut sum);
                self.progress.finish_input(index);
                lock(&self.ledger).note(index, outcome, self);
            }
            sum
        })
    }

    fn read(&self, input: &Input, sum: &mut Forest) -> Outcome {
        let (folded, warnings) =
            warnings::collect(|| input.open_in(&self.progress, |opened| (self.fold)(opened)));
        let read = folded.map(|mut forest| {
            let description = forest.take_description();
            sum.append(forest);
            if sum.trees().len() > self.threads_per_worker {
                *sum = std::mem::take(sum).merged().into();
            }
            description
        });
        if read.is_err() && !self.keeps_going {
            self.is_stopped.store(true, Ordering::Relaxed);
        }
        Outcome { warnings, read }
    }

    fn conclude(self, mut forest: Forest) -> io::Result<Sum> {
        let ledger = self.ledger.into_inner();
        let ledger = ledger.unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = ledger.error {
            return Err(error);
        }
        forest.set_description(ledger.description.unwrap_or_default());
        let left_out = ledger.left_out;
        match left_out.is_all() {
            true => left_out.check().map(|()| Sum::default()),
            false => Ok(Sum { forest, left_out }),
        }
    }
}

impl Ledger {
    fn of(inputs: &[Input]) -> Ledger {
        Ledger {
            done: 0,
            waiting: BTreeMap::new(),
            description: None,
            error: None,
            left_out: LeftOut::of(inputs),
        }
    }

    /// Notes the outcome of an input, and processes those whose turn it is.
    fn note(&mut self, index: usize, outcome: Outcome, team: &Team<'_>) {
        self.waiting.insert(index, outcome);
        while let Some(outcome) = self.waiting.remove(&self.done) {
            if self.error.is_none() {
                self.process(outcome, &team.inputs[self.done], team.keeps_going);
            }
            self.done += 1;
        }
    }

    fn process(&mut self, outcome: Outcome, input: &Input, keeps_going: bool) {
        for warning in outcome.warnings {
            log::warn!("{}: {warning}", input.name());
        }
        match (outcome.read, &mut self.description) {
            (Ok(description), Some(sum)) => sum.add(description),
            (Ok(description), none) => *none = Some(description),
            (Err(error), _) if keeps_going => self.left_out.add(&error),
            (Err(error), _) => self.error = Some(error),
        }
    }
}

//! Collects the origins of samples, to list them if none is selected.

use super::chooser::SampleOrigin;
use super::time::Span;
use super::{Criterion, Selection};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::lossy;
use crate::bytes::text::plural;
use ahash::{AHashMap, AHashSet};
use std::hash::Hash;

/// The origins seen, for the criteria of the selection.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub samples: u64,
    pub span: Option<Span>,
    comms: AHashMap<Vec<u8>, u64>,
    pids: AHashMap<u64, u64>,
    tids: AHashMap<u64, u64>,
    cpus: AHashMap<u64, u64>,
    /// The IDs of threads with those of their processes.
    threads: AHashSet<(Option<u64>, u64)>,
}

impl Seen {
    pub fn note(&mut self, origin: &SampleOrigin<'_>, selection: &Selection) {
        self.samples += 1;
        if let Some(time) = origin.time {
            self.span.get_or_insert(Span::at(time)).extend(time);
        }
        if let Some(tid) = origin.tid {
            self.threads.insert((origin.pid, tid));
        }
        if !selection.comms.is_empty()
            && let Some(comm) = origin.comm
        {
            match self.comms.get_mut(comm) {
                Some(samples) => *samples += 1,
                None => drop(self.comms.insert(comm.to_vec(), 1)),
            }
        }
        let ids = [
            (&selection.pids, origin.pid, &mut self.pids),
            (&selection.tids, origin.tid, &mut self.tids),
            (&selection.cpus, origin.cpu, &mut self.cpus),
        ];
        for (wanted, id, seen) in ids {
            if let Some(id) = id.filter(|_| !wanted.is_empty()) {
                *seen.entry(id).or_default() += 1;
            }
        }
    }

    /// Extends the time range to `end`.
    pub fn extend(&mut self, end: Decimal) {
        if let Some(span) = &mut self.span {
            span.extend(end);
        }
    }

    /// Describes the samples: `12 samples of 3 threads in 1.5 s`; `None` if there are none.
    pub fn overview(&self) -> Option<String> {
        let mut text = match self.samples {
            0 => return None,
            samples => plural(samples, "sample", "samples"),
        };
        if !self.threads.is_empty() {
            let threads = plural(self.threads.len() as u64, "thread", "threads");
            text = format!("{text} of {threads}");
        }
        if let Some(Span { first, last }) = self.span {
            text = format!("{text} in {} s", last - first);
        }
        Some(text)
    }

    /// Whether no sample has this property.
    pub fn lacks(&self, criterion: Criterion) -> bool {
        match criterion {
            Criterion::Time => self.span.is_none(),
            Criterion::Comm => self.comms.is_empty(),
            Criterion::Pid => self.pids.is_empty(),
            Criterion::Tid => self.tids.is_empty(),
            Criterion::Cpu => self.cpus.is_empty(),
        }
    }

    /// Describes the values of a criterion.
    pub fn describe(&self, criterion: Criterion) -> String {
        match criterion {
            Criterion::Time => self.span.map(describe_span).unwrap_or_default(),
            Criterion::Comm => {
                let names = most_frequent(&self.comms, |name| format!("`{}`", lossy(name)));
                format!("threads named {names}")
            }
            Criterion::Pid => format!("processes {}", most_frequent(&self.pids, u64::to_string)),
            Criterion::Tid => format!("threads {}", most_frequent(&self.tids, u64::to_string)),
            Criterion::Cpu => format!("CPUs {}", most_frequent(&self.cpus, u64::to_string)),
        }
    }
}

fn describe_span(Span { first, last }: Span) -> String {
    format!("{} s, from @{first} to @{last}", last - first)
}

/// The entries with the most samples, and the number of others.
fn most_frequent<K: Hash + Ord>(samples: &AHashMap<K, u64>, name: impl Fn(&K) -> String) -> String {
    const SHOWN: usize = 8;
    let mut entries: Vec<(&K, u64)> = samples.iter().map(|(key, n)| (key, *n)).collect();
    entries.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    let names = entries.iter().take(SHOWN).map(|(key, _)| name(key));
    let mut names: Vec<String> = names.collect();
    if let Some(others) = entries
        .len()
        .checked_sub(SHOWN)
        .filter(|others| *others > 0)
    {
        names.push(format!("and {others} more"));
    }
    names.join(", ")
}

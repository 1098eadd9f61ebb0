//! What the samples of a profile are of, to be named when none of them is chosen.

use super::chooser::SampleOrigin;
use super::time::Span;
use super::{Criterion, Selection};
use crate::decimal::Decimal;
use crate::text::lossy;
use ahash::AHashMap;
use std::hash::Hash;

/// What was seen of the samples, as far as they are chosen by it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub samples: u64,
    pub span: Option<Span>,
    comms: AHashMap<Vec<u8>, u64>,
    pids: AHashMap<u64, u64>,
    tids: AHashMap<u64, u64>,
    cpus: AHashMap<u64, u64>,
}

impl Seen {
    pub fn note(&mut self, origin: &SampleOrigin<'_>, selection: &Selection) {
        self.samples += 1;
        if let Some(time) = origin.time {
            self.span.get_or_insert(Span::at(time)).extend(time);
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

    /// Notes that what was noted last goes on until `end`.
    pub fn extend(&mut self, end: Decimal) {
        if let Some(span) = &mut self.span {
            span.extend(end);
        }
    }

    /// Whether no sample says it.
    pub fn lacks(&self, criterion: Criterion) -> bool {
        match criterion {
            Criterion::Time => self.span.is_none(),
            Criterion::Comm => self.comms.is_empty(),
            Criterion::Pid => self.pids.is_empty(),
            Criterion::Tid => self.tids.is_empty(),
            Criterion::Cpu => self.cpus.is_empty(),
        }
    }

    /// What the samples are of, by what they are chosen by.
    pub fn describe(&self, criterion: Criterion) -> String {
        match criterion {
            Criterion::Time => self.span.map(describe_span).unwrap_or_default(),
            Criterion::Comm => {
                let names = most_frequent(&self.comms, |name| format!("`{}`", lossy(name)));
                format!("threads called {names}")
            }
            Criterion::Pid => format!("processes {}", most_frequent(&self.pids, u64::to_string)),
            Criterion::Tid => format!("threads {}", most_frequent(&self.tids, u64::to_string)),
            Criterion::Cpu => format!("CPUs {}", most_frequent(&self.cpus, u64::to_string)),
        }
    }
}

fn describe_span(Span { first, last }: Span) -> String {
    format!("{} s of time, from @{first} to @{last}", last - first)
}

/// The entries with the most samples, and how many others there are.
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

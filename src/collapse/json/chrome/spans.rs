//! Spans: nested pairs of begin and end events.

use super::ThreadId;
use crate::bytes::decimal::Decimal;
use crate::call_tree::{Moment, NodeId};
use crate::collapse::document::Profile;
use crate::collapse::selection::SampleOrigin;
use crate::names::frame::Names;
use ahash::AHashMap;
use std::cmp::Reverse;

/// Times are in microseconds.
const PER_SECOND: u64 = 1_000_000;

/// A name in [`Spans`].
type NameId = u32;

struct Span {
    begin: Decimal,
    end: Decimal,
    name: NameId,
    /// Its position in the file.
    order: u32,
}

impl Span {
    /// The selected part of the span; its times are in microseconds.
    fn clip(self, origin: &SampleOrigin<'_>, profile: &mut Profile) -> Option<Span> {
        if !profile.has_selection() {
            return Some(self);
        }
        let (begin, end) = profile.clip(seconds(self.begin), seconds(self.end), origin)?;
        // Its own time has gaps, which nested spans fill.
        profile.take_moment();
        Some(Span {
            begin: begin.times(PER_SECOND),
            end: end.times(PER_SECOND),
            ..self
        })
    }
}

/// The spans of all threads.
#[derive(Default)]
pub(super) struct Spans<'a> {
    numbers: AHashMap<ThreadId<'a>, usize>,
    threads: Vec<Thread>,
    names: Names,
}

/// The spans of a thread, in the order of the file.
#[derive(Default)]
struct Thread {
    spans: Vec<Span>,
    /// Begin and end events that are separate.
    ends: Vec<End>,
    /// The latest time of any event.
    latest: Option<Decimal>,
    /// The number of events.
    events: u32,
}

/// A begin or end event.
struct End {
    at: Decimal,
    order: u32,
    /// The name of the span, for a begin event.
    name: Option<NameId>,
    /// The key that the begin and the end of a span share; an end may have none.
    key: Option<NameId>,
}

/// The problems that were found.
#[derive(Default)]
pub(super) struct Report {
    pub cut: u64,
    pub never_begun: u64,
}

impl<'a> Spans<'a> {
    /// The index of a thread.
    pub fn thread(&mut self, thread: ThreadId<'a>) -> usize {
        let next = self.threads.len();
        let number = *self.numbers.entry(thread).or_insert(next);
        if number == next {
            self.threads.push(Thread::default());
        }
        number
    }

    pub fn intern(&mut self, name: &[u8]) -> NameId {
        self.names.intern(name)
    }

    pub fn add(&mut self, thread: usize, begin: Decimal, length: Decimal, name: NameId) {
        let end = begin + length;
        let order = self.next_order(thread, end);
        self.threads[thread].spans.push(Span {
            begin,
            end,
            name,
            order,
        });
    }

    pub fn begin(&mut self, thread: usize, at: Decimal, name: NameId, key: NameId) {
        self.push_end(thread, at, Some(name), Some(key));
    }

    /// Ends the innermost span with this key, or the innermost span if there is no key.
    pub fn end(&mut self, thread: usize, at: Decimal, key: Option<NameId>) {
        self.push_end(thread, at, None, key);
    }

    fn push_end(&mut self, thread: usize, at: Decimal, name: Option<NameId>, key: Option<NameId>) {
        let order = self.next_order(thread, at);
        self.threads[thread].ends.push(End {
            at,
            order,
            name,
            key,
        });
    }

    /// Counts an event that ends at `end`, and returns its position.
    fn next_order(&mut self, thread: usize, end: Decimal) -> u32 {
        let thread = &mut self.threads[thread];
        thread.latest = thread.latest.max(Some(end));
        thread.events += 1;
        thread.events
    }

    /// Adds the selected self time of each span to `profile`. `base` returns the node below which a
    /// thread is, and its origin.
    pub fn fold<'o>(
        mut self,
        profile: &mut Profile,
        column: usize,
        mut base: impl FnMut(&ThreadId<'a>, &mut Profile) -> (NodeId, SampleOrigin<'o>),
    ) -> Report {
        let mut report = Report::default();
        let frames = self.names.as_frames(&mut profile.tree);
        let mut numbers: Vec<_> = self.numbers.into_iter().collect();
        numbers.sort_unstable_by_key(|(_, number)| *number);
        for (id, number) in numbers {
            let (base, origin) = base(&id, profile);
            let thread = std::mem::take(&mut self.threads[number]);
            let spans = thread.in_order(&mut report);
            let mut open: Vec<Open> = Vec::new();
            for span in spans {
                let Some(span) = span.clip(&origin, profile) else {
                    continue;
                };
                close_until(span.begin, &mut open, profile, column);
                let (parent, end) = match open.last_mut() {
                    Some(outer) => {
                        outer.note_until(span.begin, profile);
                        report.cut += u64::from(span.end > outer.end);
                        let end = span.end.min(outer.end);
                        outer.own = outer.own - (end - span.begin);
                        (outer.node, end)
                    }
                    None => (base, span.end),
                };
                open.push(Open {
                    node: profile.tree.child(parent, frames[span.name as usize]),
                    end,
                    own: end - span.begin,
                    since: span.begin,
                });
            }
            while let Some(last) = open.pop() {
                last.close(&mut open, profile, column);
            }
        }
        report
    }
}

/// An open span.
struct Open {
    node: NodeId,
    end: Decimal,
    /// The time that is not in nested spans.
    own: Decimal,
    /// When the latest nested span ended, or this one began.
    since: Decimal,
}

impl Open {
    /// Counts the span, which is the last of those that were `open`.
    fn close(mut self, open: &mut [Open], profile: &mut Profile, column: usize) {
        self.note_until(self.end, profile);
        if let Some(outer) = open.last_mut() {
            outer.since = self.end;
        }
        profile.add_to_sum(column, self.own);
        profile.add(self.node, self.own);
    }

    /// Keeps the time until another span begins, or this one ends.
    fn note_until(&mut self, end: Decimal, profile: &mut Profile) {
        if profile.keeps_times() {
            let moment = Moment::between(seconds(self.since), Some(seconds(end)));
            profile.note_time(moment, self.node, end - self.since);
        }
        self.since = end;
    }
}

/// A time in microseconds, in seconds.
fn seconds(time: Decimal) -> Decimal {
    time.divided_by(PER_SECOND)
}

/// Closes and counts the spans that end at or before `begin`.
fn close_until(begin: Decimal, open: &mut Vec<Open>, profile: &mut Profile, column: usize) {
    while let Some(last) = open.pop_if(|last| last.end <= begin) {
        last.close(open, profile, column);
    }
}

impl Thread {
    /// All spans, ordered by start and then by decreasing length.
    fn in_order(mut self, report: &mut Report) -> Vec<Span> {
        self.ends.sort_by_key(|end| end.at);
        let mut open: Vec<(NameId, &End)> = Vec::new();
        let mut early: Vec<(Option<NameId>, Decimal)> = Vec::new();
        for end in &self.ends {
            if let Some(name) = end.name {
                let is_early = |(early, at): &(Option<NameId>, Decimal)| {
                    *at == end.at && (early.is_none() || *early == end.key)
                };
                match early.iter().position(is_early) {
                    // The span is empty, and its end event came first.
                    Some(at) => drop(early.swap_remove(at)),
                    None => open.push((name, end)),
                }
                continue;
            }
            let is_meant = |(_, begin): &(NameId, &End)| end.key.is_none() || end.key == begin.key;
            match open.iter().rposition(is_meant) {
                Some(at) => {
                    let (name, begin) = open.remove(at);
                    self.spans.push(begin.span_until(end.at, name));
                }
                None => early.push((end.key, end.at)),
            }
        }
        report.never_begun += early.len() as u64;
        let end = self.latest.unwrap_or_default();
        let never_ended = open.into_iter();
        self.spans
            .extend(never_ended.map(|(name, begin)| begin.span_until(end, name)));
        self.spans
            .sort_unstable_by_key(|span| (span.begin, Reverse(span.end), span.order));
        self.spans
    }
}

impl End {
    /// The span that begins here.
    fn span_until(&self, end: Decimal, name: NameId) -> Span {
        Span {
            begin: self.at,
            end,
            name,
            order: self.order,
        }
    }
}

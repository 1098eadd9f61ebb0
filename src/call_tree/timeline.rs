//! Samples in time order, for flame charts and heat maps.

use super::rebuild::{Chart, SelfCount, fill_stack, parts_as_drawn};
use super::{CallTree, Count, NodeId};
use crate::bytes::decimal::Decimal;
use ahash::AHashMap;

/// The individual samples of a tree.
///
/// Threads run at the same time, so each has its own chart, next to the others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    /// Thread names, numbered in order of appearance.
    threads: AHashMap<Vec<u8>, usize>,
    samples: Vec<Sample>,
}

/// A sample of a [`Timeline`].
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The number of its thread.
    pub thread: usize,
    pub moment: Moment,
    pub node: NodeId,
    pub count: Count,
}

/// When a sample was taken, in nanoseconds; or only its position in time order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pub start: u64,
    /// The duration of what the sample stands for; 0 if it is a point in time.
    pub length: u64,
}

impl Moment {
    pub fn at(start: u64) -> Moment {
        Moment { start, length: 0 }
    }

    /// A time in seconds, or the one from there to `end`. It is relative to any point, so that negative ones become
    /// positive.
    pub fn between(start: Decimal, end: Option<Decimal>) -> Option<Moment> {
        const OFFSET: Decimal = Decimal::from_nanos(1 << 62);
        let start = (start + OFFSET).to_nanos()?;
        let end = end.and_then(|end| (end + OFFSET).to_nanos());
        Some(Moment {
            start,
            length: end.map_or(0, |end| end.saturating_sub(start)),
        })
    }

    pub fn end(self) -> u64 {
        self.start.saturating_add(self.length)
    }
}

impl Timeline {
    /// The number of samples.
    pub fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    /// The samples, in the order in which they were added.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Adds a sample of the stack that ends at `node`.
    pub fn add(&mut self, thread: &[u8], moment: Moment, node: NodeId, count: impl Into<Count>) {
        let thread = self.number(thread);
        self.samples.push(Sample {
            thread,
            moment,
            node,
            count: count.into(),
        });
    }

    fn number(&mut self, thread: &[u8]) -> usize {
        let next = self.threads.len();
        match self.threads.get(thread) {
            Some(known) => *known,
            None => *self.threads.entry(thread.to_vec()).or_insert(next),
        }
    }

    /// Adds the samples of `other`, except those whose node has none in this timeline's tree.
    pub fn append(&mut self, other: &Timeline, node_of: impl Fn(NodeId) -> Option<NodeId>) {
        let mut names: Vec<_> = other.threads.iter().collect();
        names.sort_unstable_by_key(|(_, number)| **number);
        let threads: Vec<usize> = names
            .into_iter()
            .map(|(name, _)| self.number(name))
            .collect();
        let moved = other.samples.iter().filter_map(|sample| {
            Some(Sample {
                thread: threads[sample.thread],
                node: node_of(sample.node)?,
                ..*sample
            })
        });
        self.samples.extend(moved);
    }

    /// Makes times relative to the first sample.
    fn start_at_zero(&mut self) {
        let starts = self.samples.iter().map(|sample| sample.moment.start);
        let first = starts.min().unwrap_or_default();
        for sample in &mut self.samples {
            sample.moment.start -= first;
        }
    }

    /// Builds the tree in time order, where `node_of` maps the nodes of samples to those of `tree`.
    pub fn chart(self, tree: &CallTree, node_of: impl Fn(NodeId) -> NodeId) -> CallTree {
        let mut chart = empty_chart(tree);
        self.add_to(&mut chart, tree, node_of);
        chart.finish()
    }

    fn add_to(
        mut self,
        chart: &mut Chart<'_>,
        tree: &CallTree,
        node_of: impl Fn(NodeId) -> NodeId,
    ) {
        self.samples
            .sort_by_key(|sample| (sample.thread, sample.moment.start));
        let mut thread = None;
        let mut stack = Vec::new();
        for sample in self.samples {
            if thread.replace(sample.thread) != Some(sample.thread) {
                chart.begin_thread();
            }
            let node = node_of(sample.node);
            fill_stack(tree, node, &mut stack);
            let part = SelfCount {
                node,
                before: None,
                count: sample.count,
            };
            chart.add(&stack, &part);
        }
    }

    /// The sum of the samples of each node.
    fn sums(&self) -> AHashMap<NodeId, Count> {
        let mut sums = AHashMap::new();
        for sample in &self.samples {
            *sums.entry(sample.node).or_insert(Count::ZERO) += sample.count;
        }
        sums
    }
}

fn empty_chart(tree: &CallTree) -> Chart<'_> {
    let mut target = CallTree::in_time_order();
    target.describe_as(tree);
    Chart::new(tree, target)
}

impl CallTree {
    /// When the samples of this tree were taken, as far as known.
    pub(crate) fn timeline(&self) -> Option<&Timeline> {
        self.timeline.as_deref()
    }

    /// The samples whose time is known, to add to.
    pub(crate) fn timeline_mut(&mut self) -> &mut Timeline {
        self.timeline.get_or_insert_default()
    }

    /// The tree in time order if its samples have times, otherwise unchanged. Samples without a time
    /// are last, in a chart of their own.
    pub(crate) fn into_chart(mut self) -> CallTree {
        let Some(timeline) = self.timeline.take() else {
            return self;
        };
        let dated = timeline.sums();
        let mut chart = empty_chart(&self);
        timeline.add_to(&mut chart, &self, |node| node);
        chart.begin_thread();
        let mut stack = Vec::new();
        for mut part in parts_as_drawn(&self) {
            let done = dated.get(&part.node).copied().unwrap_or_default();
            part.count = part.count.saturating_sub(done);
            if !part.count.is_zero() {
                fill_stack(&self, part.node, &mut stack);
                chart.add(&stack, &part);
            }
        }
        chart.finish()
    }

    /// Makes the times of samples relative to the first.
    pub(crate) fn start_at_zero(&mut self) {
        if let Some(timeline) = &mut self.timeline {
            timeline.start_at_zero();
        }
    }

    /// Takes over the times of the samples of `other`.
    pub(crate) fn add_timeline(
        &mut self,
        other: &CallTree,
        node_of: impl Fn(NodeId) -> Option<NodeId>,
    ) {
        if let Some(timeline) = &other.timeline {
            self.timeline_mut().append(timeline, node_of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_a_chart_of_its_own() {
        let mut tree = CallTree::new();
        let mut timeline = Timeline::default();
        let samples = [
            ("1", "p;a"),
            ("2", "p;b"),
            ("1", "p;b"),
            ("2", "p;b"),
            ("1", "p;a"),
        ];
        for (position, (thread, stack)) in (0..).zip(samples) {
            let node = tree.descend(CallTree::ROOT, stack.as_bytes());
            tree.add(node, 2u64);
            timeline.add(thread.as_bytes(), Moment::at(position), node, 2u64);
        }
        let chart = timeline.chart(&tree, |node| node);
        let lines: Vec<String> = chart
            .walk()
            .map(|visit| {
                let name = String::from_utf8_lossy(chart.name(visit.node)).into_owned();
                format!(
                    "{} {name} {}",
                    visit.depth,
                    chart.totals()[visit.node.index()]
                )
            })
            .collect();
        let expected = ["1 p 6", "2 a 2", "2 b 2", "2 a 2", "1 p 4", "2 b 4"];
        assert_eq!(lines, expected);

        // Stacks before and after it do not change it.
        let mut all = CallTree::in_time_order();
        all.add_stack(["p", "a"], 1u64);
        all.merge(&chart);
        all.merge(&tree);
        let names: Vec<&[u8]> = all.walk().map(|visit| all.name(visit.node)).collect();
        assert_eq!(names.concat(), b"papabapbpab");
    }

    #[test]
    fn samples_without_a_time_are_last() {
        let mut tree = CallTree::new();
        for (stack, start, count) in [("p;b", Some(1), 2), ("p;a", Some(7), 4), ("p;b", None, 3)] {
            let node = tree.descend(CallTree::ROOT, stack.as_bytes());
            tree.add(node, count);
            if let Some(start) = start {
                let timeline = tree.timeline_mut();
                timeline.add(b"1", Moment::at(start), node, count);
            }
        }
        let chart = tree.into_chart();
        let frames = chart.walk().map(|visit| {
            let name = String::from_utf8_lossy(chart.name(visit.node)).into_owned();
            format!("{name} {}", chart.totals()[visit.node.index()])
        });
        assert_eq!(
            frames.collect::<Vec<_>>(),
            ["p 6", "b 2", "a 4", "p 3", "b 3"]
        );
    }
}

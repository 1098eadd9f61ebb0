//! Samples in time order, for flame charts.

use super::rebuild::{Chart, SelfCount, fill_stack};
use super::{CallTree, NodeId};
use ahash::AHashMap;

/// The individual samples of a tree.
///
/// Threads run at the same time, so each has its own chart, next to the others.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Thread names, numbered in order of appearance.
    threads: AHashMap<Vec<u8>, usize>,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    thread: usize,
    /// The position of the sample in time order.
    position: u64,
    node: NodeId,
    count: u64,
}

impl Timeline {
    /// The number of samples.
    pub fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    /// Adds a sample of the stack that ends at `node`. Samples are ordered by `position`.
    pub fn add(&mut self, thread: &[u8], position: u64, node: NodeId, count: u64) {
        let next = self.threads.len();
        let thread = match self.threads.get(thread) {
            Some(known) => *known,
            None => *self.threads.entry(thread.to_vec()).or_insert(next),
        };
        self.samples.push(Sample {
            thread,
            position,
            node,
            count,
        });
    }

    /// Builds the tree in time order, where `node_of` maps the nodes of samples to those of `tree`.
    pub fn chart(mut self, tree: &CallTree, node_of: impl Fn(NodeId) -> NodeId) -> CallTree {
        self.samples
            .sort_by_key(|sample| (sample.thread, sample.position));
        let mut chart_tree = CallTree::in_time_order();
        chart_tree.describe_as(tree);
        let mut chart = Chart::new(tree, chart_tree);
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
                count: sample.count.into(),
            };
            chart.add(&stack, &part);
        }
        chart.finish()
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
            timeline.add(thread.as_bytes(), position, node, 2);
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
}

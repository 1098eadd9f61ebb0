//! Samples in the order of time, of which a flame chart is made.

use super::rebuild::{Chart, Part, put_stack};
use super::{CallTree, NodeId};
use ahash::AHashMap;

/// The samples that a tree is the sum of.
///
/// Threads run at the same time, so each has a chart of its own, beside those of the others.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Threads by what they are called, numbered in the order in which they come.
    threads: AHashMap<Vec<u8>, usize>,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    thread: usize,
    /// Where it comes among all.
    place: u64,
    node: NodeId,
    count: u64,
}

impl Timeline {
    /// How many samples there are.
    pub fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    /// Adds a sample of the stack that ends at `node`. Those of greater `place` come later.
    pub fn add(&mut self, thread: &[u8], place: u64, node: NodeId, count: u64) {
        let next = self.threads.len();
        let thread = match self.threads.get(thread) {
            Some(known) => *known,
            None => *self.threads.entry(thread.to_vec()).or_insert(next),
        };
        self.samples.push(Sample {
            thread,
            place,
            node,
            count,
        });
    }

    /// The tree in time order of the stacks that end at `node_of` the nodes in `tree`.
    pub fn chart(mut self, tree: &CallTree, node_of: impl Fn(NodeId) -> NodeId) -> CallTree {
        self.samples
            .sort_by_key(|sample| (sample.thread, sample.place));
        let mut made = CallTree::in_time_order();
        made.describe_as(tree);
        let mut chart = Chart::new(tree, made);
        let mut thread = None;
        let mut stack = Vec::new();
        for sample in self.samples {
            if thread.replace(sample.thread) != Some(sample.thread) {
                chart.begin_thread();
            }
            let node = node_of(sample.node);
            put_stack(tree, node, &mut stack);
            let part = Part {
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
        for (place, (thread, stack)) in (0..).zip(samples) {
            let node = tree.descend(CallTree::ROOT, stack.as_bytes());
            tree.add(node, 2u64);
            timeline.add(thread.as_bytes(), place, node, 2);
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

        // Other stacks before and behind it leave it as it is.
        let mut all = CallTree::in_time_order();
        all.add_stack(["p", "a"], 1u64);
        all.merge(&chart);
        all.merge(&tree);
        let names: Vec<&[u8]> = all.walk().map(|visit| all.name(visit.node)).collect();
        assert_eq!(names.concat(), b"papabapbpab");
    }
}

//! Collects problems of a file, and missing names, to log them at the end.

use super::objects::{ObjectId, ObjectList};
use super::resolve::Resolved;
use super::stacks::FrameKey;
use crate::bytes::binary::{ByteOrder, Bytes};
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, NodeId};
use crate::symbols::{Missing, list_missing};
use crate::warnings::warning;
use ahash::AHashMap;

/// The problems while reading records.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The number of invalid records.
    pub unreadable: u64,
    /// The number of samples without the user part of their call chains, which is recorded later.
    pub without_rest: u64,
    /// The number of counter values that belong to no event in the file.
    pub unknown_counters: u64,
    /// The number of samples that the kernel could not record.
    lost: u64,
    damage: Option<&'static str>,
}

impl Reading {
    /// Adds the number of lost records at `offset` in a record.
    pub fn note_lost(&mut self, body: &[u8], order: ByteOrder, offset: usize) {
        let number = body
            .get(offset..)
            .and_then(|it| Bytes::new(it, order).u64());
        self.lost = self.lost.saturating_add(number.unwrap_or(0));
    }

    pub fn note_damage(&mut self, damage: Option<&'static str>) {
        self.damage = damage;
    }

    pub fn log(&self) {
        if let Some(damage) = self.damage {
            warning!("the file is damaged: {damage}; what could be read is folded");
        }
        if self.unreadable > 0 {
            let records = plural(self.unreadable, "record", "records");
            warning!("skipped {records} that cannot be read");
        }
        if self.without_rest > 0 {
            let samples = plural(self.without_rest, "sample lacks", "samples lack");
            warning!(
                "{samples} the program's part of the stack: the record that has it is missing"
            );
        }
        if self.unknown_counters > 0 {
            let values = plural(self.unknown_counters, "value", "values");
            warning!("skipped {values} of counters that belong to no event in the file");
        }
        if self.lost > 0 {
            let samples = plural(self.lost, "record was", "records were");
            warning!("{samples} lost while recording, as perf could not keep up");
        }
    }
}

/// The share of the profile with unnamed functions.
#[derive(Debug, Default)]
pub(super) struct Unnamed {
    total: f64,
    /// Stacks in which any function has no name.
    any: f64,
    /// For each object with missing symbols: a description, and the stacks with such a function.
    of_object: Vec<(String, f64)>,
}

impl Unnamed {
    pub fn find(tree: &CallTree, objects: &ObjectList, resolved: &Resolved) -> Unnamed {
        let totals = tree.totals();
        let lacking = |node: NodeId| {
            let location = FrameKey::read(tree.name(node)).location()?;
            let functions = resolved.functions.get(tree.frame(node).index())?;
            let is_unnamed = functions.iter().any(|function| function.name.is_none());
            let missing = resolved.missing.get(location.object.index()).copied()??;
            is_unnamed.then_some((location.object, missing))
        };
        let mut any = 0.0;
        let mut shares: AHashMap<ObjectId, (Missing, f64)> = AHashMap::new();
        for (node, missing) in tree.ids().filter_map(|node| Some((node, lacking(node)?))) {
            let mut above = ancestors(tree, node).filter_map(lacking).peekable();
            let share = totals[node.index()].to_f64();
            if above.peek().is_none() {
                any += share;
            }
            if !above.any(|(object, _)| object == missing.0) {
                shares.entry(missing.0).or_insert((missing.1, 0.0)).1 += share;
            }
        }
        let describe =
            |(id, (missing, share)): (_, (Missing, _))| (missing.describe(&objects.get(id)), share);
        Unnamed {
            total: totals[CallTree::ROOT.index()].to_f64(),
            any,
            of_object: shares.into_iter().map(describe).collect(),
        }
    }

    pub fn log(self) {
        if self.of_object.is_empty() {
            return;
        }
        let share = 100.0 * self.any / self.total.max(1.0);
        let objects = list_missing(self.of_object);
        warning!("{share:.1}% of the profile has functions without names, in {objects}");
    }
}

fn ancestors(tree: &CallTree, node: NodeId) -> impl Iterator<Item = NodeId> {
    std::iter::successors(tree.parent(node), |node| tree.parent(*node))
}

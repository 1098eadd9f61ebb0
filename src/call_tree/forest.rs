//! Several trees that form one profile.

use super::description::Description;
use super::summary;
use super::{CallTree, Count, Roots, SATURATED, Unit, ValueType};
use crate::threads::{lock, work_together};
use crate::warnings::warning;
use std::io;
use std::mem;
use std::sync::Mutex;

/// Trees that add up to a profile: one for each thread that folded a part of it, and those that
/// were appended. There is at least one.
///
/// [`Collapse::collapse_to_forest`](crate::collapse::Collapse::collapse_to_forest) returns it.
/// [`folded::write_forest`](crate::folded::write_forest) writes it as if it were one tree; for
/// other uses, [`Forest::merged`] merges it into one.
///
/// ```
/// use inferno::call_tree::{CallTree, Forest};
///
/// let trees = [["main", "parse"], ["main", "draw"]].map(|stack| {
///     let mut tree = CallTree::new();
///     tree.add_stack(stack, 3u64);
///     tree
/// });
/// let forest = Forest::from_iter(trees);
/// assert_eq!(forest.merged().totals()[0].to_string(), "6");
/// ```
#[derive(Debug, Clone)]
pub struct Forest {
    trees: Vec<CallTree>,
    values: Vec<ValueType>,
}

impl From<CallTree> for Forest {
    fn from(tree: CallTree) -> Forest {
        Forest::of(vec![tree])
    }
}

impl Default for Forest {
    fn default() -> Forest {
        Forest::from(CallTree::new())
    }
}

impl FromIterator<CallTree> for Forest {
    /// Collects trees. Without any, the result has one empty tree.
    fn from_iter<I: IntoIterator<Item = CallTree>>(trees: I) -> Forest {
        let trees: Vec<CallTree> = trees.into_iter().collect();
        match trees.is_empty() {
            true => Forest::default(),
            false => Forest::of(trees),
        }
    }
}

impl Forest {
    fn of(trees: Vec<CallTree>) -> Forest {
        Forest {
            trees,
            values: Vec::new(),
        }
    }

    /// The values that the profile has for each stack. The trees count one of them.
    ///
    /// ```
    /// use inferno::call_tree::{CallTree, Forest};
    ///
    /// let mut tree = CallTree::new();
    /// tree.add_stack(["main", "parse"], 3u64);
    /// let values = Forest::from(tree).values();
    /// assert_eq!((values[0].name.as_str(), values[0].sum.to_string()), ("samples", "3".to_string()));
    /// ```
    pub fn values(&self) -> Vec<ValueType> {
        match self.values.is_empty() {
            true => vec![self.only_value()],
            false => self.values.clone(),
        }
    }

    /// Returns an error if the requested value does not exist in the profile.
    pub(crate) fn check_value(&self, name: Option<&String>) -> io::Result<()> {
        match name {
            Some(name) => ValueType::find(&self.values(), name).map(|_| ()),
            None => Ok(()),
        }
    }

    fn only_value(&self) -> ValueType {
        ValueType {
            sum: self.total(),
            is_default: true,
            ..self.trees[0].unit().only_value()
        }
    }

    /// The sum of all counts.
    pub(crate) fn total(&self) -> Count {
        let root = CallTree::ROOT.index();
        self.trees.iter().map(|tree| tree.totals()[root]).sum()
    }

    /// Sets the unit of the counts.
    pub(crate) fn set_unit(&mut self, unit: &Unit) {
        for tree in &mut self.trees {
            tree.set_unit(unit.clone());
        }
    }

    /// Sets what the first frames of stacks stand for.
    pub(crate) fn set_roots(&mut self, roots: Roots) {
        for tree in &mut self.trees {
            tree.set_roots(roots);
        }
    }

    /// Sets the values among which one was chosen.
    pub(crate) fn set_values(&mut self, values: Vec<ValueType>) {
        self.values = values;
    }

    /// Adds another profile.
    pub fn append(&mut self, other: Forest) {
        if !self.values.is_empty() || !other.values.is_empty() {
            self.values = self.values();
            ValueType::merge_all(&mut self.values, other.values());
        }
        self.trees.extend(other.trees);
    }

    /// Removes the description of the profile, so that its trees can be merged in any order.
    pub(crate) fn take_description(&mut self) -> ForestDescription {
        let mut taken = ForestDescription {
            is_empty: true,
            has_values: !self.values.is_empty(),
            values: self.values(),
            ..ForestDescription::default()
        };
        self.values.clear();
        for tree in &mut self.trees {
            let description = std::mem::take(&mut tree.description);
            let is_empty = tree.is_empty();
            taken
                .description
                .add(taken.is_empty, &description, is_empty);
            taken.is_empty &= is_empty;
        }
        taken
    }

    pub(crate) fn set_description(&mut self, description: ForestDescription) {
        self.values = description.values;
        if !description.has_values {
            self.values.clear();
        }
        for tree in &mut self.trees {
            tree.description.clone_from(&description.description);
        }
    }

    pub(crate) fn trees(&self) -> &[CallTree] {
        &self.trees
    }

    /// A tree to add to.
    pub(crate) fn first_mut(&mut self) -> &mut CallTree {
        &mut self.trees[0]
    }

    /// Whether the order of the trees, and of their stacks, matters.
    pub(crate) fn is_in_time_order(&self) -> bool {
        self.trees.iter().any(CallTree::is_in_time_order)
    }

    /// Puts trees whose samples have times in time order.
    pub(crate) fn sort_by_time(&mut self) {
        for tree in &mut self.trees {
            if tree.timeline().is_some() {
                *tree = std::mem::take(tree).into_chart();
            }
        }
    }

    /// Whether no tree has any stacks.
    pub fn is_empty(&self) -> bool {
        self.trees.iter().all(CallTree::is_empty)
    }

    /// Logs a warning if a count is saturated at the maximum.
    pub fn warn_if_saturated(&self) {
        if self.is_saturated() {
            warning!("{SATURATED}");
        }
    }

    /// The total and the number of functions: `1.19 s, 231 functions`.
    pub(crate) fn summary(&self) -> String {
        summary::of(&self.trees)
    }

    fn is_saturated(&self) -> bool {
        let has_largest = |tree: &CallTree| tree.large_counts().any(|count| count == Count::MAX);
        match self.trees.as_slice() {
            [tree] => has_largest(tree),
            // Only counts that are large in several trees can saturate when added.
            trees => {
                let sum: Count = trees.iter().flat_map(CallTree::large_counts).sum();
                sum.whole() > u64::MAX / 2 && has_largest(&self.clone().merged())
            }
        }
    }

    /// Applies `change` to each tree.
    pub(crate) fn map(self, change: impl FnMut(CallTree) -> CallTree) -> Forest {
        let trees = self.trees.into_iter().map(change).collect();
        Forest { trees, ..self }
    }

    /// Merges all stacks into one tree. Trees are merged in pairs, on as many threads as useful.
    pub fn merged(self) -> CallTree {
        merge_all(self.trees)
    }
}

/// What is known about a profile apart from its stacks.
#[derive(Debug, Default)]
pub(crate) struct ForestDescription {
    description: Description,
    is_empty: bool,
    values: Vec<ValueType>,
    /// Whether a profile lists its values.
    has_values: bool,
}

impl ForestDescription {
    /// Combines the descriptions of two profiles, of which the other one is added.
    pub fn add(&mut self, other: ForestDescription) {
        self.description
            .add(self.is_empty, &other.description, other.is_empty);
        self.is_empty &= other.is_empty;
        self.has_values |= other.has_values;
        ValueType::merge_all(&mut self.values, other.values);
    }
}

fn merge_all(mut trees: Vec<CallTree>) -> CallTree {
    match trees.len() {
        0..=2 => trees.into_iter().reduce(merge_two).unwrap_or_default(),
        count => {
            // Either thread takes this half, because the other thread may not start.
            let half = Mutex::new(Some(trees.split_off(count / 2)));
            let merge_half = || lock(&half).take().map(merge_all);
            let (one, others) = work_together([merge_half].into_iter(), || merge_all(trees));
            let others = others.into_iter().flatten().chain(merge_half());
            others.fold(one, merge_two)
        }
    }
}

/// Merges the smaller tree into the larger one, or in time order, the later one into the earlier
/// one.
fn merge_two(mut one: CallTree, mut other: CallTree) -> CallTree {
    let is_in_time_order = one.is_in_time_order() || other.is_in_time_order();
    if one.len() < other.len() && !is_in_time_order {
        mem::swap(&mut one, &mut other);
    }
    one.merge(&other);
    one
}

//! [`Profile`]: the result of reading a document.

use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, Count, Forest, FrameId, Moment, NodeId, Roots, Unit, ValueType};
use crate::collapse::selection::{Chooser, SampleOrigin};
use crate::warnings::warning;
use std::borrow::Cow;
use std::io;

/// A profile read from a document.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Profile {
    /// The stacks, counting the chosen value.
    pub tree: CallTree,
    /// The available values, in the order of the file.
    pub values: Vec<ValueType>,
    /// The index of the chosen one in `values`.
    chosen: usize,
    /// Selects samples, unless all are read.
    chooser: Option<Chooser>,
    negative: Negative,
    note: Option<&'static str>,
    hides_unit: bool,
    lacks_threads: bool,
}

impl From<Profile> for Forest {
    fn from(profile: Profile) -> Forest {
        let mut forest = Forest::from(profile.tree);
        forest.set_values(profile.values);
        forest
    }
}

/// Samples with a negative weight, which frames cannot have.
#[derive(Debug, Default)]
pub(crate) struct Negative {
    samples: u64,
    sum: Decimal,
}

impl Negative {
    pub fn add(&mut self, weight: Decimal) {
        self.samples += 1;
        self.sum += weight;
    }
}

impl Profile {
    /// Restricts the profile to the samples that `chooser` selects.
    pub(super) fn choose_by(&mut self, chooser: Chooser) {
        self.chooser = Some(chooser);
    }

    /// Returns an empty profile whose selection uses what was learned about the samples.
    pub(super) fn after_survey(self) -> Profile {
        let mut chooser = self.chooser;
        if let Some(chooser) = &mut chooser {
            chooser.end_survey();
        }
        Profile {
            chooser,
            ..Profile::default()
        }
    }

    /// Logs what the profile has, and returns an error if no sample was selected.
    pub(super) fn finish_choice(&self, format: &str) -> io::Result<()> {
        let Some(chooser) = &self.chooser else {
            return Ok(());
        };
        chooser.log_overview(format);
        chooser.finish("")
    }

    /// Whether samples are selected, so that their origin is needed.
    pub(crate) fn has_selection(&self) -> bool {
        self.chooser.is_some()
    }

    /// Whether samples are selected by time.
    pub(crate) fn selects_by_time(&self) -> bool {
        let chooser = self.chooser.as_ref();
        chooser.is_some_and(Chooser::selects_by_time)
    }

    /// Whether the tree keeps the times of samples.
    pub(crate) fn keeps_times(&self) -> bool {
        self.chooser.as_ref().is_some_and(Chooser::keeps_times)
    }

    /// Whether the times of samples are needed.
    pub(crate) fn needs_times(&self) -> bool {
        self.selects_by_time() || self.keeps_times()
    }

    /// The thread of the latest selected sample, and its time, if that is kept.
    pub(crate) fn latest_time(&mut self) -> Option<(&[u8], Moment)> {
        self.chooser.as_mut()?.take_moment()
    }

    /// When the latest selected sample was taken, if times are kept, for a sample that is added later by
    /// [`Profile::note_time`].
    pub(crate) fn take_moment(&mut self) -> Option<Moment> {
        self.latest_time().map(|(_, moment)| moment)
    }

    /// Keeps the time of a sample at `node`, which is of the same thread as the latest selected one.
    pub(crate) fn note_time(&mut self, moment: Option<Moment>, node: NodeId, weight: Decimal) {
        if let (Some(moment), Some(chooser)) = (moment, &self.chooser)
            && let Some(count) = weight.to_count().filter(|count| !count.is_zero())
        {
            let timeline = self.tree.timeline_mut();
            timeline.add(chooser.thread(), moment, node, count);
        }
    }

    /// Keeps the time of the latest selected sample, which was added to `part`, for [`Profile::add_renamed`].
    pub(crate) fn note_time_in(&mut self, part: &mut Profile, node: NodeId, weight: Decimal) {
        if let Some(chooser) = &mut self.chooser
            && let Some((thread, moment)) = chooser.take_moment()
            && let Some(count) = weight.to_count().filter(|count| !count.is_zero())
        {
            let timeline = part.tree.timeline_mut();
            timeline.add(thread, moment, node, count);
        }
    }

    /// Whether a sample is selected.
    pub(crate) fn takes(&mut self, origin: &SampleOrigin<'_>) -> bool {
        let chooser = self.chooser.as_mut();
        chooser.is_none_or(|chooser| chooser.takes(origin))
    }

    /// The selected part of an interval, in seconds.
    pub(crate) fn clip(
        &mut self,
        start: Decimal,
        end: Decimal,
        origin: &SampleOrigin<'_>,
    ) -> Option<(Decimal, Decimal)> {
        match &mut self.chooser {
            None => Some((start, end)),
            Some(chooser) => chooser.clip(start, end, origin),
        }
    }

    /// Sets a note about how the profile is inexact.
    pub(crate) fn set_note(&mut self, note: &'static str) {
        self.note = Some(note);
    }

    /// Makes graphs use the unit "samples" for any value.
    pub(crate) fn hide_unit(&mut self) {
        self.hides_unit = true;
    }

    /// Notes that the thread of a stack is unknown.
    pub(crate) fn lack_thread(&mut self) {
        self.lacks_threads = true;
    }

    /// The unit of the chosen value.
    pub(crate) fn unit(&self) -> Unit {
        let chosen = self.values.get(self.chosen);
        chosen.map(ValueType::counts).unwrap_or_default()
    }

    /// Sets the unit, the note and the meaning of root frames of the tree.
    pub(super) fn describe_tree(&mut self, roots: Roots) {
        if !self.lacks_threads {
            self.tree.set_roots(roots);
        }
        if !self.hides_unit {
            self.tree.set_unit(self.unit());
        }
        if let Some(note) = self.note {
            self.tree.set_note(note);
        }
    }

    /// Sets the available values, chooses the one called `wanted` or else the `default`, and
    /// returns its index.
    pub(crate) fn choose(
        &mut self,
        mut values: Vec<ValueType>,
        wanted: Option<&str>,
        default: usize,
    ) -> io::Result<usize> {
        if let Some(value) = values.get_mut(default) {
            value.is_default = true;
        }
        self.chosen = match wanted {
            Some(name) => ValueType::find(&values, name)?,
            None => default,
        };
        self.values = values;
        Ok(self.chosen)
    }

    /// Adds `weight` to the sum of the value at `index`.
    pub(crate) fn add_to_sum(&mut self, index: usize, weight: Decimal) {
        if let (Some(value), Some(count)) = (self.values.get_mut(index), weight.to_count()) {
            value.sum += count;
        }
    }

    /// Adds the `weights` of a sample, one for each value, to the sums.
    pub(crate) fn add_to_sums(&mut self, weights: &[Decimal]) {
        for (index, weight) in weights.iter().enumerate() {
            self.add_to_sum(index, *weight);
        }
    }

    /// Adds a sample with a `weight` of the chosen value at `node`. A weight of zero is ignored;
    /// negative ones are counted for a warning.
    pub(crate) fn add(&mut self, node: NodeId, weight: Decimal) {
        match weight.to_count() {
            Some(count) if count.is_zero() => {}
            Some(count) => {
                self.tree.add(node, count);
                let moment = self.take_moment();
                self.note_time(moment, node, weight);
            }
            None => self.negative.add(weight),
        }
    }

    /// Adds samples of one stack, with its outermost frame first, to a profile with a single value.
    pub(crate) fn add_stack<F: AsRef<[u8]>>(
        &mut self,
        frames: impl IntoIterator<Item = F>,
        count: u64,
    ) {
        let mut node = CallTree::ROOT;
        for frame in frames {
            node = self.tree.child_called(node, frame.as_ref());
        }
        let weight = Decimal::from(count);
        self.add_to_sum(0, weight);
        self.add(node, weight);
    }

    /// Adds a sample of the baseline profile, which pprof marks with a negative weight.
    pub(crate) fn add_before(&mut self, node: NodeId, weight: Decimal) {
        if let Some(count) = weight.abs().to_count() {
            self.tree.add_change(node, count, Count::ZERO);
        }
    }

    /// Adds a sample of the current profile, as opposed to [`Profile::add_before`].
    pub(crate) fn add_after(&mut self, node: NodeId, weight: Decimal) {
        match weight.to_count() {
            Some(count) if count.is_zero() => {}
            Some(count) => self.tree.add_change(node, Count::ZERO, count),
            None => self.negative.add(weight),
        }
    }

    /// Adds the stacks of `part` below `base`, with frames renamed by `name`, to a profile with one
    /// value.
    pub(crate) fn add_renamed<'p>(
        &mut self,
        part: &'p Profile,
        base: NodeId,
        mut name: impl FnMut(&'p [u8]) -> io::Result<Cow<'p, [u8]>>,
    ) -> io::Result<()> {
        let mut frames: Vec<Option<FrameId>> = Vec::new();
        let mut nodes = Vec::with_capacity(part.tree.len());
        for theirs in part.tree.ids() {
            let node = match part.tree.parent(theirs) {
                None => base,
                Some(parent) => {
                    let index = part.tree.frame(theirs).index();
                    if frames.len() <= index {
                        frames.resize(index + 1, None);
                    }
                    let frame = match frames[index] {
                        Some(frame) => frame,
                        None => self.tree.intern(&name(part.tree.name(theirs))?),
                    };
                    frames[index] = Some(frame);
                    self.tree.child(nodes[parent.index()], frame)
                }
            };
            if let Some(count) = part.tree.self_count(theirs) {
                self.tree.add(node, count);
                if let Some(value) = self.values.first_mut() {
                    value.sum += count;
                }
            }
            nodes.push(node);
        }
        self.tree
            .add_timeline(&part.tree, |node| Some(nodes[node.index()]));
        self.negative.samples += part.negative.samples;
        self.negative.sum += part.negative.sum;
        Ok(())
    }

    /// Counts samples that were already skipped.
    pub(crate) fn leave_out(&mut self, negative: Negative) {
        self.negative.samples += negative.samples;
        self.negative.sum += negative.sum;
    }

    /// Logs what the reader skipped.
    pub(super) fn log(&self) {
        let Negative { samples, sum } = &self.negative;
        if *samples > 0 {
            let samples = plural(*samples, "sample", "samples");
            let sum = self.unit().text(sum.abs().to_count().unwrap_or(Count::MAX));
            warning!("skipped {samples} with negative values, -{sum} in all");
        }
    }
}

/// The pprof value that `name` refers to, which may be its number, or `space` for `inuse_space` as
/// in old profiles.
pub(crate) fn resolve_value(types: &[ValueType], name: &str) -> String {
    let has = |name: &str| types.iter().any(|known| known.name == name);
    let short = ["inuse_", "alloc_"]
        .iter()
        .find_map(|start| name.strip_prefix(start));
    let number = name.parse().ok().and_then(|index: usize| types.get(index));
    match (short, number) {
        _ if has(name) => name.to_string(),
        (Some(short), _) if has(short) => short.to_string(),
        (_, Some(known)) => known.name.clone(),
        _ => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_old_names_and_numbers() {
        let types = ["objects", "space"].map(|name| ValueType::new(name, "count"));
        for (name, expected) in [
            ("space", "space"),
            ("inuse_space", "space"),
            ("alloc_space", "space"),
            ("inuse_time", "inuse_time"),
            ("0", "objects"),
            ("1", "space"),
            ("2", "2"),
        ] {
            assert_eq!(resolve_value(&types, name), expected, "{name}");
        }
        let types = ["space", "inuse_space"].map(|name| ValueType::new(name, "bytes"));
        assert_eq!(resolve_value(&types, "inuse_space"), "inuse_space");
    }
}

//! Decides which event of a file is folded: the requested one, or else the first in the header that
//! has samples.
//!
//! Samples come in any order, so a later event may be seen first. Its results are discarded when an
//! earlier one appears.

use super::event::Event;
use crate::collapse::perf::{EventName, Report};
use ahash::AHashMap;
use std::sync::Arc;

/// The position of a [`Group`]; earlier ones take precedence.
pub(super) type Rank = usize;

/// Events that are folded together: those with the same name, ignoring modifiers.
struct Group {
    name: Vec<u8>,
    is_wanted: bool,
    samples: u64,
}

#[derive(Default)]
pub(super) struct Choice {
    asked_for: Option<Vec<u8>>,
    chosen: Option<Rank>,
    groups: Vec<Group>,
    rank_of: AHashMap<(Vec<u8>, bool), Rank>,
    /// The rank of each event in the header.
    ranks: Vec<Rank>,
}

impl Choice {
    pub fn new(asked_for: Option<&str>) -> Choice {
        Choice {
            asked_for: asked_for.map(|name| name.as_bytes().to_vec()),
            ..Choice::default()
        }
    }

    /// The group that is folded, as far as known.
    pub fn chosen(&self) -> Option<Rank> {
        self.chosen
    }

    /// The name of the event that is folded.
    pub fn event(&self) -> Option<&[u8]> {
        let chosen = self.chosen.and_then(|rank| self.groups.get(rank));
        chosen.map(|group| group.name.as_slice())
    }

    /// Records a sample of an event, given by its index in the header, and returns its rank.
    pub fn note(&mut self, index: usize, events: &[Arc<Event>]) -> Option<Rank> {
        // In a pipe, events are records between others.
        for event in events.iter().skip(self.ranks.len()) {
            self.add(event);
        }
        let rank = *self.ranks.get(index)?;
        let group = self.groups.get_mut(rank)?;
        group.samples += 1;
        if group.is_wanted {
            self.chosen = Some(self.chosen.map_or(rank, |chosen| chosen.min(rank)));
        }
        Some(rank)
    }

    fn add(&mut self, event: &Event) {
        let event = EventName::new(&event.name);
        let asked_for = self.asked_for.as_deref();
        let is_wanted = asked_for.is_none_or(|name| event.is(name));
        let name = match asked_for.filter(|_| is_wanted) {
            Some(name) => name.to_vec(),
            None => event.name.to_vec(),
        };
        let groups = &mut self.groups;
        let rank = *self
            .rank_of
            .entry((name.clone(), is_wanted))
            .or_insert(groups.len());
        if rank == groups.len() {
            groups.push(Group {
                name,
                is_wanted,
                samples: 0,
            });
        }
        self.ranks.push(rank);
    }

    /// Logs `report`, and which events were skipped.
    pub fn log(&self, mut report: Report, is_empty: bool) {
        for (rank, group) in self.groups.iter().enumerate() {
            if group.samples > 0 && self.chosen != Some(rank) {
                report.skip_all(&group.name, group.samples);
            }
        }
        let chosen = self.chosen.and_then(|rank| self.groups.get(rank));
        let name = chosen.map(|group| &group.name).or(self.asked_for.as_ref());
        let was_asked_for = self.asked_for.is_some();
        report.log(name.map(Vec::as_slice), was_asked_for, is_empty);
    }
}

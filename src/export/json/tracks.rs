//! Samples in order, for formats that list them thread by thread.

use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, Count, NodeId};
use crate::export::listing::Listing;

/// A sequence of samples: a whole profile, one of two that are compared, or a thread.
pub(super) struct Track {
    pub name: String,
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Where its stack ends.
    pub node: NodeId,
    pub weight: Count,
}

impl Track {
    /// The tracks of a tree, at least one. No sample has a weight of zero.
    pub fn all(listing: &Listing<'_>) -> Vec<Track> {
        let tree = listing.tree;
        if tree.is_differential() {
            let before = Track::by_name(listing, "before", |node| tree.self_before(node));
            let after = Track::by_name(listing, "after", |node| tree.self_count(node));
            return vec![before, after];
        }
        if tree.is_in_time_order() {
            return by_thread(listing);
        }
        let name = tree.unit().only_value().name;
        vec![Track::by_name(listing, &name, |node| tree.self_count(node))]
    }

    fn by_name(
        listing: &Listing<'_>,
        name: &str,
        count: impl Fn(NodeId) -> Option<Count>,
    ) -> Track {
        let samples = listing.nodes().filter_map(|node| {
            let weight = count(node).filter(|count| !count.is_zero())?;
            Some(Sample { node, weight })
        });
        Track {
            name: name.to_string(),
            samples: samples.collect(),
        }
    }
}

/// The samples of a tree in time order. Threads are called by the outermost frame of their first sample.
fn by_thread(listing: &Listing<'_>) -> Vec<Track> {
    let tree = listing.tree;
    let mut tracks: Vec<Track> = Vec::new();
    let mut thread = None;
    for_each_in_time_order(listing, |sample| {
        if thread.replace(tree.thread_of(sample.node)) != Some(tree.thread_of(sample.node)) {
            tracks.push(Track {
                name: outermost_frame(tree, sample.node),
                samples: Vec::new(),
            });
        }
        if let Some(track) = tracks.last_mut() {
            track.samples.push(sample);
        }
    });
    if tracks.is_empty() {
        tracks.push(Track::by_name(listing, "samples", |_| None));
    }
    tracks
}

/// The self count of a node is spread over the gaps between its callees; each callee knows how much
/// precedes it.
fn for_each_in_time_order(listing: &Listing<'_>, mut take: impl FnMut(Sample)) {
    let tree = listing.tree;
    // The current path, with the part of each self count that was taken already.
    let mut open = vec![(CallTree::ROOT, Count::ZERO)];
    let mut take_until = |(node, taken): &mut (NodeId, Count), until: Count| {
        let weight = until.saturating_sub(*taken);
        if !weight.is_zero() {
            take(Sample {
                node: *node,
                weight,
            });
            *taken = until;
        }
    };
    let own = |node| tree.self_count(node).unwrap_or_default();
    for visit in &listing.visits {
        while open.len() > visit.depth
            && let Some(mut left) = open.pop()
        {
            let until = own(left.0);
            take_until(&mut left, until);
        }
        if let Some(caller) = open.last_mut() {
            take_until(caller, tree.parent_self_so_far(visit.node));
        }
        open.push((visit.node, Count::ZERO));
    }
    while let Some(mut left) = open.pop() {
        let until = own(left.0);
        take_until(&mut left, until);
    }
}

fn outermost_frame(tree: &CallTree, leaf: NodeId) -> String {
    let callers = std::iter::successors(Some(leaf), |node| tree.parent(*node));
    let outermost = callers.take_while(|node| *node != CallTree::ROOT).last();
    outermost.map_or("samples".to_string(), |node| {
        lossy(tree.name(node)).into_owned()
    })
}

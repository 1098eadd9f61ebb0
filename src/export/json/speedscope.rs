//! Profiles of speedscope. `collapse/json/speedscope.rs` describes the format.

use super::tracks::{Sample, Track};
use super::{List, Number};
use crate::call_tree::{CallTree, Count, NodeId, Unit};
use crate::export::Entry;
use crate::export::amounts::Conversion;
use crate::export::listing::Listing;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use std::borrow::Cow;
use std::io::{self, Write};

pub(super) const ENTRY: Entry = Entry {
    name: "speedscope",
    description: "a speedscope profile (JSON), for www.speedscope.app",
    extension: "speedscope.json",
    is_binary: false,
    write: |forest, writer| write(&forest.merged(), writer),
};

/// Writes `tree` as a profile of speedscope.
///
/// A tree [in time order](CallTree::in_time_order) becomes an evented profile for each thread, any
/// other tree a sampled one. A differential tree becomes two, `before` and `after`; speedscope
/// opens the second.
///
/// ```
/// use inferno::call_tree::CallTree;
/// use inferno::collapse::{Collapse, speedscope::Folder};
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse"], 3u64);
/// let mut profile = Vec::new();
/// inferno::export::speedscope(&tree, &mut profile)?;
///
/// let tree = Folder::default().collapse_to_tree(&profile[..])?;
/// assert_eq!(tree.totals()[0].to_string(), "3");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `writer`.
pub fn write<W: Write>(tree: &CallTree, writer: W) -> io::Result<()> {
    let listing = Listing::of(tree);
    listing.warn_of_bytes();
    let conversion = match tree.unit() {
        Unit::TenNanoseconds => Conversion::of(tree.unit(), Unit::Nanoseconds),
        unit => Conversion::of(unit, unit.clone()),
    };
    let tracks = Track::all(&listing);
    let profiles = tracks.iter().map(|track| Profile {
        listing: &listing,
        conversion: &conversion,
        track,
    });
    let file = File {
        schema: "https://www.speedscope.app/file-format-schema.json",
        exporter: concat!("inferno@", env!("CARGO_PKG_VERSION")),
        shown_first: if tree.is_differential() { 1 } else { 0 },
        shared: Shared {
            frames: List(listing.texts().map(|name| Frame { name })),
        },
        profiles: List(profiles),
    };
    super::write_json(&file, writer)
}

#[derive(Serialize)]
struct File<F: Serialize, P: Serialize> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    #[serde(rename = "activeProfileIndex")]
    shown_first: usize,
    shared: Shared<F>,
    profiles: P,
}

#[derive(Serialize)]
struct Shared<F: Serialize> {
    frames: F,
}

#[derive(Serialize)]
struct Frame<'n> {
    name: Cow<'n, str>,
}

#[derive(Clone, Copy)]
struct Profile<'l> {
    listing: &'l Listing<'l>,
    conversion: &'l Conversion,
    track: &'l Track,
}

impl Serialize for Profile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_evented = self.listing.tree.is_in_time_order();
        let samples = &self.track.samples;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", if is_evented { "evented" } else { "sampled" })?;
        map.serialize_entry("name", &self.track.name)?;
        map.serialize_entry("unit", self.unit())?;
        map.serialize_entry("startValue", &0)?;
        let total: Count = samples.iter().map(|sample| self.weight(sample)).sum();
        map.serialize_entry("endValue", &Number(total))?;
        if is_evented {
            map.serialize_entry("events", &Events(*self))?;
        } else {
            let stacks = samples.iter().map(|sample| self.stack(sample.node));
            map.serialize_entry("samples", &List(stacks))?;
            let weights = samples.iter().map(|sample| Number(self.weight(sample)));
            map.serialize_entry("weights", &List(weights))?;
        }
        map.end()
    }
}

impl Profile<'_> {
    /// The name of the unit in speedscope, which only has times and bytes.
    fn unit(&self) -> &str {
        match &self.conversion.unit {
            Unit::Unknown | Unit::Other(_) => "none",
            unit => unit.name().unwrap_or("none"),
        }
    }

    fn weight(&self, sample: &Sample) -> Count {
        self.conversion.of_count(sample.weight)
    }

    /// The frames of a stack, the root first.
    fn stack(&self, leaf: NodeId) -> Vec<u32> {
        let mut frames: Vec<u32> = self.listing.stack(leaf).collect();
        frames.reverse();
        frames
    }
}

/// The samples of a profile as events that open and close frames.
struct Events<'l>(Profile<'l>);

#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    kind: &'static str,
    frame: u32,
    at: Number,
}

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut events = EventWriter {
            listing: self.0.listing,
            seq: serializer.serialize_seq(None)?,
            open: Vec::new(),
            is_open: vec![false; self.0.listing.tree.len()],
            at: Count::ZERO,
        };
        for sample in &self.0.track.samples {
            events.go_to(sample.node)?;
            events.at += self.0.weight(sample);
        }
        events.go_to(CallTree::ROOT)?;
        events.seq.end()
    }
}

struct EventWriter<'l, S> {
    listing: &'l Listing<'l>,
    seq: S,
    /// The nodes whose frames are open, the outermost first.
    open: Vec<NodeId>,
    is_open: Vec<bool>,
    at: Count,
}

impl<S: SerializeSeq> EventWriter<'_, S> {
    /// Closes and opens frames until the stack that ends at `leaf` is open.
    fn go_to(&mut self, leaf: NodeId) -> Result<(), S::Error> {
        let mut opening = Vec::new();
        let mut node = leaf;
        while !self.is_open[node.index()]
            && let Some(caller) = self.listing.tree.parent(node)
        {
            opening.push(node);
            node = caller;
        }
        while let Some(last) = self.open.pop_if(|last| *last != node) {
            self.is_open[last.index()] = false;
            self.event("C", last)?;
        }
        for node in opening.into_iter().rev() {
            self.is_open[node.index()] = true;
            self.open.push(node);
            self.event("O", node)?;
        }
        Ok(())
    }

    fn event(&mut self, kind: &'static str, node: NodeId) -> Result<(), S::Error> {
        self.seq.serialize_element(&Event {
            kind,
            frame: self.listing.frame_of(node),
            at: Number(self.at),
        })
    }
}

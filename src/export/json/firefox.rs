//! Profiles of the Firefox Profiler, version 57 of those that it saves.
//! `collapse/json/firefox/mod.rs` describes the format.
//!
//! Each frame becomes an entry of the frame table and one of the function table, at the same index;
//! each node becomes an entry of the stack table.

use super::tracks::Track;
use super::{List, Number};
use crate::call_tree::{CallTree, Count, NodeId, Unit};
use crate::export::Entry;
use crate::export::amounts::Conversion;
use crate::export::listing::Listing;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::json;
use std::io::{self, Write};
use std::iter::repeat_n;

pub(super) const ENTRY: Entry = Entry {
    name: "firefox",
    description: "a profile of the Firefox Profiler (JSON), for profiler.firefox.com",
    extension: "json",
    is_binary: false,
    write: |forest, writer| write(&forest.merged(), writer),
};

/// Writes `tree` as a profile of the Firefox Profiler, which is marked as symbolicated.
///
/// Times are converted to milliseconds. A tree [in time order](CallTree::in_time_order) has a
/// thread for each of its threads; a differential tree has two threads, `before` and `after`.
///
/// ```
/// use inferno::call_tree::CallTree;
/// use inferno::collapse::{Collapse, firefox::Folder};
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse"], 3u64);
/// let mut profile = Vec::new();
/// inferno::export::firefox(&tree, &mut profile)?;
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
    let tracks = Track::all(&listing);
    let tables = Tables::of(&listing, &tracks);
    let threads = tracks.iter().enumerate().map(|(number, track)| Thread {
        tables: &tables,
        track,
        number,
    });
    let extra = tables.has_no_stack.then_some(NO_STACK.into());
    let names = List(listing.texts().chain(extra));
    super::write_json(&File(&List(threads), &names), writer)
}

/// The frame of samples without a stack.
const NO_STACK: &str = "[no stack]";

/// The threads, and the names that they share.
struct File<'f, T, N>(&'f T, &'f N);

impl<T: Serialize, N: Serialize> Serialize for File<'_, T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("meta", &meta())?;
        map.serialize_entry("libs", &[(); 0])?;
        map.serialize_entry("shared", &Shared { strings: self.1 })?;
        map.serialize_entry("threads", self.0)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Shared<'s, N: Serialize> {
    #[serde(rename = "stringArray")]
    strings: &'s N,
}

fn meta() -> serde_json::Value {
    json!({
        "preprocessedProfileVersion": 57,
        "version": 24,
        "product": "inferno",
        "importedFrom": concat!("inferno ", env!("CARGO_PKG_VERSION")),
        "interval": 1,
        "startTime": 0,
        "processType": 0,
        "stackwalk": 1,
        "debug": false,
        "symbolicated": true,
        "usesOnlyOneStackType": true,
        "sourceCodeIsNotOnSearchfox": true,
        "categories": [{ "name": "Other", "color": "grey", "subcategories": ["Other"] }],
        "extensions": { "id": [], "name": [], "baseURL": [], "length": 0 },
        "markerSchema": [],
    })
}

/// The contents of the tables, which are the same for all threads.
struct Tables<'l> {
    listing: &'l Listing<'l>,
    /// The index of each node in the stack table, by [`NodeId::index`].
    node_indices: Vec<u32>,
    /// Whether there are samples without a stack, which use the last entry of each table.
    has_no_stack: bool,
    conversion: Conversion,
}

impl<'l> Tables<'l> {
    fn of(listing: &'l Listing<'l>, tracks: &[Track]) -> Tables<'l> {
        let tree = listing.tree;
        let mut node_indices = vec![0; tree.len()];
        for (index, visit) in (0..).zip(&listing.visits) {
            node_indices[visit.node.index()] = index;
        }
        node_indices[CallTree::ROOT.index()] = listing.visits.len() as u32;
        let mut samples = tracks.iter().flat_map(|track| &track.samples);
        Tables {
            listing,
            node_indices,
            has_no_stack: samples.any(|sample| sample.node == CallTree::ROOT),
            conversion: Conversion::of(tree.unit(), Unit::Milliseconds),
        }
    }

    /// How many frames there are.
    fn frame_count(&self) -> usize {
        self.listing.frame_count() + usize::from(self.has_no_stack)
    }

    fn index_of(&self, node: NodeId) -> u32 {
        self.node_indices[node.index()]
    }

    fn weight_type(&self) -> &'static str {
        match self.conversion.unit {
            Unit::Milliseconds => "tracing-ms",
            Unit::Bytes => "bytes",
            _ => "samples",
        }
    }

    /// A column with the same value for each frame.
    fn all<T: Serialize + Clone>(&self, value: T) -> impl Serialize {
        List(repeat_n(value, self.frame_count()))
    }

    /// A column with the number of each frame.
    fn numbers(&self) -> impl Serialize {
        List(0..self.frame_count())
    }
}

struct Thread<'l> {
    tables: &'l Tables<'l>,
    track: &'l Track,
    number: usize,
}

impl Serialize for Thread<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.tables;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.track.name)?;
        map.serialize_entry("processName", "inferno")?;
        map.serialize_entry("processType", "default")?;
        map.serialize_entry("processStartupTime", &0)?;
        map.serialize_entry("processShutdownTime", &())?;
        map.serialize_entry("registerTime", &0)?;
        map.serialize_entry("unregisterTime", &())?;
        map.serialize_entry("pausedRanges", &[(); 0])?;
        map.serialize_entry("isMainThread", &(self.number == 0))?;
        map.serialize_entry("pid", "0")?;
        map.serialize_entry("tid", &self.number)?;
        map.serialize_entry("samples", &Samples(self))?;
        map.serialize_entry("stackTable", &StackTable(tables))?;
        map.serialize_entry("frameTable", &FrameTable(tables))?;
        map.serialize_entry("funcTable", &FuncTable(tables))?;
        map.serialize_entry("markers", &empty(MARKERS))?;
        map.serialize_entry("resourceTable", &empty(RESOURCES))?;
        map.serialize_entry("nativeSymbols", &empty(NATIVE_SYMBOLS))?;
        map.end()
    }
}

const MARKERS: &[&str] = &["data", "name", "startTime", "endTime", "phase", "category"];
const RESOURCES: &[&str] = &["lib", "name", "host", "type"];
const NATIVE_SYMBOLS: &[&str] = &["libIndex", "address", "name", "functionSize"];

/// A table without entries.
fn empty(columns: &[&str]) -> serde_json::Map<String, serde_json::Value> {
    let columns = columns.iter().map(|name| (name.to_string(), json!([])));
    columns.chain([("length".to_string(), json!(0))]).collect()
}

struct Samples<'t>(&'t Thread<'t>);

impl Serialize for Samples<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Thread { tables, track, .. } = self.0;
        let samples = track.samples.iter();
        let weights = samples
            .clone()
            .map(|sample| tables.conversion.of_count(sample.weight));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("length", &track.samples.len())?;
        let stacks = samples.map(|sample| tables.index_of(sample.node));
        map.serialize_entry("stack", &List(stacks))?;
        match tables.conversion.unit {
            Unit::Milliseconds => {
                let deltas = std::iter::once(Count::ZERO).chain(weights.clone());
                let deltas = deltas.take(track.samples.len()).map(Number);
                map.serialize_entry("timeDeltas", &List(deltas))?;
            }
            // The times are unknown: assume one sample per interval.
            _ => map.serialize_entry("time", &List(0..track.samples.len()))?,
        }
        map.serialize_entry("weight", &List(weights.map(Number)))?;
        map.serialize_entry("weightType", tables.weight_type())?;
        map.end()
    }
}

struct StackTable<'t>(&'t Tables<'t>);

impl Serialize for StackTable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Tables { listing, .. } = self.0;
        let nodes = listing.visits.iter().map(|visit| visit.node);
        let no_stack = self.0.has_no_stack.then_some(listing.frame_count() as u32);
        let frames = nodes.clone().map(|node| listing.frame_of(node));
        let callers = nodes.map(|node| {
            let caller = listing.tree.parent(node);
            let caller = caller.filter(|caller| *caller != CallTree::ROOT);
            caller.map(|caller| self.0.index_of(caller))
        });
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("frame", &List(frames.chain(no_stack)))?;
        map.serialize_entry("prefix", &List(callers.chain(no_stack.map(|_| None))))?;
        let length = listing.visits.len() + usize::from(self.0.has_no_stack);
        map.serialize_entry("length", &length)?;
        map.end()
    }
}

struct FrameTable<'t>(&'t Tables<'t>);

impl Serialize for FrameTable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("func", &tables.numbers())?;
        map.serialize_entry("address", &tables.all(-1))?;
        map.serialize_entry("inlineDepth", &tables.all(0))?;
        map.serialize_entry("category", &tables.all(0))?;
        map.serialize_entry("subcategory", &tables.all(0))?;
        map.serialize_entry("nativeSymbol", &tables.all(()))?;
        map.serialize_entry("innerWindowID", &tables.all(0))?;
        map.serialize_entry("line", &tables.all(()))?;
        map.serialize_entry("column", &tables.all(()))?;
        map.serialize_entry("length", &tables.frame_count())?;
        map.end()
    }
}

struct FuncTable<'t>(&'t Tables<'t>);

impl Serialize for FuncTable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &tables.numbers())?;
        map.serialize_entry("isJS", &tables.all(false))?;
        map.serialize_entry("relevantForJS", &tables.all(false))?;
        map.serialize_entry("resource", &tables.all(-1))?;
        map.serialize_entry("fileName", &tables.all(()))?;
        map.serialize_entry("lineNumber", &tables.all(()))?;
        map.serialize_entry("columnNumber", &tables.all(()))?;
        map.serialize_entry("length", &tables.frame_count())?;
        map.end()
    }
}

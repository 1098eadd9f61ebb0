//! GHC: JSON profiles of Haskell programs (`+RTS -pj`). The text of `+RTS -p` is read by
//! [`ghcprof`](crate::collapse::ghcprof).
//!
//! ```text
//! file = { "rts_arguments", "cost_centres": [{ "id", "label", "module", "src_loc" } …], "profile": node }
//! node = { "id", "entries", "alloc": BYTES, "ticks", "children": [node …] }       (of the cost centre itself)
//! ```
//!
//! ```json
//! {"program": "shop", "rts_arguments": ["-pj"], "tick_interval": 1000,
//!  "cost_centres": [{"id": 1, "label": "MAIN", "module": "MAIN", "src_loc": "<built-in>", "is_caf": false}],
//!  "profile": {"id": 1, "entries": 0, "alloc": 688, "ticks": 3, "children": []}}
//! ```
//!
//! A frame is a module and a cost centre: `Lib.work`.

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::collapse::document::{Document, Profile, ValueType, shared_options};
use crate::collapse::json::{self, Keys, Text};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_source};
use ahash::AHashMap;
use serde::Deserialize;
use std::io::{self, BufRead};

/// Folds GHC profiles in JSON. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, ghc::Folder};
///
/// let profile = r#"{"rts_arguments": ["-pj"], "cost_centres": [{"id": 1, "label": "work", "module": "Lib"}],
///                   "profile": {"id": 1, "entries": 1, "alloc": 64, "ticks": 3, "children": []}}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"Lib.work 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a GHC profile in JSON.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `ticks` of the profiler's clock, `alloc` (bytes) or `entries` [default:
        /// ticks]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append the source location to names: `Lib.work (src/Lib.hs:8:1-20)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "ghc";
    const DESCRIPTION: &'static str = "a GHC profile in JSON (+RTS -pj)";

    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("rts_arguments"))
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = json::read_to_end(input)?;
        let values = vec![
            ValueType::new("ticks", "count"),
            ValueType::new("alloc", "bytes"),
            ValueType::new("entries", "count"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        json::with_room(&document, || {
            let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
            let centres = self.frames(&file, &mut profile.tree);
            add(file.profile, &centres, column, profile)
        })
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    cost_centres: Vec<CostCentre<'a>>,
    profile: Node,
}

#[derive(Deserialize)]
struct CostCentre<'a> {
    id: u64,
    #[serde(borrow)]
    label: Text<'a>,
    #[serde(borrow)]
    module: Text<'a>,
    #[serde(borrow, default)]
    src_loc: Text<'a>,
}

#[derive(Deserialize)]
struct Node {
    id: u64,
    #[serde(default)]
    entries: Decimal,
    #[serde(default)]
    alloc: Decimal,
    #[serde(default)]
    ticks: Decimal,
    #[serde(default)]
    children: Vec<Node>,
}

impl Options {
    /// The frames of cost centres.
    fn frames(&self, file: &File<'_>, tree: &mut CallTree) -> AHashMap<u64, FrameId> {
        let frame = |centre: &CostCentre<'_>| {
            let name = frame_name(&[&centre.module[..], b".", &centre.label].concat());
            let name = match self.lines && !centre.src_loc.is_empty() {
                true => with_source(&name, &centre.src_loc, None),
                false => name,
            };
            (centre.id, tree.intern(&name))
        };
        file.cost_centres.iter().map(frame).collect()
    }
}

/// Adds a node and its descendants.
fn add(
    root: Node,
    centres: &AHashMap<u64, FrameId>,
    column: usize,
    profile: &mut Profile,
) -> io::Result<()> {
    let mut pending: Vec<(Node, NodeId)> = vec![(root, CallTree::ROOT)];
    while let Some((node, parent)) = pending.pop() {
        let Some(frame) = centres.get(&node.id) else {
            let id = node.id;
            return Err(invalid(format!(
                "the cost centre {id} is referenced but missing from the profile"
            )));
        };
        let below = profile.tree.child(parent, *frame);
        let values = [node.ticks, node.alloc, node.entries];
        profile.add_to_sums(&values);
        profile.add(below, values[column]);
        pending.extend(node.children.into_iter().map(|child| (child, below)));
    }
    Ok(())
}

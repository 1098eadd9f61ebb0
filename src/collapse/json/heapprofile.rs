//! V8: heap profiles (`.heapprofile`) of node (`--heap-prof`) and Chrome's developer tools.
//!
//! ```text
//! file = { "head": node, "samples": [{ "size": BYTES, "nodeId": ID … } …] }
//! node = { "callFrame": { "functionName", "url", "lineNumber" … }, "selfSize": BYTES, "id": ID,
//!          "children": [node …] }
//! ```
//!
//! ```json
//! {"head": {"callFrame": {"functionName": "(root)"}, "selfSize": 0, "id": 1,
//!           "children": [{"callFrame": {"functionName": "load"}, "selfSize": 4096, "id": 2, "children": []}]}}
//! ```
//!
//! A node has its self size in bytes. The samples contain the same data again, so they are only
//! used to check the sum.

use super::cpuprofile::CallFrame;
use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::collapse::document::{Document, Profile, ValueType, read_to_end, shared_options};
use crate::collapse::json::{self, Keys};
use crate::flags::flags;
use crate::warnings::warning;
use serde::Deserialize;
use std::io::{self, BufRead};

/// Folds V8 heap profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, heapprofile::Folder};
///
/// let profile = r#"{"head": {"callFrame": {"functionName": "(root)"}, "selfSize": 0, "id": 1, "children":
///     [{"callFrame": {"functionName": "load"}, "selfSize": 4096, "id": 2, "children": []}]}}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"load 4096\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a V8 heap profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Append file and line to names: `load (a.js:5)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "heapprofile";
    const DESCRIPTION: &'static str = "a V8 heap profile (JSON)";
    shared_options!(lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("head.callFrame") && keys.has("head.selfSize"))
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        profile.choose(vec![ValueType::new("space", "bytes")], None, 0)?;
        json::with_room(&document, || {
            let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
            self.add(file, profile);
            Ok(())
        })
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    head: Node<'a>,
    #[serde(default, deserialize_with = "json::or_default")]
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node<'a> {
    #[serde(borrow)]
    call_frame: CallFrame<'a>,
    #[serde(default, deserialize_with = "json::or_default")]
    self_size: Decimal,
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    children: Vec<Node<'a>>,
}

#[derive(Deserialize)]
struct Sample {
    size: Decimal,
}

impl Options {
    fn add(&self, file: File<'_>, profile: &mut Profile) {
        let mut sum = Decimal::ZERO;
        let mut pending = vec![(file.head, None)];
        while let Some((node, parent)) = pending.pop() {
            let here = match parent {
                // The root is not a frame.
                None => CallTree::ROOT,
                Some(parent) => {
                    let frame = profile.tree.intern(&node.call_frame.name(self.lines));
                    profile.tree.child(parent, frame)
                }
            };
            sum += node.self_size;
            profile.add_to_sum(0, node.self_size);
            profile.add(here, node.self_size);
            pending.extend(node.children.into_iter().map(|child| (child, Some(here))));
        }
        let sampled = file
            .samples
            .iter()
            .fold(Decimal::ZERO, |sum, sample| sum + sample.size);
        if !file.samples.is_empty() && sampled != sum {
            warning!(
                "the samples have {sampled} bytes, but the call tree has {sum}, which is used"
            );
        }
    }
}

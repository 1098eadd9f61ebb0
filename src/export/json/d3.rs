//! Trees in JSON, as [d3-flame-graph](https://github.com/spiermar/d3-flame-graph) draws them.
//!
//! ```text
//! node = { "name": NAME, "value": NUMBER, "delta"?: NUMBER, "children"?: [node …] }
//! ```
//!
//! The value of a node includes its children. In a differential tree it is the count after, and the
//! delta is by how much it grew.

use super::Number;
use crate::call_tree::{CallTree, Count, NodeId};
use crate::export::listing::Listing;
use crate::export::{BUFFER_SIZE, Entry};
use serde::Serialize;
use std::io::{self, BufWriter, Write};

pub(super) const ENTRY: Entry = Entry {
    name: "d3",
    description: "a tree of name, value and children (JSON), for d3-flame-graph",
    extension: "json",
    is_binary: false,
    write: |forest, writer| write(&forest.merged(), writer),
};

/// Writes `tree` as JSON: nodes with a name, a value, and the nodes below them. The outermost node
/// is called `root`.
///
/// ```
/// use inferno::call_tree::CallTree;
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse"], 3u64);
/// let mut json = Vec::new();
/// inferno::export::d3(&tree, &mut json)?;
/// let expected = r#"{"name":"root","value":3,"children":[{"name":"main","value":3,"children":[
/// {"name":"parse","value":3}]}]}"#;
/// assert_eq!(String::from_utf8_lossy(&json).trim_end(), expected.replace('\n', ""));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `writer`.
pub fn write<W: Write>(tree: &CallTree, writer: W) -> io::Result<()> {
    let listing = Listing::of(tree);
    listing.warn_of_bytes();
    let mut nodes = Nodes {
        totals: tree.totals(),
        before: tree.totals_before(),
        out: BufWriter::with_capacity(BUFFER_SIZE, writer),
    };
    nodes.start(CallTree::ROOT, "root")?;
    let names: Vec<_> = listing.texts().collect();
    let mut depth = 0;
    for visit in &listing.visits {
        match visit.depth > depth {
            true => nodes.out.write_all(b",\"children\":[")?,
            false => nodes.end(depth - visit.depth, b"},")?,
        }
        let name = &names[listing.frame_of(visit.node) as usize];
        nodes.start(visit.node, name)?;
        depth = visit.depth;
    }
    nodes.end(depth, b"}\n")?;
    nodes.out.flush()
}

/// Writes nodes one by one. A recursive `Serialize` would overflow the stack on deep trees.
struct Nodes<W: Write> {
    totals: Vec<Count>,
    /// Empty unless the tree is differential.
    before: Vec<Count>,
    out: BufWriter<W>,
}

impl<W: Write> Nodes<W> {
    /// Writes a node up to its children.
    fn start(&mut self, node: NodeId, name: &str) -> io::Result<()> {
        let value = self.totals[node.index()];
        self.out.write_all(b"{\"name\":")?;
        self.json(name)?;
        self.out.write_all(b",\"value\":")?;
        self.json(&Number(value))?;
        if let Some(before) = self.before.get(node.index()).copied() {
            let sign = if value < before { "-" } else { "" };
            let delta = value.max(before).saturating_sub(value.min(before));
            write!(self.out, ",\"delta\":{sign}{delta}")?;
        }
        Ok(())
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        Ok(serde_json::to_writer(&mut self.out, value)?)
    }

    /// Ends the current node and `callers` of its callers, followed by `last`.
    fn end(&mut self, callers: usize, last: &[u8]) -> io::Result<()> {
        for _ in 0..callers {
            self.out.write_all(b"}]")?;
        }
        self.out.write_all(last)
    }
}

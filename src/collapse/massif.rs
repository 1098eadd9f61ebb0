//! massif: heap profiles of valgrind (as shown by `ms_print`).
//!
//! ```text
//! input    = "desc: " …, "cmd: " …, "time_unit: " …, { snapshot }
//! snapshot = "#---", "snapshot=" N, "#---", "time=" …, "mem_heap_B=" BYTES, …,
//!            "heap_tree=" ( "empty" | "detailed" | "peak" ), { node }
//! node     = { " " } "n" CHILDREN ": " BYTES " " TEXT          (a space for each callee)
//! TEXT     = "0x" ADDRESS ": " FUNCTION " (" PLACE ")"  |  any text
//! ```
//!
//! ```text
//! snapshot=4
//! mem_heap_B=100
//! heap_tree=peak
//! n1: 100 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.
//!  n1: 70 0x1090: load (load.c:3)
//!   n0: 70 0x1095: main (main.c:9)
//! ```
//!
//! The tree is inverted: callers are below their callees. A node counts the bytes that are not
//! attributed to its callers. One snapshot is read: the peak.

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use std::io::{self, BufRead};

/// Folds massif heap profiles. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a massif heap profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The snapshot to read, by its number, or `last` [default: the peak, or else the last detailed
        /// one]
        #[arg(long, value_name = "NUMBER|last")]
        pub snapshot: Option<String>,

        /// Append file and line to names: `load (load.c:3)`
        #[arg(long)]
        pub lines: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "massif";
    const DESCRIPTION: &'static str = "a massif heap profile";
    shared_options!(lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let starts: [&[u8]; 3] = [b"desc: ", b"cmd: ", b"time_unit: "];
        let mut lines = whole_lines(head);
        for start in starts {
            if !lines.next()?.starts_with(start) {
                return Some(false);
            }
        }
        Some(true)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("space", "bytes")], None, 0)?;
        let snapshots = read_snapshots(&mut Lines::of(input))?;
        let Some(snapshot) = self.choose(&snapshots)? else {
            return Ok(());
        };
        self.add(snapshot, profile);
        Ok(())
    }
}

/// A snapshot with a tree.
struct Snapshot {
    number: u64,
    is_peak: bool,
    nodes: Vec<Node>,
}

/// A function, and the bytes that it and its callees allocated.
struct Node {
    depth: usize,
    bytes: u64,
    text: Vec<u8>,
}

/// The snapshots that have a tree.
fn read_snapshots(lines: &mut Lines<'_>) -> io::Result<Vec<Snapshot>> {
    let mut snapshots: Vec<Snapshot> = Vec::new();
    let mut number = None;
    let mut is_massif = false;
    while let Some(line) = lines.next()? {
        is_massif |= line.starts_with(b"time_unit: ");
        if let Some(text) = line.strip_prefix(b"snapshot=") {
            number = parse(text);
        } else if let Some(kind) = line.strip_prefix(b"heap_tree=") {
            let Some(number) = number.filter(|_| kind != b"empty") else {
                continue;
            };
            snapshots.push(Snapshot {
                number,
                is_peak: kind == b"peak",
                nodes: Vec::new(),
            });
        } else if let Some(snapshot) = snapshots.last_mut()
            && let Some(text) = line.trim_ascii_start().strip_prefix(b"n")
        {
            match read_node(line, text) {
                Some(node) => snapshot.nodes.push(node),
                None => lines.skip_if_cut("a node, `nCHILDREN: BYTES FUNCTION`")?,
            }
        }
    }
    lines.finish(
        is_massif,
        "a massif heap profile, which has a line `time_unit: `",
    )?;
    Ok(snapshots)
}

fn read_node(line: &[u8], text: &[u8]) -> Option<Node> {
    let colon = memchr::memmem::find(text, b": ")?;
    parse::<u64>(&text[..colon])?;
    let rest = &text[colon + 2..];
    let space = memchr::memchr(b' ', rest)?;
    Some(Node {
        depth: line.len() - line.trim_ascii_start().len(),
        bytes: parse(&rest[..space])?,
        text: rest[space + 1..].to_vec(),
    })
}

impl Options {
    fn choose<'s>(&self, snapshots: &'s [Snapshot]) -> io::Result<Option<&'s Snapshot>> {
        let peak = || snapshots.iter().rev().find(|snapshot| snapshot.is_peak);
        match self.snapshot.as_deref() {
            None => Ok(peak().or(snapshots.last())),
            Some("last") => Ok(snapshots.last()),
            Some(wanted) => {
                let is_wanted = |snapshot: &&Snapshot| snapshot.number.to_string() == wanted;
                snapshots.iter().find(is_wanted).map(Some).ok_or_else(|| {
                    let numbers = snapshots.iter().map(|snapshot| snapshot.number.to_string());
                    let numbers = numbers.collect::<Vec<_>>().join(", ");
                    invalid(format!(
                        "no snapshot {wanted} has a tree; these have one: {numbers}"
                    ))
                })
            }
        }
    }

    /// Adds a snapshot: the bytes of each node that are not attributed to its callers.
    fn add(&self, snapshot: &Snapshot, profile: &mut Profile) {
        let own = own_bytes(&snapshot.nodes);
        // From the leaf of the stack, which is the outermost node of the tree.
        let mut path: Vec<FrameId> = Vec::new();
        for (node, own) in snapshot.nodes.iter().zip(own) {
            path.truncate(node.depth);
            path.push(profile.tree.intern(&self.frame(&node.text)));
            if own > Decimal::ZERO {
                let callers_first = path.iter().rev();
                let leaf = callers_first.fold(CallTree::ROOT, |parent, frame| {
                    profile.tree.child(parent, *frame)
                });
                profile.add_to_sum(0, own);
                profile.add(leaf, own);
            }
        }
    }

    fn frame(&self, text: &[u8]) -> Vec<u8> {
        let name = match memchr::memmem::find(text, b": ") {
            Some(at) if text.starts_with(b"0x") => &text[at + 2..],
            _ => return frame_name(text),
        };
        let end = match memchr::memmem::rfind(name, b" (") {
            Some(at) if !self.lines && name.ends_with(b")") => at,
            _ => name.len(),
        };
        frame_name(&name[..end])
    }
}

/// The bytes of each node that are not attributed to the nodes below.
fn own_bytes(nodes: &[Node]) -> Vec<Decimal> {
    let mut own: Vec<Decimal> = Vec::with_capacity(nodes.len());
    let mut path: Vec<usize> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        path.truncate(node.depth);
        let bytes = Decimal::from(node.bytes);
        if let Some(outer) = path.last() {
            own[*outer] = own[*outer] - bytes;
        }
        own.push(bytes);
        path.push(index);
    }
    own
}

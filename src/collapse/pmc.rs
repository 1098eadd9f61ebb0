//! FreeBSD: call graphs of `pmcstat -G`.
//!
//! ```text
//! input = { "@ " EVENT " [" N " samples]", { node } }
//! node  = { " " } PERCENT "%  [" N "]" { " " } FUNCTION [ " @ " OBJECT ]          (a space for each callee)
//! ```
//!
//! ```text
//! @ CPU_CLK_UNHALTED.THREAD_P [12 samples]
//!
//! 100.0%  [12]       memcpy @ /lib/libc.so.7
//!  58.33%  [7]         load @ /srv/shop
//!   100.0%  [7]         main
//!  41.67%  [5]         save
//! ```
//!
//! The tree is inverted: callers are below their callees. The outermost callers have the counts.

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::flags::flags;
use crate::names::frame::frame_name;
use std::io::{self, BufRead};

/// Folds call graphs of `pmcstat -G`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, pmc::Folder};
///
/// let graph = "@ INSTR [7 samples]\n\n100.0%  [7]  memcpy @ /lib/libc.so.7\n 100.0%  [7]   main\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(graph.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main;memcpy 7\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for call graphs of `pmcstat -G`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "pmc";
    const DESCRIPTION: &'static str = "pmcstat call graphs (`-G`)";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        whole_lines(head).next().map(is_header)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("samples", "count")], None, 0)?;
        let mut lines = Lines::of(input);
        let mut path: Vec<Node> = Vec::new();
        let mut found = false;
        while let Some(line) = lines.next()? {
            found |= is_header(line);
            let Some(node) = read_node(line) else {
                continue;
            };
            found = true;
            if path.last().is_some_and(|last| node.depth <= last.depth) {
                add(&path, profile);
                path.retain(|outer| outer.depth < node.depth);
            }
            path.push(node);
        }
        add(&path, profile);
        lines.finish(found, "pmcstat call graphs, found none")
    }
}

/// Whether a line is `@ EVENT [N samples]`.
fn is_header(line: &[u8]) -> bool {
    line.starts_with(b"@ ") && line.ends_with(b" samples]")
}

struct Node {
    depth: usize,
    count: u64,
    name: Vec<u8>,
}

fn read_node(line: &[u8]) -> Option<Node> {
    let text = line.trim_ascii_start();
    let percent = memchr::memmem::find(text, b"%  [")?;
    let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let rest = &text[percent + 4..];
    let close = memchr::memchr(b']', rest)?;
    let words = rest[close + 1..].split(u8::is_ascii_whitespace);
    let name = words.into_iter().find(|word| !word.is_empty())?;
    text[..percent].iter().all(is_number).then_some(())?;
    Some(Node {
        depth: line.len() - text.len(),
        count: parse(&rest[..close])?,
        name: frame_name(name),
    })
}

/// Adds the stack that ends with `path`, whose last node is the outermost caller.
fn add(path: &[Node], profile: &mut Profile) {
    if let Some(last) = path.last() {
        let frames = path.iter().rev().map(|node| &node.name);
        profile.add_stack(frames, last.count);
    }
}

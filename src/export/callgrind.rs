//! Writes callgrind files. `collapse/callgrind/mod.rs` describes the syntax.
//!
//! It has the self cost of each function, and the inclusive cost of its calls to each other
//! function. A sample is counted once for each function in its stack, at the outermost call. So the
//! calls to a function add up to its inclusive cost, even if it is recursive.

use super::Entry;
use super::amounts::{Whole, warn_of_rounding};
use super::listing::Listing;
use crate::call_tree::{CallTree, Count};
use ahash::AHashMap;
use std::io::{self, BufWriter, Write};

pub(super) const ENTRY: Entry = Entry {
    name: "callgrind",
    description: "functions and their calls, for KCachegrind and callgrind_annotate",
    extension: "callgrind",
    is_binary: false,
    write: |forest, writer| write(&forest.merged(), writer),
};

/// Writes `tree` in the format of callgrind, for KCachegrind and `callgrind_annotate`. There are no
/// source lines.
///
/// Stacks are not preserved: the format has the cost of calls between functions, whatever called
/// the caller. The event is the [unit](CallTree::unit) of the counts; a differential tree has two
/// events, `before` and `after`. The number of calls is unknown and written as 1.
///
/// Samples without a stack count for a function `root`, which also calls the outermost functions if
/// any of these is called by another function too.
///
/// ```
/// use inferno::call_tree::CallTree;
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse"], 3u64);
/// let mut profile = Vec::new();
/// inferno::export::callgrind(&tree, &mut profile)?;
/// let profile = String::from_utf8_lossy(&profile);
/// assert!(profile.contains("events: samples\n"));
/// assert!(profile.contains("fn=(1) main\ncfn=(2) parse\ncalls=1 0\n0 3\n"));
/// assert!(profile.contains("fn=(2)\n0 3\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `writer`.
pub fn write<W: Write>(tree: &CallTree, writer: W) -> io::Result<()> {
    let listing = Listing::of(tree);
    let graph = Graph::of(&listing);
    let mut functions = FunctionWriter {
        names: listing.names().chain([ROOT_NAME]).collect(),
        is_named: vec![false; listing.frame_count() + 1],
        is_differential: tree.is_differential(),
        amounts: [Whole::of(tree), Whole::of(tree)],
        totals: [0; 2],
        out: BufWriter::with_capacity(super::BUFFER_SIZE, writer),
    };
    functions.header(tree)?;
    let mut calls = graph.calls.as_slice();
    for (id, own) in graph.own.iter().enumerate() {
        let count = calls.partition_point(|call| call.caller as usize == id);
        let (made, others) = calls.split_at(count);
        functions.function(id, own, made)?;
        calls = others;
    }
    functions.finish()
}

/// The name of the function for the root of the tree.
const ROOT_NAME: &[u8] = b"root";

/// The counts before and after. The first is unused unless the tree is differential.
type Costs = [Count; 2];

fn add(sum: &mut Costs, costs: Costs) {
    sum[0] += costs[0];
    sum[1] += costs[1];
}

struct Call {
    caller: u32,
    callee: u32,
    costs: Costs,
}

/// Functions, by the numbers of their frames, and their calls. The last function is the root.
struct Graph {
    own: Vec<Costs>,
    /// Sorted by caller and callee.
    calls: Vec<Call>,
}

impl Graph {
    fn of(listing: &Listing<'_>) -> Graph {
        let tree = listing.tree;
        let root = listing.frame_count();
        let mut own = vec![Costs::default(); root + 1];
        for node in listing.nodes() {
            let function = match node {
                CallTree::ROOT => root,
                node => listing.frame_of(node) as usize,
            };
            let costs = [tree.self_before(node), tree.self_count(node)];
            add(&mut own[function], costs.map(Option::unwrap_or_default));
        }
        let mut calls = calls(listing);
        if !is_root_needed(&calls, root) {
            calls.retain(|call| call.caller as usize != root);
        }
        Graph { own, calls }
    }
}

/// Whether an outermost function is called by another one. Readers use the cost of these calls as
/// its inclusive cost.
fn is_root_needed(calls: &[Call], root: usize) -> bool {
    let mut is_called = vec![false; root];
    for call in calls.iter().filter(|call| call.caller as usize != root) {
        is_called[call.callee as usize] = true;
    }
    let mut outermost = calls.iter().filter(|call| call.caller as usize == root);
    outermost.any(|call| is_called[call.callee as usize])
}

/// All calls, including those from the root.
fn calls(listing: &Listing<'_>) -> Vec<Call> {
    let (before, after) = (listing.tree.totals_before(), listing.tree.totals());
    let mut calls: AHashMap<(u32, u32), Costs> = AHashMap::new();
    // The current stack, and how often each function is in it.
    let mut stack = vec![listing.frame_count() as u32];
    let mut times = vec![0u32; listing.frame_count()];
    for visit in &listing.visits {
        for left in stack.drain(visit.depth..) {
            times[left as usize] -= 1;
        }
        let callee = listing.frame_of(visit.node);
        let caller = stack[visit.depth - 1];
        let costs = calls.entry((caller, callee)).or_default();
        if times[callee as usize] == 0 {
            let index = visit.node.index();
            let before = before.get(index).copied().unwrap_or_default();
            add(costs, [before, after[index]]);
        }
        times[callee as usize] += 1;
        stack.push(callee);
    }
    let calls = calls.into_iter().map(|((caller, callee), costs)| Call {
        caller,
        callee,
        costs,
    });
    let mut calls: Vec<Call> = calls.collect();
    calls.sort_unstable_by_key(|call| (call.caller, call.callee));
    calls
}

struct FunctionWriter<'n, W: Write> {
    names: Vec<&'n [u8]>,
    /// Whether the name was written. From then on, the number is enough.
    is_named: Vec<bool>,
    is_differential: bool,
    amounts: [Whole; 2],
    totals: [u64; 2],
    out: BufWriter<W>,
}

impl<W: Write> FunctionWriter<'_, W> {
    fn header(&mut self, tree: &CallTree) -> io::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        write!(
            self.out,
            "# callgrind format\nversion: 1\ncreator: inferno {version}\n"
        )?;
        if let Some(note) = tree.note() {
            writeln!(self.out, "desc: Note: {note}")?;
        }
        let unit = self.amounts[1].unit().name().unwrap_or("samples");
        // Events are words.
        let event = unit.replace(|letter: char| letter.is_whitespace() || letter == ':', "_");
        match self.is_differential {
            true => write!(
                self.out,
                "event: before : {unit} before\nevent: after : {unit} after\npositions: line\nevents: before after\n"
            )?,
            false => write!(self.out, "positions: line\nevents: {event}\n")?,
        }
        self.out.write_all(b"\nfl=(1) ???\n")
    }

    fn function(&mut self, id: usize, own: &Costs, calls: &[Call]) -> io::Result<()> {
        let has_own = own.iter().any(|cost| !cost.is_zero());
        if !has_own && calls.is_empty() {
            return Ok(());
        }
        self.name("fn", id)?;
        if has_own {
            let numbers = [0, 1].map(|event| self.amounts[event].part(own[event]));
            for (total, number) in self.totals.iter_mut().zip(numbers) {
                *total = total.saturating_add(number);
            }
            self.cost(numbers)?;
        }
        for call in calls {
            self.name("cfn", call.callee as usize)?;
            self.out.write_all(b"calls=1 0\n")?;
            let numbers = [0, 1].map(|event| self.amounts[event].nearest(call.costs[event]));
            self.cost(numbers)?;
        }
        self.out.write_all(b"\n")
    }

    fn name(&mut self, key: &str, id: usize) -> io::Result<()> {
        write!(self.out, "{key}=({})", id + 1)?;
        if !std::mem::replace(&mut self.is_named[id], true) {
            self.out.write_all(b" ")?;
            self.out.write_all(self.names[id])?;
        }
        self.out.write_all(b"\n")
    }

    /// Writes costs of line 0: there are no source lines.
    fn cost(&mut self, numbers: [u64; 2]) -> io::Result<()> {
        self.out.write_all(b"0 ")?;
        self.numbers(numbers)
    }

    fn numbers(&mut self, [before, after]: [u64; 2]) -> io::Result<()> {
        match self.is_differential {
            true => writeln!(self.out, "{before} {after}"),
            false => writeln!(self.out, "{after}"),
        }
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"totals: ")?;
        self.numbers(self.totals)?;
        warn_of_rounding(&self.amounts, "callgrind");
        self.out.flush()
    }
}

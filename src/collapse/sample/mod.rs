//! macOS `sample`: the call graphs of `sample`, and of "Sample Process" in Activity Monitor.
//!
//! ```text
//! input = { line }, "Call graph:", { node | blank line }, "Total number in stack", { line }
//! node  = 4 spaces, { 2 × indent }, count, " ", name, [ "(" arguments ")" ],
//!         [ "  (in ", module, ")" ], { any character }
//! indent = " " | "+" | "!" | ":" | "|"
//! ```
//!
//! ```text
//! Call graph:
//!     825 Thread_15758523   DispatchQueue_1: com.apple.main-thread  (serial)
//!     + 825 start  (in libdyld.dylib) + 1  [0x7fff737cf3d5]
//!     +   825 main  (in rg) + 41  [0x10384b549]
//!     +     800 ignore::walk::WalkParallel::run::h9c94d86e305a5f70  (in rg) + 3616  [0x1037cb520]
//!     +     ! 800 __ulock_wait  (in libsystem_kernel.dylib) + 10  [0x7fff73904c0e]
//!     +     25 std::io::stdio::stdout::h55ff56ea9ff6b4c7  (in rg) + 21  [0x103a117d5]
//!
//! Total number in stack (recursive counted multiple, when >=5):
//! ```
//!
//! The count of a node includes its callees; the self count is folded. A frame is named
//! ``module`name``, without arguments and without the `.dylib` suffix of a module.
//!
//! Idle threads are skipped: stacks whose innermost function is a system function in which a thread
//! sleeps, such as `__psynch_cvwait`. Otherwise, these would be most of the samples of most
//! programs.

mod idle;
mod node;

use super::cache::lines::{LineCache, LineId};
use super::engine::format::Listed;
use super::engine::format::{Block, Format, impl_collapse};
use super::engine::shared::Shared;
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::lines::{after_last_line, whole_lines};
use crate::bytes::text::plural;
use crate::bytes::text::trim_end;
use crate::call_tree::{CallTree, Forest, NodeId};
use crate::collapse::engine::error::skipped_level;
use crate::flags::flags;
use crate::input::Reader;
use crate::warnings::warning;
use node::Node;
use std::io;

const START: &[u8] = b"Call graph:";
const END: &[u8] = b"Total number in stack";

flags! {
    /// Options for the output of `sample`.
    #[derive(Clone, Debug)]
    #[non_exhaustive]
    pub struct Options {
        /// Demangle names of Rust and C++ functions (`_RNv..`, `_ZN..`), without hashes and arguments;
        /// requires the crate's feature `demangle`. Default: `true`.
        #[arg(
            long = "no-demangle", action = clap::ArgAction::SetFalse,
            help = "Keep mangled names of Rust and C++ functions as they are"
        )]
        pub demangle: bool,

        /// Omit modules: `main` instead of ``prog`main``. Default: `false`.
        #[arg(long, help = "Don't include modules with function names")]
        pub no_modules: bool,

        /// Additional idle functions, by their whole names: samples in which one of them is innermost
        /// are skipped. Default: none.
        #[arg(
                long,
                value_name = "NAME",
                help = "Also skip samples of threads that are idle in this function; can be repeated"
            )]
        pub idle: Vec<String>,

        /// Keep samples in the built-in idle functions, such as `mach_msg2_trap`: only those in
        /// [`idle`](Options::idle) are skipped. Default: `false`.
        #[arg(
                long,
                help = "Keep the samples of threads that wait in the system's functions (`mach_msg2_trap`, `kevent`, \
                          ...); with --idle NAME, only samples in NAME are skipped"
            )]
        pub no_default_idle: bool,
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            demangle: true,
            no_modules: false,
            idle: Vec::new(),
            no_default_idle: false,
        }
    }
}

/// Folds the output of macOS `sample`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, sample::Folder};
///
/// let report = "\
/// Call graph:
///     5 Thread_1
///     + 5 main  (in prog) + 12  [0x10d1]
///     +   3 parse(char const*)  (in libparse.dylib) + 7  [0x20e4]
///
/// Total number in stack (recursive counted multiple, when >=5):
/// ";
/// let mut folded = Vec::new();
/// Folder::default().collapse(report.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"Thread_1;prog`main 2\nThread_1;prog`main;libparse`parse 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

impl_collapse!(Folder);

/// The position of a worker in the report, and the nodes that may still get children.
#[derive(Default)]
pub(crate) struct Worker {
    stage: Stage,
    /// The number of the current line.
    line: u64,
    /// The path from the thread to the node of the previous line.
    open: Vec<OpenNode>,
    /// Caches the names of nodes, and whether a thread is idle there.
    labels: LineCache<bool>,
    /// The number of samples in idle functions.
    waiting: u64,
}

#[derive(Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Head,
    Graph,
    Tail,
}

struct OpenNode {
    node: NodeId,
    line: LineId,
    /// The samples that are not in a child.
    own: u64,
}

impl Listed for Options {
    const NAME: &'static str = "sample";
    const DESCRIPTION: &'static str = "the call graph of macOS's `sample`";
    const EXPECTED: &'static str = "the call graph of macOS's `sample`";
    const HELP: &'static str = "\
This processes the result of the sample command on macOS:
        sample 1234 -file out.sample_stacks";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Options::default(), head)
    }

    fn adopt(&mut self, options: &Shared) {
        self.demangle = options.demangle;
    }

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        Folder::from(self).fold(reader)
    }
}

impl Format for Options {
    type Prelude = ();
    type Worker = Worker;
    const IS_PARALLEL: bool = false;
    const NUMBERS_LINES: bool = false;

    fn demangles(&self) -> bool {
        self.demangle
    }

    fn fold(
        &self,
        _: &(),
        block: Block<'_>,
        worker: &mut Worker,
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        for line in whole_lines(block.bytes).map(trim_end) {
            worker.line += 1;
            worker
                .read(line, self, tree)
                .map_err(|mismatch| mismatch.at_line(worker.line))?;
        }
        let cut = &block.bytes[after_last_line(block.bytes).unwrap_or(0)..];
        if !cut.is_empty() {
            worker.line += 1;
            worker.read_cut(cut, tree);
        }
        Ok(())
    }

    fn conclude(&self, _: &(), workers: Vec<Worker>, forest: &mut Forest) -> io::Result<()> {
        for mut worker in workers {
            worker.conclude(forest.first_mut());
        }
        Ok(())
    }

    /// The line that starts the call graph must be present, followed by the graph.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let mut is_in_graph = false;
        for line in whole_lines(head).map(trim_end) {
            if line.starts_with(START) {
                is_in_graph = true;
            } else if line.starts_with(END) {
                return Some(is_in_graph);
            } else if is_in_graph && Node::parse(line).is_ok() {
                return Some(true);
            }
        }
        None
    }
}

impl Worker {
    fn read(
        &mut self,
        line: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Result<(), Mismatch> {
        match self.stage {
            Stage::Head if line.starts_with(START) => self.stage = Stage::Graph,
            Stage::Graph if line.starts_with(END) => self.end_graph(tree),
            Stage::Graph if !line.is_empty() => self.open(line, options, tree)?,
            _ => {}
        }
        Ok(())
    }

    /// Reads the last line of the input if it has no line end. A node may lack a digit or half of
    /// its name, so its samples count for its caller.
    fn read_cut(&mut self, line: &[u8], tree: &mut CallTree) {
        if self.stage == Stage::Graph && line.starts_with(END) {
            self.end_graph(tree);
        }
    }

    fn open(
        &mut self,
        line: &[u8],
        options: &Options,
        tree: &mut CallTree,
    ) -> Result<(), Mismatch> {
        let read = Node::parse(line)?;
        if read.depth > self.open.len() {
            return Err(skipped_level(line));
        }
        self.close_down_to(read.depth, tree);
        let caller = match self.open.last_mut() {
            Some(caller) => {
                caller.own = caller.own.saturating_sub(read.count);
                caller.node
            }
            None => CallTree::ROOT,
        };
        let label = match read.depth {
            // Thread names can contain anything.
            0 => read.label,
            _ => read.label.without_address(),
        };
        let line = self.labels.look_up(0, label.0, |frames| {
            frames.push(tree.intern(label.name(options).as_bytes()));
            label.is_waiting(options)
        });
        self.open.push(OpenNode {
            node: self.labels.walk(line, caller, tree),
            line,
            own: read.count,
        });
        Ok(())
    }

    /// Adds the self counts of the nodes that have all their children, the innermost first.
    fn close_down_to(&mut self, depth: usize, tree: &mut CallTree) {
        while self.open.len() > depth
            && let Some(closed) = self.open.pop()
        {
            if closed.own == 0 {
                continue;
            }
            if *self.labels.facts(closed.line) {
                self.waiting = self.waiting.saturating_add(closed.own);
            } else {
                tree.add(closed.node, closed.own);
            }
        }
    }

    fn end_graph(&mut self, tree: &mut CallTree) {
        self.close_down_to(0, tree);
        self.stage = Stage::Tail;
    }

    fn conclude(&mut self, tree: &mut CallTree) {
        self.close_down_to(0, tree);
        match self.stage {
            Stage::Head => {
                warning!("File ended before start of call graph, expected a line `Call graph:`")
            }
            Stage::Graph => warning!(
                "File ended before end of call graph; the part before it is kept [line {}]",
                self.line
            ),
            Stage::Tail => {}
        }
        if self.waiting > 0 {
            let level = match tree.is_empty() {
                true => log::Level::Warn,
                false => log::Level::Info,
            };
            let samples = plural(self.waiting, "sample", "samples");
            log::log!(level, "skipped {samples} of idle threads");
        }
    }
}

#[cfg(test)]
mod tests;

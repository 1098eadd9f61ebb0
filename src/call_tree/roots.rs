//! What root frames stand for.

use super::CallTree;

/// What the first frame of each stack in a tree stands for.
///
/// ```
/// use inferno::call_tree::Roots;
/// use inferno::collapse::{Collapse, perf};
///
/// let script = "prog 7/9 1.0: 3 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
/// let mut options = perf::Options::default();
/// options.include_tid = true;
/// let tree = perf::Folder::from(options).collapse_to_tree(script.as_bytes())?;
/// assert_eq!(tree.roots(), Roots::NumberedThreads);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// A function; or unknown, as in folded text.
    #[default]
    Unknown,
    /// A process: `COMM`, or `COMM-PID`.
    Processes,
    /// A thread.
    Threads,
    /// A thread with the ID of its process: `COMM-PID/TID`.
    NumberedThreads,
    /// A process; the second frame is a thread.
    ProcessesAndThreads,
}

impl Roots {
    /// How many of the first frames of a stack are not functions.
    pub(crate) fn depth(self) -> usize {
        match self {
            Roots::Unknown => 0,
            Roots::Processes | Roots::Threads | Roots::NumberedThreads => 1,
            Roots::ProcessesAndThreads => 2,
        }
    }
}

impl CallTree {
    /// What the first frame of each stack stands for.
    pub fn roots(&self) -> Roots {
        self.roots
    }

    /// Sets what the first frame of each stack stands for.
    pub fn set_roots(&mut self, roots: Roots) {
        self.roots = roots;
    }
}

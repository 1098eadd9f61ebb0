//! The meaning of root frames.

use super::CallTree;

/// The meaning of the first frame of each stack in a tree.
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
    /// A part of the profile, such as a CPU, an event or a file.
    Parts,
}

impl Roots {
    /// The number of frames at the start of a stack that are not functions.
    pub(crate) fn depth(self) -> usize {
        match self {
            Roots::Unknown => 0,
            Roots::Processes | Roots::Threads | Roots::NumberedThreads | Roots::Parts => 1,
            Roots::ProcessesAndThreads => 2,
        }
    }
}

impl CallTree {
    /// The meaning of the first frame of each stack.
    pub fn roots(&self) -> Roots {
        self.description.roots
    }

    /// Sets the meaning of the first frame of each stack.
    pub fn set_roots(&mut self, roots: Roots) {
        self.description.roots = roots;
    }
}

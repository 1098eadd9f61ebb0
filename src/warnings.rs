//! Warnings as data, for programs that show them in their own way.
//!
//! The library warns of what it skips and of what a profile lacks. By default a warning is a record
//! of the crate [`log`]. [`collect`] returns the warnings of one call instead:
//!
//! ```
//! use inferno::collapse::{Collapse, perf::Folder};
//! use inferno::warnings;
//!
//! let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\nnonsense\n\n";
//! let (tree, warnings) = warnings::collect(|| {
//!     Folder::default().collapse_to_tree(script.as_bytes())
//! });
//! assert_eq!(tree?.total().to_string(), "7");
//! let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
//! assert_eq!((warning.count, warning.line), (Some(1), Some(4)));
//! assert!(warning.message.starts_with("skipped 1 line: expected an event line"));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::cell::RefCell;
use std::fmt;

/// Something that was skipped, or that the profile lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The whole warning: one line, which may quote the input.
    pub message: String,
    /// How many lines or samples it is about.
    pub count: Option<u64>,
    /// The first of these lines; lines of the input are numbered from 1.
    pub line: Option<u64>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for Warning {
    fn from(message: String) -> Warning {
        Warning {
            message,
            count: None,
            line: None,
        }
    }
}

thread_local! {
    /// The warnings of the innermost [`collect`] on this thread.
    static COLLECTED: RefCell<Option<Vec<Warning>>> = const { RefCell::new(None) };
}

/// Calls `work`, and returns its result with all warnings it gave. None of them is logged.
pub fn collect<T>(work: impl FnOnce() -> T) -> (T, Vec<Warning>) {
    let outer = COLLECTED.replace(Some(Vec::new()));
    let guard = Restore(outer);
    let result = work();
    let warnings = COLLECTED.take().unwrap_or_default();
    drop(guard);
    (result, warnings)
}

/// Restores the collection of an outer [`collect`], even if the work panics.
struct Restore(Option<Vec<Warning>>);

impl Drop for Restore {
    fn drop(&mut self) {
        COLLECTED.set(self.0.take());
    }
}

/// Collects or logs a warning of the module `target`.
pub(crate) fn raise(target: &str, warning: Warning) {
    let uncollected = COLLECTED.with_borrow_mut(|collected| match collected {
        Some(warnings) => {
            warnings.push(warning);
            None
        }
        None => Some(warning),
    });
    if let Some(warning) = uncollected {
        log::warn!(target: target, "{warning}");
    }
}

/// Forwards the warnings of worker threads to the thread that started them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarding {
    are_collected: bool,
}

impl Forwarding {
    /// Forwards to the current thread.
    pub fn here() -> Forwarding {
        Forwarding {
            are_collected: COLLECTED.with_borrow(Option::is_some),
        }
    }

    /// Calls `work` on a worker thread, and returns its result with the warnings to forward.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> (T, Vec<Warning>) {
        match self.are_collected {
            true => collect(work),
            false => (work(), Vec::new()),
        }
    }
}

/// Raises the forwarded warnings of a worker thread, and returns its result.
pub(crate) fn receive<T>((result, warnings): (T, Vec<Warning>)) -> T {
    warnings
        .into_iter()
        .for_each(|warning| raise(module_path!(), warning));
    result
}

/// Like [`log::warn!`], but [`collect`] can intercept the warning.
macro_rules! warning {
    ($($argument:tt)*) => {
        $crate::warnings::raise(module_path!(), format!($($argument)*).into())
    };
}
pub(crate) use warning;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_collection_has_its_own_warnings() {
        let ((), outer) = collect(|| {
            warning!("first");
            let ((), inner) = collect(|| warning!("second"));
            assert_eq!(inner, [Warning::from("second".to_string())]);
            warning!("third");
        });
        let messages: Vec<&str> = outer.iter().map(|w| w.message.as_str()).collect();
        assert_eq!(messages, ["first", "third"]);
    }

    #[test]
    fn warnings_of_other_threads_are_collected() {
        let ((), warnings) = collect(|| {
            let others = (0..3).map(|index| move || warning!("thread {index}"));
            crate::threads::work_together(others, || ());
        });
        assert_eq!(warnings.len(), 3);
    }
}

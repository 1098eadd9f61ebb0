//! Selects samples by time, thread, process and CPU.
//!
//! ```
//! use inferno::collapse::{Collapse, perf};
//!
//! let script = "\
//! prog 7 [000] 1.0: 3 cycles:\n\t12 early (m)\n
//! prog 7 [001] 2.5: 4 cycles:\n\t34 late (m)\n
//! other 8 [000] 2.6: 5 cycles:\n\t56 late (m)\n\n";
//! let mut options = perf::Options::default();
//! options.selection.time = Some("1..".parse()?);
//! options.selection.comms.push("prog".into());
//! let tree = perf::Folder::from(options).collapse_to_tree(script.as_bytes())?;
//! assert_eq!(tree.totals()[0].to_string(), "4");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Selecting by a criterion that a profile does not record is an error, and so is a selection
//! without any samples. Both errors list what is available.

mod chooser;
mod division;
mod name;
mod range;
#[cfg_attr(not(feature = "filter"), path = "no_regex.rs")]
mod regex;
mod seen;
mod time;

pub(crate) use chooser::{Chooser, SampleOrigin};
pub(crate) use division::Division;
pub(crate) use division::{Listing, Part, PartBy, PartKey};
pub use name::NamePattern;
pub use range::{IdRange, ParseRangeError};
pub use time::{ParseTimeError, TimeRange};

use crate::input::invalid;
use std::io;

/// The samples to read; all by default.
///
/// A sample must match each of the lists that are not empty.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Selection {
    /// A part of the recorded time. Default: `None`, all of it.
    pub time: Option<TimeRange>,

    /// The names of threads (perf's `comm`). Default: empty, all threads.
    pub comms: Vec<NamePattern>,

    /// The processes. Default: empty, all of them.
    pub pids: Vec<IdRange>,

    /// The threads. Default: empty, all of them.
    pub tids: Vec<IdRange>,

    /// The CPUs on which samples were taken, starting with 0. Default: empty, all of them.
    pub cpus: Vec<IdRange>,

    pub(crate) division: Division,

    /// Whether the tree keeps the times of samples.
    pub(crate) keeps_times: bool,
}

/// A property of samples to select by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// The time of the sample.
    Time,
    /// The name of its thread.
    Comm,
    /// The ID of its process.
    Pid,
    /// The ID of its thread.
    Tid,
    /// The number of its CPU.
    Cpu,
}

impl Criterion {
    /// All criteria.
    pub(crate) const ALL: [Criterion; 5] = [
        Criterion::Time,
        Criterion::Comm,
        Criterion::Pid,
        Criterion::Tid,
        Criterion::Cpu,
    ];

    /// The command-line flag for it.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Criterion::Time => "--time",
            Criterion::Comm => "--comm",
            Criterion::Pid => "--pid-is",
            Criterion::Tid => "--tid-is",
            Criterion::Cpu => "--cpu",
        }
    }

    /// The missing property, for errors.
    fn property(self) -> &'static str {
        match self {
            Criterion::Time => "a time",
            Criterion::Comm => "a thread name",
            Criterion::Pid => "a process ID",
            Criterion::Tid => "a thread ID",
            Criterion::Cpu => "a CPU number",
        }
    }
}

impl Selection {
    /// Whether all samples are selected.
    pub fn is_empty(&self) -> bool {
        let is_whole = matches!(self.division, Division::Whole | Division::Window { .. });
        self.criteria().next().is_none() && is_whole
    }

    /// Whether the origin of samples matters: to select them, or to describe them in the log.
    pub(crate) fn needs_origin(&self) -> bool {
        !self.is_empty() || self.keeps_times || log::log_enabled!(log::Level::Info)
    }

    /// The criteria of the selection.
    pub(crate) fn criteria(&self) -> impl Iterator<Item = Criterion> {
        let is_set = |criterion: &Criterion| match criterion {
            Criterion::Time => self.time.is_some(),
            Criterion::Comm => !self.comms.is_empty(),
            Criterion::Pid => !self.pids.is_empty(),
            Criterion::Tid => !self.tids.is_empty(),
            Criterion::Cpu => !self.cpus.is_empty(),
        };
        Criterion::ALL.into_iter().filter(is_set)
    }

    /// Returns an error if `format` does not record a criterion of the selection; `known` are those
    /// that it records.
    pub(crate) fn check(&self, format: &str, known: &[Criterion]) -> io::Result<()> {
        let Some(unknown) = self.criteria().find(|it| !known.contains(it)) else {
            return Ok(());
        };
        let flags: Vec<&str> = known.iter().map(|it| it.flag()).collect();
        let choice = match flags.as_slice() {
            [] => "; they cannot be selected by other criteria either".to_string(),
            flags => format!("; select by {}", flags.join(", ")),
        };
        Err(invalid(format!(
            "{}: samples in the format `{format}` do not have {}{choice}",
            unknown.flag(),
            unknown.property()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_that_a_format_lacks_are_rejected() {
        let selection = Selection {
            cpus: vec!["3".parse().unwrap()],
            ..Selection::default()
        };
        assert!(selection.check("x", &Criterion::ALL).is_ok());
        assert!(Selection::default().check("x", &[]).is_ok());
        for (known, expected) in [
            (
                &[Criterion::Time, Criterion::Tid][..],
                "--cpu: samples in the format `x` do not have a CPU number; select by --time, --tid-is",
            ),
            (
                &[],
                "--cpu: samples in the format `x` do not have a CPU number; they cannot be selected by other criteria either",
            ),
        ] {
            let error = selection.check("x", known).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}

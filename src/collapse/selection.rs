//! Which samples of a profile are read: by time, and by who ran where.
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
//! What a profile does not say of its samples cannot be asked for: that is an error, and so is a selection that
//! leaves no sample. Both say what there is.

mod chooser;
mod division;
mod name;
mod range;
mod seen;
mod time;

pub(crate) use chooser::{Chooser, SampleOrigin};
pub(crate) use division::Division;
#[cfg(feature = "cli")]
pub(crate) use division::{Listing, Part, PartBy, PartKey};
pub use name::NamePattern;
pub use range::{IdRange, ParseRangeError};
pub use time::{ParseTimeError, TimeRange};

use crate::collapse::document::invalid;
use std::io;

/// Which samples to read; by default all.
///
/// Each of the lists that is not empty must have what a sample is of.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Selection {
    /// The samples of a part of the time that was recorded. Default: `None`, all.
    pub time: Option<TimeRange>,

    /// The samples of threads that are called so: the `comm` of perf. Default: none, all.
    pub comms: Vec<NamePattern>,

    /// The samples of these processes. Default: none, all.
    pub pids: Vec<IdRange>,

    /// The samples of these threads. Default: none, all.
    pub tids: Vec<IdRange>,

    /// The samples that were taken on these CPUs, the first of which is 0. Default: none, all.
    pub cpus: Vec<IdRange>,

    pub(crate) division: Division,
}

/// What a sample may say of where it is from, and so be chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// When it was taken.
    Time,
    /// What its thread is called.
    Comm,
    /// The number of its process.
    Pid,
    /// The number of its thread.
    Tid,
    /// The number of the CPU on which it was taken.
    Cpu,
}

impl Criterion {
    /// All there are.
    pub(crate) const ALL: [Criterion; 5] = [
        Criterion::Time,
        Criterion::Comm,
        Criterion::Pid,
        Criterion::Tid,
        Criterion::Cpu,
    ];

    /// The flag that chooses by it.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Criterion::Time => "--time",
            Criterion::Comm => "--comm",
            Criterion::Pid => "--pid-is",
            Criterion::Tid => "--tid-is",
            Criterion::Cpu => "--cpu",
        }
    }

    /// What samples that lack it do not say.
    fn question(self) -> &'static str {
        match self {
            Criterion::Time => "when they were taken",
            Criterion::Comm => "what their thread is called",
            Criterion::Pid => "of which process they are",
            Criterion::Tid => "of which thread they are",
            Criterion::Cpu => "on which CPU they were taken",
        }
    }
}

impl Selection {
    /// Whether all samples are read.
    pub fn is_empty(&self) -> bool {
        self.criteria().next().is_none() && matches!(self.division, Division::Whole)
    }

    /// What samples are chosen by.
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

    /// An error if samples are chosen by what `format` does not say of them; `known` is what it does.
    pub(crate) fn check(&self, format: &str, known: &[Criterion]) -> io::Result<()> {
        let Some(unknown) = self.criteria().find(|it| !known.contains(it)) else {
            return Ok(());
        };
        let flags: Vec<&str> = known.iter().map(|it| it.flag()).collect();
        let choice = match flags.as_slice() {
            [] => ", nor anything else to choose them by".to_string(),
            flags => format!("; choose by {}", flags.join(", ")),
        };
        Err(invalid(format!(
            "{}: in the format `{format}`, samples do not say {}{choice}",
            unknown.flag(),
            unknown.question()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_format_lacks_is_refused() {
        let selection = Selection {
            cpus: vec!["3".parse().unwrap()],
            ..Selection::default()
        };
        assert!(selection.check("x", &Criterion::ALL).is_ok());
        assert!(Selection::default().check("x", &[]).is_ok());
        for (known, expected) in [
            (
                &[Criterion::Time, Criterion::Tid][..],
                "--cpu: in the format `x`, samples do not say on which CPU they were taken; choose by --time, --tid-is",
            ),
            (
                &[],
                "--cpu: in the format `x`, samples do not say on which CPU they were taken, nor anything else to choose them by",
            ),
        ] {
            let error = selection.check("x", known).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}

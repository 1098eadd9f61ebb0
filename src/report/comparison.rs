//! Changes between profiles.

use super::statistics::{self, Welch};
use super::{Format, Options, Report, comparison_tables, csv, json, markdown, percent, text};
use crate::call_tree::{CallTree, Unit};
use ahash::AHashMap;
use std::io::{self, Write};

/// The changes from some profiles to others, by function.
///
/// ```
/// use inferno::folded;
/// use inferno::report::{Comparison, Options, Report, Status};
///
/// let report = |lines: &str| {
///     let tree = folded::read(lines.as_bytes()).unwrap().tree;
///     Report::new(&tree, &Options::default())
/// };
/// let before = report("main;parse 60\nmain;wait 40\n");
/// let after = report("main;parse 80\nmain;draw 20\n");
/// let comparison = Comparison::new(&[before], &[after], false);
///
/// let parse = comparison.function("parse").unwrap();
/// assert_eq!(parse.own.change(), 20.0);
/// assert_eq!(parse.own.points(), 20.0);
/// assert_eq!(parse.own.relative().unwrap().round(), 33.0);
/// assert_eq!(comparison.function("draw").unwrap().status(), Status::New);
/// ```
///
/// # Noise
///
/// With two or more profiles on each side, [`Sides::p`] is the p-value of Welch's t-test: how
/// likely a change of this size is if nothing changed but noise. Each function is tested on its
/// own: among a hundred unchanged functions, five have a p-value below 0.05.
///
/// Counts are `f64` here, which is exact for integers up to 2⁵³.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Comparison {
    /// The unit of the counts; unknown if the profiles have different ones.
    pub unit: Unit,
    /// The total counts of the profiles.
    pub total: Sides,
    /// All functions of all profiles, by name.
    pub functions: Vec<Change>,
}

/// The change of a function.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Change {
    /// Its name.
    pub name: String,
    /// Its self counts: without its callees.
    pub own: Sides,
    /// Its total counts: with its callees.
    pub total: Sides,
}

/// Self or total counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Self counts: without callees.
    Own,
    /// Total counts: with callees.
    Total,
}

/// Whether a function is in profiles of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is in profiles of both sides.
    Changed,
    /// It is in no profile before.
    New,
    /// It is in no profile after.
    Gone,
}

impl Status {
    /// Its name in JSON and CSV.
    pub(super) fn name(self) -> &'static str {
        match self {
            Status::Changed => "changed",
            Status::New => "new",
            Status::Gone => "gone",
        }
    }
}

/// Counts before and after.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Sides {
    /// The counts before.
    pub before: Sample,
    /// The counts after.
    pub after: Sample,
}

/// A count in each of several profiles.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Sample {
    /// The counts; 0 in a profile without the function.
    pub counts: Vec<f64>,
    /// The counts in percent of the total of their profile.
    pub percents: Vec<f64>,
}

impl Sample {
    /// The mean count.
    pub fn mean(&self) -> f64 {
        statistics::mean(&self.counts)
    }

    /// The sample standard deviation of the counts; `None` if there are fewer than two.
    pub fn deviation(&self) -> Option<f64> {
        statistics::deviation(&self.counts)
    }

    fn set(&mut self, profile: usize, count: f64, total: f64) {
        self.counts[profile] += count;
        self.percents[profile] += percent(count, total);
    }
}

impl Sides {
    fn new(before: usize, after: usize) -> Sides {
        let zeros = |length| Sample {
            counts: vec![0.0; length],
            percents: vec![0.0; length],
        };
        Sides {
            before: zeros(before),
            after: zeros(after),
        }
    }

    fn side(&mut self, side: Side) -> &mut Sample {
        match side {
            Side::Before => &mut self.before,
            Side::After => &mut self.after,
        }
    }

    /// The change of the mean count.
    pub fn change(&self) -> f64 {
        let (before, after) = (self.before.mean(), self.after.mean());
        // Scaled counts have rounding errors below this.
        let rounding = 1e-12 * (before + after);
        match after - before {
            change if change.abs() <= rounding => 0.0,
            change => change,
        }
    }

    /// The change of the mean share of the total, in percentage points.
    pub fn points(&self) -> f64 {
        statistics::mean(&self.after.percents) - statistics::mean(&self.before.percents)
    }

    /// The change in percent of the mean before; `None` if that is zero.
    pub fn relative(&self) -> Option<f64> {
        let before = self.before.mean();
        (before > 0.0).then(|| 100.0 * self.change() / before)
    }

    /// The two-sided p-value of the change; `None` unless there are two profiles on each side. See
    /// [Noise](Comparison#noise).
    pub fn p(&self) -> Option<f64> {
        Welch::new(&self.before.counts, &self.after.counts).map(Welch::two_sided)
    }
}

impl Change {
    /// Its self or total counts.
    pub fn of(&self, measure: Measure) -> &Sides {
        match measure {
            Measure::Own => &self.own,
            Measure::Total => &self.total,
        }
    }

    /// Whether it is new, gone or neither.
    pub fn status(&self) -> Status {
        match (
            self.total.before.mean() > 0.0,
            self.total.after.mean() > 0.0,
        ) {
            (false, true) => Status::New,
            (true, false) => Status::Gone,
            _ => Status::Changed,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Before,
    After,
}

impl Comparison {
    /// Compares profiles. With `normalize`, each is scaled to the mean total of those after, which
    /// generalizes [`differential::Options::normalize`](crate::differential::Options::normalize).
    ///
    /// ```
    /// use inferno::folded;
    /// use inferno::report::{Comparison, Options, Report};
    ///
    /// let report = |lines: &str| {
    ///     let tree = folded::read(lines.as_bytes()).unwrap().tree;
    ///     Report::new(&tree, &Options::default())
    /// };
    /// let before = ["a 10\nb 10\n", "a 20\nb 20\n"].map(report);
    /// let after = ["a 30\nb 10\n"].map(report);
    /// let comparison = Comparison::new(&before, &after, true);
    /// assert_eq!(comparison.function("a").unwrap().own.before.counts, [20.0, 20.0]);
    /// ```
    pub fn new(before: &[Report], after: &[Report], normalize: bool) -> Comparison {
        let mut comparison = Comparison {
            unit: common_unit(before.iter().chain(after)),
            total: Sides::new(before.len(), after.len()),
            functions: Vec::new(),
        };
        let scale_to = normalize.then(|| {
            let totals: Vec<f64> = after.iter().map(|report| report.total.to_f64()).collect();
            statistics::mean(&totals)
        });
        let mut index = AHashMap::new();
        for (side, reports) in [(Side::Before, before), (Side::After, after)] {
            for (profile, report) in reports.iter().enumerate() {
                comparison.add(side, profile, report, scale_to, &mut index);
            }
        }
        comparison.functions.sort_by(|a, b| a.name.cmp(&b.name));
        comparison
    }

    /// Compares the two profiles in a [differential](CallTree::is_differential) tree.
    pub fn of_differential(tree: &CallTree, normalize: bool) -> Comparison {
        let options = Options::default();
        let (before, after) = (Report::before(tree, &options), Report::new(tree, &options));
        Comparison::new(&[before], &[after], normalize)
    }

    fn add<'r>(
        &mut self,
        side: Side,
        profile: usize,
        report: &'r Report,
        scale_to: Option<f64>,
        index: &mut AHashMap<&'r str, usize>,
    ) {
        let total = report.total.to_f64();
        let factor = match scale_to {
            Some(wanted) if total > 0.0 => wanted / total,
            _ => 1.0,
        };
        let total = total * factor;
        let empty = Sides::new(
            self.total.before.counts.len(),
            self.total.after.counts.len(),
        );
        self.total.side(side).set(profile, total, total);
        for row in &report.functions {
            let at = *index.entry(&row.name).or_insert(self.functions.len());
            if at == self.functions.len() {
                self.functions.push(Change {
                    name: row.name.clone(),
                    own: empty.clone(),
                    total: empty.clone(),
                });
            }
            let change = &mut self.functions[at];
            change
                .own
                .side(side)
                .set(profile, row.own.to_f64() * factor, total);
            change
                .total
                .side(side)
                .set(profile, row.total.to_f64() * factor, total);
        }
    }

    /// The change of the function called `name`.
    pub fn function(&self, name: &str) -> Option<&Change> {
        let found = self
            .functions
            .binary_search_by(|change| change.name.as_str().cmp(name));
        found.ok().map(|at| &self.functions[at])
    }

    /// The functions that changed, by descending absolute change.
    pub fn by_change(&self, measure: Measure) -> Vec<&Change> {
        let changed = |change: &&Change| change.of(measure).change() != 0.0;
        let mut functions: Vec<&Change> = self.functions.iter().filter(changed).collect();
        functions.sort_by(|a, b| {
            let size = |change: &Change| change.of(measure).change().abs();
            size(b)
                .total_cmp(&size(a))
                .then_with(|| a.name.cmp(&b.name))
        });
        functions
    }

    /// Writes the comparison.
    ///
    /// # Errors
    /// Errors of `writer`.
    pub fn write<W: Write>(
        &self,
        format: Format,
        options: &Options,
        mut writer: W,
    ) -> io::Result<()> {
        let text = match format {
            Format::Text => text::of(&comparison_tables::of(self, options), options),
            Format::Markdown => markdown::of(&comparison_tables::of(self, options)),
            Format::Json => json::of_comparison(self, options, &[]),
            Format::Csv => csv::of_comparison(self, options),
        };
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }
}

/// The unit of all profiles; unknown if they differ, which is logged.
fn common_unit<'r>(mut reports: impl Iterator<Item = &'r Report>) -> Unit {
    let first = reports.next().map(|report| report.unit.clone());
    first.map_or(Unit::Unknown, |first| {
        reports.fold(first, |unit, report| unit.common(&report.unit))
    })
}

//! Tables of the functions, threads, modules and stacks of a profile, and of what changed between
//! profiles.
//!
//! A [`Report`] holds the totals and rows of one [`CallTree`] as data. A [`Comparison`] holds the
//! changes from some profiles to others; with two or more profiles on each side, it tests whether a
//! change is significant. A `Rule` (feature `filter`) limits how much a function may change.
//! Reports and comparisons are written as text, Markdown, JSON or CSV.
//!
//! ```
//! use inferno::folded;
//! use inferno::report::{Format, Options, Report};
//!
//! let lines = "main;parse;read 3\nmain;parse 4\nmain;draw;draw 1\n";
//! let tree = folded::read(lines.as_bytes())?.tree;
//! let options = Options::default();
//! let report = Report::new(&tree, &options);
//! assert_eq!(report.total.to_string(), "8");
//!
//! let parse = report.by_self()[0];
//! assert_eq!((parse.name.as_str(), parse.own.whole(), parse.total.whole()), ("parse", 4, 7));
//! let draw = report.functions.iter().find(|row| row.name == "draw").unwrap();
//! assert_eq!(draw.total.whole(), 1, "a recursive function counts once");
//!
//! let mut out = Vec::new();
//! report.write(Format::Markdown, &options, &mut out)?;
//! assert!(String::from_utf8_lossy(&out).contains("| 4 | 50.0% | 7 | 87.5% | `parse` |"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # JSON
//!
//! The members below are stable as long as `version` is 1; others may be added. Counts are in
//! `unit`, which is `null` if the profile has no unit. Percentages refer to the total count.
//! Sections that the profile has no data for are `null`. Rows are sorted, and limited to
//! [`Options::top`] except in `hot_path`.
//!
//! ```text
//! {"version": 1, "kind": "report",
//!  "unit": "nanoseconds" or null, "note": TEXT or null,
//!  "total": COUNT, "stacks": NUMBER, "functions": NUMBER,  (both distinct)
//!  "by_self": [ROW...], "by_total": [ROW...],
//!  "processes": [ROW...] or null, "threads": [ROW...] or null, "modules": [ROW...] or null,
//!  "hottest_stacks": [{"frames": [NAME...], "self": COUNT, "self_percent": NUMBER}...],
//!  "hot_path": [ROW...]}
//! ROW: {"name": NAME, "self": COUNT, "self_percent": NUMBER, "total": COUNT, "total_percent": NUMBER}
//! ```
//!
//! A comparison has the mean and the standard deviation of the profiles on each side; the deviation
//! of a single profile is `null`. `points` is the change in percentage points of the total.
//! `relative_percent` is relative to `before`, and `null` if that is zero. `p` is the two-sided
//! p-value of [Welch's t-test](Comparison#noise), and `null` unless there are two profiles on each
//! side.
//!
//! ```text
//! {"version": 1, "kind": "comparison", "unit": "nanoseconds" or null,
//!  "profiles": {"before": 3, "after": 3}, "total": CHANGE,
//!  "by_self": [ROW...], "by_total": [ROW...]}
//! ROW: {"name": NAME, "status": "changed", "new" or "gone", and the members of CHANGE}
//! CHANGE: {"before": MEAN, "before_deviation": NUMBER, "after": MEAN, "after_deviation": NUMBER,
//!          "change": NUMBER, "points": NUMBER, "relative_percent": NUMBER, "p": NUMBER}
//! ```
//!
//! With the results of rules, a comparison also has the member `rules`. `p_of_excess` is the
//! one-sided p-value, and `null` if it was not tested.
//!
//! ```text
//! "rules": [{"rule": TEXT, "result": "passed", "violated" or "unmatched" (no function), "violations": [VIOLATION...]}...]
//! VIOLATION: {the members of ROW, "p_of_excess": NUMBER}
//! ```
//!
//! # CSV
//!
//! One table according to RFC 4180, with a header. The columns of a report are `section`, `name`,
//! `self`, `self_percent`, `total` and `total_percent`. The sections are those of the JSON; the
//! name of the row `total` is the unit, and the name of a stack is its folded text. A comparison
//! has the members of its JSON rows as columns, after `section`, which is `total`, `by_self` or
//! `by_total`. Fields that are `null` in JSON are empty.

mod comparison;
mod comparison_tables;
mod csv;
mod groups;
mod json;
mod markdown;
mod paths;
#[cfg(feature = "filter")]
mod rules;
mod statistics;
mod table;
mod tables;
mod tally;
mod text;

pub use comparison::{Change, Comparison, Measure, Sample, Sides, Status};
#[cfg(feature = "filter")]
pub use rules::{Limit, Rule, RuleError, RuleResult, Violation};

use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, Count, NodeId, Unit};
use std::cmp::Reverse;
use std::io::{self, Write};

/// How much to report, and how text is written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Maximum number of rows of each table; 0 for all. Default: 20.
    pub top: usize,

    /// Maximum width of a line of text, in characters: longer names are cut in the middle. Default:
    /// `None`, names are never cut.
    pub width: Option<usize>,

    /// Whether text has ANSI colors. Default: `false`.
    pub colors: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            top: 20,
            width: None,
            colors: false,
        }
    }
}

impl Options {
    /// The rows to show.
    fn first<'r, T>(&self, rows: &'r [T]) -> &'r [T] {
        &rows[..self.limit(rows.len())]
    }

    fn limit(&self, rows: usize) -> usize {
        match self.top {
            0 => rows,
            top => top.min(rows),
        }
    }
}

/// The output format of a report or a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Aligned columns. Control characters in names are escaped.
    #[default]
    Text,
    /// Tables in GitHub Flavored Markdown.
    Markdown,
    /// [JSON](self#json).
    Json,
    /// [CSV](self#csv).
    Csv,
}

/// The totals and rows of a profile.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The unit of the counts.
    pub unit: Unit,
    /// The profile's [note](CallTree::note): why it is only an estimate.
    pub note: Option<String>,
    /// The sum of all counts.
    pub total: Count,
    /// The number of distinct stacks.
    pub stacks: usize,
    /// All functions that count, by descending self count.
    pub functions: Vec<Row>,
    /// The processes, by descending total; `None` if the profile [does not have them](CallTree::roots).
    pub processes: Option<Vec<Row>>,
    /// The threads, by descending total; `None` if the profile does not have them.
    pub threads: Option<Vec<Row>>,
    /// The modules (programs and libraries), by descending self count; functions of no known module are
    /// `(unknown)`. `None` if the modules of less than half of the counts are known.
    ///
    /// The module of a function is part of some names: ``module`function``, or `[libc.so.6]` for a
    /// function without a name.
    pub modules: Option<Vec<Row>>,
    /// The stacks with the largest self counts, at most [`Options::top`].
    pub hottest_stacks: Vec<Stack>,
    /// From the root down, the child with the largest total each time, until a frame's self count is larger.
    pub hot_path: Vec<Row>,
}

/// The counts of a function, thread, process, module or frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Its name. Bytes that are not UTF-8 are U+FFFD.
    pub name: String,
    /// Its self count: without its callees.
    pub own: Count,
    /// Its total count: with its callees. A stack counts once, however often the function is in it.
    pub total: Count,
}

/// A stack and its count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stack {
    /// The names of its frames, the outermost first.
    pub frames: Vec<String>,
    /// The self count of its last frame.
    pub own: Count,
}

impl Report {
    /// The report of a tree; of a [differential](CallTree::is_differential) one, with the counts after
    /// the change.
    ///
    /// It takes `O(n log n)` time for n nodes, and `O(n)` if they are sorted already, however deep
    /// stacks are.
    pub fn new(tree: &CallTree, options: &Options) -> Report {
        let own = |node| tree.self_count(node).unwrap_or_default();
        Report::of_counts(tree, own, options)
    }

    /// The report of the baseline counts of a differential tree. In any other tree, these are zero.
    ///
    /// ```
    /// use inferno::folded;
    /// use inferno::report::{Options, Report};
    ///
    /// let tree = folded::read("main;parse 3 5\n".as_bytes())?.tree;
    /// let options = Options::default();
    /// assert_eq!(Report::before(&tree, &options).total.whole(), 3);
    /// assert_eq!(Report::new(&tree, &options).total.whole(), 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn before(tree: &CallTree, options: &Options) -> Report {
        let own = |node| tree.self_before(node).unwrap_or_default();
        Report::of_counts(tree, own, options)
    }

    fn of_counts(
        tree: &CallTree,
        own: impl Fn(NodeId) -> Count + Copy,
        options: &Options,
    ) -> Report {
        let totals = tree.totals_of(own);
        Report {
            unit: tree.unit().clone(),
            note: tree.note().map(str::to_string),
            total: totals[CallTree::ROOT.index()],
            stacks: paths::count(tree, own),
            functions: functions(tree, own),
            processes: groups::processes(tree, &totals),
            threads: groups::threads(tree, &totals),
            modules: groups::modules(tree, own),
            hottest_stacks: paths::hottest(tree, own, options),
            hot_path: paths::hot_path(tree, own, &totals),
        }
    }

    /// The functions by descending self count.
    pub fn by_self(&self) -> Vec<&Row> {
        self.functions.iter().collect()
    }

    /// The functions by descending total count.
    pub fn by_total(&self) -> Vec<&Row> {
        let mut rows = self.by_self();
        rows.sort_by(|a, b| (Reverse(a.total), &a.name).cmp(&(Reverse(b.total), &b.name)));
        rows
    }

    /// `count` in percent of the total.
    pub fn percent(&self, count: Count) -> f64 {
        percent(count.to_f64(), self.total.to_f64())
    }

    /// Writes the report.
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
            Format::Text => text::of(&tables::of(self, options), options),
            Format::Markdown => markdown::of(&tables::of(self, options)),
            Format::Json => json::of_report(self, options),
            Format::Csv => csv::of_report(self, options),
        };
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }
}

/// All functions, by descending self count.
fn functions(tree: &CallTree, own: impl Fn(NodeId) -> Count) -> Vec<Row> {
    let tally = tally::tally(tree, own, tree.frame_count(), |frame| Some(frame.index()));
    let frames = tree.frame_names().enumerate();
    let there = frames.filter(|(frame, _)| tally.total[*frame] > Count::ZERO);
    let mut rows: Vec<Row> = there
        .map(|(frame, name)| Row {
            name: lossy(name).into_owned(),
            own: tally.own[frame],
            total: tally.total[frame],
        })
        .collect();
    sort_by_self(&mut rows);
    rows
}

fn sort_by_self(rows: &mut [Row]) {
    let order = |row: &Row| (Reverse(row.own), Reverse(row.total));
    rows.sort_unstable_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name)));
}

fn percent(part: f64, whole: f64) -> f64 {
    match whole > 0.0 {
        true => 100.0 * part / whole,
        false => 0.0,
    }
}

//! The tables of a comparison.

use super::table::{Cells, Table, Tone, percent, probability, relative, signed};
use super::{Change, Comparison, Measure, Options, Sample, Sides, Status};
use crate::call_tree::Unit;
use crate::report::statistics;

pub(super) fn of(comparison: &Comparison, options: &Options) -> Vec<Table> {
    let by = |measure, title| changes(comparison, options, measure, title);
    vec![
        summary(comparison),
        by(Measure::Own, "Changes of self"),
        by(Measure::Total, "Changes of total"),
    ]
}

impl Comparison {
    /// Whether changes are tested for significance.
    fn has_noise(&self) -> bool {
        self.total.p().is_some()
    }
}

fn summary(comparison: &Comparison) -> Table {
    let total = &comparison.total;
    let text = |sample: &Sample| spread_with_unit(&comparison.unit, sample);
    let mut columns = vec!["total before", "total after", "change"];
    let mut figures = vec![
        text(&total.before),
        text(&total.after),
        relative(total, Status::Changed),
    ];
    if comparison.has_noise() {
        columns.extend(["p", "profiles"]);
        figures.push(total.p().map(probability).unwrap_or_default());
        let (before, after) = (total.before.counts.len(), total.after.counts.len());
        figures.push(format!("{before} and {after}"));
    }
    Table {
        title: String::new(),
        columns,
        rows: vec![Cells {
            figures,
            name: None,
            tone: Tone::of(total.change()),
        }],
        if_empty: "",
    }
}

fn changes(comparison: &Comparison, options: &Options, measure: Measure, title: &str) -> Table {
    let rows = comparison.by_change(measure);
    let shown = options.first(&rows);
    let left_out = rows.len() - shown.len();
    let mut columns = vec!["before", "", "after", "", "change", "relative", "points"];
    columns.extend(comparison.has_noise().then_some("p"));
    columns.push("function");
    Table {
        title: match left_out {
            0 => title.to_string(),
            _ => format!("{title} (first {} of {})", shown.len(), rows.len()),
        },
        columns,
        rows: shown
            .iter()
            .map(|change| cells(comparison, change, measure))
            .collect(),
        if_empty: "none",
    }
}

fn cells(comparison: &Comparison, change: &Change, measure: Measure) -> Cells {
    let sides = change.of(measure);
    let unit = &comparison.unit;
    let mut figures = Vec::new();
    for sample in [&sides.before, &sides.after] {
        figures.push(spread(unit, sample));
        figures.push(percent(statistics::mean(&sample.percents)));
    }
    figures.push(difference(unit, sides));
    figures.push(relative(sides, change.status()));
    figures.push(signed(sides.points()));
    if comparison.has_noise() {
        figures.push(sides.p().map(probability).unwrap_or_default());
    }
    Cells {
        figures,
        name: Some(change.name.clone()),
        tone: Tone::of(sides.change()),
    }
}

fn difference(unit: &Unit, sides: &Sides) -> String {
    let change = sides.change();
    let sign = if change > 0.0 { "+" } else { "" };
    format!("{sign}{}", unit.figure(change))
}

/// The mean, and the standard deviation if there are several values.
fn spread(unit: &Unit, sample: &Sample) -> String {
    let mean = unit.figure(sample.mean());
    match sample.deviation() {
        Some(deviation) => format!("{mean} \u{b1} {}", unit.figure(deviation)),
        None => mean,
    }
}

/// The spread with the name of the unit, unless it is in there already.
fn spread_with_unit(unit: &Unit, sample: &Sample) -> String {
    let figures = spread(unit, sample);
    let is_one = sample.mean() == 1.0 && sample.deviation().is_none();
    match unit.scale() {
        Some(_) => figures,
        None => format!("{figures} {}", unit.noun(is_one)),
    }
}

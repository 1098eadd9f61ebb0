//! Reports as CSV (RFC 4180).

use super::{Change, Comparison, Measure, Options, Report, Row, Sides, Status};
use std::borrow::Cow;

pub(super) fn of_report(report: &Report, options: &Options) -> String {
    let mut table = Csv::new(&[
        "section",
        "name",
        "self",
        "self_percent",
        "total",
        "total_percent",
    ]);
    let unit = report.unit.name().unwrap_or_default();
    let percent = |count| report.percent(count).to_string();
    let total = report.total.to_string();
    table.push(&["total", unit, "", "", &total, &percent(report.total)]);
    let mut add = |section: &str, row: &Row| {
        let (own, total) = (row.own.to_string(), row.total.to_string());
        let (own_percent, total_percent) = (percent(row.own), percent(row.total));
        table.push(&[
            section,
            &row.name,
            &own,
            &own_percent,
            &total,
            &total_percent,
        ]);
    };
    for (section, rows) in [
        ("by_self", report.by_self()),
        ("by_total", report.by_total()),
    ] {
        options
            .first(&rows)
            .iter()
            .for_each(|row| add(section, row));
    }
    for (section, rows) in [
        ("processes", &report.processes),
        ("threads", &report.threads),
        ("modules", &report.modules),
    ] {
        let rows = options.first(rows.as_deref().unwrap_or_default());
        rows.iter().for_each(|row| add(section, row));
    }
    report.hot_path.iter().for_each(|row| add("hot_path", row));
    for stack in options.first(&report.hottest_stacks) {
        let (name, own) = (stack.frames.join(";"), stack.own.to_string());
        table.push(&["hottest_stacks", &name, &own, &percent(stack.own), "", ""]);
    }
    table.0
}

pub(super) fn of_comparison(comparison: &Comparison, options: &Options) -> String {
    let mut table = Csv::new(&[
        "section",
        "name",
        "status",
        "before",
        "before_deviation",
        "after",
        "after_deviation",
        "change",
        "points",
        "relative_percent",
        "p",
    ]);
    let unit = comparison.unit.name().unwrap_or_default();
    table.push_change("total", unit, Status::Changed, &comparison.total);
    for (section, measure) in [("by_self", Measure::Own), ("by_total", Measure::Total)] {
        let rows = comparison.by_change(measure);
        for change in options.first(&rows) {
            let Change { name, .. } = change;
            table.push_change(section, name, change.status(), change.of(measure));
        }
    }
    table.0
}

/// A table with a header.
struct Csv(String);

impl Csv {
    fn new(columns: &[&str]) -> Csv {
        let mut table = Csv(String::new());
        table.push(columns);
        table
    }

    fn push(&mut self, fields: &[&str]) {
        let fields: Vec<Cow<'_, str>> = fields.iter().map(|field| quoted(field)).collect();
        self.0.push_str(&fields.join(","));
        self.0.push_str("\r\n");
    }

    fn push_change(&mut self, section: &str, name: &str, status: Status, sides: &Sides) {
        let number = |number: Option<f64>| number.map(|number| number.to_string());
        let numbers = [
            Some(sides.before.mean()),
            sides.before.deviation(),
            Some(sides.after.mean()),
            sides.after.deviation(),
            Some(sides.change()),
            Some(sides.points()),
            sides.relative(),
            sides.p(),
        ]
        .map(|value| number(value).unwrap_or_default());
        let mut fields = vec![section, name, status.name()];
        fields.extend(numbers.iter().map(String::as_str));
        self.push(&fields);
    }
}

fn quoted(field: &str) -> Cow<'_, str> {
    match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")).into(),
        false => field.into(),
    }
}

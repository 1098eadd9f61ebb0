//! Reports as JSON.

use super::{Comparison, Measure, Options, Report, Row, Sides, Stack};
use crate::bytes::text::json_string;
use crate::call_tree::{Count, Unit};

pub(super) fn of_report(report: &Report, options: &Options) -> String {
    let rows = |rows: &[&Row]| list(options.first(rows), |row| of_row(report, row));
    let some = |groups: &Option<Vec<Row>>| match groups {
        Some(groups) => rows(&groups.iter().collect::<Vec<_>>()),
        None => "null".to_string(),
    };
    let stacks = options.first(&report.hottest_stacks);
    document(&[
        ("version", "1".to_string()),
        ("kind", json_string("report")),
        ("unit", of_unit(&report.unit)),
        (
            "note",
            report
                .note
                .as_deref()
                .map_or("null".to_string(), json_string),
        ),
        ("total", report.total.to_string()),
        ("stacks", report.stacks.to_string()),
        ("functions", report.functions.len().to_string()),
        ("by_self", rows(&report.by_self())),
        ("by_total", rows(&report.by_total())),
        ("processes", some(&report.processes)),
        ("threads", some(&report.threads)),
        ("modules", some(&report.modules)),
        (
            "hottest_stacks",
            list(stacks, |stack| of_stack(report, stack)),
        ),
        (
            "hot_path",
            list(&report.hot_path, |row| of_row(report, row)),
        ),
    ])
}

/// `others` are members in addition to those of the comparison.
pub(super) fn of_comparison(
    comparison: &Comparison,
    options: &Options,
    others: &[Member],
) -> String {
    let rows = |measure| {
        let changes = comparison.by_change(measure);
        list(options.first(&changes), |change| {
            let mut members = vec![
                ("name", json_string(&change.name)),
                ("status", json_string(change.status().name())),
            ];
            members.extend(of_sides(change.of(measure)));
            object(&members)
        })
    };
    let total = &comparison.total;
    let members = [
        ("version", "1".to_string()),
        ("kind", json_string("comparison")),
        ("unit", of_unit(&comparison.unit)),
        (
            "profiles",
            object(&[
                ("before", total.before.counts.len().to_string()),
                ("after", total.after.counts.len().to_string()),
            ]),
        ),
        ("total", object(&of_sides(total))),
        ("by_self", rows(Measure::Own)),
        ("by_total", rows(Measure::Total)),
    ];
    document(&[&members, others].concat())
}

pub(super) type Member = (&'static str, String);

fn of_row(report: &Report, row: &Row) -> String {
    let mut members = vec![("name", json_string(&row.name))];
    members.extend(of_count(report, ["self", "self_percent"], row.own));
    members.extend(of_count(report, ["total", "total_percent"], row.total));
    object(&members)
}

fn of_stack(report: &Report, stack: &Stack) -> String {
    let frames: Vec<String> = stack
        .frames
        .iter()
        .map(|frame| json_string(frame))
        .collect();
    let frames = format!("[{}]", frames.join(", "));
    let mut members = vec![("frames", frames)];
    members.extend(of_count(report, ["self", "self_percent"], stack.own));
    object(&members)
}

fn of_count(report: &Report, names: [&'static str; 2], count: Count) -> [Member; 2] {
    let percent = number(Some(report.percent(count)));
    [(names[0], count.to_string()), (names[1], percent)]
}

pub(super) fn of_sides(sides: &Sides) -> [Member; 8] {
    [
        ("before", Some(sides.before.mean())),
        ("before_deviation", sides.before.deviation()),
        ("after", Some(sides.after.mean())),
        ("after_deviation", sides.after.deviation()),
        ("change", Some(sides.change())),
        ("points", Some(sides.points())),
        ("relative_percent", sides.relative()),
        ("p", sides.p()),
    ]
    .map(|(name, value)| (name, number(value)))
}

fn of_unit(unit: &Unit) -> String {
    unit.name().map_or("null".to_string(), json_string)
}

pub(super) fn number(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        Some(value) => value.to_string(),
        None => "null".to_string(),
    }
}

/// An object with a member on each line.
fn document(members: &[Member]) -> String {
    let lines: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("  {}: {value}", json_string(name)))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

pub(super) fn object(members: &[Member]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}: {value}", json_string(name)))
        .collect();
    format!("{{{}}}", members.join(", "))
}

pub(super) fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("\n    {}", text(item)))
        .collect();
    match items.is_empty() {
        true => "[]".to_string(),
        false => format!("[{}\n  ]", items.join(",")),
    }
}

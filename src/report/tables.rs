//! The tables of a report.

use super::table::{Cells, Table, Tone, count, percent};
use super::{Options, Report, Row, Stack};
use crate::bytes::number::push_grouped;
use crate::call_tree::Count;

pub(super) fn of(report: &Report, options: &Options) -> Vec<Table> {
    let mut tables = vec![
        summary(report),
        functions(report, options, "Functions by self", &report.by_self()),
        functions(report, options, "Functions by total", &report.by_total()),
    ];
    let groups = [
        ("Processes", "process", &report.processes),
        ("Threads", "thread", &report.threads),
    ];
    for (title, column, rows) in groups {
        let rows = rows.as_ref();
        tables.extend(rows.map(|rows| of_groups(report, options, title, column, rows)));
    }
    if let Some(modules) = &report.modules {
        let modules: Vec<&Row> = modules.iter().collect();
        let mut table = functions(report, options, "Modules by self", &modules);
        table.columns[4] = "module";
        tables.push(table);
    }
    tables.push(stacks(report, options));
    tables.push(hot_path(report));
    tables
}

fn summary(report: &Report) -> Table {
    let note = report.note.clone();
    let mut columns = vec!["total", "stacks", "functions"];
    columns.extend(note.as_ref().map(|_| "note"));
    Table {
        title: String::new(),
        columns,
        rows: vec![Cells {
            figures: vec![
                report.unit.text(report.total),
                number(report.stacks),
                number(report.functions.len()),
            ],
            name: note,
            tone: Tone::Neutral,
        }],
        if_empty: "",
    }
}

fn number(value: usize) -> String {
    let mut text = Vec::new();
    push_grouped(&mut text, value as u64);
    String::from_utf8_lossy(&text).into_owned()
}

fn functions(report: &Report, options: &Options, title: &str, rows: &[&Row]) -> Table {
    let shown = options.first(rows);
    Table {
        title: titled(title, shown.len(), rows.len()),
        columns: vec!["self", "", "total", "", "function"],
        rows: shown.iter().map(|row| cells(report, row)).collect(),
        if_empty: "none",
    }
}

fn cells(report: &Report, row: &Row) -> Cells {
    let mut figures = figures(report, row.own);
    figures.extend(self::figures(report, row.total));
    Cells {
        figures,
        name: Some(row.name.clone()),
        tone: Tone::Neutral,
    }
}

/// A count, and its percentage of the total.
fn figures(report: &Report, own: Count) -> Vec<String> {
    vec![count(&report.unit, own), percent(report.percent(own))]
}

/// A title that says if rows are omitted.
pub(super) fn titled(title: &str, shown: usize, all: usize) -> String {
    match shown < all {
        true => format!("{title} (first {} of {})", number(shown), number(all)),
        false => title.to_string(),
    }
}

fn of_groups(
    report: &Report,
    options: &Options,
    title: &str,
    column: &'static str,
    rows: &[Row],
) -> Table {
    let shown = options.first(rows);
    Table {
        title: titled(title, shown.len(), rows.len()),
        columns: vec!["total", "", column],
        rows: shown
            .iter()
            .map(|row| Cells {
                figures: figures(report, row.total),
                name: Some(row.name.clone()),
                tone: Tone::Neutral,
            })
            .collect(),
        if_empty: "none",
    }
}

fn stacks(report: &Report, options: &Options) -> Table {
    let shown = options.first(&report.hottest_stacks);
    Table {
        title: "Hottest stacks".to_string(),
        columns: vec!["self", "", "stack"],
        rows: shown
            .iter()
            .map(|stack| Cells {
                figures: figures(report, stack.own),
                name: Some(stack.text()),
                tone: Tone::Neutral,
            })
            .collect(),
        if_empty: "none",
    }
}

impl Stack {
    /// Its folded text.
    pub(super) fn text(&self) -> String {
        match self.frames.is_empty() {
            true => "(no frames)".to_string(),
            false => self.frames.join(";"),
        }
    }
}

fn hot_path(report: &Report) -> Table {
    let rows: Vec<&Row> = report.hot_path.iter().collect();
    let mut table = functions(
        report,
        &Options {
            top: 0,
            ..Options::default()
        },
        "Hot path",
        &rows,
    );
    table.columns[4] = "frame";
    table
}

//! Tables as aligned text.

use super::Options;
use super::table::{Cells, Table, Tone};
use crate::bytes::text::printable;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// The space between columns.
const GAP: &str = "  ";

/// The length below which names are not cut.
const SHORTEST: usize = 16;

pub(super) fn of(tables: &[Table], options: &Options) -> String {
    let mut out = String::new();
    for table in tables {
        if !out.is_empty() {
            out.push('\n');
        }
        push_table(&mut out, table, options);
    }
    out
}

fn push_table(out: &mut String, table: &Table, options: &Options) {
    let style = |text: &str, code: &str| match options.colors && !code.is_empty() {
        true => format!("{code}{text}{PLAIN}"),
        false => text.to_string(),
    };
    if !table.title.is_empty() {
        out.push_str(&style(&table.title, BOLD));
        out.push('\n');
    }
    if table.rows.is_empty() {
        out.push_str(GAP);
        out.push_str(table.if_empty);
        out.push('\n');
        return;
    }
    let widths = widths(table);
    let has_names = table.rows.iter().any(|row| row.name.is_some());
    let header = Cells {
        figures: table.columns[..widths.len()]
            .iter()
            .map(|name| name.to_string())
            .collect(),
        name: has_names.then(|| table.columns[widths.len()].to_string()),
        tone: Tone::Neutral,
    };
    for row in [&header].into_iter().chain(&table.rows) {
        let code = match row.tone {
            Tone::Neutral => "",
            Tone::More => RED,
            Tone::Less => GREEN,
        };
        out.push_str(&style(&line(row, &widths, options.width), code));
        out.push('\n');
    }
}

/// The widths of all columns but names, in characters.
fn widths(table: &Table) -> Vec<usize> {
    let columns = table.rows.iter().map(|row| row.figures.len()).max();
    let width = |column: usize| {
        let figures = table.rows.iter().filter_map(|row| row.figures.get(column));
        let widths = figures.map(|figure| figure.chars().count());
        widths
            .chain([table.columns[column].len()])
            .max()
            .unwrap_or(0)
    };
    (0..columns.unwrap_or(0)).map(width).collect()
}

fn line(row: &Cells, widths: &[usize], max_width: Option<usize>) -> String {
    let mut line = String::new();
    for (figure, &width) in row.figures.iter().zip(widths) {
        line.push_str(GAP);
        line.push_str(&format!("{figure:>width$}"));
    }
    if let Some(name) = &row.name {
        line.push_str(GAP);
        let taken = line.chars().count();
        let room = max_width.map(|max| max.saturating_sub(taken).max(SHORTEST));
        line.push_str(&cut(&printable(name), room));
    }
    line.truncate(line.trim_end().len());
    line
}

/// The name, with `…` in its middle if it is longer than `room`.
fn cut(name: &str, room: Option<usize>) -> String {
    let length = name.chars().count();
    let Some(room) = room.filter(|room| *room < length) else {
        return name.to_string();
    };
    let left = room.saturating_sub(1) / 2;
    let right = room.saturating_sub(1) - left;
    let start: String = name.chars().take(left).collect();
    let end: String = name.chars().skip(length - right).collect();
    format!("{start}\u{2026}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        for (room, expected) in [
            (None, "abcdefghij"),
            (Some(10), "abcdefghij"),
            (Some(9), "abcd…ghij"),
            (Some(4), "a…ij"),
            (Some(1), "…"),
        ] {
            assert_eq!(cut("abcdefghij", room), expected);
        }
        assert_eq!(cut("\u{e9}\u{e9}\u{e9}\u{e9}", Some(3)), "\u{e9}…\u{e9}");
    }
}

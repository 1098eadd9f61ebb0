//! Tables as Markdown, with names as code.

use super::table::{Cells, Table};
use crate::bytes::text::printable;

pub(super) fn of(tables: &[Table]) -> String {
    let mut out = String::new();
    for table in tables {
        if !out.is_empty() {
            out.push('\n');
        }
        push_table(&mut out, table);
    }
    out
}

fn push_table(out: &mut String, table: &Table) {
    if !table.title.is_empty() {
        out.push_str(&format!("### {}\n\n", table.title));
    }
    if table.rows.is_empty() {
        out.push_str(&format!("{}\n", table.if_empty));
        return;
    }
    push_line(out, table.columns.iter().map(|name| name.to_string()));
    let has_names = table.rows.iter().any(|row| row.name.is_some());
    let figures = table.columns.len() - usize::from(has_names);
    let marks = (0..table.columns.len()).map(|column| match column < figures {
        true => "---:".to_string(),
        false => ":---".to_string(),
    });
    push_line(out, marks);
    for row in &table.rows {
        push_line(out, cells(row));
    }
}

fn cells(row: &Cells) -> impl Iterator<Item = String> {
    let name = row.name.as_deref().map(code);
    row.figures.iter().cloned().chain(name)
}

fn push_line(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        out.push_str(&format!(" {cell} |"));
    }
    out.push('\n');
}

/// A name as a code span that neither a backtick, a pipe nor a line end in it can break.
fn code(name: &str) -> String {
    let name = printable(name).replace('|', "\\|");
    let most = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(most + 1);
    // Renderers strip one space at each end, which separates backticks in the name from the fence.
    let is_bare = !name.is_empty() && most == 0;
    match is_bare {
        true => format!("{fence}{name}{fence}"),
        false => format!("{fence} {name} {fence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_code_spans() {
        for (name, expected) in [
            ("main", "`main`"),
            ("Vec<T>::push", "`Vec<T>::push`"),
            ("a|b", "`a\\|b`"),
            ("libc`read", "`` libc`read ``"),
            ("a``b`", "``` a``b` ```"),
            ("a\nb", "`a\\nb`"),
            ("", "`  `"),
        ] {
            assert_eq!(code(name), expected);
        }
    }
}

//! Tab-separated values: a row for each distinct stack, with its count.
//!
//! The quoting is that of CSV, as databases and data frames read it by default: a field with a tab,
//! a quote or a line end is quoted, and quotes in it are doubled.

use super::Entry;
use crate::bytes::text::lossy;
use crate::call_tree::CallTree;
use crate::folded;
use crate::warnings::warning;
use std::borrow::Cow;
use std::io::{self, Write};

pub(super) const ENTRY: Entry = Entry {
    name: "tsv",
    description: "tab-separated columns, stack and count, for DuckDB, Polars, pandas, spreadsheets",
    extension: "tsv",
    is_binary: false,
    write: |forest, writer| write(&forest.merged(), writer),
};

/// Writes `tree` as tab-separated values, for DuckDB, Polars, pandas and spreadsheets: the columns
/// `stack` and `count`, or `stack`, `before` and `after` of a differential tree.
///
/// A stack is written as in folded text, root first. Names are quoted where they need to be, and
/// counts are exact.
///
/// ```
/// use inferno::call_tree::CallTree;
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse \"x\""], 3u64);
/// tree.add_stack(["main"], 1u64);
/// let mut table = Vec::new();
/// inferno::export::tsv(&tree, &mut table)?;
/// assert_eq!(table, b"stack\tcount\nmain\t1\n\"main;parse \"\"x\"\"\"\t3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `writer`.
pub fn write<W: Write>(tree: &CallTree, mut writer: W) -> io::Result<()> {
    let (counts, header) = match tree.is_differential() {
        true => (2, "stack\tbefore\tafter\n"),
        false => (1, "stack\tcount\n"),
    };
    writer.write_all(header.as_bytes())?;
    let mut rows = Rows {
        counts,
        line: Vec::new(),
        changed: 0,
        writer,
    };
    folded::write(tree, &mut rows)?;
    if rows.changed > 0 {
        let count = rows.changed;
        warning!("{count} stacks are not UTF-8: some of their bytes are replaced");
    }
    Ok(())
}

/// Turns the lines of folded text into rows.
struct Rows<W> {
    /// The number of counts in a line.
    counts: usize,
    /// The start of a line that is not complete.
    line: Vec<u8>,
    /// How many stacks are not UTF-8.
    changed: u64,
    writer: W,
}

impl<W: Write> Write for Rows<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut rows = String::with_capacity(text.len());
        for part in text.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                let line = lossy(line);
                self.changed += u64::from(matches!(line, Cow::Owned(_)));
                push_row(&mut rows, &line, self.counts);
                self.line.clear();
            }
        }
        self.writer.write_all(rows.as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn push_row(rows: &mut String, line: &str, counts: usize) {
    let mut fields: Vec<&str> = line.rsplitn(counts + 1, ' ').collect();
    rows.push_str(&quoted(fields.pop().unwrap_or_default()));
    for count in fields.iter().rev() {
        rows.push('\t');
        rows.push_str(count);
    }
    rows.push('\n');
}

/// The field, in quotes if readers would split, trim or skip it otherwise.
fn quoted(stack: &str) -> Cow<'_, str> {
    let is_trimmed = stack.trim() == stack;
    let is_special = |char: char| matches!(char, '"' | '\t' | '\r' | '\n');
    let is_plain = is_trimmed
        && !stack.is_empty()
        && !stack.starts_with(['#', '\''])
        && !stack.contains(is_special);
    match is_plain {
        true => Cow::Borrowed(stack),
        false => Cow::Owned(format!("\"{}\"", stack.replace('"', "\"\""))),
    }
}

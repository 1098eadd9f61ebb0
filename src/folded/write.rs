//! Writes trees as folded text.

use super::branches::Branches;
use super::lines::Lines;
use super::parallel;
use crate::bytes::number::push_count;
use crate::call_tree::{CallTree, Forest};
use std::io::{self, Write};

/// Writes the stacks of `tree`, one per line, sorted by the bytes of the stack.
///
/// The lines of a [differential](CallTree::is_differential) tree have two counts, before and
/// after.
///
/// # Errors
/// Errors of `writer`. Output is written in chunks of tens of kilobytes, and flushed at the end.
pub fn write<W: Write>(tree: &CallTree, writer: W) -> io::Result<()> {
    write_lines(Lines::of_one(&Branches::new(tree)), writer)
}

/// Writes the same text as [`write()`] does for the [merged](Forest::merged) trees, but faster: it
/// does not merge them, and formats large trees on one thread each.
///
/// # Errors
/// The same as for [`write()`].
pub fn write_forest<W: Write>(forest: &Forest, writer: W) -> io::Result<()> {
    let trees = forest.trees();
    if let [tree] = trees {
        return write(tree, writer);
    }
    if forest.is_in_time_order() {
        return write(&forest.clone().merged(), writer);
    }
    if parallel::is_worthwhile(trees) {
        return parallel::write(trees, writer);
    }
    let branches: Vec<Branches> = trees.iter().map(Branches::new).collect();
    write_lines(Lines::of_all(&branches), writer)
}

fn write_lines(mut lines: Lines<'_>, mut writer: impl Write) -> io::Result<()> {
    const FLUSH_AT: usize = 1 << 16;
    let mut out = Vec::with_capacity(2 * FLUSH_AT);
    while push_next_line(&mut lines, &mut out) {
        if out.len() >= FLUSH_AT {
            writer.write_all(&out)?;
            out.clear();
        }
    }
    writer.write_all(&out)?;
    writer.flush()
}

/// Appends the next line to `out`; `false` if there is none.
pub(super) fn push_next_line(lines: &mut Lines<'_>, out: &mut Vec<u8>) -> bool {
    let Some(stack) = lines.next() else {
        return false;
    };
    push_stack(out, stack);
    if let Some(before) = lines.before() {
        out.push(b' ');
        push_count(out, before);
    }
    out.push(b' ');
    push_count(out, lines.count());
    out.push(b'\n');
    true
}

/// Adds `stack`, which must not look like a comment: its samples would be lost to the reader.
fn push_stack(out: &mut Vec<u8>, stack: &[u8]) {
    match stack.strip_prefix(b"# ") {
        Some(rest) => {
            out.extend_from_slice(b"#_");
            out.extend_from_slice(rest);
        }
        None => out.extend_from_slice(stack),
    }
}

//! Parses one line of a stack: its offset and its frames.

use crate::bytes::text::strip_hex_offset;
use crate::names::symbol::{function_frame, has_arguments, is_plain, one_frame, split_inlined};

/// The part before the `+0x1f` at the end of the line. A `+` may also be part of a name:
/// `operator+`, `+[NSString string]`.
#[inline]
pub(super) fn without_offset(line: &[u8]) -> &[u8] {
    strip_hex_offset(line).unwrap_or(line)
}

/// What happens to the offset of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// The line has no offset.
    Missing,
    Kept,
    /// The offset is removed.
    Removed,
}

/// Calls `add` with the name of each frame in a line, the outermost first.
#[cold]
pub(super) fn name_frames(line: &str, offset: Offset, mut add: impl FnMut(&[u8])) {
    let (line, printed_offset) = match offset {
        Offset::Missing => (line, ""),
        Offset::Kept | Offset::Removed => line.split_at(without_offset(line.as_bytes()).len()),
    };
    let (module, function) = split_module(line);
    if offset == Offset::Missing && is_plain(line) && !function.starts_with(' ') {
        return add(line.as_bytes());
    }
    let parts = split_inlined(function);
    let is_java = parts.len() > 1 || (offset != Offset::Missing && line.contains('/'));
    for (index, part) in parts.iter().enumerate() {
        let start = if index == 0 { module } else { "" };
        let mut name = [one_frame(start), function_frame(part)].concat();
        if is_java {
            name = name.trim_start_matches('L').to_string();
        }
        // Removing arguments also removes the offset after them.
        if offset == Offset::Kept && index + 1 == parts.len() && !has_arguments(part) {
            name.push_str(printed_offset);
        }
        if index > 0 {
            name.push_str("_[i]");
        }
        add(if name.is_empty() {
            b"-"
        } else {
            name.as_bytes()
        });
    }
}

/// Splits a line after the backtick that follows the module.
fn split_module(line: &str) -> (&str, &str) {
    let end = memchr::memchr(b'`', line.as_bytes()).map_or(0, |at| at + 1);
    line.split_at(end)
}

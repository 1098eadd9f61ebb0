//! One line of a stack: where its offset is, and which frames it stands for.

use crate::collapse::symbol::{function_frame, has_arguments, is_plain, one_frame, split_inlined};
use crate::text::strip_hex_offset;

/// What is before the `+0x1f` that the line ends with. A `+` may be part of a name: `operator+`,
/// `+[NSString string]`.
#[inline]
pub(super) fn without_offset(line: &[u8]) -> &[u8] {
    strip_hex_offset(line).unwrap_or(line)
}

/// What there is of a line's offset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// The line is without it.
    LeftOut,
    Kept,
    /// The name is to be without it.
    Lost,
}

/// Calls `add` with the name of each frame a line stands for, the outermost first.
#[cold]
pub(super) fn name_frames(line: &str, offset: Offset, mut add: impl FnMut(&[u8])) {
    let (line, printed_offset) = match offset {
        Offset::LeftOut => (line, ""),
        Offset::Kept | Offset::Lost => line.split_at(without_offset(line.as_bytes()).len()),
    };
    let (module, function) = split_module(line);
    if offset == Offset::LeftOut && is_plain(line) && !function.starts_with(' ') {
        return add(line.as_bytes());
    }
    let parts = split_inlined(function);
    let is_java = parts.len() > 1 || (offset != Offset::LeftOut && line.contains('/'));
    for (index, part) in parts.iter().enumerate() {
        let start = if index == 0 { module } else { "" };
        let mut name = [one_frame(start), function_frame(part)].concat();
        if is_java {
            name = name.trim_start_matches('L').to_string();
        }
        // Arguments that go take the offset behind them along.
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

/// Splits a line behind the backtick that follows the module.
fn split_module(line: &str) -> (&str, &str) {
    let end = memchr::memchr(b'`', line.as_bytes()).map_or(0, |at| at + 1);
    line.split_at(end)
}

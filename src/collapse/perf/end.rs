//! Detects input that ends in the middle of a sample: perf prints a blank line after each sample
//! with frame lines.

use super::class::is_comment;
use super::event::EventLine;
use super::frame::FrameLine;
use crate::bytes::text::{trim, trim_end};
use crate::collapse::engine::format::Block;
use crate::collapse::engine::notes::LinePosition;

/// The end of a block, which is relevant for the last one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    block: u64,
    /// The last line, if it is inside a sample.
    pub cut: Option<LinePosition>,
}

impl End {
    /// Describes the end of `block`, where `whole` excludes a truncated line.
    pub fn of(block: &Block<'_>, whole: &[u8]) -> End {
        let cut_line = &block.bytes[whole.len()..];
        let last = last_line(whole).filter(|line| ends_in_sample(line));
        let cut = match cut_line {
            [] => last,
            _ => Some(cut_line),
        };
        End {
            block: block.index,
            cut: cut.map(|line| block.position_of(line)),
        }
    }
}

/// `text` without its last line if that has no line end and is incomplete. If frames have modules,
/// a frame without one is truncated.
pub(super) fn without_cut_line(text: &[u8], have_modules: bool) -> &[u8] {
    if text.is_empty() || text.ends_with(b"\n") {
        return text;
    }
    let start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let (before, line) = text.split_at(start);
    match is_part(line, have_modules) {
        true => before,
        false => text,
    }
}

/// Whether `line` is an incomplete frame line or event line.
fn is_part(line: &[u8], have_modules: bool) -> bool {
    let is_indented = line.starts_with(b"\t");
    let line = trim_end(line);
    if line.is_empty() || is_comment(line) {
        return is_indented;
    }
    let event = EventLine::parse(line);
    match FrameLine::parse(event.map_or(line, |event| event.payload)) {
        Some(frame) if frame.module.is_empty() => {
            have_modules || memchr::memmem::find(frame.symbol, b" (").is_some()
        }
        Some(_) => false,
        None => event.is_some() || line[0].is_ascii_whitespace(),
    }
}

/// Whether a blank line must follow `line`.
fn ends_in_sample(line: &[u8]) -> bool {
    line.starts_with(b"\t") && FrameLine::parse(line).is_some()
}

/// The last line of `text`, without its line end.
fn last_line(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let line = trim_end(&text[start..]);
    (!trim(line).is_empty()).then_some(line)
}

//! Classifies lines: events, frames, and others.

use super::event::EventLine;
use super::frame::{FrameLine, one_line_frame};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::trim_start;
use crate::collapse::document::lines::parse;
use crate::names::frame::with_source;

/// A line in a sample or between samples.
pub(super) enum Class<'a> {
    Blank,
    Comment,
    Event(EventLine<'a>),
    Frame(FrameLine<'a>),
    Unknown,
}

/// Classifies a line without trailing whitespace. Frame lines start with a tab, and event lines
/// never do.
pub(super) fn classify(line: &[u8], is_in_sample: bool) -> Class<'_> {
    if line.is_empty() {
        return Class::Blank;
    }
    if is_comment(line) {
        return Class::Comment;
    }
    let event = match line[0] {
        b'\t' => None,
        _ => EventLine::parse(line),
    };
    if !is_in_sample {
        return event.map_or(Class::Unknown, Class::Event);
    }
    let frame = FrameLine::parse(line);
    match (event, frame) {
        (Some(event), _) if event.has_time => Class::Event(event),
        (None, _) if is_sample_of_one_line(line) => Class::Unknown,
        (_, Some(frame)) if frame.has_hex_address() => Class::Frame(frame),
        (Some(event), _) if event.event.is_some() => Class::Event(event),
        (_, Some(frame)) => Class::Frame(frame),
        _ => Class::Unknown,
    }
}

/// The start of a sample in the output of `perf script -F`, which may lack the event, the thread,
/// or any line above the frames.
pub(super) enum First<'a> {
    /// A line above the frames.
    Above(EventLine<'a>),
    /// A line that is the whole sample.
    Only(EventLine<'a>),
    /// The first frame.
    Frame,
}

/// Parses the first line of a sample; both it and the `next` line have no trailing whitespace.
pub(super) fn first_of_sample<'a>(
    line: &'a [u8],
    next: Option<&[u8]>,
    is_after_blank: bool,
) -> Option<First<'a>> {
    if line.starts_with(b"\t") {
        let is_frame = is_after_blank && FrameLine::parse(line).is_some();
        return is_frame.then_some(First::Frame);
    }
    if next.is_some_and(is_frame_after_event) && !is_bare_frame(line) {
        EventLine::parse_any_fields(line).map(First::Above)
    } else if one_line_frame(line).is_some() {
        EventLine::parse_any_fields(line).map(First::Only)
    } else {
        None
    }
}

/// Whether `line` is a frame preceded by other fields.
pub(super) fn is_sample_of_one_line(line: &[u8]) -> bool {
    !line.starts_with(b"\t") && one_line_frame(line).is_some() && !is_bare_frame(line)
}

/// Whether `line` is a frame in the form in which `perf script -F ip,sym` prints samples without
/// call chains: indented with spaces, where frames of call chains have a tab.
pub(super) fn is_bare_frame(line: &[u8]) -> bool {
    line.starts_with(b" ")
        && one_line_frame(line).is_some_and(|start| trim_start(&line[..start]).is_empty())
}

pub(super) fn is_comment(line: &[u8]) -> bool {
    let after = line.get(1);
    line[0] == b'#' && after.is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'=')
}

/// Whether `line` starts a sample whatever is above it, so that a block can be split before it.
pub(super) fn always_starts_sample(line: &[u8]) -> bool {
    is_event_line(line) || is_sample_of_one_line(line)
}

pub(super) fn is_event_line(line: &[u8]) -> bool {
    matches!(classify(line, true), Class::Event(_))
}

/// Whether the line after an event line is the first frame of its sample, so that text after the
/// event is not.
pub(super) fn is_frame_after_event(line: &[u8]) -> bool {
    let is_indented = line.first().is_some_and(u8::is_ascii_whitespace);
    is_indented
        && matches!(classify(line, true), Class::Frame(frame) if frame.has_hex_address())
        && !is_sample_of_one_line(line)
}

/// Whether `line` is additional data that perf prints below a frame or a stack: a source location
/// (`-F +srcline`), a lone number (`+phys_addr`), or an instruction (`+insn`).
pub(super) fn is_other_field(line: &[u8]) -> bool {
    has_form_of_other_field(line) && !always_starts_sample(line)
}

fn has_form_of_other_field(line: &[u8]) -> bool {
    let text = trim_start(line);
    let is_number = || text.iter().all(u8::is_ascii_hexdigit);
    let is_instruction = || text.starts_with(b"ilen: ") || text.starts_with(b"insn: ");
    is_source_line(line) || (line.starts_with(b" ") && (is_number() || is_instruction()))
}

/// Whether `line` is what `perf script -F +srcline` prints below a frame: `  main.c:12`, or without
/// a line number `  :0`, `  libc.so.6[2724a]` and `  [kernel.kallsyms]+0x12`.
fn is_source_line(line: &[u8]) -> bool {
    source_text(line).is_some_and(|text| {
        split_number(text).is_some()
            || text.ends_with(b"]")
            || memchr::memmem::find(text, b"+0x").is_some()
    })
}

fn source_text(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_prefix(b"  ")?;
    (!text.starts_with(b" ")).then_some(text)
}

fn split_number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b':', text)?;
    let (file, number) = (&text[..at], &text[at + 1..]);
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    is_number.then_some((file, number))
}

/// The source location in a line that `perf script -F +srcline` prints below a frame. `None` if perf
/// does not know the file, or if it is another line.
pub(super) fn source_location(line: &[u8]) -> Option<SourceLocation<'_>> {
    let (file, number) = split_number(source_text(line)?)?;
    let is_known = !file.is_empty() && file != b"??";
    is_known.then(|| SourceLocation {
        file,
        number: parse(number).filter(|number| *number > 0),
    })
}

/// A file, and a line if that is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SourceLocation<'a> {
    pub file: &'a [u8],
    pub number: Option<u64>,
}

impl SourceLocation<'_> {
    /// `parse (parse.c:7)`
    pub fn append_to(&self, name: &str) -> Vec<u8> {
        with_source(name.as_bytes(), self.file, self.number.map(Decimal::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_locations_have_two_spaces_before_them() {
        for line in [
            "  main.c:12",
            "  :0",
            "  ??:0",
            "  libc.so.6[2724a]",
            "  [kernel.kallsyms]+0x12",
        ] {
            assert!(is_source_line(line.as_bytes()), "{line}");
        }
        for line in [
            "main.c:12",
            " main.c:12",
            "   main.c:12",
            "  main.c",
            "  main.c:",
        ] {
            assert!(!is_source_line(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn comments_have_a_space_or_a_rule_after_the_hash() {
        for line in ["#", "# cmdline : perf record", "#\tx", "#=", "# ========"] {
            assert!(is_comment(line.as_bytes()), "{line}");
        }
        for line in ["#1 worker 12 1.0: cycles:", "x # y"] {
            assert!(!is_comment(line.as_bytes()), "{line}");
        }
    }
}

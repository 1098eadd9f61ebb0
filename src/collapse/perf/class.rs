//! What a line is: an event, a frame, or neither.

use super::event::EventLine;
use super::frame::FrameLine;

/// A line in a sample or between samples.
pub(super) enum Class<'a> {
    Blank,
    Comment,
    Event(EventLine<'a>),
    Frame(FrameLine<'a>),
    Unknown,
}

/// Tells what a line is that has no white space at its end. perf starts frame lines with a tab,
/// and event lines never.
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
        (Some(event), _) if event.has_time && event.event.is_some() => Class::Event(event),
        (_, Some(frame)) if frame.has_hex_address() => Class::Frame(frame),
        (Some(event), _) if event.event.is_some() => Class::Event(event),
        (_, Some(frame)) => Class::Frame(frame),
        _ => Class::Unknown,
    }
}

pub(super) fn is_comment(line: &[u8]) -> bool {
    let after = line.get(1);
    line[0] == b'#' && after.is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'=')
}

pub(super) fn is_event_line(line: &[u8]) -> bool {
    matches!(classify(line, true), Class::Event(_))
}

/// Whether the line after an event line is the first frame of its sample, so that what stands
/// behind the event is not.
pub(super) fn is_frame_after_event(line: &[u8]) -> bool {
    let is_indented = line.first().is_some_and(u8::is_ascii_whitespace);
    is_indented && matches!(classify(line, true), Class::Frame(frame) if frame.has_hex_address())
}

/// Whether `line` is what `perf script -F +srcline` puts below a frame: `  main.c:12`, or where it
/// has no line number `  libc.so.6[2724a]` and `  [kernel.kallsyms]+0x12`.
pub(super) fn is_source_line(line: &[u8]) -> bool {
    let text = match line.strip_prefix(b"  ") {
        Some(text) if !text.starts_with(b" ") => text,
        _ => return false,
    };
    let has_number = memchr::memrchr(b':', text)
        .is_some_and(|at| at > 0 && text[at + 1..].iter().all(u8::is_ascii_digit));
    has_number || text.ends_with(b"]") || memchr::memmem::find(text, b"+0x").is_some()
}

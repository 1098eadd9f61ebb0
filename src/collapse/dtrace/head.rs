//! Recognizes lines that are not part of a stack: messages before and between stacks.

use super::looks_like_frame;
use super::record::{Role, number_line};
use crate::bytes::lines::lines_of;
use crate::bytes::text::{trim, trim_start};
use crate::collapse::engine::format::offset_in;

/// The part of `text` after its header, which ends with the first blank line, or before the first
/// stack if that comes earlier. `None` if the header does not end in it.
pub(super) fn skip_header(text: &[u8]) -> Option<&[u8]> {
    for line in lines_of(text) {
        let end = offset_in(text, line) + line.len();
        let start = match trim(line).is_empty() {
            true => Some(text.len().min(end + 1)),
            false => start_of_stack(text, end),
        };
        if let Some(start) = start {
            return Some(&text[start..]);
        }
    }
    None
}

/// The start of the stack whose count is in the line that ends at `end`.
fn start_of_stack(text: &[u8], end: usize) -> Option<usize> {
    let count_at = |end| number_line(text, &text[..end]).filter(|line| line.role == Role::Count);
    let above = count_at(end)?.above?;
    let (mut start, mut indent) = (None, 0);
    for line in above.rsplit(|byte| *byte == b'\n') {
        if count_at(offset_in(text, line) + line.len()).is_some() {
            return start;
        }
        if is_head_line(line) || !(is_indented(line) || looks_like_frame(trim(line))) {
            // A key may be at the start of a line.
            let is_key = !is_head_line(line) && start.is_some() && indent > 0;
            return if is_key {
                Some(offset_in(text, line))
            } else {
                start
            };
        }
        (start, indent) = (Some(offset_in(text, line)), indentation(line));
    }
    start
}

/// Whether the line says what is traced, which probe fired, or what went wrong.
pub(super) fn is_head_line(line: &[u8]) -> bool {
    match line.first() {
        Some(b'^' | b'T' | b'S' | b'd' | b'D' | b'E' | b'C') => {
            let starts: [&[u8]; 6] = [
                b"^C",
                b"Tracing",
                b"Sampling",
                b"dtrace: ",
                b"Detaching...",
                b"Exiting...",
            ];
            starts.iter().any(|start| line.starts_with(start)) || is_title(line)
        }
        Some(b' ' | b'0'..=b'9') => is_probe(line),
        _ => false,
    }
}

/// `CPU     ID                    FUNCTION:NAME`
fn is_title(line: &[u8]) -> bool {
    line.starts_with(b"CPU ") && trim(line).ends_with(b"FUNCTION:NAME")
}

/// `  0  64091                        :tick-60s`: a line below that title.
fn is_probe(line: &[u8]) -> bool {
    let line = trim_start(line);
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let mut fields = line
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty());
    let mut is_number = || {
        let field = fields.next();
        field.is_some_and(|field| field.iter().all(u8::is_ascii_digit))
    };
    is_number()
        && is_number()
        && fields.next().is_some_and(|probe| probe.contains(&b':'))
        && fields.next().is_none()
}

fn is_indented(line: &[u8]) -> bool {
    indentation(line) > 0
}

/// The length of the whitespace at the start of a line.
pub(super) fn indentation(line: &[u8]) -> usize {
    line.len() - trim_start(line).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_probes_are_no_stacks() {
        for line in [
            "^C",
            "Tracing... Hit Ctrl-C to end.",
            "Sampling at 99 Hertz of all threads",
            "dtrace: description 'profile-97' matched 1 probe",
            "Detaching...",
            "Exiting...",
            "CPU     ID                    FUNCTION:NAME",
            "  0  64091                        :tick-60s",
        ] {
            assert!(is_head_line(line.as_bytes()), "{line}");
        }
        for line in ["", "^", "Exiting", "CPU", "main", "  main", "  7"] {
            assert!(!is_head_line(line.as_bytes()), "{line}");
        }
    }
}

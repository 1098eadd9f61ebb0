//! Messages: one line each, and harmless on a terminal, whatever is in the names and the input that
//! they tell of.

use std::fmt::Write as _;
use std::path::Path;

/// `text` with escapes in the place of what would start a new line, or move the cursor, change
/// colors or turn the order of what follows on a terminal.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match is_printable(character) {
            true => out.push(character),
            false => out.extend(character.escape_default()),
        }
    }
    out
}

fn is_printable(character: char) -> bool {
    let turns_text = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !character.is_control() && !turns_text
}

/// What messages call a file. Bytes that are no UTF-8 are shown as `\xff`.
pub fn name_of(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name.push_str(&printable(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, expected) in [
            (
                "main;parse \u{e9}\u{301} \\ '\"",
                "main;parse \u{e9}\u{301} \\ '\"",
            ),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[31mred\u{7}\0", "\\u{1b}[31mred\\u{7}\\u{0}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("a\u{202e}b\u{2028}", "a\\u{202e}b\\u{2028}"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_shown() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let path = Path::new(OsStr::from_bytes(b"a\xff\xfeb\n\xc3\xa9"));
        assert_eq!(name_of(path), "a\\xff\\xfeb\\n\u{e9}");
    }
}

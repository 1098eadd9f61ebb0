//! Messages: one line each, and harmless on a terminal, whatever is in the names and the input that
//! they quote.

pub(super) use crate::bytes::text::printable;
use log::Level;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::Path;

/// `TOOL: SEVERITY: TEXT`, the form of everything the tools say on stderr. The severity is in color
/// on a terminal.
pub fn line(tool: &str, level: Level, text: &str) -> String {
    let text = printable(text);
    let (severity, color) = match level {
        Level::Error => ("error", "1;31"),
        Level::Warn => ("warning", "1;33"),
        Level::Info => ("info", "1;32"),
        Level::Debug => ("debug", "1;34"),
        Level::Trace => ("trace", "1;36"),
    };
    match is_colored() {
        true => format!("{tool}: \x1b[{color}m{severity}\x1b[0m: {text}\n"),
        false => format!("{tool}: {severity}: {text}\n"),
    }
}

/// Whether stderr is a terminal that shows colors, and the user wants them (<https://no-color.org>).
fn is_colored() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    io::stderr().is_terminal() && !is_dumb && !is_set("NO_COLOR")
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

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_utf8_are_shown() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let path = Path::new(OsStr::from_bytes(b"a\xff\xfeb\n\xc3\xa9"));
        assert_eq!(name_of(path), "a\\xff\\xfeb\\n\u{e9}");
    }
}

//! Messages: one line each, and harmless on a terminal, whatever is in the names and the input that
//! they tell of.

pub(super) use crate::text::printable;

use std::fmt::Write as _;
use std::path::Path;

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
    fn bytes_that_are_no_text_are_shown() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let path = Path::new(OsStr::from_bytes(b"a\xff\xfeb\n\xc3\xa9"));
        assert_eq!(name_of(path), "a\\xff\\xfeb\\n\u{e9}");
    }
}

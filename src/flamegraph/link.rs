//! Links from frames to lines of source code.

use super::frames::without_annotation;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The allowed URL schemes, none of which can run a script.
const SCHEMES: [&str; 7] = [
    "http",
    "https",
    "vscode",
    "vscodium",
    "jetbrains",
    "zed",
    "file",
];

/// A pattern for links from frames that include their source location: `parse
/// (/srv/shop/parse.c:7)`.
///
/// `{file}` in the pattern is replaced with the file, and `{line}` with the line, or 1 if the frame
/// has none. An absolute file replaces the `/` before `{file}` too, if there is one.
///
/// ```
/// use inferno::flamegraph::LinkPattern;
///
/// let pattern: LinkPattern = "vscode://file/{file}:{line}".parse()?;
/// let link = pattern.link("parse (/srv/my shop/parse.c:7)");
/// assert_eq!(link.as_deref(), Some("vscode://file/srv/my%20shop/parse.c:7"));
/// assert_eq!(pattern.link("main"), None);
/// assert!("javascript:alert({file})".parse::<LinkPattern>().is_err());
/// # Ok::<(), inferno::flamegraph::ParseLinkError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPattern(String);

/// The error for text that is not a link pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseLinkError {
    /// It does not start with one of the allowed schemes.
    Scheme,
    /// It has no `{file}`.
    NoFile,
}

impl fmt::Display for ParseLinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseLinkError::Scheme => {
                write!(f, "expected a link that starts with one of ")?;
                let schemes = SCHEMES.map(|scheme| format!("`{scheme}:`"));
                f.write_str(&schemes.join(", "))
            }
            ParseLinkError::NoFile => f.write_str("expected a link with `{file}` in it"),
        }
    }
}

impl std::error::Error for ParseLinkError {}

impl FromStr for LinkPattern {
    type Err = ParseLinkError;

    fn from_str(text: &str) -> Result<LinkPattern, ParseLinkError> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        if !scheme.is_some_and(|scheme| SCHEMES.contains(&scheme)) {
            return Err(ParseLinkError::Scheme);
        }
        match text.contains("{file}") {
            true => Ok(LinkPattern(text.to_string())),
            false => Err(ParseLinkError::NoFile),
        }
    }
}

impl LinkPattern {
    /// The link for a frame with this name; `None` if it has no source location.
    pub fn link(&self, name: &str) -> Option<String> {
        let (file, line) = source_of(without_annotation(name))?;
        let file = encoded(file);
        let pattern = match file.starts_with('/') {
            true => Cow::Owned(self.0.replace("/{file}", "{file}")),
            false => Cow::Borrowed(&self.0),
        };
        let parts = pattern.split("{file}");
        let parts: Vec<String> = parts.map(|part| part.replace("{line}", line)).collect();
        Some(parts.join(&file))
    }
}

/// The file and the line in `NAME (FILE:LINE)` or `NAME (FILE)`. Without a line, text is only a
/// file if it has a directory or an extension.
fn source_of(name: &str) -> Option<(&str, &str)> {
    let (_, place) = name.strip_suffix(')')?.rsplit_once(" (")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match place.rsplit_once(':').filter(|(_, line)| is_number(line)) {
        Some((file, line)) => (!file.is_empty()).then_some((file, line)),
        None => place.contains(['/', '.']).then_some((place, "1")),
    }
}

/// Encodes a path as part of a URL.
fn encoded(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                url.push(char::from(byte));
            }
            byte => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_lines_follow_names() {
        for (name, source) in [
            ("parse (/srv/parse.c:7)", Some(("/srv/parse.c", "7"))),
            ("parse(int) (a b.c:70)", Some(("a b.c", "70"))),
            ("run (app.py)", Some(("app.py", "1"))),
            ("run (C:\\shop\\a.c:3)", Some(("C:\\shop\\a.c", "3"))),
            ("(anonymous)", None),
            ("read (inlined)", None),
            ("f (:7)", None),
            ("main", None),
        ] {
            assert_eq!(source_of(name), source, "{name}");
        }
    }

    #[test]
    fn names_cannot_break_out_of_a_link() {
        let pattern: LinkPattern = "https://x/{file}#L{line}?{file}".parse().unwrap();
        let link = pattern.link("f (\"><script>{line}\u{e9}#/a.c:7)").unwrap();
        let file = "%22%3E%3Cscript%3E%7Bline%7D%C3%A9%23/a.c";
        assert_eq!(link, format!("https://x/{file}#L7?{file}"));
    }

    #[test]
    fn only_known_schemes_are_accepted() {
        for scheme in [
            "http",
            "https",
            "vscode",
            "vscodium",
            "jetbrains",
            "zed",
            "file",
        ] {
            let pattern = format!("{scheme}://open/{{file}}");
            assert!(pattern.parse::<LinkPattern>().is_ok(), "{scheme}");
        }
        for text in [
            "javascript:{file}",
            "data:{file}",
            "{file}",
            "//x/{file}",
            " https:{file}",
            "HTTPS:{file}",
        ] {
            assert_eq!(
                text.parse::<LinkPattern>(),
                Err(ParseLinkError::Scheme),
                "{text}"
            );
        }
        assert_eq!(
            "https://x".parse::<LinkPattern>(),
            Err(ParseLinkError::NoFile)
        );
    }
}

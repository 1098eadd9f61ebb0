//! Names of threads, literal or as a pattern.

use std::fmt;

use super::regex::Regex;

/// The name of a thread, or a regular expression that must match the whole name.
///
/// Without the crate's feature `filter`, it is always a literal name.
///
/// ```
/// use inferno::collapse::selection::NamePattern;
///
/// let pattern = NamePattern::from("Worker (1)");
/// assert!(pattern.matches(b"Worker (1)"));
/// assert!(!pattern.matches(b"Worker (10)"));
/// # if cfg!(feature = "filter") {
/// assert!(NamePattern::from("Worker.*").matches(b"Worker (10)"));
/// # }
/// ```
#[derive(Clone)]
pub struct NamePattern {
    text: String,
    regex: Option<Regex>,
}

impl NamePattern {
    /// Whether a thread name matches.
    pub fn matches(&self, name: &[u8]) -> bool {
        name == self.text.as_bytes() || self.matches_regex(name)
    }

    fn matches_regex(&self, name: &[u8]) -> bool {
        let regex = self.regex.as_ref();
        regex.is_some_and(|regex| regex.is_match(name))
    }
}

/// Text that is not a valid regular expression is a literal name, because threads can have names
/// like `read(`.
impl From<&str> for NamePattern {
    fn from(text: &str) -> NamePattern {
        NamePattern {
            text: text.to_string(),
            regex: Regex::new(&format!("^(?:{text})$")).ok(),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

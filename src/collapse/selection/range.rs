//! IDs of processes and threads, and numbers of CPUs.

use std::fmt;
use std::str::FromStr;

/// A number, or an inclusive range of numbers.
///
/// ```
/// use inferno::collapse::selection::IdRange;
///
/// let cpus: IdRange = "2-4".parse()?;
/// assert!(cpus.contains(2) && cpus.contains(4) && !cpus.contains(5));
/// assert!("7".parse::<IdRange>()?.contains(7));
/// assert!("4-2".parse::<IdRange>().is_err());
/// # Ok::<(), inferno::collapse::selection::ParseRangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    first: u64,
    last: u64,
}

impl IdRange {
    /// Whether the number is in the range.
    pub fn contains(&self, id: u64) -> bool {
        (self.first..=self.last).contains(&id)
    }
}

/// The error for text that is neither a number nor a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseRangeError;

impl fmt::Display for ParseRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a number, or two as `2-4`, the smaller one first")
    }
}

impl std::error::Error for ParseRangeError {}

impl FromStr for IdRange {
    type Err = ParseRangeError;

    fn from_str(text: &str) -> Result<IdRange, ParseRangeError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| crate::bytes::count::parse_digits(text.as_bytes());
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok(IdRange { first, last }),
            _ => Err(ParseRangeError),
        }
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_as_they_are_read() {
        for text in ["0", "7", "3-5", "0-18446744073709551615"] {
            assert_eq!(text.parse::<IdRange>().unwrap().to_string(), text);
        }
        assert_eq!("4-4".parse::<IdRange>().unwrap().to_string(), "4");
        for text in ["", "-", "x", "5-3", "3-", "-5", "1-2-3"] {
            assert!(text.parse::<IdRange>().is_err(), "{text}");
        }
    }
}

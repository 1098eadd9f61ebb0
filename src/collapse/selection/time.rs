//! Parts of the recorded time.
//!
//! ```text
//! range  = [moment] ".." [moment]
//! moment = number [unit] | number "%" | "@" number
//! unit   = "s" | "ms" | "us" | "ns"
//! ```

use crate::bytes::decimal::Decimal;
use std::fmt;
use std::str::FromStr;

/// A range of time that includes both ends; either end may be open.
///
/// Times are relative to the first sample. `5..10` are seconds, `5ms..` has a unit, `10%..20%` are
/// shares of the time from the first sample to the last, and `@388.8..@388.9` are absolute times of
/// the profile, as printed by `perf script`. The end of a share is excluded, as in `perf script
/// --time 10%-20%`, so that adjacent shares do not overlap.
///
/// ```
/// use inferno::collapse::selection::TimeRange;
///
/// for text in ["5..10", "5s..", "..250ms", "10%..20%", "@12345.678.."] {
///     let range: TimeRange = text.parse()?;
///     assert_eq!(range.to_string(), text);
/// }
/// for text in ["", "5", "..", "10..5", "5%..200%", "5h.."] {
///     assert!(text.parse::<TimeRange>().is_err(), "{text}");
/// }
/// # Ok::<(), inferno::collapse::selection::ParseTimeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TimeRange {
    text: String,
    from: Option<Moment>,
    to: Option<Moment>,
}

/// A point in time, in seconds or as a share.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    AfterStart(Decimal),
    /// 1 is the whole time.
    Share(Decimal),
    Absolute(Decimal),
}

/// The times of the first and the last sample, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub first: Decimal,
    pub last: Decimal,
}

impl Span {
    pub fn at(time: Decimal) -> Span {
        Span {
            first: time,
            last: time,
        }
    }

    pub fn extend(&mut self, time: Decimal) {
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }
}

/// A range in seconds, of which `None` is an open end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    from: Option<Decimal>,
    to: Option<Decimal>,
}

impl Window {
    pub fn contains(&self, time: Decimal) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
    }

    /// The part of an interval that is in the window.
    pub fn clip(&self, start: Decimal, end: Decimal) -> Option<(Decimal, Decimal)> {
        let start = self.from.map_or(start, |from| from.max(start));
        let end = self.to.map_or(end, |to| to.min(end));
        (start <= end).then_some((start, end))
    }
}

impl TimeRange {
    /// Whether the ends can only be computed after all samples are known.
    pub(super) fn has_shares(&self) -> bool {
        self.has(|moment| matches!(moment, Moment::Share(_)))
    }

    /// Whether the ends are independent of the samples.
    pub(super) fn is_absolute(&self) -> bool {
        !self.has(|moment| !matches!(moment, Moment::Absolute(_)))
    }

    fn has(&self, is: impl Fn(Moment) -> bool) -> bool {
        [self.from, self.to].into_iter().flatten().any(is)
    }

    /// Resolves the range in a profile whose samples are in `span`.
    pub(super) fn window(&self, span: Span) -> Window {
        Window {
            from: self.from.map(|moment| moment.time(span)),
            to: self.to.map(|moment| moment.end(span)),
        }
    }
}

impl Moment {
    fn time(self, span: Span) -> Decimal {
        match self {
            Moment::AfterStart(time) => span.first + time,
            Moment::Absolute(time) => time,
            Moment::Share(share) => span.first + rounded(share, span.last - span.first),
        }
    }

    /// The last time before the end of a share, or the time itself.
    fn end(self, span: Span) -> Decimal {
        let time = self.time(span);
        match self {
            Moment::Share(_) if time != span.last => time - Decimal::NANO,
            _ => time,
        }
    }

    /// Whether it is after `other` in any profile.
    fn is_after(self, other: Moment) -> bool {
        match (self, other) {
            (Moment::AfterStart(a), Moment::AfterStart(b))
            | (Moment::Absolute(a), Moment::Absolute(b))
            | (Moment::Share(a), Moment::Share(b)) => a > b,
            _ => false,
        }
    }
}

/// A share of a whole, rounded to the nearest nanosecond.
fn rounded(share: Decimal, whole: Decimal) -> Decimal {
    let product = share.multiplied_by(whole.times(10));
    (product + Decimal::NANO.times(5)).divided_by(10)
}

/// The error for text that is not a range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTimeError;

impl fmt::Display for ParseTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected FROM..TO, of which one may be missing: seconds from the start as `5..10`, \
             with a unit `5ms..`, shares `10%..20%`, or times of the profile `@12.5..@13`",
        )
    }
}

impl std::error::Error for ParseTimeError {}

impl FromStr for TimeRange {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<TimeRange, ParseTimeError> {
        let (from, to) = text.split_once("..").ok_or(ParseTimeError)?;
        let (from, to) = (parse_end(from)?, parse_end(to)?);
        let is_backwards = from.zip(to).is_some_and(|(from, to)| from.is_after(to));
        if is_backwards || (from.is_none() && to.is_none()) {
            return Err(ParseTimeError);
        }
        Ok(TimeRange {
            text: text.to_string(),
            from,
            to,
        })
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_end(text: &str) -> Result<Option<Moment>, ParseTimeError> {
    match text.trim() {
        "" => Ok(None),
        text => parse_moment(text).map(Some).ok_or(ParseTimeError),
    }
}

fn parse_moment(text: &str) -> Option<Moment> {
    if let Some(time) = text.strip_prefix('@') {
        return parse_seconds(time).map(Moment::Absolute);
    }
    match text.strip_suffix('%') {
        Some(percent) => {
            let share = parse_number(percent)?.divided_by(100);
            (share <= Decimal::from(1u64)).then_some(Moment::Share(share))
        }
        None => parse_seconds(text).map(Moment::AfterStart),
    }
}

/// Parses a time with or without a unit.
fn parse_seconds(text: &str) -> Option<Decimal> {
    const UNITS: [(&str, u64); 4] = [
        ("ms", 1_000),
        ("us", 1_000_000),
        ("ns", 1_000_000_000),
        ("s", 1),
    ];
    let with_unit = UNITS
        .iter()
        .find_map(|(unit, parts)| Some((text.strip_suffix(unit)?, *parts)));
    let (number, parts) = with_unit.unwrap_or((text, 1));
    Some(parse_number(number.trim_end())?.divided_by(parts))
}

fn parse_number(text: &str) -> Option<Decimal> {
    let number = Decimal::parse(text.as_bytes())?;
    (!text.starts_with('-')).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> (String, String) {
        let span = Span {
            first: Decimal::from(100u64),
            last: Decimal::from(104u64),
        };
        let range: TimeRange = text.parse().unwrap();
        let window = range.window(span);
        let text = |end: Option<Decimal>| end.map_or(String::new(), |end| end.to_string());
        (text(window.from), text(window.to))
    }

    #[test]
    fn times_are_from_the_first_sample() {
        for (text, from, to) in [
            ("1..2.5", "101", "102.5"),
            ("1s..2500ms", "101", "102.5"),
            ("..3us", "", "100.000003"),
            ("4 ns..", "100.000000004", ""),
            ("@101..@102", "101", "102"),
            ("0%..25%", "100", "100.999999999"),
            ("25%..100%", "101", "104"),
            ("12.5%..1", "100.5", "101"),
        ] {
            assert_eq!(window(text), (from.to_string(), to.to_string()), "{text}");
        }
    }

    #[test]
    fn shares_are_rounded_to_nanoseconds() {
        let third = Decimal::parse(b"0.333333333").unwrap();
        let share = |whole: &[u8]| rounded(third, Decimal::parse(whole).unwrap()).to_string();
        assert_eq!(share(b"0.000000002"), "0.000000001");
        assert_eq!(share(b"0.000000001"), "0");
        assert_eq!(share(b"3"), "0.999999999");
    }

    #[test]
    fn intervals_are_cut_at_the_ends() {
        let window = Window {
            from: Some(Decimal::from(2u64)),
            to: Some(Decimal::from(4u64)),
        };
        let clip = |start: u64, end: u64| window.clip(Decimal::from(start), Decimal::from(end));
        let whole = |start: u64, end: u64| Some((Decimal::from(start), Decimal::from(end)));
        assert_eq!(clip(1, 3), whole(2, 3));
        assert_eq!(clip(3, 9), whole(3, 4));
        assert_eq!(clip(0, 9), whole(2, 4));
        assert_eq!(clip(0, 1), None);
    }
}

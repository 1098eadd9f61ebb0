//! The units of counts.

use super::{Count, ValueType};
use crate::bytes::number::{push_grouped, push_grouped_count};
use crate::warnings::warning;
use std::borrow::Cow;

/// The unit of the counts in a tree.
///
/// ```
/// use inferno::call_tree::Unit;
///
/// assert_eq!(Unit::called("ns"), Unit::Nanoseconds);
/// assert_eq!(Unit::called("cycles").name(), Some("cycles"));
/// assert_eq!(Unit::Unknown.name(), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Not specified, as in folded text.
    #[default]
    Unknown,
    /// 0.000000001 seconds.
    Nanoseconds,
    /// 0.00000001 seconds, the unit of Xdebug.
    TenNanoseconds,
    /// 0.000001 seconds.
    Microseconds,
    /// 0.001 seconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Anything else, by its plural: `samples`, `cycles`.
    Other(Cow<'static, str>),
}

impl Unit {
    /// The unit with the given name in a profile.
    pub fn called(name: &str) -> Unit {
        match name {
            "" | "none" | "unknown" | "value" | "weight" | "count" => Unit::Unknown,
            "ns" | "nanosecond" | "nanoseconds" => Unit::Nanoseconds,
            "10 nanoseconds" => Unit::TenNanoseconds,
            "us" | "\u{b5}s" | "microsecond" | "microseconds" => Unit::Microseconds,
            "ms" | "millisecond" | "milliseconds" => Unit::Milliseconds,
            "s" | "second" | "seconds" => Unit::Seconds,
            "B" | "byte" | "bytes" => Unit::Bytes,
            other => Unit::Other(Cow::Owned(other.to_string())),
        }
    }

    /// The unit of the event `name`, which is a time for clocks.
    pub(crate) fn of_event(name: &str) -> Unit {
        match name {
            "cpu-clock" | "task-clock" => Unit::Nanoseconds,
            "cpu-cycles" => Unit::Other(Cow::Borrowed("cycles")),
            // A tracepoint: `sched:sched_switch`.
            name if name.contains(':') => Unit::Other(Cow::Borrowed("events")),
            name => Unit::called(name),
        }
    }

    /// The name of the unit, in the plural; `None` if it is unknown.
    pub fn name(&self) -> Option<&str> {
        Some(match self {
            Unit::Unknown => return None,
            Unit::Nanoseconds => "nanoseconds",
            Unit::TenNanoseconds => "10 nanoseconds",
            Unit::Microseconds => "microseconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            Unit::Other(name) => name,
        })
    }

    /// How long one is, if it is a time.
    pub(crate) fn nanoseconds(&self) -> Option<u64> {
        Some(match self {
            Unit::Nanoseconds => 1,
            Unit::TenNanoseconds => 10,
            Unit::Microseconds => 1_000,
            Unit::Milliseconds => 1_000_000,
            Unit::Seconds => 1_000_000_000,
            Unit::Bytes | Unit::Unknown | Unit::Other(_) => return None,
        })
    }

    /// How a count is written: `1.19 s`, `3.4 MiB`, `1,493 samples`, `1 sample`.
    pub(crate) fn text(&self, count: Count) -> String {
        let mut text = Vec::new();
        match self.scale() {
            Some(scale) => scale.push(&mut text, count.to_f64()),
            None => {
                push_grouped_count(&mut text, count);
                text.push(b' ');
                text.extend_from_slice(self.noun(count == Count::from(1)).as_bytes());
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Formats a mean.
    pub(crate) fn text_of(&self, number: f64) -> String {
        let figure = self.figure(number);
        match self.scale() {
            Some(_) => figure,
            None => format!("{figure} {}", self.noun(number == 1.0)),
        }
    }

    /// What is counted: `samples`, or `sample` of one.
    pub(crate) fn noun(&self, is_one: bool) -> &str {
        let plural = self.name().unwrap_or("samples");
        match is_one {
            true => singular(plural),
            false => plural,
        }
    }

    /// Formats a number without the names of units that cannot be scaled: `1.19 s`, but `1,493`.
    pub(crate) fn figure(&self, number: f64) -> String {
        let mut text = Vec::new();
        if number < 0.0 {
            text.push(b'-');
        }
        let number = number.abs();
        match self.scale() {
            Some(scale) => scale.push(&mut text, number),
            None if number.fract() == 0.0 => push_grouped(&mut text, number as u64),
            None => push_rounded(&mut text, number),
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The unit of a comparison with counts in `other`: unknown if they differ, which is logged.
    pub(crate) fn common(&self, other: &Unit) -> Unit {
        if self == other {
            return self.clone();
        }
        if let (Some(one), Some(other)) = (self.name(), other.name()) {
            warning!("comparing counts of different units: {one}, {other}");
        }
        Unit::Unknown
    }

    /// The units in which a time or a size is easy to read.
    pub(crate) fn scale(&self) -> Option<Scale> {
        let (smallest, step, names) = match (self, self.nanoseconds()) {
            (_, Some(nanoseconds)) => (nanoseconds as f64, 1000.0, TIMES),
            (Unit::Bytes, None) => (1.0, 1024.0, SIZES),
            _ => return None,
        };
        Some(Scale {
            smallest,
            step,
            names,
        })
    }

    /// The unit of the sum of counts in two units: unknown if they differ.
    pub(super) fn sum(&self, other: &Unit) -> Unit {
        if self == other {
            return self.clone();
        }
        if let (Some(one), Some(other)) = (self.name(), other.name()) {
            warning!("adding up counts of different units: {one}, {other}");
        }
        Unit::Unknown
    }

    /// The only value of a profile that counts in this unit.
    pub(crate) fn only_value(&self) -> ValueType {
        match self {
            Unit::Unknown => ValueType::new("samples", "count"),
            Unit::Bytes => ValueType::new("space", "bytes"),
            Unit::Other(name) => ValueType::new(name.clone(), "count"),
            time => ValueType::new("time", time.name().unwrap_or_default()),
        }
    }
}

/// The singular of a unit or an event: `sample` of `samples`, `branch-miss` of `branch-misses`.
fn singular(plural: &str) -> &str {
    let ends = ["sses", "tches", "shes", "xes"];
    if ends.iter().any(|end| plural.ends_with(end)) {
        return &plural[..plural.len() - "es".len()];
    }
    match plural.strip_suffix('s') {
        Some(singular) if !singular.ends_with(['s', 'u', 'i']) => singular,
        _ => plural,
    }
}

const TIMES: &[&str] = &["ns", "\u{b5}s", "ms", "s"];
const SIZES: &[&str] = &["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/// A unit and larger multiples of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// The size of the unit in terms of the smallest one.
    smallest: f64,
    /// The factor between a unit and the next larger one.
    step: f64,
    names: &'static [&'static str],
}

impl Scale {
    /// Writes a count with three digits, in the largest unit that keeps it at least one. (The
    /// viewer does the same.)
    pub fn push(&self, out: &mut Vec<u8>, count: f64) {
        let mut value = count * self.smallest;
        let mut names = self.names.iter();
        let mut name = names.next();
        while value >= self.step - 0.5
            && let Some(larger) = names.next()
        {
            value /= self.step;
            name = Some(larger);
        }
        push_rounded(out, value);
        out.push(b' ');
        out.extend_from_slice(name.map_or("", |name| name).as_bytes());
    }
}

/// Writes three significant digits without trailing zeros, or more digits if the whole part has
/// more.
fn push_rounded(out: &mut Vec<u8>, value: f64) {
    let hundredths = match value {
        ..9.995 => (value * 100.0).round(),
        ..99.95 => (value * 10.0).round() * 10.0,
        _ => value.round() * 100.0,
    } as u64;
    push_grouped(out, hundredths / 100);
    match (hundredths / 10 % 10, hundredths % 10) {
        (0, 0) => {}
        (tenths, 0) => out.extend_from_slice(&[b'.', b'0' + tenths as u8]),
        (tenths, rest) => out.extend_from_slice(&[b'.', b'0' + tenths as u8, b'0' + rest as u8]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_several_names() {
        for (names, unit) in [
            ("none unknown value weight count", Unit::Unknown),
            ("ns nanosecond nanoseconds", Unit::Nanoseconds),
            ("us \u{b5}s microsecond microseconds", Unit::Microseconds),
            ("ms millisecond milliseconds", Unit::Milliseconds),
            ("s second seconds", Unit::Seconds),
            ("B byte bytes", Unit::Bytes),
        ] {
            for name in names.split(' ') {
                assert_eq!(Unit::called(name), unit, "{name}");
            }
        }
        assert_eq!(Unit::called(""), Unit::Unknown);
        assert_eq!(Unit::called("10 nanoseconds"), Unit::TenNanoseconds);
        assert_eq!(Unit::called("calls"), Unit::Other("calls".into()));
    }

    #[test]
    fn counts_are_written_in_units_that_are_easy_to_read() {
        for (unit, count, text) in [
            (Unit::Nanoseconds, "1190000000", "1.19 s"),
            (Unit::Nanoseconds, "999.4", "999 ns"),
            (Unit::Nanoseconds, "999.6", "1 \u{b5}s"),
            (Unit::Nanoseconds, "0", "0 ns"),
            (Unit::Nanoseconds, "0.25", "0.25 ns"),
            (Unit::TenNanoseconds, "120", "1.2 \u{b5}s"),
            (Unit::Microseconds, "12340", "12.3 ms"),
            (Unit::Milliseconds, "9999", "10 s"),
            (Unit::Seconds, "12345.6", "12,346 s"),
            (Unit::Bytes, "3565158", "3.4 MiB"),
            (Unit::Bytes, "1023", "1,023 B"),
            (Unit::Bytes, "1024", "1 KiB"),
            (Unit::Bytes, "2147483648", "2 GiB"),
            (Unit::Bytes, "2199023255552", "2 TiB"),
            (Unit::Bytes, "18446744073709551615", "16,384 PiB"),
            (Unit::Unknown, "1493", "1,493 samples"),
            (Unit::Unknown, "1", "1 sample"),
            (Unit::Unknown, "1.5", "1.5 samples"),
            (Unit::called("threads"), "1", "1 thread"),
            (Unit::called("branch-misses"), "1", "1 branch-miss"),
            (Unit::called("context-switches"), "1", "1 context-switch"),
            (Unit::called("L1-icache-misses"), "1", "1 L1-icache-miss"),
            (Unit::called("cache-references"), "1", "1 cache-reference"),
            (Unit::called("Ir"), "1", "1 Ir"),
            (Unit::called("bus-cycles"), "0", "0 bus-cycles"),
            (Unit::called("cycles"), "1493", "1,493 cycles"),
        ] {
            assert_eq!(
                unit.text(Count::parse(count.as_bytes()).unwrap()),
                text,
                "{unit:?} {count}"
            );
        }
    }
}

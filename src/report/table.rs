//! Tables, independent of their format, and the text of their numbers.

use super::{Sides, Status};
use crate::bytes::number::push_grouped_count;
use crate::call_tree::{Count, Unit};

/// A table. Its last column may hold names.
pub(super) struct Table {
    /// Empty for no title.
    pub title: String,
    pub columns: Vec<&'static str>,
    pub rows: Vec<Cells>,
    /// The text to show if there are no rows.
    pub if_empty: &'static str,
}

/// A row.
pub(super) struct Cells {
    /// The columns, except for names.
    pub figures: Vec<String>,
    pub name: Option<String>,
    pub tone: Tone,
}

/// Whether a row is an increase or a decrease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Neutral,
    More,
    Less,
}

impl Tone {
    pub fn of(change: f64) -> Tone {
        match change {
            _ if change > 0.0 => Tone::More,
            _ if change < 0.0 => Tone::Less,
            _ => Tone::Neutral,
        }
    }
}

/// A count in a column: `1.19 s`, but without the name of other units.
pub(super) fn count(unit: &Unit, count: Count) -> String {
    match unit.scale() {
        Some(_) => unit.text(count),
        None => {
            let mut text = Vec::new();
            push_grouped_count(&mut text, without_insignificant_fraction(count));
            String::from_utf8_lossy(&text).into_owned()
        }
    }
}

/// The nearest whole number to a large count.
fn without_insignificant_fraction(count: Count) -> Count {
    const LARGE: u64 = 1000;
    match count.whole() {
        ..LARGE => count,
        whole => Count::from(whole.saturating_add(u64::from(count.nanos() >= 500_000_000))),
    }
}

/// `12.5%`
pub(super) fn percent(percent: f64) -> String {
    format!("{percent:.1}%")
}

/// A number with its sign and up to two decimals.
pub(super) fn signed(number: f64) -> String {
    let text = format!("{number:+.2}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "+0" | "-0" | "+" | "-" => "0".to_string(),
        _ if number.abs() >= 1000.0 => format!("{number:+.0}"),
        short => short.to_string(),
    }
}

/// The relative change of a function.
pub(super) fn relative(sides: &Sides, status: Status) -> String {
    match (status, sides.relative()) {
        (Status::New, _) => "new".to_string(),
        (Status::Gone, _) => "gone".to_string(),
        (Status::Changed, Some(percent)) => format!("{}%", signed(percent)),
        (Status::Changed, None) => String::new(),
    }
}

/// A probability.
pub(super) fn probability(p: f64) -> String {
    match p < 0.001 {
        true => "<0.001".to_string(),
        false => format!("{p:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_large_counts_are_rounded() {
        for (text, column) in [
            ("0.25", "0.25"),
            ("999.501", "999.501"),
            ("1234.5", "1,235"),
            ("40420180.499", "40,420,180"),
            ("18446744073709551615", "18,446,744,073,709,551,615"),
        ] {
            let parsed = Count::parse(text.as_bytes()).unwrap();
            assert_eq!(count(&Unit::Unknown, parsed), column);
        }
    }

    #[test]
    fn signed_numbers_have_no_trailing_zeros() {
        for (number, text) in [
            (5.0, "+5"),
            (-0.126, "-0.13"),
            (0.001, "0"),
            (-0.001, "0"),
            (0.0, "0"),
            (100.0, "+100"),
            (1234.5, "+1234"),
            (10.10, "+10.1"),
        ] {
            assert_eq!(signed(number), text);
        }
    }
}

//! Counts in the units of other formats, and as whole numbers.

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, Count, Unit};
use crate::warnings::warning;

/// Converts counts from one unit to another.
#[derive(Debug)]
pub(super) struct Conversion {
    /// The unit of the converted counts.
    pub unit: Unit,
    /// The nanoseconds of the old and of the new unit; `None` if they are the same.
    nanoseconds: Option<[u64; 2]>,
}

impl Conversion {
    /// Converts times. Other counts are unchanged.
    pub fn of(from: &Unit, to: Unit) -> Conversion {
        match (from.nanoseconds(), to.nanoseconds()) {
            (Some(one), Some(other)) if one != other => Conversion {
                unit: to,
                nanoseconds: Some([one, other]),
            },
            _ => Conversion {
                unit: from.clone(),
                nanoseconds: None,
            },
        }
    }

    pub fn of_count(&self, count: Count) -> Count {
        match self.nanoseconds {
            None => count,
            Some([from, to]) => {
                let converted = Decimal::from(count).times(from).divided_by(to);
                converted.to_count().unwrap_or_default()
            }
        }
    }
}

const NANOS_PER_ONE: u32 = 1_000_000_000;

/// Converts counts to whole numbers.
#[derive(Debug)]
pub(super) struct Whole {
    conversion: Conversion,
    /// The billionths carried over from the counts so far, plus one half. Without it, many small
    /// fractions would all be rounded to zero.
    rest: u32,
    has_rounded: bool,
}

impl Whole {
    /// Converts the counts in `tree`. Times with a fraction, and units of ten nanoseconds, become
    /// nanoseconds.
    pub fn of(tree: &CallTree) -> Whole {
        let has_fractions = tree.large_counts().any(|count| count.nanos() > 0);
        let unit = match tree.unit() {
            Unit::TenNanoseconds => Unit::Nanoseconds,
            time if has_fractions && time.nanoseconds().is_some() => Unit::Nanoseconds,
            unit => unit.clone(),
        };
        Whole {
            conversion: Conversion::of(tree.unit(), unit),
            rest: NANOS_PER_ONE / 2,
            has_rounded: false,
        }
    }

    /// The unit of the numbers.
    pub fn unit(&self) -> &Unit {
        &self.conversion.unit
    }

    /// The number for one of the counts that make up the total.
    pub fn part(&mut self, count: Count) -> u64 {
        let count = self.conversion.of_count(count);
        self.has_rounded |= count.nanos() > 0;
        let nanos = self.rest + count.nanos();
        self.rest = nanos % NANOS_PER_ONE;
        count
            .whole()
            .saturating_add(u64::from(nanos / NANOS_PER_ONE))
    }

    /// The nearest number, for a count that is a sum of others.
    pub fn nearest(&self, count: Count) -> u64 {
        let count = self.conversion.of_count(count);
        let is_more = count.nanos() >= NANOS_PER_ONE / 2;
        count.whole().saturating_add(u64::from(is_more))
    }
}

/// Logs a warning if counts were rounded for `format`.
pub(super) fn warn_of_rounding(amounts: &[Whole], format: &str) {
    if amounts.iter().any(|whole| whole.has_rounded) {
        warning!("{format} has whole numbers only: fractions of counts are rounded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Count {
        Count::parse(text.as_bytes()).expect("a count")
    }

    fn tree_of(unit: Unit, counts: &[&str]) -> CallTree {
        let mut tree = CallTree::new();
        for text in counts {
            tree.add_stack([text], count(text));
        }
        tree.set_unit(unit);
        tree
    }

    #[test]
    fn times_are_converted_exactly() {
        let to_ms = Conversion::of(&Unit::Nanoseconds, Unit::Milliseconds);
        assert_eq!(to_ms.of_count(count("1234567")), count("1.234567"));
        let to_ns = Conversion::of(&Unit::TenNanoseconds, Unit::Nanoseconds);
        assert_eq!(to_ns.of_count(count("7")), count("70"));
        assert_eq!(to_ns.of_count(Count::MAX), Count::MAX);
        let none = Conversion::of(&Unit::Bytes, Unit::Milliseconds);
        assert_eq!(
            (none.of_count(count("7")), none.unit),
            (count("7"), Unit::Bytes)
        );
    }

    #[test]
    fn fractions_of_times_become_nanoseconds() {
        let whole = |unit: Unit, text: &str| {
            let mut whole = Whole::of(&tree_of(unit, &[text]));
            (
                whole.part(count(text)),
                whole.unit().clone(),
                whole.has_rounded,
            )
        };
        assert_eq!(
            whole(Unit::Milliseconds, "3"),
            (3, Unit::Milliseconds, false)
        );
        assert_eq!(
            whole(Unit::Milliseconds, "1.5"),
            (1_500_000, Unit::Nanoseconds, false)
        );
        assert_eq!(
            whole(Unit::TenNanoseconds, "3"),
            (30, Unit::Nanoseconds, false)
        );
        assert_eq!(whole(Unit::Bytes, "1.5"), (2, Unit::Bytes, true));
    }

    #[test]
    fn rounding_keeps_the_total() {
        let tree = tree_of(Unit::Unknown, &["0.4"]);
        let mut whole = Whole::of(&tree);
        let sum: u64 = (0..1000).map(|_| whole.part(count("0.4"))).sum();
        assert_eq!(sum, 400);
        assert_eq!(whole.nearest(count("0.4")), 0);
    }
}

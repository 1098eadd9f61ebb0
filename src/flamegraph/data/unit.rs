//! The unit of counts, of which all counts in the data are multiples.

use super::pack::{Kind, Packer};
use crate::call_tree::{CallTree, Count, Timeline};

const NANOS: i128 = 1_000_000_000;

/// The unit of counts.
#[derive(Clone, Copy)]
pub(super) struct CountUnit {
    /// In 10⁻⁹ samples.
    nanos: i128,
    /// In samples, if it is an integer.
    whole: Option<u64>,
}

impl CountUnit {
    pub fn of(nanos: i128) -> CountUnit {
        let whole = u64::try_from(nanos / NANOS).ok();
        CountUnit {
            nanos,
            whole: whole.filter(|_| nanos % NANOS == 0),
        }
    }

    /// The unit of all counts in `tree` and `timeline`.
    pub fn of_all(tree: &CallTree, timeline: Option<&Timeline>) -> CountUnit {
        CountUnit::of(unit_of(tree, timeline))
    }

    pub fn in_samples(self) -> Count {
        let whole = u64::try_from(self.nanos / NANOS).unwrap_or(u64::MAX);
        Count::from_parts(whole, (self.nanos % NANOS) as u32)
    }

    pub fn push(self, packer: &mut Packer, kind: Kind, count: Count) {
        match self.whole {
            Some(unit) if count.nanos() == 0 => packer.push(kind, count.whole() / unit),
            _ => packer.push_large(kind, (count.in_nanos() / self.nanos) as u128),
        }
    }
}

/// The greatest common divisor of all counts, in units of 10⁻⁹ samples.
fn unit_of(tree: &CallTree, timeline: Option<&Timeline>) -> i128 {
    let mut unit = CommonDivisor::default();
    for node in tree.ids() {
        // Most nodes have no count.
        if let Some(count) = tree.self_count(node) {
            unit.add(count);
            unit.add(tree.self_before(node).unwrap_or_default());
        }
    }
    for sample in timeline.map_or(&[][..], Timeline::samples) {
        unit.add(sample.count);
    }
    greatest_common_divisor(unit.nanos, i128::from(unit.whole) * NANOS).max(1)
}

/// The greatest common divisor of fractional counts and, separately, that of integers, because 128-bit division is many
/// times slower.
#[derive(Default)]
struct CommonDivisor {
    nanos: i128,
    whole: u64,
}

impl CommonDivisor {
    #[inline]
    fn add(&mut self, count: Count) {
        let (of_nanos, whole) = (self.nanos, self.whole);
        if count.nanos() != 0 {
            self.nanos = greatest_common_divisor(of_nanos, count.in_nanos());
        } else if !count.whole().is_multiple_of(whole) {
            let both = (i128::from(whole), i128::from(count.whole()));
            self.whole = greatest_common_divisor(both.0, both.1) as u64;
        }
    }
}

fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

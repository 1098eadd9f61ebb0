//! Compact storage for self counts.

use super::Count;

/// The self count of a node. Most are whole and small, and are stored directly; for the others,
/// this is an index into [`LargeCounts`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Own(u32);

/// Values from here on are indexes.
const LARGE: u32 = 1 << 31;

impl Own {
    /// The value before any count is added.
    pub const NOT_RECORDED: Own = Own(u32::MAX);

    pub fn is_recorded(self) -> bool {
        self.0 != Own::NOT_RECORDED.0
    }

    /// The index of a large count.
    fn index(self) -> Option<usize> {
        let is_large = self.0 >= LARGE && self.is_recorded();
        is_large.then(|| (self.0 - LARGE) as usize)
    }
}

/// The counts of a tree that are large or have a fraction.
#[derive(Debug, Clone, Default)]
pub(super) struct LargeCounts(Vec<Count>);

impl LargeCounts {
    /// The count; zero if none was added.
    #[inline]
    pub fn get(&self, own: Own) -> Count {
        match own.0 {
            small @ ..LARGE => Count::from(u64::from(small)),
            _ => own.index().map_or(Count::ZERO, |index| self.0[index]),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Count> {
        self.0.iter().copied()
    }

    #[inline]
    pub fn add(&mut self, own: &mut Own, count: Count) {
        let before = if own.is_recorded() { own.0 } else { 0 };
        if count.nanos() == 0
            && let Ok(count) = u32::try_from(count.whole())
            && let Some(sum @ ..LARGE) = before.checked_add(count)
        {
            *own = Own(sum);
        } else {
            self.add_large(own, count);
        }
    }

    #[cold]
    fn add_large(&mut self, own: &mut Own, count: Count) {
        let sum = self.get(*own) + count;
        if let Some(index) = own.index() {
            self.0[index] = sum;
            return;
        }
        let index = u32::try_from(self.0.len()).ok();
        let index = index.filter(|index| *index < LARGE - 1);
        *own = Own(LARGE + index.expect("fewer than 2^31 large counts"));
        self.0.push(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_those_of_counts(
            added in prop::collection::vec((0..3usize, 0..6usize, prop::bool::weighted(0.1)), 0..30),
        ) {
            const WHOLE: [u64; 6] = [0, 1, (1 << 31) - 2, 1 << 31, u32::MAX as u64, u64::MAX - 1];
            let mut large = LargeCounts::default();
            let mut own = [Own::NOT_RECORDED; 3];
            let mut expected = [None; 3];
            for (node, whole, has_fraction) in added {
                let count = Count::from_parts(WHOLE[whole], if has_fraction { 999_999_999 } else { 0 });
                large.add(&mut own[node], count);
                let sum = expected[node].unwrap_or(Count::ZERO) + count;
                expected[node] = Some(sum);
            }
            for (own, expected) in own.into_iter().zip(expected) {
                prop_assert_eq!(own.is_recorded(), expected.is_some());
                prop_assert_eq!(large.get(own), expected.unwrap_or(Count::ZERO));
            }
        }
    }
}

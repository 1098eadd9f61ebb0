//! Scales the counts of a profile to another total, and rounds them for readability: few digits,
//! and exact sums.

use crate::call_tree::{CallTree, Count};

const NANOS: u128 = 1_000_000_000;

/// Scales the counts before, so that both profiles of a differential tree have the same total.
///
/// It rounds not each count, but the prefix sum of counts in walk order, so that rounding errors do
/// not accumulate: the total of a function is the sum of its callees, and the total of the profile
/// equals the other's.
pub(super) fn normalize(tree: &mut CallTree) {
    let root = CallTree::ROOT.index();
    let old = tree.totals_before().get(root).copied();
    let (old, new) = (nanos(old.unwrap_or_default()), nanos(tree.totals()[root]));
    if old == new || old == 0 {
        return;
    }
    let unit = unit(tree, old, new);
    let mut scaled = vec![Count::ZERO; tree.len()];
    let (mut sum, mut units_so_far) = (0, 0);
    let nodes = std::iter::once(CallTree::ROOT).chain(tree.walk().map(|visit| visit.node));
    for node in nodes {
        sum += nanos(tree.self_before(node).unwrap_or_default());
        let units = multiply_and_divide(sum, new, old * unit);
        scaled[node.index()] = count((units - units_so_far) * unit);
        units_so_far = units;
    }
    tree.set_before(scaled);
}

/// The rounding unit, in units of 10⁻⁹: a power of ten that keeps at least five digits of the
/// smallest count, so that percentages are accurate, and makes the new total a multiple of it.
fn unit(tree: &CallTree, old: u128, new: u128) -> u128 {
    let counts = tree.ids().filter_map(|node| tree.self_before(node));
    let smallest = counts.map(nanos).filter(|count| *count > 0).min();
    let smallest = multiply_and_divide(smallest.unwrap_or(NANOS), new, old);
    let mut unit = NANOS;
    while unit > 1 && (10_000 * unit > smallest || !new.is_multiple_of(unit)) {
        unit /= 10;
    }
    unit
}

/// `a * b / c` rounded to the nearest integer, where the product may have more than 128 bits. `c`
/// must have less than 127 bits, and not be 0.
fn multiply_and_divide(a: u128, b: u128, c: u128) -> u128 {
    if let Some(product) = a.checked_mul(b) {
        return product / c + u128::from(product % c >= c.div_ceil(2));
    }
    let (mut quotient, mut rest) = (0, 0);
    for bit in (0..128).rev() {
        quotient *= 2;
        rest *= 2;
        if a >> bit & 1 == 1 {
            quotient += b / c;
            rest += b % c;
        }
        quotient += rest / c;
        rest %= c;
    }
    quotient + u128::from(rest >= c.div_ceil(2))
}

fn nanos(count: Count) -> u128 {
    count.in_nanos().unsigned_abs()
}

fn count(nanos: u128) -> Count {
    let whole = u64::try_from(nanos / NANOS).unwrap_or(u64::MAX);
    Count::from_parts(whole, (nanos % NANOS) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotients_are_those_to_the_nearest() {
        for (a, b, c, expected) in [(7, 3, 2, 11), (7, 3, 4, 5), (1, 1, 3, 0), (5, 0, 7, 0)] {
            assert_eq!(multiply_and_divide(a, b, c), expected);
        }
        let large = (1 << 93) - 1;
        assert_eq!(multiply_and_divide(large, large, large), large);
        assert_eq!(
            multiply_and_divide(large, large, 2 * large),
            large.div_ceil(2)
        );
    }

    proptest! {
        /// Covers factors that overflow in the product and cancel in the quotient.
        #[test]
        fn large_products_are_divided_as_small_ones(a: u32, b: u32, c in 1u32..) {
            let [a, b, c] = [a, b, c].map(u128::from);
            let expected = multiply_and_divide(a << 36, b, c);
            let large = 1 << 88;
            prop_assert_eq!(multiply_and_divide(a << 36, b * large, c * large), expected);
        }
    }
}

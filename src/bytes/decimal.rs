//! [`Decimal`]: a signed number with nine decimal places.

use super::count::Count;
use std::ops::{Add, AddAssign, Sub};

const NANOS_PER_ONE: i128 = 1_000_000_000;

/// A time, a weight or another measurement, in units of 10⁻⁹.
///
/// Profiles contain times as decimal fractions. Adding and subtracting them as `f64` would turn
/// `0.1 + 0.2` into `0.30000000000000004`; here, the sum is `0.3`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Decimal(i128);

impl Decimal {
    pub const ZERO: Decimal = Decimal(0);

    /// 10⁻⁹.
    pub const NANO: Decimal = Decimal(1);

    /// Converts from units of 10⁻⁹.
    pub const fn from_nanos(nanos: u64) -> Decimal {
        Decimal(nanos as i128)
    }

    /// The number in units of 10⁻⁹, if it fits.
    pub fn to_nanos(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }

    /// The nearest number with nine decimal places. NaN becomes zero.
    pub fn from_f64(value: f64) -> Decimal {
        // Below this, the product is exact to less than half a unit.
        const EXACT: f64 = 9e6;
        // Counts saturate beyond this.
        const HUGE: f64 = u64::MAX as f64;
        if value.abs() < EXACT || value.abs() >= HUGE {
            return Decimal((value * 1e9).round() as i128);
        }
        // The shortest text that parses as the same number is what the profiler wrote.
        Decimal::parse(format!("{value}").as_bytes()).unwrap_or_default()
    }

    /// Parses `[-]digits[.digits]`. Digits after the ninth decimal place are cut.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let (sign, digits) = match text {
            [b'-', digits @ ..] => (-1, digits),
            digits => (1, digits),
        };
        Count::parse(digits).map(|count| Decimal(sign * count.in_nanos()))
    }

    /// The count, or `None` if the number is negative.
    pub fn to_count(self) -> Option<Count> {
        const PER_ONE: u64 = NANOS_PER_ONE as u64;
        // Most numbers fit, and 128-bit division is ten times as slow.
        if let Ok(nanos) = u64::try_from(self.0) {
            return Some(Count::from_parts(nanos / PER_ONE, (nanos % PER_ONE) as u32));
        }
        let nanos = u128::try_from(self.0).ok()?;
        let per_one = u128::from(PER_ONE);
        Some(match u64::try_from(nanos / per_one) {
            Ok(whole) => Count::from_parts(whole, (nanos % per_one) as u32),
            Err(_) => Count::MAX,
        })
    }

    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The number times `factor`.
    pub fn times(self, factor: u64) -> Decimal {
        Decimal(self.0.saturating_mul(i128::from(factor)))
    }

    /// The product of two numbers.
    pub fn multiplied_by(self, factor: Decimal) -> Decimal {
        Decimal(self.0.saturating_mul(factor.0) / NANOS_PER_ONE)
    }

    /// The number divided by `divisor`, which must not be 0.
    pub fn divided_by(self, divisor: u64) -> Decimal {
        Decimal(self.0 / i128::from(divisor.max(1)))
    }

    /// The number times `part` divided by `whole`. Returns zero if `whole` is zero.
    pub fn share(self, part: Decimal, whole: Decimal) -> Decimal {
        if whole.0 == 0 {
            return Decimal::ZERO;
        }
        Decimal(match self.0.checked_mul(part.0) {
            Some(product) => product / whole.0,
            // Precision is lost only if the product does not fit.
            None => (self.0 / whole.0).saturating_mul(part.0),
        })
    }

    /// The nearest multiple of `step`, which must be positive.
    pub fn rounded_to(self, step: Decimal) -> Decimal {
        let half = step.0 / 2;
        Decimal(self.0.saturating_add(half).div_euclid(step.0) * step.0)
    }

    /// Whether there are no digits after the point.
    pub fn is_whole(self) -> bool {
        self.0 % NANOS_PER_ONE == 0
    }

    /// The absolute value.
    pub fn abs(self) -> Decimal {
        Decimal(self.0.saturating_abs())
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Decimal {
        Decimal(i128::from(value) * NANOS_PER_ONE)
    }
}

impl From<Count> for Decimal {
    fn from(count: Count) -> Decimal {
        Decimal(count.in_nanos())
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal(i128::from(value) * NANOS_PER_ONE)
    }
}

impl Add for Decimal {
    type Output = Decimal;

    fn add(self, other: Decimal) -> Decimal {
        Decimal(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Decimal {
    fn add_assign(&mut self, other: Decimal) {
        *self = *self + other;
    }
}

impl Sub for Decimal {
    type Output = Decimal;

    fn sub(self, other: Decimal) -> Decimal {
        Decimal(self.0.saturating_sub(other.0))
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        write!(f, "{sign}{}", self.abs().to_count().unwrap_or(Count::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_decimal_fractions() {
        let sum = Decimal::from_f64(0.1) + Decimal::from_f64(0.2);
        assert_eq!(sum.to_string(), "0.3");
        assert_eq!((sum - Decimal::from(1u64)).to_string(), "-0.7");
        assert_eq!((sum - Decimal::from(1u64)).to_count(), None);
    }

    #[test]
    fn large_times_keep_the_digits_that_were_written() {
        assert_eq!(
            Decimal::from_f64(684943449406.123).to_string(),
            "684943449406.123"
        );
        assert_eq!(Decimal::from_f64(-12345678.25).to_string(), "-12345678.25");
        assert_eq!(Decimal::from_f64(2.5e-7).to_string(), "0.00000025");
        assert_eq!(Decimal::from_f64(1e300).to_count(), Some(Count::MAX));
        assert!(Decimal::from_f64(-1e300).is_negative());
        assert_eq!(Decimal::from_f64(f64::NAN), Decimal::ZERO);
    }

    #[test]
    fn counts_saturate() {
        assert_eq!(
            Decimal::from(u64::MAX).times(2).to_count(),
            Some(Count::MAX)
        );
        assert_eq!(Decimal::from(i64::MIN).to_count(), None);
    }
}

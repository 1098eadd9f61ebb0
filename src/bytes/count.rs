//! [`Count`]: the weight of a stack.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

const NANOS_PER_ONE: u32 = 1_000_000_000;

/// The weight of a stack: a number of samples, or a sum of periods, bytes, nanoseconds.
///
/// It is a decimal fixed-point number: every `u64` is exact, and so are fractions of up to nine
/// digits, so that `0.1 + 0.2` is `0.3`. Addition saturates at [`Count::MAX`] and never wraps.
///
/// ```
/// use inferno::call_tree::Count;
///
/// let half = Count::parse(b"0.5").unwrap();
/// assert_eq!((half + Count::from(2)).to_string(), "2.5");
/// assert_eq!(half + half, Count::from(1));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    whole: u64,
    nanos: u32,
}

impl Count {
    /// A count of zero.
    pub const ZERO: Count = Count { whole: 0, nanos: 0 };

    /// The largest count; sums beyond it stay there.
    pub const MAX: Count = Count {
        whole: u64::MAX,
        nanos: 0,
    };

    pub(crate) const fn from_parts(whole: u64, nanos: u32) -> Count {
        Count { whole, nanos }
    }

    /// Parses `digits` or `digits.digits`, the format at the end of a folded line.
    ///
    /// Returns `None` for anything else: signs, exponents, a missing whole part, or a whole part
    /// above `u64::MAX`. Fractions are truncated to nine digits.
    pub fn parse(text: &[u8]) -> Option<Count> {
        if let Some(whole) = parse_digits(text) {
            return Some(Count::from(whole));
        }
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
        let (whole, rest) = text.split_at(digits.count());
        let nanos = match rest {
            [] => 0,
            [b'.', fraction @ ..] => parse_fraction(fraction)?,
            _ => return None,
        };
        let whole = parse_digits(whole)?;
        Some(Count { whole, nanos }.min(Count::MAX))
    }

    /// The part before the decimal point.
    pub fn whole(self) -> u64 {
        self.whole
    }

    /// The part after the decimal point, in units of 10⁻⁹: 0 to 999,999,999.
    pub fn nanos(self) -> u32 {
        self.nanos
    }

    /// Whether this is zero.
    pub fn is_zero(self) -> bool {
        self == Count::ZERO
    }

    /// The difference, or zero if `other` is larger.
    pub(crate) fn saturating_sub(self, other: Count) -> Count {
        if self <= other {
            return Count::ZERO;
        }
        let borrow = self.nanos < other.nanos;
        Count {
            whole: self.whole - other.whole - u64::from(borrow),
            nanos: self.nanos + if borrow { NANOS_PER_ONE } else { 0 } - other.nanos,
        }
    }

    /// The nearest `f64`; exact below 2⁵³ without a fraction.
    pub fn to_f64(self) -> f64 {
        self.whole as f64 + f64::from(self.nanos) / f64::from(NANOS_PER_ONE)
    }

    /// The count in units of 10⁻⁹, for exact differences and ratios.
    pub(crate) fn in_nanos(self) -> i128 {
        i128::from(self.whole) * i128::from(NANOS_PER_ONE) + i128::from(self.nanos)
    }
}

impl From<u64> for Count {
    fn from(whole: u64) -> Count {
        Count { whole, nanos: 0 }
    }
}

/// Text or a number that is no [`Count`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCount;

impl fmt::Display for InvalidCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a count from 0 to 18446744073709551615, such as `3` or `0.5`")
    }
}

impl std::error::Error for InvalidCount {}

impl FromStr for Count {
    type Err = InvalidCount;

    /// Reads what [`Count::parse`] does.
    fn from_str(text: &str) -> Result<Count, InvalidCount> {
        Count::parse(text.as_bytes()).ok_or(InvalidCount)
    }
}

impl TryFrom<f64> for Count {
    type Error = InvalidCount;

    /// The nearest count; an error for what is negative, too large or not a number.
    ///
    /// ```
    /// use inferno::call_tree::Count;
    ///
    /// assert_eq!(Count::try_from(1.5).unwrap().to_string(), "1.5");
    /// assert!(Count::try_from(-1.0).is_err() && Count::try_from(f64::NAN).is_err());
    /// ```
    fn try_from(number: f64) -> Result<Count, InvalidCount> {
        const TWO_TO_THE_64TH: f64 = 18_446_744_073_709_551_616.0;
        if !(0.0..TWO_TO_THE_64TH).contains(&number) {
            return Err(InvalidCount);
        }
        let nanos = (number.fract() * f64::from(NANOS_PER_ONE)).round() as u32;
        let (carry, nanos) = (nanos / NANOS_PER_ONE, nanos % NANOS_PER_ONE);
        Ok(Count::from(number as u64)
            + Count {
                whole: u64::from(carry),
                nanos,
            })
    }
}

impl std::ops::Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        if let (0, Some(whole)) = (
            self.nanos | other.nanos,
            self.whole.checked_add(other.whole),
        ) {
            return Count::from(whole);
        }
        let nanos = self.nanos + other.nanos;
        let carry = u64::from(nanos >= NANOS_PER_ONE);
        let whole = self.whole.saturating_add(other.whole).saturating_add(carry);
        let sum = Count {
            whole,
            nanos: nanos % NANOS_PER_ONE,
        };
        sum.min(Count::MAX)
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        *self = *self + other;
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Count>>(counts: I) -> Count {
        counts.fold(Count::ZERO, |sum, count| sum + count)
    }
}

impl fmt::Display for Count {
    /// Writes the shortest decimal that [`Count::parse`] reads back: `3`, `0.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return write!(f, "{}", self.whole);
        }
        let fraction = format!("{:09}", self.nanos);
        write!(f, "{}.{}", self.whole, fraction.trim_end_matches('0'))
    }
}

/// The value of `text` if it is all ASCII digits, at least one, and fits.
#[inline]
pub(crate) fn parse_digits(text: &[u8]) -> Option<u64> {
    const TEN_TO_THE_8TH: u64 = 100_000_000;
    match text.len() {
        4..=8 => parse_short(text),
        9..=16 => {
            let (high, low) = text.split_last_chunk::<8>()?;
            Some(parse_digits(high)? * TEN_TO_THE_8TH + parse_short(low)?)
        }
        _ => parse_slowly(text),
    }
}

/// Whether `text` consists of ASCII digits. Most texts are short and checked at once.
#[inline]
pub(crate) fn are_digits(text: &[u8]) -> bool {
    match text.len() {
        4..=8 => parse_short(text).is_some(),
        _ => text.iter().all(u8::is_ascii_digit),
    }
}

fn parse_slowly(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Parses 4 to 8 digits, all at once.
#[inline]
fn parse_short(text: &[u8]) -> Option<u64> {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let missing = 8 * 8usize.checked_sub(text.len())?;
    // The last digit is in the highest byte. Where the two parts overlap, they are equal.
    let start = u64::from(u32::from_le_bytes(*text.first_chunk()?)) << missing;
    let end = u64::from(u32::from_le_bytes(*text.last_chunk()?)) << 32;
    // Missing digits become zeros.
    let digits = (start | end) ^ (u64::MAX << missing & (EACH * u64::from(b'0')));
    let is_above_9 = digits | ((digits & (EACH * 0x7f)) + EACH * (0x7f - 9));
    if is_above_9 & (EACH * 0x80) != 0 {
        return None;
    }
    // Digits are combined into pairs, then pairs into numbers below 10,000, and so on.
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// Splits off the number that `text` starts with: its value, number of digits, and the rest. `None`
/// if there is none, or if it has too many digits.
#[inline]
pub(crate) fn split_number(text: &[u8]) -> Option<(u64, usize, &[u8])> {
    const MAX_DIGITS: usize = 18;
    let mut value = 0;
    let mut digits = 0;
    while let Some(byte) = text.get(digits)
        && let digit @ 0..=9 = byte.wrapping_sub(b'0')
        && digits <= MAX_DIGITS
    {
        value = 10 * value + u64::from(digit);
        digits += 1;
    }
    let is_number = (1..=MAX_DIGITS).contains(&digits);
    is_number.then(|| (value, digits, &text[digits..]))
}

/// The value of the digits after a decimal point, in billionths.
fn parse_fraction(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nanos = (0..9).fold(0, |nanos, place| {
        nanos * 10 + digits.get(place).map_or(0, |digit| u32::from(digit - b'0'))
    });
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0", "7", "0.5", "12.000000001", "18446744073709551615"] {
            assert_eq!(Count::parse(text.as_bytes()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn rejects_text_that_is_not_a_count() {
        for text in [
            "",
            ".",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1.2.3",
            "0x1",
            "18446744073709551616",
        ] {
            assert_eq!(Count::parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn digits_are_read_as_by_the_standard_library(text in "[0-9]{0,21}|[0-9/:é+]{0,17}") {
            let expected = text.parse().ok().filter(|_| !text.starts_with('+'));
            prop_assert_eq!(parse_digits(text.as_bytes()), expected);
        }
    }

    #[test]
    fn takes_a_bare_trailing_point_and_long_fractions() {
        assert_eq!(Count::parse(b"5."), Some(Count::from(5)));
        assert_eq!(
            Count::parse(b"0.1234567891").unwrap().to_string(),
            "0.123456789"
        );
    }

    #[test]
    fn subtraction_borrows_and_saturates() {
        let count = |text: &str| Count::parse(text.as_bytes()).unwrap();
        assert_eq!(count("2.25").saturating_sub(count("0.5")), count("1.75"));
        assert_eq!(count("2.5").saturating_sub(count("0.5")), count("2"));
        assert_eq!(count("2.5").saturating_sub(count("2.75")), Count::ZERO);
    }

    #[test]
    fn addition_carries_and_saturates() {
        let most = Count::parse(b"0.999999999").unwrap();
        assert_eq!((most + most).to_string(), "1.999999998");
        assert_eq!(Count::from(u64::MAX) + Count::from(1), Count::MAX);
        assert_eq!(Count::from(u64::MAX) + most, Count::MAX);
    }
}

//! Formats numbers, without the overhead of `std::fmt` in hot code.

use super::count::Count;
use std::io::Write;

pub(crate) fn push_uint(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    while value >= 100 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    let [tens, ones] = PAIRS[value as usize];
    digits[start - 1] = ones;
    digits[start - 2] = tens;
    start -= if tens == b'0' { 1 } else { 2 };
    out.extend_from_slice(&digits[start..]);
}

/// The numbers from 00 to 99 as text, which halves the number of divisions.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Writes a number with a comma after every third digit from the right: `1,234,567`.
pub(crate) fn push_grouped(out: &mut Vec<u8>, value: u64) {
    let start = out.len();
    push_uint(out, value);
    let mut at = out.len();
    while at > start + 3 {
        at -= 3;
        out.insert(at, b',');
    }
}

/// Writes the exact count with its whole part grouped: `1,234.5`.
pub(crate) fn push_grouped_count(out: &mut Vec<u8>, count: Count) {
    push_grouped(out, count.whole());
    push_fraction(out, count.nanos());
}

/// Writes the exact count: `1234.5`.
pub(crate) fn push_count(out: &mut Vec<u8>, count: Count) {
    push_uint(out, count.whole());
    push_fraction(out, count.nanos());
}

fn push_fraction(out: &mut Vec<u8>, nanos: u32) {
    if nanos == 0 {
        return;
    }
    out.push(b'.');
    push_padded(out, u64::from(nanos), 9);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

/// Writes the same digits as `{value:.PLACES$}`.
///
/// `std` needs long arithmetic, because it supports numbers of any size. The numbers here,
/// coordinates and percentages, can be scaled to an integer; the rounding error matters only next
/// to a tie, which is left to `std`.
pub(crate) fn push_fixed<const PLACES: usize>(out: &mut Vec<u8>, value: f64) {
    let scale = 10u64.pow(PLACES as u32);
    let scaled = value * scale as f64;
    let is_simple = value.is_sign_positive() && scaled < 1e9;
    if !is_simple || (scaled.fract() - 0.5).abs() < 1e-6 {
        push_fmt(out, format_args!("{value:.PLACES$}"));
        return;
    }
    let rounded = scaled.round() as u64;
    push_uint(out, rounded / scale);
    let mut fraction = rounded % scale;
    let mut digits = [b'0'; PLACES];
    for digit in digits.iter_mut().rev() {
        *digit += (fraction % 10) as u8;
        fraction /= 10;
    }
    out.push(b'.');
    out.extend_from_slice(&digits);
}

pub(crate) fn push_fmt(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes everything");
}

fn push_padded(out: &mut Vec<u8>, value: u64, places: usize) {
    let start = out.len();
    push_uint(out, value);
    for _ in out.len() - start..places {
        out.insert(start, b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn groups_of_three() {
        for (value, expected) in [
            (0, "0"),
            (7, "7"),
            (10, "10"),
            (99, "99"),
            (100, "100"),
            (999, "999"),
            (1000, "1,000"),
            (123_456_789, "123,456,789"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(text(|out| push_grouped(out, value)), expected);
        }
    }

    #[test]
    fn fractions_are_exact() {
        for (count, expected) in [("0.5", "0.5"), ("1234.000000001", "1,234.000000001")] {
            let count = Count::parse(count.as_bytes()).unwrap();
            assert_eq!(text(|out| push_grouped_count(out, count)), expected);
        }
    }

    #[test]
    fn ties_and_special_values_agree_with_std() {
        for value in [
            0.125,
            0.375,
            0.00005,
            2.5,
            99.99995,
            1e30,
            f64::NAN,
            f64::INFINITY,
            -1.5,
            -0.0,
        ] {
            assert_eq!(
                text(|out| push_fixed::<2>(out, value)),
                format!("{value:.2}")
            );
            assert_eq!(
                text(|out| push_fixed::<4>(out, value)),
                format!("{value:.4}")
            );
        }
    }

    proptest! {
        #[test]
        fn fixed_numbers_agree_with_std(value in prop_oneof![0.0..100.0, 0.0..1e12, -10.0..10.0]) {
            prop_assert_eq!(text(|out| push_fixed::<2>(out, value)), format!("{value:.2}"));
            prop_assert_eq!(text(|out| push_fixed::<4>(out, value)), format!("{value:.4}"));
        }

        #[test]
        fn percentages_agree_with_std(part in 0u32..1000, whole in 1u32..1000) {
            let value = 100.0 * f64::from(part) / f64::from(whole);
            prop_assert_eq!(text(|out| push_fixed::<2>(out, value)), format!("{value:.2}"));
        }
    }
}

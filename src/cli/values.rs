//! Parses values of flags, with error messages.

use crate::export::Format;
use crate::flags::check;
pub use crate::flags::{count, existing_directory};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;
use std::time::Duration;

/// A size in pixels.
pub fn pixels(text: &str) -> Result<usize, &'static str> {
    let size = text.parse().ok();
    size.filter(|size| (1..=1_000_000).contains(size))
        .ok_or("expected a whole number from 1 to 1000000")
}

/// A number of frames.
pub fn frames(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or("expected a whole number of at least 1")
}

/// A factor.
pub fn factor(text: &str) -> Result<f64, &'static str> {
    let factor = text.parse().ok();
    factor
        .filter(|factor: &f64| factor.is_finite() && *factor > 0.0)
        .ok_or("expected a number greater than 0")
}

/// A percentage of the total.
pub fn percent(text: &str) -> Result<f64, &'static str> {
    let percent = text.parse().ok();
    percent
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or("expected a number from 0 to 100")
}

/// A length of time: a number of seconds, or with a unit.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    const UNITS: [(&str, u32, u32); 4] =
        [("ms", 1, 1000), ("s", 1, 1), ("m", 60, 1), ("h", 3600, 1)];
    let with_unit = UNITS
        .iter()
        .find_map(|(unit, times, parts)| Some((text.strip_suffix(unit)?, *times, *parts)));
    let (number, times, parts) = with_unit.unwrap_or((text, 1, 1));
    let seconds = number.parse().ok().filter(|number: &f64| *number > 0.0);
    let seconds = seconds.map(|number| number * f64::from(times) / f64::from(parts));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| (Duration::from_millis(1)..=Duration::from_secs(1 << 32)).contains(duration))
        .ok_or("expected a time of at least 1ms: seconds as `60`, or with a unit `500ms`, `60s`, `5m`, `1h`")
}

/// A number of rows; zero for all.
pub fn rows(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number, or 0 for all rows")
}

/// A probability between zero and one.
pub fn probability(text: &str) -> Result<f64, &'static str> {
    let probability = text.parse().ok();
    probability
        .filter(|probability| *probability > 0.0 && *probability < 1.0)
        .ok_or("expected a number between 0 and 1")
}

/// A nonce of a content security policy.
pub fn nonce(text: &str) -> Result<String, &'static str> {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    match !digits.is_empty() && digits.bytes().all(is_digit) && text.len() - digits.len() <= 2 {
        true => Ok(text.to_string()),
        false => Err(
            "expected base64: letters, digits, `+`, `/`, `-`, `_`, and up to two `=` at the end",
        ),
    }
}

/// A format to write in.
pub fn format() -> impl TypedValueParser<Value = Format> {
    let names = Format::all().map(|it| PossibleValue::new(it.name()).help(it.description()));
    let names = PossibleValuesParser::new(names);
    names.try_map(|name| Format::named(&name).ok_or("expected a format"))
}

/// An existing file or pipe.
pub fn existing_file(path: &str) -> Result<PathBuf, String> {
    check(
        path,
        |path| !path.is_dir(),
        "expected a file, this is a directory",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_values_are_rejected() {
        for text in ["", "0", "-1", "1.5", "x", "1000001", "18446744073709551616"] {
            assert!(pixels(text).is_err(), "{text}");
        }
        for text in [
            "", "0", "-0", "-1", "nan", "inf", "-inf", "1e999", "1e-999", "x",
        ] {
            assert!(factor(text).is_err(), "{text}");
        }
        for text in ["", "-1", "nan", "inf", "100.1", "1e308", "1%"] {
            assert!(percent(text).is_err(), "{text}");
        }
        for text in ["", "0", "1", "-0.1", "nan", "inf", "5%"] {
            assert!(probability(text).is_err(), "{text}");
        }
        for text in [
            "", "0", "-1", "0.1ms", "s", "1d", "nan", "inf", "1e999", "1e30h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["", "0", "-1", "1.5", "x"] {
            assert!(frames(text).is_err(), "{text}");
        }
        for text in ["", "-1", "1.5", "x"] {
            assert!(rows(text).is_err(), "{text}");
        }
        for text in [
            "", "=", "a b", "a'", "a;b", "a=b", "a===", "\u{e9}", "a\n", "<",
        ] {
            assert!(nonce(text).is_err(), "{text}");
        }
    }

    #[test]
    fn valid_values_are_accepted() {
        assert_eq!((pixels("1"), pixels("1200")), (Ok(1), Ok(1200)));
        assert_eq!((factor("0.5"), factor("1e9")), (Ok(0.5), Ok(1e9)));
        assert_eq!((probability("0.05"), rows("0")), (Ok(0.05), Ok(0)));
        assert_eq!((frames("1"), frames("1000000")), (Ok(1), Ok(1_000_000)));
        assert_eq!((percent("0"), percent("100")), (Ok(0.0), Ok(100.0)));
        for (text, millis) in [
            ("60", 60_000),
            ("1.5s", 1500),
            ("250ms", 250),
            ("5m", 300_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
        }
        for text in ["a", "r4nd0m", "+/-_", "YQ==", "YWI="] {
            assert_eq!(nonce(text), Ok(text.to_string()));
        }
    }
}

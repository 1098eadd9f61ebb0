//! Limits on how much functions may change.

use crate::report::statistics::{self, Welch};
use crate::report::table::{probability, relative, signed};
use crate::report::{Change, Comparison, Measure, Sample, Sides};
use regex::Regex;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A limit on how much functions may change: `REGEX self|total LIMIT`.
///
/// The [regular expression](https://docs.rs/regex/latest/regex/#syntax) matches anywhere in the
/// name of a function. A limit is relative to the count before (`+5%`), or in percentage points of
/// the total (`+0.5pp`, `+0.5 points`). A function violates the rule if it changes by more than the
/// limit. A negative limit requires an improvement: `-10%` is violated unless the function shrinks
/// by at least 10%. A new function exceeds any relative limit.
///
/// With two or more profiles on each side, the excess must be significant: a one-sided Welch's
/// t-test must reject, at level `alpha`, that the function changed by the limit or less. With a
/// single profile on either side, only the means are compared.
///
/// ```
/// use inferno::folded;
/// use inferno::report::{Comparison, Options, Report, Rule};
///
/// let report = |lines: &str| {
///     let tree = folded::read(lines.as_bytes()).unwrap().tree;
///     Report::new(&tree, &Options::default())
/// };
/// let before = [report("main;parse 60\nmain;wait 40\n")];
/// let after = [report("main;parse 66\nmain;wait 40\n")];
/// let comparison = Comparison::new(&before, &after, false);
///
/// let rule: Rule = "^parse$ self +5%".parse()?;
/// let violations = rule.check(&comparison, 0.05).expect("a function that matches");
/// assert_eq!(violations[0].to_string(), "parse: self 60 -> 66 samples (+10%, +2.26 points)");
///
/// let rule: Rule = "^parse$ self +10%".parse()?;
/// assert!(rule.check(&comparison, 0.05).unwrap().is_empty());
/// # Ok::<(), inferno::report::RuleError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    text: String,
    functions: Regex,
    measure: Measure,
    limit: Limit,
}

/// How much a count may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// In percent of the count before.
    Relative(f64),
    /// In percentage points of the total.
    Points(f64),
}

/// Why text is not a [`Rule`].
#[derive(Debug, Clone)]
pub struct RuleError(String);

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for RuleError {}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Rule, RuleError> {
        const EXPECTED: &str = "expected `REGEX self LIMIT` or `REGEX total LIMIT`, with a limit as +5%, -5% or +0.5pp";
        let error = || RuleError(EXPECTED.to_string());
        let (rest, limit) = Limit::split_off(text.trim()).ok_or_else(error)?;
        let (pattern, measure) = rest.rsplit_once(char::is_whitespace).ok_or_else(error)?;
        let measure = match measure {
            "self" => Measure::Own,
            "total" => Measure::Total,
            _ => return Err(error()),
        };
        let pattern = pattern.trim();
        if pattern.is_empty() {
            return Err(error());
        }
        let functions = Regex::new(pattern).map_err(|error| RuleError(error.to_string()))?;
        Ok(Rule {
            text: text.trim().to_string(),
            functions,
            measure,
            limit,
        })
    }
}

impl Limit {
    /// Splits the limit off the end of `text`.
    fn split_off(text: &str) -> Option<(&str, Limit)> {
        let is_relative = text.ends_with('%');
        let units = ["%", "pp", "points"];
        let text = units.iter().find_map(|unit| text.strip_suffix(unit))?;
        let (rest, number) = text.trim_end().rsplit_once(char::is_whitespace)?;
        let is_signed = number.starts_with(['+', '-']);
        let number: f64 = number.parse().ok().filter(|_| is_signed)?;
        let limit = match is_relative {
            true => Limit::Relative(number),
            false => Limit::Points(number),
        };
        number.is_finite().then_some((rest.trim_end(), limit))
    }

    /// The values before, changed by the limit, and the values after, in the same unit.
    fn apply(self, sides: &Sides) -> (Vec<f64>, Vec<f64>) {
        let both = |values: fn(&Sample) -> &[f64], change: &dyn Fn(f64) -> f64| {
            let before = values(&sides.before).iter().map(|value| change(*value));
            (before.collect(), values(&sides.after).to_vec())
        };
        match self {
            Limit::Relative(percent) => both(|sample| &sample.counts, &|count| {
                count * (1.0 + percent / 100.0)
            }),
            Limit::Points(points) => both(|sample| &sample.percents, &|percent| percent + points),
        }
    }
}

impl Rule {
    /// The functions that violate the rule, by descending excess; `None` if it matches no function
    /// in any profile.
    ///
    /// `alpha` is the significance level, usually 0.05.
    pub fn check<'c>(&self, comparison: &'c Comparison, alpha: f64) -> Option<Vec<Violation<'c>>> {
        let functions = comparison.functions.iter();
        let mut matching = functions
            .filter(|change| self.functions.is_match(&change.name))
            .peekable();
        matching.peek()?;
        let mut violations: Vec<Violation<'c>> = matching
            .filter_map(|change| self.violation(change, comparison, alpha))
            .collect();
        violations.sort_by(|a, b| b.excess.total_cmp(&a.excess));
        Some(violations)
    }

    fn violation<'c>(
        &self,
        change: &'c Change,
        comparison: &'c Comparison,
        alpha: f64,
    ) -> Option<Violation<'c>> {
        let (allowed, after) = self.limit.apply(change.of(self.measure));
        let excess = statistics::mean(&after) - statistics::mean(&allowed);
        // Multiplying by the limit has a rounding error below this.
        let rounding = 1e-9 * statistics::mean(&allowed).abs();
        let p = Welch::new(&allowed, &after).map(Welch::one_sided);
        let is_violated = excess > rounding && p.is_none_or(|p| p < alpha);
        is_violated.then_some(Violation {
            change,
            comparison,
            measure: self.measure,
            excess,
            p,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A function that violates a rule. It displays as its name and counts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Violation<'c> {
    /// The function.
    pub change: &'c Change,
    /// The one-sided p-value of the excess; `None` if it was not tested.
    pub p: Option<f64>,
    pub(super) measure: Measure,
    excess: f64,
    pub(super) comparison: &'c Comparison,
}

impl fmt::Display for Violation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = self.change.of(self.measure);
        let unit = &self.comparison.unit;
        let measure = match self.measure {
            Measure::Own => "self",
            Measure::Total => "total",
        };
        let (before, after) = (
            unit.figure(sides.before.mean()),
            unit.text_of(sides.after.mean()),
        );
        let relative = relative(sides, self.change.status());
        let points = signed(sides.points());
        let name = &self.change.name;
        write!(
            f,
            "{name}: {measure} {before} -> {after} ({relative}, {points} points)"
        )?;
        match self.p {
            Some(p) => write!(f, ", p = {}", probability(p)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded;
    use crate::report::{Options, Report};

    fn reports(profiles: &[&str]) -> Vec<Report> {
        let read = |text: &&str| folded::read(text.as_bytes()).expect("text").tree;
        let report = |text| Report::new(&read(text), &Options::default());
        profiles.iter().map(report).collect()
    }

    fn is_violated(rule: &str, before: &[&str], after: &[&str]) -> bool {
        let comparison = Comparison::new(&reports(before), &reports(after), false);
        let rule: Rule = rule.parse().expect("a rule");
        !rule.check(&comparison, 0.05).expect("a match").is_empty()
    }

    #[test]
    fn limits_are_relative_or_in_points() {
        let (before, after) = (&["m;a 100\nm;b 100\n"], &["m;a 110\nm;b 90\n"]);
        for (rule, expected) in [
            ("a self +9.9%", true),
            ("a self +10%", false),
            ("^a$ total +0%", true),
            ("a self +4.9pp", true),
            ("a self +5pp", false),
            ("a self +4.9 points", true),
            ("a self +5 %", true),
            ("b self -9%", false),
            ("b self -10%", false),
            ("b self -10.1%", true),
            ("b self +0%", false),
            ("m total +0%", false),
            ("a|b self +9%", true),
        ] {
            assert_eq!(is_violated(rule, before, after), expected, "{rule}");
        }
        assert!(is_violated("new self +1000%", before, &["new 1\n"]));
        assert!(!is_violated("a self +5%", before, &["new 1\n"]));
    }

    #[test]
    fn noise_violates_no_rule() {
        let before = ["a 100\n", "a 110\n", "a 90\n"];
        assert!(!is_violated(
            "a self +5%",
            &before,
            &["a 100\n", "a 130\n", "a 112\n"]
        ));
        assert!(is_violated(
            "a self +5%",
            &before,
            &["a 150\n", "a 160\n", "a 152\n"]
        ));
        // It grew, but not significantly more than the limit.
        assert!(!is_violated(
            "a self +48%",
            &before,
            &["a 150\n", "a 160\n", "a 152\n"]
        ));
        // One profile on a side is not tested.
        assert!(is_violated("a self +5%", &before, &["a 106\n"]));
    }

    #[test]
    fn malformed_rules_are_rejected() {
        for text in [
            "",
            "a",
            "a self",
            "a self 5%",
            "a self +5",
            "a self +%",
            "a self +x%",
            "a own +5%",
            "self +5%",
            "a self +nan%",
            "a self +infpp",
            "a self +5 %%",
            "( self +5%",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
        let rule: Rule = " operator new  total  +5% ".parse().unwrap();
        assert_eq!(rule.functions.as_str(), "operator new");
    }
}

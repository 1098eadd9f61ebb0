//! The results of rules, as parts of a report.

use crate::bytes::text::json_string;
use crate::report::json::{self, Member};
use crate::report::table::{Cells, Table, Tone, probability, relative, signed};
use crate::report::tables::titled;
use crate::report::{Comparison, Options, Rule, Violation};

/// The result of checking a [`Rule`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RuleResult<'c> {
    /// The rule.
    pub rule: &'c Rule,
    /// The functions that violate it, by descending excess; `None` if it matches no function in any profile.
    pub violations: Option<Vec<Violation<'c>>>,
}

impl RuleResult<'_> {
    fn violations(&self) -> &[Violation<'_>] {
        self.violations.as_deref().unwrap_or_default()
    }

    /// The name of the result in reports.
    fn name(&self) -> &'static str {
        match self.violations.as_deref() {
            None => "unmatched",
            Some([]) => "passed",
            Some(_) => "violated",
        }
    }
}

/// A table of all rules, which are numbered from 1, and one of what violates them, if anything does.
pub(super) fn tables(results: &[RuleResult<'_>], options: &Options) -> Vec<Table> {
    let numbered = (1..).zip(results);
    let rules = Table {
        title: "Rules".to_string(),
        columns: vec!["", "result", "violations", "rule"],
        rows: numbered.clone().map(cells_of_rule).collect(),
        if_empty: "none",
    };
    let violations: Vec<_> = numbered
        .flat_map(|(number, result)| result.violations().iter().map(move |it| (number, it)))
        .collect();
    match violations.is_empty() {
        true => vec![rules],
        false => vec![rules, table_of_violations(&violations, options)],
    }
}

fn cells_of_rule((number, result): (usize, &RuleResult<'_>)) -> Cells {
    let violations = result.violations().len();
    Cells {
        figures: vec![
            number.to_string(),
            result.name().to_string(),
            violations.to_string(),
        ],
        name: Some(result.rule.to_string()),
        tone: Tone::of(violations as f64),
    }
}

fn table_of_violations(all: &[(usize, &Violation<'_>)], options: &Options) -> Table {
    let shown = options.first(all);
    let are_tested = all.iter().any(|(_, violation)| violation.p.is_some());
    let mut columns = vec!["rule", "before", "after", "relative", "points"];
    columns.extend(are_tested.then_some("p"));
    columns.push("function");
    let cells = |(number, violation): &(usize, &Violation<'_>)| {
        cells_of_violation(*number, violation, are_tested)
    };
    Table {
        title: titled("Violations", shown.len(), all.len()),
        columns,
        rows: shown.iter().map(cells).collect(),
        if_empty: "none",
    }
}

fn cells_of_violation(rule: usize, violation: &Violation<'_>, are_tested: bool) -> Cells {
    let sides = violation.change.of(violation.measure);
    let unit = &violation.comparison.unit;
    let mut figures = vec![
        rule.to_string(),
        unit.figure(sides.before.mean()),
        unit.figure(sides.after.mean()),
        relative(sides, violation.change.status()),
        signed(sides.points()),
    ];
    if are_tested {
        figures.push(violation.p.map(probability).unwrap_or_default());
    }
    Cells {
        figures,
        name: Some(violation.change.name.clone()),
        tone: Tone::More,
    }
}

/// The member `rules` of a comparison in JSON.
pub(super) fn member(results: &[RuleResult<'_>]) -> Member {
    let rules = json::list(results, |result| {
        let violations: Vec<String> = result.violations().iter().map(object).collect();
        json::object(&[
            ("rule", json_string(&result.rule.to_string())),
            ("result", json_string(result.name())),
            ("violations", format!("[{}]", violations.join(", "))),
        ])
    });
    ("rules", rules)
}

fn object(violation: &Violation<'_>) -> String {
    let change = violation.change;
    let mut members = vec![
        ("name", json_string(&change.name)),
        ("status", json_string(change.status().name())),
    ];
    members.extend(json::of_sides(change.of(violation.measure)));
    members.push(("p_of_excess", json::number(violation.p)));
    json::object(&members)
}

impl Rule {
    /// The [violations](Rule::check) with the rule.
    pub fn result<'c>(&'c self, comparison: &'c Comparison, alpha: f64) -> RuleResult<'c> {
        RuleResult {
            rule: self,
            violations: self.check(comparison, alpha),
        }
    }
}

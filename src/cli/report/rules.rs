//! Limits on changes that the tool enforces.

use super::COMPARISON;
use crate::cli::output::Output;
use crate::cli::{message, values};
use crate::report::{Comparison, Format, Options, Rule, RuleResult};
use clap::Args;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code if a rule is violated.
const VIOLATED: u8 = 3;

/// The flags for rules.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Exit with code 3 if a matching function changes by more than LIMIT: +5% (relative) or +0.5pp
    /// (percentage points of the total); -5% requires an improvement. Can be repeated
    #[arg(
        long,
        value_name = "REGEX self|total LIMIT",
        help_heading = COMPARISON,
        allow_hyphen_values = true
    )]
    fail_if: Vec<Rule>,

    /// The significance level of --fail-if, if there are two or more profiles on each side
    #[arg(
        long, value_name = "PROBABILITY", help_heading = COMPARISON,
        default_value_t = 0.05, value_parser = values::probability
    )]
    alpha: f64,
}

impl Rules {
    pub fn are_given(&self) -> bool {
        !self.fail_if.is_empty()
    }

    /// Writes the comparison and the results of the rules.
    pub fn conclude(
        &self,
        tool: &str,
        comparison: &Comparison,
        (format, options): (Format, &Options),
        output: &Output,
    ) -> io::Result<ExitCode> {
        let rules = self.fail_if.iter();
        let results: Vec<RuleResult<'_>> = rules
            .map(|rule| rule.result(comparison, self.alpha))
            .collect();
        output.write(|writer| comparison.write_with_rules(&results, format, options, writer))?;
        conclude(tool, &results)
    }
}

/// Prints what violates the rules, and returns the exit code; an error if a rule matches no function.
fn conclude(tool: &str, results: &[RuleResult<'_>]) -> io::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for result in results {
        for violation in result.violations.iter().flatten() {
            let message = format!("{violation} violates `{}`", result.rule);
            let line = message::line(tool, log::Level::Error, &message);
            io::stderr().write_all(line.as_bytes())?;
            code = ExitCode::from(VIOLATED);
        }
    }
    match results.iter().find(|result| result.violations.is_none()) {
        // A misspelled rule would pass forever.
        Some(RuleResult { rule, .. }) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("--fail-if `{rule}` matches no function in any profile"),
        )),
        None => Ok(code),
    }
}

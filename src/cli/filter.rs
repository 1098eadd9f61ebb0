//! Flags that select and rename stacks and frames.

use super::{message::printable, usage};
use crate::filter::{Filter, PatternError};
use clap::Args;

/// Filters of stacks and frames.
#[derive(Debug, Default, Args)]
#[command(
    next_help_heading = "Filters (regular expressions; applied in this order, after folding)"
)]
pub struct FilterArgs {
    /// Remove numbering by compilers and runtimes from names: closures, lambdas, hidden classes,
    /// proxies, clones
    #[arg(long)]
    merge_generated: bool,

    /// Replace all matches in frame names with TO, in which $1 is a group; can be repeated, applied
    /// one after another
    #[arg(long, num_args = 2, value_names = ["REGEX", "TO"])]
    rename: Vec<String>,

    /// Keep only stacks that match; can be repeated to keep more
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    keep: Vec<String>,

    /// Remove stacks that match; can be repeated
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    drop: Vec<String>,

    /// Start stacks at the innermost frame that matches, remove those without; can be repeated
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    base_regex: Vec<String>,

    /// Remove the callers of the innermost frame that matches; can be repeated
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    skip_after_regex: Vec<String>,

    /// Count the callees of frames that match as their own samples; can be repeated
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    fold_callees: Vec<String>,

    /// Remove frames that match: their callees become callees of their callers; can be repeated
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    hide: Vec<String>,
}

/// The filters of the flags.
pub use crate::filter::Filter as Filters;

type Step = fn(Filter, &str) -> Result<Filter, PatternError>;

impl FilterArgs {
    /// Compiles the filters once for all inputs. An invalid pattern ends the tool like any invalid
    /// flag.
    pub fn compile(&self) -> Filters {
        self.filter()
            .unwrap_or_else(|error| usage::invalid_value(&error.to_string()))
    }

    fn filter(&self) -> Result<Filter, PatternError> {
        let mut filter = Filter::new();
        if self.merge_generated {
            filter = filter.merge_generated();
        }
        for rename in self.rename.chunks_exact(2) {
            filter = filter.rename(&rename[0], &rename[1])?;
        }
        let steps: [(&[String], Step); 6] = [
            (&self.keep, Filter::keep),
            (&self.drop, Filter::drop),
            (&self.base_regex, Filter::base),
            (&self.skip_after_regex, Filter::skip_after),
            (&self.fold_callees, Filter::fold_callees),
            (&self.hide, Filter::hide),
        ];
        for (patterns, add) in steps.iter().filter(|(patterns, _)| !patterns.is_empty()) {
            filter = add(filter, &any_of(patterns))?;
        }
        Ok(filter)
    }
}

/// A pattern that matches if any of several does.
fn any_of(patterns: &[String]) -> String {
    let groups: Vec<String> = patterns
        .iter()
        .map(|pattern| format!("(?:{pattern})"))
        .collect();
    groups.join("|")
}

fn parse_pattern(text: &str) -> Result<String, String> {
    match Filter::new().keep(text) {
        Ok(_) => Ok(text.to_string()),
        Err(error) => Err(printable(&error.to_string())),
    }
}

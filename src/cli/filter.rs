//! The flags that choose stacks and frames.

#[cfg(not(feature = "filter"))]
use crate::call_tree::CallTree;
use clap::Args;

#[cfg(feature = "filter")]
use super::{message::printable, usage};
#[cfg(feature = "filter")]
use crate::filter::{Filter, PatternError};

/// What to keep of the stacks, and what to call their frames.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters (regular expressions; in this order, after all is folded)")]
pub struct FilterArgs {
    /// Take out of names what is numbered by compilers and runtimes: closures, lambdas, hidden
    /// classes, proxies, clones
    #[cfg(feature = "filter")]
    #[arg(long)]
    merge_generated: bool,

    /// Replace all that matches in the names of frames by TO, in which $1 is a group; can be repeated, one is
    /// done after another
    #[cfg(feature = "filter")]
    #[arg(long, num_args = 2, value_names = ["REGEX", "TO"])]
    rename: Vec<String>,

    /// Keep only stacks that match; can be repeated to keep more
    #[cfg(feature = "filter")]
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    keep: Vec<String>,

    /// Leave out stacks that match; can be repeated
    #[cfg(feature = "filter")]
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    drop: Vec<String>,

    /// Start stacks at the innermost frame that matches, leave out those without; can be repeated
    #[cfg(feature = "filter")]
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    base_regex: Vec<String>,

    /// Leave out what called the innermost frame that matches; can be repeated
    #[cfg(feature = "filter")]
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    skip_after_regex: Vec<String>,

    /// Count what frames that match called as their own; can be repeated
    #[cfg(feature = "filter")]
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    fold_callees: Vec<String>,

    /// Leave out frames that match: what they called appears as called by their callers; can be
    /// repeated
    #[cfg(feature = "filter")]
    #[arg(long, value_name = "REGEX", value_parser = parse_pattern)]
    hide: Vec<String>,
}

/// The filters that the flags stand for.
#[cfg(feature = "filter")]
pub use crate::filter::Filter as Filters;

/// No filters.
#[cfg(not(feature = "filter"))]
pub struct Filters;

#[cfg(not(feature = "filter"))]
impl Filters {
    pub fn is_empty(&self) -> bool {
        true
    }

    /// `tree` as it is.
    pub fn apply(&self, tree: CallTree) -> CallTree {
        tree
    }
}

#[cfg(not(feature = "filter"))]
impl FilterArgs {
    pub fn compile(&self) -> Filters {
        Filters
    }
}

#[cfg(feature = "filter")]
type Step = fn(Filter, &str) -> Result<Filter, PatternError>;

#[cfg(feature = "filter")]
impl FilterArgs {
    /// The filters, once for all inputs. A pattern that is none ends the tool as any flag that is
    /// wrong.
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

/// A pattern for what matches one of several.
#[cfg(feature = "filter")]
fn any_of(patterns: &[String]) -> String {
    let groups: Vec<String> = patterns
        .iter()
        .map(|pattern| format!("(?:{pattern})"))
        .collect();
    groups.join("|")
}

#[cfg(feature = "filter")]
fn parse_pattern(text: &str) -> Result<String, String> {
    match Filter::new().keep(text) {
        Ok(_) => Ok(text.to_string()),
        Err(error) => Err(printable(&error.to_string())),
    }
}

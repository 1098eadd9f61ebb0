//! Limits on changes, and whether a comparison violates them.

mod result;
mod rule;

use super::{Comparison, Format, Options, comparison_tables, json, markdown};
pub use result::RuleResult;
pub use rule::{Limit, Rule, RuleError, Violation};
use std::io::{self, Write};

impl Comparison {
    /// Writes the comparison with the results of rules: in Markdown before the tables of changes, in
    /// [JSON](crate::report#json) as the member `rules`. Text and CSV do not have them.
    ///
    /// # Errors
    /// Errors of `writer`.
    pub fn write_with_rules<W: Write>(
        &self,
        results: &[RuleResult<'_>],
        format: Format,
        options: &Options,
        mut writer: W,
    ) -> io::Result<()> {
        let text = match format {
            Format::Markdown if !results.is_empty() => {
                let mut tables = comparison_tables::of(self, options);
                // After the totals.
                tables.splice(1..1, result::tables(results, options));
                markdown::of(&tables)
            }
            Format::Json if !results.is_empty() => {
                json::of_comparison(self, options, &[result::member(results)])
            }
            _ => return self.write(format, options, writer),
        };
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }
}

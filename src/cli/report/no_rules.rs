//! No limits on changes.

use crate::cli::output::Output;
use crate::report::{Comparison, Format, Options};
use clap::Args;
use std::io;
use std::process::ExitCode;

/// No flags.
#[derive(Debug, Args)]
pub(super) struct Rules {}

impl Rules {
    pub fn are_given(&self) -> bool {
        false
    }

    /// Writes the comparison.
    pub fn conclude(
        &self,
        _: &str,
        comparison: &Comparison,
        (format, options): (Format, &Options),
        output: &Output,
    ) -> io::Result<ExitCode> {
        output.write(|writer| comparison.write(format, options, writer))?;
        Ok(ExitCode::SUCCESS)
    }
}

//! Flags for comparing two profiles.

use crate::cli::Input;
use crate::differential;
use crate::flamegraph::{DiffScale, DiffWidth, Options};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

/// How two profiles are compared.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comparison")]
pub struct ComparisonArgs {
    /// Compare two profiles, in any supported format, and draw what changed: red grew, blue shrank
    #[arg(
        long = "diff", num_args = 2, value_names = ["BEFORE", "AFTER"],
        conflicts_with_all = ["paths", "flame_chart", "heat_map", "no_sort"]
    )]
    pub diff: Option<Vec<PathBuf>>,

    /// With --diff: scale the first profile, so that both have the same total
    #[arg(long = "normalize", requires = "diff", conflicts_with = "paths")]
    pub normalize: bool,

    /// With --diff: strip hex numbers (addresses), 0x45fe becomes 0x...
    #[arg(long = "strip-hex", requires = "diff", conflicts_with = "paths")]
    pub strip_hex: bool,

    /// In a differential graph, draw frames as wide as they are `after`, as they were `before`
    /// (which shows what vanished), or as the `larger` of the two (which shows all) [default: after]
    #[arg(
        long = "diff-width", value_name = "WHICH",
        value_parser = PossibleValuesParser::new(["after", "before", "larger"]).map(|name| diff_width(&name))
    )]
    pub diff_width: Option<DiffWidth>,

    /// In a differential graph, color changes on a `log` scale, which shows small ones, or by a
    /// `classic` one, in proportion to the largest [default: log with --diff, in HTML and for
    /// `inferno flamegraph`, or else classic]
    #[arg(
        long = "diff-scale", value_name = "SCALE",
        value_parser = PossibleValuesParser::new(["classic", "log"]).map(|name| diff_scale(&name))
    )]
    pub diff_scale: Option<DiffScale>,

    /// Switch differential hues (red<->blue)
    #[arg(long = "negate")]
    pub negate: bool,
}

impl ComparisonArgs {
    pub fn set(&self, options: &mut Options<'_>, is_classic: bool) {
        options.negate_differentials = self.negate;
        options.diff_width = self.diff_width.unwrap_or_default();
        // The published tool has no --diff.
        let usual = match is_classic && self.diff.is_none() {
            true => DiffScale::Classic,
            false => DiffScale::Log,
        };
        options.diff_scale = self.diff_scale.unwrap_or(usual);
    }

    /// The two inputs to compare, with `--diff`.
    pub fn inputs(&self) -> Option<[Input; 2]> {
        match self.diff.as_deref()? {
            [before, after] => Some([before, after].map(|path| Input::new(Some(path)))),
            _ => None,
        }
    }

    pub fn options(&self) -> differential::Options {
        differential::Options {
            normalize: self.normalize,
            strip_hex: self.strip_hex,
        }
    }
}

fn diff_scale(name: &str) -> DiffScale {
    match name {
        "log" => DiffScale::Log,
        _ => DiffScale::Classic,
    }
}

fn diff_width(name: &str) -> DiffWidth {
    match name {
        "before" => DiffWidth::Before,
        "larger" => DiffWidth::Larger,
        _ => DiffWidth::After,
    }
}

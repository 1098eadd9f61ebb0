//! Flags for names, counts and fonts.

use crate::cli::values;
use crate::flamegraph::{Options, TextTruncateDirection, defaults};
use clap::Args;

/// Names, counts, and how they are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Labels")]
pub struct LabelArgs {
    /// Count type label [default: the unit of the profile, or else samples]
    #[arg(long = "countname", value_name = "STRING")]
    pub count_name: Option<String>,

    /// Name type label
    #[arg(long = "nametype", value_name = "STRING", default_value = defaults::NAME_TYPE)]
    pub name_type: String,

    /// If text doesn't fit in frame, truncate right side
    #[arg(long = "truncate-text-right")]
    pub truncate_text_right: bool,

    /// Font type
    #[arg(long = "fonttype", value_name = "STRING", default_value = defaults::FONT_TYPE)]
    pub font_type: String,

    /// Font size
    #[arg(
        long = "fontsize", value_name = "UINT", default_value = &**defaults::str::FONT_SIZE,
        value_parser = values::pixels, allow_negative_numbers = true
    )]
    pub font_size: usize,

    /// Font width
    #[arg(
        long = "fontwidth", value_name = "FLOAT", default_value = &**defaults::str::FONT_WIDTH,
        value_parser = values::factor, allow_negative_numbers = true
    )]
    pub font_width: f64,
}

impl LabelArgs {
    pub fn set(&self, options: &mut Options<'_>) {
        options.count_name = self.count_name().to_string();
        options.name_type = self.name_type.clone();
        options.text_truncate_direction = self.text_truncate_direction();
        options.font_type = self.font_type.clone();
        options.font_size = self.font_size;
        options.font_width = self.font_width;
    }

    fn count_name(&self) -> &str {
        self.count_name.as_deref().unwrap_or(defaults::COUNT_NAME)
    }

    fn text_truncate_direction(&self) -> TextTruncateDirection {
        match self.truncate_text_right {
            true => TextTruncateDirection::Right,
            false => TextTruncateDirection::Left,
        }
    }
}

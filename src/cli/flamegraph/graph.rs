//! Flags for what is drawn, and how large.

use super::attrs::AttrArgs;
use crate::cli::values;
use crate::flamegraph::{Direction, LinkPattern, Options, defaults};
use clap::Args;

/// What is drawn.
#[derive(Debug, Args)]
#[command(next_help_heading = "Graph")]
pub struct GraphArgs {
    /// Draw a flame chart: samples with times in time order, one thread after another; folded stacks
    /// in line order. Only adjacent stacks are merged
    #[arg(long = "flamechart")]
    pub flame_chart: bool,

    /// Add the times of samples, in formats that record them: a heat map of the profile, in which to select the part of
    /// the time that the graph shows, and a flame chart in the same file
    #[arg(long = "heatmap", conflicts_with = "flame_chart")]
    pub heat_map: bool,

    /// Draw the graph upside down, with the root at the top (an icicle graph)
    #[arg(short = 'i', long = "inverted")]
    pub inverted: bool,

    /// Generate stack-reversed flame graph
    #[arg(long = "reverse", conflicts_with = "flame_chart")]
    pub reverse: bool,

    /// Omit samples whose stacks do not contain this symbol. When this symbol is in a sample's
    /// stack, truncate the call stack so that this is the bottom-most symbol. This is particularly
    /// useful when you want to profile a specific function in a codebase that uses some kind of
    /// heavy runtime like rayon, tokio, or the rustc query system. Can be given several times
    #[arg(long = "base", value_name = "STRING")]
    pub base: Vec<String>,

    /// Draw only frames of at least this many percent. Narrower frames appear when zooming in, unless
    /// this is above the default, which omits them from the file
    #[arg(
        long = "minwidth", value_name = "FLOAT", default_value = &**defaults::str::MIN_WIDTH,
        value_parser = values::percent, allow_negative_numbers = true
    )]
    pub min_width: f64,

    /// Leave out the lightest frames, so that at most N remain; the subtitle says how much they
    /// weigh. Then browsers can open a graph of millions of frames
    #[arg(
        long = "max-frames", value_name = "N", value_parser = values::frames, allow_negative_numbers = true
    )]
    pub max_frames: Option<usize>,

    /// Don't sort the input lines: they are sorted already, and it is an error if they are not
    #[arg(long = "no-sort", conflicts_with_all = ["reverse", "flame_chart"])]
    pub no_sort: bool,

    /// Width of image
    #[arg(
        long = "width", value_name = "UINT", value_parser = values::pixels,
        allow_negative_numbers = true
    )]
    pub image_width: Option<usize>,

    /// Height of each frame
    #[arg(
        long = "height", value_name = "UINT", default_value = &**defaults::str::FRAME_HEIGHT,
        value_parser = values::pixels, allow_negative_numbers = true
    )]
    pub frame_height: usize,

    /// Change title text
    #[arg(long = "title", value_name = "STRING", default_value = defaults::TITLE)]
    pub title: String,

    /// Second level title (optional)
    #[arg(long = "subtitle", value_name = "STRING")]
    pub subtitle: Option<String>,

    /// Set embedded notes in SVG
    #[arg(long = "notes", value_name = "STRING")]
    pub notes: Option<String>,

    #[command(flatten)]
    pub attrs: AttrArgs,

    /// Make frames with a file in their names (see --lines) links to this URL, in which {file} and {line} are
    /// replaced: `vscode://file/{file}:{line}`
    #[arg(long = "link", value_name = "URL")]
    pub link: Option<LinkPattern>,

    /// Factor to scale sample counts by
    #[arg(
        long = "factor", value_name = "FLOAT", default_value = &**defaults::str::FACTOR,
        value_parser = values::factor, allow_negative_numbers = true
    )]
    pub factor: f64,
}

impl GraphArgs {
    pub fn set(&self, options: &mut Options<'_>) {
        options.flame_chart = self.flame_chart;
        options.heat_map = self.heat_map;
        options.direction = self.direction();
        options.reverse_stack_order = self.reverse;
        options.base = self.base.clone();
        options.min_width = self.min_width;
        options.max_frames = self.max_frames;
        options.no_sort = self.no_sort;
        options.image_width = self.image_width;
        options.frame_height = self.frame_height;
        options.title = self.title().to_string();
        options.subtitle = self.subtitle.clone();
        options.notes = self.notes.clone().unwrap_or_default();
        options.factor = self.factor;
        options.link = self.link.clone();
    }

    fn direction(&self) -> Direction {
        match self.inverted {
            true => Direction::Inverted,
            false => Direction::Straight,
        }
    }

    /// The given title, or that of the kind of graph.
    fn title(&self) -> &str {
        match self.title.as_str() {
            defaults::TITLE if self.flame_chart => defaults::CHART_TITLE,
            defaults::TITLE if self.inverted => "Icicle Graph",
            title => title,
        }
    }
}

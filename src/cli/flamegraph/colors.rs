//! Flags for colors.

use crate::flamegraph::color::{
    BackgroundColor, Color, Palette, SearchColor, StrokeColor, parse_hex_color,
};
use crate::flamegraph::{Options, Theme, defaults};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// How frames and the page are colored.
#[derive(Debug, Args)]
#[command(next_help_heading = "Colors")]
pub struct ColorArgs {
    /// Set the theme: `classic`, or `modern`: calm colors by module, labels that keep the function,
    /// and dark colors if the system prefers them [default: modern in HTML and for
    /// `inferno flamegraph`, or else classic]
    #[arg(
        long = "theme", value_name = "THEME",
        value_parser = PossibleValuesParser::new(["classic", "modern"]).map(|name| theme(&name))
    )]
    pub theme: Option<Theme>,

    /// Set color palette
    #[arg(
        short = 'c', long = "colors", value_name = "STRING", default_value = defaults::COLORS,
        value_parser = PossibleValuesParser::new(Palette::VARIANTS).try_map(|name| name.parse::<Palette>())
    )]
    pub colors: Palette,

    /// Color frames based on their width, highlighting expensive codepaths
    #[arg(long = "colordiffusion", conflicts_with = "colors")]
    pub color_diffusion: bool,

    /// Choose the color of a function by a hash of its name in which early characters have more weight
    #[arg(long = "hash", conflicts_with = "deterministic")]
    pub hash: bool,

    /// Choose the color of a function by a hash of its name, so that it is the same in all graphs
    #[arg(long = "deterministic")]
    pub deterministic: bool,

    /// Use consistent palette (palette.map)
    #[arg(long = "cp")]
    pub cp: bool,

    /// Set background colors. Gradient choices are yellow, blue, green, grey; flat colors use
    /// "#rrggbb" [default: by the palette]
    #[arg(long = "bgcolors", value_name = "STRING", value_parser = parse_background)]
    pub bgcolors: Option<BackgroundColor>,

    /// Search color
    #[arg(
        long = "search-color", value_name = "STRING", default_value = defaults::SEARCH_COLOR,
        value_parser = parse_search_color
    )]
    pub search_color: SearchColor,

    /// Adds an outline to every frame
    #[arg(
        long = "stroke-color", value_name = "STRING", default_value = defaults::STROKE_COLOR,
        value_parser = parse_stroke_color
    )]
    pub stroke_color: StrokeColor,

    /// Color of UI text such as the search and reset zoom buttons
    #[arg(
        long = "uicolor", value_name = "#RRGGBB", default_value = defaults::UI_COLOR,
        value_parser = parse_ui_color
    )]
    pub ui_color: Color,
}

impl ColorArgs {
    pub fn set(&self, options: &mut Options<'_>, is_classic: bool) {
        let usual = match is_classic {
            true => Theme::Classic,
            false => Theme::Modern,
        };
        options.theme = self.theme.unwrap_or(usual);
        options.colors = self.colors;
        options.color_diffusion = self.color_diffusion;
        options.hash = self.hash;
        options.deterministic = self.deterministic;
        options.bgcolors = self.bgcolors;
        options.search_color = self.search_color;
        options.stroke_color = self.stroke_color;
        options.uicolor = self.ui_color;
    }
}

fn theme(name: &str) -> Theme {
    match name {
        "modern" => Theme::Modern,
        _ => Theme::Classic,
    }
}

fn parse_ui_color(text: &str) -> Result<Color, &'static str> {
    parse_hex_color(text).ok_or("expected a color as `#rrggbb`")
}

fn parse_search_color(text: &str) -> Result<SearchColor, &'static str> {
    let color = text.parse();
    color.map_err(|_| "expected a color as `#rrggbb`")
}

fn parse_stroke_color(text: &str) -> Result<StrokeColor, &'static str> {
    let color = text.parse();
    color.map_err(|_| "expected `none`, or a color as `#rrggbb`")
}

fn parse_background(text: &str) -> Result<BackgroundColor, &'static str> {
    let color = text.parse();
    color.map_err(|_| "expected `yellow`, `blue`, `green`, `grey`, or a color as `#rrggbb`")
}

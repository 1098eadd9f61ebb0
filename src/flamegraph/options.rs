//! Options of a flame graph, and their defaults.

use super::color::{self, BackgroundColor, Color, Palette, PaletteMap, SearchColor, StrokeColor};
use super::layout::Limits;
use super::{FuncFrameAttrsMap, LinkPattern};
use crate::call_tree::CallTree;
use std::io;

/// The defaults of all options.
pub mod defaults {
    macro_rules! defaults {
        ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {
            $($(#[$doc])* pub const $name: $type = $value;)*

            /// The defaults as text, for the help of command-line tools.
            #[doc(hidden)]
            pub mod str {
                use once_cell::sync::Lazy;
                $($(#[$doc])*
                pub static $name: Lazy<String> = Lazy::new(|| super::$name.to_string());)*
            }
        };
    }

    defaults! {
        /// The name of the palette: `hot`.
        COLORS: &str = "hot";
        /// The color of search matches, `#rrggbb`: magenta.
        SEARCH_COLOR: &str = "#e600e6";
        /// The title of a flame graph.
        TITLE: &str = "Flame Graph";
        /// The title of a flame chart.
        CHART_TITLE: &str = "Flame Chart";
        /// Height of a frame, in pixels.
        FRAME_HEIGHT: usize = 16;
        /// Minimum width of a frame, in percent of the total.
        MIN_WIDTH: f64 = 0.01;
        /// The font family.
        FONT_TYPE: &str = "monospace";
        /// Size of the font, in pixels.
        FONT_SIZE: usize = 12;
        /// Width of a character, in units of the font size.
        FONT_WIDTH: f64 = 0.59;
        /// The name of the counts.
        COUNT_NAME: &str = "samples";
        /// The text before the name of the frame under the pointer.
        NAME_TYPE: &str = "Function:";
        /// The factor to multiply displayed counts by.
        FACTOR: f64 = 1.0;
        /// The color of the outline of frames: none.
        STROKE_COLOR: &str = "none";
        /// The color of the title and the buttons, `#rrggbb`: black.
        UI_COLOR: &str = "#000000";
    }
}

/// The position of the root.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// At the bottom: a flame graph.
    #[default]
    Straight,
    /// At the top: an icicle graph.
    Inverted,
}

/// The side at which the viewer truncates a name that is longer than its frame.
///
/// Labels in the file itself, which the viewer replaces, are truncated at their end.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum TextTruncateDirection {
    /// The start of the name.
    #[default]
    Left,
    /// The end of the name.
    Right,
}

/// The look of a graph.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Theme {
    /// That of the original Perl script.
    #[default]
    Classic,
    /// Calm colors of the same lightness: a hue for each module (crate, namespace, package or
    /// library), and one color for each function. Where names do not fit, their middle is cut, and
    /// the function is kept. The image follows the color scheme of the system.
    ///
    /// A [palette](Options::colors) that is not the default determines the colors of frames nevertheless.
    Modern,
}

/// The profile that determines the widths of a differential graph.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiffWidth {
    /// The second profile. Frames that disappeared have no width.
    #[default]
    After,
    /// The first profile. New frames have no width.
    Before,
    /// For each stack, the profile in which it has more samples, so that both frames that
    /// disappeared and new ones are visible. The width of a frame is the sum of the stacks it is
    /// part of.
    Larger,
}

/// How the change of a frame determines its color in a differential graph.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiffScale {
    /// In proportion to the change in samples: the largest one has the deepest color, and most
    /// others are pale.
    #[default]
    Classic,
    /// On a logarithmic scale of the change in percent of the frame, from 0.3% to 100%; paler if the
    /// change is less than 1% of all samples, and not visible below 0.001%. Small frames that changed a
    /// lot are visible, but noise is not. The graph has a legend, and its frames have outlines.
    Log,
}

/// The output format of a flame graph.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// An SVG.
    #[default]
    Svg,
    /// A page filled by the graph, which is self-contained: it uses no network, and only the
    /// permissions in its content security policy.
    Html,
    /// A PNG, which shows what the SVG does without the viewer. Text needs a font of the system.
    /// PNG and PDF require the crate's feature `picture`.
    Png,
    /// A PDF of one page, with the same contents, whose text can be searched.
    Pdf,
}

/// Options for drawing a flame graph.
///
/// Fields may be added in the future, so start from the default:
///
/// ```
/// use inferno::flamegraph::{Direction, Options, color::{BasicPalette, Palette}};
///
/// let mut options = Options::default();
/// options.colors = Palette::Basic(BasicPalette::Aqua);
/// options.direction = Direction::Inverted;
/// ```
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub struct Options<'a> {
    /// The look of the graph. Default: classic.
    pub theme: Theme,

    /// The palette of frame colors. Default: `hot`.
    pub colors: Palette,

    /// The background. Default: the one that belongs to the palette.
    pub bgcolors: Option<BackgroundColor>,

    /// The color of the title and the buttons. Default: black.
    pub uicolor: Color,

    /// Choose colors by a hash of the name in which early characters have more weight, so that
    /// names with the same prefix have similar colors. Default: `false`.
    pub hash: bool,

    /// Choose colors by a hash of the whole name. Default: `false`, which uses a fixed sequence of
    /// pseudo-random colors: a profile always gets the same colors, but a function may have
    /// another color in another profile.
    pub deterministic: bool,

    /// Colors to use for names. The colors of other names are added to it. Default: `None`.
    pub palette_map: Option<&'a mut PaletteMap>,

    /// Custom attributes for the frames of selected functions. Default: none.
    pub func_frameattrs: FuncFrameAttrsMap,

    /// The pattern for links from frames to their source. A link in `func_frameattrs` takes
    /// precedence. Default: `None`, no links.
    pub link: Option<LinkPattern>,

    /// Where the root is. Default: at the bottom.
    pub direction: Direction,

    /// The color of search matches. Default: magenta.
    pub search_color: SearchColor,

    /// The color of the outline of frames. Default: none.
    pub stroke_color: StrokeColor,

    /// The title. Default: `Flame Graph`.
    pub title: String,

    /// A second line below the title. Default: `None`, the [note](crate::call_tree::CallTree::note) of the
    /// tree if it has one.
    pub subtitle: Option<String>,

    /// The width of the image in pixels. Default: `None`, which fits the browser's window, or 1200
    /// without scripts.
    pub image_width: Option<usize>,

    /// The height of a frame in pixels, at least 1. Default: 16.
    pub frame_height: usize,

    /// The minimum width of a frame, in percent of the total. Default: 0.01.
    pub min_width: f64,

    /// The maximum number of frames, including the root. If there are more, the lightest ones are
    /// left out, and the subtitle says so. Frames of the same weight are kept or left out together.
    /// Callers keep their weight. Default: `None`, no limit.
    pub max_frames: Option<usize>,

    /// The font family. Default: `monospace`.
    pub font_type: String,

    /// The size of the font in pixels. Default: 12.
    pub font_size: usize,

    /// The width of a character in units of the font size, which determines where labels are
    /// truncated. Default: 0.59.
    pub font_width: f64,

    /// Which end of a long name is truncated. Default: its start.
    pub text_truncate_direction: TextTruncateDirection,

    /// The name of the counts. Default: `samples`, which is replaced by the
    /// [unit](crate::call_tree::CallTree::unit) of the tree if that is known: times and sizes are
    /// then formatted as `1.19 s` and `3.4 MiB`.
    pub count_name: String,

    /// The text before the name of the frame under the pointer. Default: `Function:`.
    pub name_type: String,

    /// A note, stored in a comment of the SVG. Default: empty.
    pub notes: String,

    /// In a differential graph, color growth blue and shrinkage red. Default: `false`, the other
    /// way around.
    pub negate_differentials: bool,

    /// In a differential graph, the profile that determines widths and percentages. A flame chart
    /// always uses the profile after. Default: the one after.
    pub diff_width: DiffWidth,

    /// In a differential graph, how changes determine colors. Default: as in the original Perl
    /// script.
    pub diff_scale: DiffScale,

    /// The factor to multiply displayed counts by. Default: 1.
    pub factor: f64,

    /// The output format. Default: SVG.
    pub format: Format,

    /// The width and height of a PNG in units of the width and height of the graph. Default: 1.
    pub scale: f64,

    /// In HTML, the nonce of the script and the style sheet, for pages served with a content
    /// security policy that requires one. Default: `None`, in which case the page has its own
    /// policy, which identifies them by hash.
    pub csp_nonce: Option<String>,

    /// Write each element on its own line, indented. Default: `false`.
    pub pretty_xml: bool,

    /// Reject folded lines that are not sorted. Default: `false`.
    pub no_sort: bool,

    /// Reverse the stacks, so that the leaves are at the root. Default: `false`.
    pub reverse_stack_order: bool,

    /// Omit the viewer's script, without which the graph cannot be zoomed or searched. Default:
    /// `false`.
    #[doc(hidden)]
    pub no_javascript: bool,

    /// Color frames by their width, the widest in red. Default: `false`.
    pub color_diffusion: bool,

    /// Draw the folded lines from left to right in their order, so that the x axis is time, and
    /// merge only adjacent frames. Default: `false`.
    pub flame_chart: bool,

    /// Add the times of samples to the graph, for a heat map in which to select a part of the time, and for a
    /// flame chart of the same profile. They are those of a tree folded with
    /// [`keep_times`](crate::collapse::guess::Options::keep_times). Default: `false`.
    pub heat_map: bool,

    /// Draw only stacks that contain a frame with one of these names, starting at the last such
    /// frame. Default: empty, which draws all.
    pub base: Vec<String>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            theme: Theme::default(),
            colors: Palette::default(),
            bgcolors: None,
            uicolor: Color::new(0, 0, 0),
            hash: false,
            deterministic: false,
            palette_map: None,
            func_frameattrs: FuncFrameAttrsMap::default(),
            link: None,
            direction: Direction::default(),
            search_color: SearchColor::MAGENTA,
            stroke_color: StrokeColor::None,
            title: defaults::TITLE.to_string(),
            subtitle: None,
            image_width: None,
            frame_height: defaults::FRAME_HEIGHT,
            min_width: defaults::MIN_WIDTH,
            max_frames: None,
            font_type: defaults::FONT_TYPE.to_string(),
            font_size: defaults::FONT_SIZE,
            font_width: defaults::FONT_WIDTH,
            text_truncate_direction: TextTruncateDirection::default(),
            count_name: defaults::COUNT_NAME.to_string(),
            name_type: defaults::NAME_TYPE.to_string(),
            notes: String::new(),
            negate_differentials: false,
            diff_width: DiffWidth::default(),
            diff_scale: DiffScale::default(),
            factor: defaults::FACTOR,
            format: Format::default(),
            scale: 1.0,
            csp_nonce: None,
            pretty_xml: false,
            no_sort: false,
            reverse_stack_order: false,
            no_javascript: false,
            color_diffusion: false,
            flame_chart: false,
            heat_map: false,
            base: Vec::new(),
        }
    }
}

impl Options<'_> {
    /// Returns an error for invalid options.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.frame_height == 0 {
            let message = "the frame height must be at least 1 pixel";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if !self.scale.is_finite() || self.scale <= 0.0 {
            let message = "the scale must be a number greater than 0";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(())
    }

    /// Which frames are left out.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            min_width: self.min_width,
            max_frames: self.max_frames,
        }
    }

    /// Whether the script that zooms and searches is part of the graph.
    pub(super) fn has_viewer(&self) -> bool {
        !self.no_javascript && !self.is_picture()
    }

    /// Whether the graph is converted to a picture, which is not interactive.
    pub(super) fn is_picture(&self) -> bool {
        self.picture_scale().is_some()
    }

    /// The number of pixels per unit, if the graph is converted to a picture.
    pub(super) fn picture_scale(&self) -> Option<f64> {
        matches!(self.format, Format::Png | Format::Pdf).then_some(self.scale)
    }

    pub(super) fn is_modern(&self) -> bool {
        self.theme == Theme::Modern
    }

    /// Whether the frames of a graph of `tree` have the colors of their modules.
    pub(super) fn is_by_module(&self, tree: &CallTree) -> bool {
        let is_default = self.colors == Palette::default() && !self.hash && !self.deterministic;
        let is_by_name = !tree.is_differential() && !self.color_diffusion;
        self.is_modern() && is_default && is_by_name && self.palette_map.is_none()
    }

    pub(super) fn is_inverted(&self) -> bool {
        self.direction == Direction::Inverted
    }

    /// Time order and reversed stacks are independent of the order of lines.
    pub(super) fn needs_sorted_lines(&self) -> bool {
        self.no_sort && !self.flame_chart && !self.reverse_stack_order
    }

    pub(super) fn background(&self, has_legend: bool) -> (Color, Color) {
        let usual = match has_legend {
            // The color of no change is a light grey.
            true => BackgroundColor::Flat(Color::new(255, 255, 255)),
            false if self.is_modern() => BackgroundColor::Flat(Color::new(255, 255, 255)),
            false => color::background_for(self.colors),
        };
        self.bgcolors.unwrap_or(usual).gradient()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_colors_are_the_ones_named() {
        let opt = Options::default();
        assert_eq!(opt.colors, defaults::COLORS.parse().unwrap());
        assert_eq!(opt.search_color, defaults::SEARCH_COLOR.parse().unwrap());
        assert_eq!(opt.stroke_color, defaults::STROKE_COLOR.parse().unwrap());
        assert_eq!(
            color::parse_hex_color(defaults::UI_COLOR),
            Some(opt.uicolor)
        );
        assert_eq!(defaults::str::FONT_WIDTH.as_str(), "0.59");
    }
}

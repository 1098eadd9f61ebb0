//! What can be chosen about a flame graph, and what it is if nothing is chosen.

#[cfg(feature = "nameattr")]
use super::FuncFrameAttrsMap;
use super::LinkPattern;
use super::color::{self, BackgroundColor, Color, Palette, PaletteMap, SearchColor, StrokeColor};
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
        /// The color of found frames, `#rrggbb`: magenta.
        SEARCH_COLOR: &str = "#e600e6";
        /// The title of a flame graph.
        TITLE: &str = "Flame Graph";
        /// The title of a flame chart.
        CHART_TITLE: &str = "Flame Chart";
        /// Height of a frame, in pixels.
        FRAME_HEIGHT: usize = 16;
        /// Width below which a frame is left out, in percent of the whole.
        MIN_WIDTH: f64 = 0.01;
        /// The font family.
        FONT_TYPE: &str = "monospace";
        /// Size of the font, in pixels.
        FONT_SIZE: usize = 12;
        /// Width of a character, in units of the font size.
        FONT_WIDTH: f64 = 0.59;
        /// What is counted.
        COUNT_NAME: &str = "samples";
        /// What stands before the name of the frame pointed at.
        NAME_TYPE: &str = "Function:";
        /// What counts are multiplied by before they are shown.
        FACTOR: f64 = 1.0;
        /// The color of an outline around every frame: none.
        STROKE_COLOR: &str = "none";
        /// The color of the title and the buttons, `#rrggbb`: black.
        UI_COLOR: &str = "#000000";
    }
}

/// Where the root of the graph is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// At the bottom: a flame graph.
    #[default]
    Straight,
    /// At the top: an icicle graph.
    Inverted,
}

/// Which end of a name the viewer leaves out if the name is longer than its frame is wide.
///
/// Labels in the file itself, which a browser with scripts replaces, are cut at their end.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum TextTruncateDirection {
    /// Its start.
    #[default]
    Left,
    /// Its end.
    Right,
}

/// Which of the two profiles of a differential graph its frames are as wide as.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiffWidth {
    /// The one after. Frames that vanished have no width.
    #[default]
    After,
    /// The one before. Frames that are new have no width.
    Before,
    /// For each stack, the one in which it has more samples, so that both what vanished and what
    /// is new can be seen. A frame is as wide as all stacks that it is part of.
    Larger,
}

/// What a flame graph is written as.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// An SVG.
    #[default]
    Svg,
    /// A page that is filled by the graph and needs nothing else: no network, and no more rights
    /// than those that its content security policy names.
    Html,
}

/// How a flame graph is drawn.
///
/// More fields may come, so start from the default:
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
    /// The palette that frames are colored from. Default: `hot`.
    pub colors: Palette,

    /// The background. Default: the one that goes with the palette.
    pub bgcolors: Option<BackgroundColor>,

    /// The color of the title and the buttons. Default: black.
    pub uicolor: Color,

    /// Choose colors by a hash of the name, in which early characters weigh most, so that names
    /// that begin alike look alike. Default: `false`.
    pub hash: bool,

    /// Choose colors by a hash of the whole name. Default: `false`, which is colors that are
    /// random, yet the same whenever the same profile is drawn.
    pub deterministic: bool,

    /// Colors to use for names, and to add the colors of names not in it to. Default: `None`.
    pub palette_map: Option<&'a mut PaletteMap>,

    /// Attributes for the frames of some functions. Default: none.
    #[cfg(feature = "nameattr")]
    pub func_frameattrs: FuncFrameAttrsMap,

    /// Where frames link to that say where their function is. A link in `func_frameattrs` takes precedence. Default:
    /// `None`, nowhere.
    pub link: Option<LinkPattern>,

    /// Where the root is. Default: at the bottom.
    pub direction: Direction,

    /// The color of frames that a search finds. Default: magenta.
    pub search_color: SearchColor,

    /// The color of an outline around every frame. Default: none.
    pub stroke_color: StrokeColor,

    /// The title. Default: `Flame Graph`.
    pub title: String,

    /// A second line below the title. Default: `None`, the [note](crate::call_tree::CallTree::note) of the
    /// tree if it has one.
    pub subtitle: Option<String>,

    /// The width of the image in pixels. Default: `None`, which is as wide as the browser's window,
    /// and 1200 where no script is run.
    pub image_width: Option<usize>,

    /// The height of a frame in pixels, at least 1. Default: 16.
    pub frame_height: usize,

    /// Frames narrower than this are left out, in percent of the whole. Default: 0.01.
    pub min_width: f64,

    /// The font family. Default: `monospace`.
    pub font_type: String,

    /// The size of the font in pixels. Default: 12.
    pub font_size: usize,

    /// The width of a character in units of the font size, by which labels are cut to fit.
    /// Default: 0.59.
    pub font_width: f64,

    /// Which end of a long name is cut. Default: its start.
    pub text_truncate_direction: TextTruncateDirection,

    /// What is counted. Default: `samples`, which stands for the [unit](crate::call_tree::CallTree::unit) of the
    /// tree if that is known: times and sizes are then written as `1.19 s` and `3.4 MiB`.
    pub count_name: String,

    /// What stands before the name of the frame pointed at. Default: `Function:`.
    pub name_type: String,

    /// A note, kept in a comment of the SVG. Default: empty.
    pub notes: String,

    /// In a differential graph, color what grew blue and what shrank red. Default: `false`,
    /// the other way round.
    pub negate_differentials: bool,

    /// In a differential graph, which profile the widths are those of; percentages are of its
    /// samples. A flame chart is always as wide as the profile after. Default: the one after.
    pub diff_width: DiffWidth,

    /// What counts are multiplied by before they are shown. Default: 1.
    pub factor: f64,

    /// What to write. Default: an SVG.
    pub format: Format,

    /// In HTML, the nonce that the script and the style sheet have, for pages that are served with
    /// a content security policy that demands one. Default: `None`, with which the page has a
    /// policy of its own that names them by their hashes.
    pub csp_nonce: Option<String>,

    /// Write each element on a line of its own, indented. Default: `false`.
    pub pretty_xml: bool,

    /// Refuse folded lines that are not sorted. Default: `false`.
    pub no_sort: bool,

    /// Turn the stacks round, so that the leaves are at the root. Default: `false`.
    pub reverse_stack_order: bool,

    /// Leave out the viewer's script, without which the graph cannot be zoomed or searched.
    /// Default: `false`.
    #[doc(hidden)]
    pub no_javascript: bool,

    /// Color frames by their width, the widest reddest. Default: `false`.
    pub color_diffusion: bool,

    /// Draw the folded lines from left to right in their order, so that the x axis is time, and
    /// join only frames that follow each other. Default: `false`.
    pub flame_chart: bool,

    /// Draw only what was called from frames with one of these names. The last such frame in a
    /// stack becomes its first; stacks without one are left out. Default: empty, which is all.
    pub base: Vec<String>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            colors: Palette::default(),
            bgcolors: None,
            uicolor: Color::new(0, 0, 0),
            hash: false,
            deterministic: false,
            palette_map: None,
            #[cfg(feature = "nameattr")]
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
            font_type: defaults::FONT_TYPE.to_string(),
            font_size: defaults::FONT_SIZE,
            font_width: defaults::FONT_WIDTH,
            text_truncate_direction: TextTruncateDirection::default(),
            count_name: defaults::COUNT_NAME.to_string(),
            name_type: defaults::NAME_TYPE.to_string(),
            notes: String::new(),
            negate_differentials: false,
            diff_width: DiffWidth::default(),
            factor: defaults::FACTOR,
            format: Format::default(),
            csp_nonce: None,
            pretty_xml: false,
            no_sort: false,
            reverse_stack_order: false,
            no_javascript: false,
            color_diffusion: false,
            flame_chart: false,
            base: Vec::new(),
        }
    }
}

impl Options<'_> {
    /// Refuses what cannot be drawn.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.frame_height == 0 {
            let message = "the frame height must be at least 1 pixel";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(())
    }

    pub(super) fn is_inverted(&self) -> bool {
        self.direction == Direction::Inverted
    }

    /// Neither time order nor reversed stacks have anything to do with the order of the lines.
    pub(super) fn needs_sorted_lines(&self) -> bool {
        self.no_sort && !self.flame_chart && !self.reverse_stack_order
    }

    pub(super) fn background(&self) -> (Color, Color) {
        let chosen = self.bgcolors;
        chosen
            .unwrap_or_else(|| color::background_for(self.colors))
            .gradient()
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

//! The colors of a flame graph: palettes, backgrounds, and persistent color maps.

mod change;
mod classify;
mod hash;
mod modern;
mod module;
mod palette;
mod palette_map;

pub use palette::{BasicPalette, MultiPalette, Palette};
pub use palette_map::PaletteMap;

pub(super) use change::Change;
pub(super) use hash::{Random, by_hash, by_prefix};
pub(super) use modern::{DARK, LIGHT, Modules, palette};
pub(super) use palette::background_for;

use std::fmt;
use std::str::FromStr;

/// A color with red, green and blue components, from 0 to 255 each.
pub type Color = rgb::RGB8;

/// The position of a color in the range of its palette: three numbers from 0 to 1.
pub(super) type Vector = [f32; 3];

/// The color of frames called `--`, which represent a gap in the stack.
const GAP: Color = Color::new(160, 160, 160);

/// The color of frames called `-`, which separate two parts of a stack.
const MARK: Color = Color::new(200, 200, 200);

/// The background of a flame graph: a vertical gradient, or a single color.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum BackgroundColor {
    /// Grey to yellow.
    #[default]
    Yellow,
    /// Grey to blue.
    Blue,
    /// Grey to green.
    Green,
    /// Grey.
    Grey,
    /// A single color.
    Flat(Color),
}

impl BackgroundColor {
    /// The colors at the top and bottom.
    pub(super) fn gradient(self) -> (Color, Color) {
        match self {
            BackgroundColor::Yellow => (Color::new(0xee, 0xee, 0xee), Color::new(0xee, 0xee, 0xb0)),
            BackgroundColor::Blue => (Color::new(0xee, 0xee, 0xee), Color::new(0xe0, 0xe0, 0xff)),
            BackgroundColor::Green => (Color::new(0xee, 0xf2, 0xee), Color::new(0xe0, 0xff, 0xe0)),
            BackgroundColor::Grey => (Color::new(0xf8, 0xf8, 0xf8), Color::new(0xe8, 0xe8, 0xe8)),
            BackgroundColor::Flat(color) => (color, color),
        }
    }
}

/// Parses `yellow`, `blue`, `green`, `grey` or `#rrggbb`.
impl FromStr for BackgroundColor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "yellow" => Ok(BackgroundColor::Yellow),
            "blue" => Ok(BackgroundColor::Blue),
            "green" => Ok(BackgroundColor::Green),
            "grey" => Ok(BackgroundColor::Grey),
            flat => parse_hex_color(flat)
                .map(BackgroundColor::Flat)
                .ok_or_else(|| format!("unknown background color: {flat}")),
        }
    }
}

/// The color of frames that match a search. Displayed as `rgb(230,0,230)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchColor(Color);

impl SearchColor {
    pub(super) const MAGENTA: SearchColor = SearchColor(Color::new(230, 0, 230));
}

/// Parses `#rrggbb`.
impl FromStr for SearchColor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex_color(text)
            .map(SearchColor)
            .ok_or_else(|| format!("unknown color: {text}"))
    }
}

impl fmt::Display for SearchColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&css(self.0))
    }
}

/// The outline of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrokeColor {
    /// An outline of this color.
    Color(Color),
    /// No outline.
    None,
}

/// Parses `none` or `#rrggbb`.
impl FromStr for StrokeColor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(StrokeColor::None),
            color => parse_hex_color(color)
                .map(StrokeColor::Color)
                .ok_or_else(|| format!("unknown color: {color}")),
        }
    }
}

/// Parses `#rrggbb`, with hexadecimal digits of either case; `None` for anything else.
///
/// ```
/// use inferno::flamegraph::color::{Color, parse_hex_color};
///
/// assert_eq!(parse_hex_color("#0080Ff"), Some(Color::new(0, 128, 255)));
/// assert_eq!(parse_hex_color("red"), None);
/// ```
pub fn parse_hex_color(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some(Color::new(red, green, blue))
}

/// Formats a color for style sheets and SVG attributes: `rgb(1,2,3)`.
pub(super) fn css(color: Color) -> String {
    format!("rgb({},{},{})", color.r, color.g, color.b)
}

/// The color of frames that do not represent a function.
pub(super) fn of_no_function(name: &str) -> Option<Color> {
    match name {
        "--" => Some(GAP),
        "-" => Some(MARK),
        _ => None,
    }
}

/// White for 0, more red the closer `value` is to `max`, and more blue the closer it is to `-max`.
pub(super) fn on_scale(value: i128, max: i128) -> Color {
    let pale = |distance: i128| {
        let rest = (max - distance).max(0);
        // At most 250, because `rest` is at most `max`.
        (100 + 150 * rest / max.max(1)) as u8
    };
    match value {
        0 => Color::new(250, 250, 250),
        1.. => Color::new(255, pale(value), pale(value)),
        _ => Color::new(pale(-value), pale(-value), 255),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_colors_are_a_hash_and_six_digits() {
        assert_eq!(
            parse_hex_color("#123aBc"),
            Some(Color::new(0x12, 0x3a, 0xbc))
        );
        for text in [
            "", "#", "123456", "#12345", "#1234567", "#12345g", "#+12345", "#éé12",
        ] {
            assert_eq!(parse_hex_color(text), None, "{text}");
        }
    }

    #[test]
    fn errors_name_the_color() {
        let error = "pink".parse::<BackgroundColor>().unwrap_err();
        assert_eq!(error, "unknown background color: pink");
        assert_eq!(
            "red".parse::<SearchColor>().unwrap_err(),
            "unknown color: red"
        );
        assert_eq!("x".parse::<StrokeColor>().unwrap_err(), "unknown color: x");
        assert_eq!("none".parse(), Ok(StrokeColor::None));
    }

    #[test]
    fn a_search_color_is_shown_as_css() {
        assert_eq!(
            "#e600e6".parse::<SearchColor>().unwrap().to_string(),
            "rgb(230,0,230)"
        );
    }

    #[test]
    fn changes_are_red_and_blue() {
        assert_eq!(on_scale(0, 0), Color::new(250, 250, 250));
        assert_eq!(on_scale(8, 8), Color::new(255, 100, 100));
        assert_eq!(on_scale(-8, 8), Color::new(100, 100, 255));
        assert_eq!(on_scale(1, 8), Color::new(255, 231, 231));
        assert_eq!(on_scale(9, 8), Color::new(255, 100, 100));
        let huge = i128::from(u64::MAX) * 1_000_000_000;
        assert_eq!(on_scale(-huge / 2, huge), Color::new(175, 175, 255));
    }
}

//! Palettes: ranges of colors, and rules to choose a range for a name.

use super::{BackgroundColor, Color, Vector, classify};
use std::str::FromStr;

/// A range of colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicPalette {
    /// Red to yellow, like fire.
    Hot,
    /// Green to turquoise, for memory.
    Mem,
    /// Blue to violet, for input and output.
    Io,
    /// Shades of red.
    Red,
    /// Shades of green.
    Green,
    /// Shades of blue.
    Blue,
    /// Shades of turquoise.
    Aqua,
    /// Shades of yellow.
    Yellow,
    /// Shades of purple.
    Purple,
    /// Shades of orange.
    Orange,
}

/// A rule to choose a [`BasicPalette`] for each name by the kind of function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultiPalette {
    /// Java: distinguishes C++, the kernel, compiled and inlined code.
    Java,
    /// JavaScript: distinguishes `node_modules`, the engine and the kernel.
    Js,
    /// Perl: distinguishes C++ and the kernel.
    Perl,
    /// Python: distinguishes packages and the standard library.
    Python,
    /// Rust: distinguishes the standard library and other paths.
    Rust,
    /// Aqua for all, for stacks that show wakeups.
    Wakeup,
}

/// The colors of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// A single range for all names.
    Basic(BasicPalette),
    /// A range for each kind of name.
    Multi(MultiPalette),
}

const ALL: [(&str, Palette); 16] = [
    ("aqua", Palette::Basic(BasicPalette::Aqua)),
    ("blue", Palette::Basic(BasicPalette::Blue)),
    ("green", Palette::Basic(BasicPalette::Green)),
    ("hot", Palette::Basic(BasicPalette::Hot)),
    ("io", Palette::Basic(BasicPalette::Io)),
    ("java", Palette::Multi(MultiPalette::Java)),
    ("js", Palette::Multi(MultiPalette::Js)),
    ("mem", Palette::Basic(BasicPalette::Mem)),
    ("orange", Palette::Basic(BasicPalette::Orange)),
    ("perl", Palette::Multi(MultiPalette::Perl)),
    ("python", Palette::Multi(MultiPalette::Python)),
    ("purple", Palette::Basic(BasicPalette::Purple)),
    ("red", Palette::Basic(BasicPalette::Red)),
    ("rust", Palette::Multi(MultiPalette::Rust)),
    ("wakeup", Palette::Multi(MultiPalette::Wakeup)),
    ("yellow", Palette::Basic(BasicPalette::Yellow)),
];

const NAMES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ALL[at].0;
        at += 1;
    }
    names
};

impl Palette {
    /// The names of all palettes, as parsed by [`FromStr`].
    pub const VARIANTS: &'static [&'static str] = &NAMES;

    /// The color of a frame called `name`.
    pub(in crate::flamegraph) fn color(self, name: &str, vector: Vector) -> Color {
        let basic = match self {
            Palette::Basic(basic) => basic,
            Palette::Multi(multi) => classify::palette_of(multi, name),
        };
        basic.color(vector)
    }
}

impl Default for Palette {
    /// The default is `hot`.
    fn default() -> Self {
        Palette::Basic(BasicPalette::Hot)
    }
}

impl FromStr for Palette {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = ALL.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, palette)| *palette)
            .ok_or_else(|| format!("unknown color palette: {text}"))
    }
}

impl BasicPalette {
    fn color(self, [v1, v2, v3]: Vector) -> Color {
        let (red, green, blue) = match self {
            BasicPalette::Hot => (within(205, 50, v3), within(0, 230, v1), within(0, 55, v2)),
            BasicPalette::Mem => (0, within(190, 50, v2), within(0, 210, v1)),
            BasicPalette::Io => (within(80, 60, v1), within(80, 60, v1), within(190, 55, v2)),
            BasicPalette::Red => (within(200, 55, v1), within(50, 80, v1), within(50, 80, v1)),
            BasicPalette::Green => (within(50, 60, v1), within(200, 55, v1), within(50, 60, v1)),
            BasicPalette::Blue => (within(80, 60, v1), within(80, 60, v1), within(205, 50, v1)),
            BasicPalette::Yellow => (within(175, 55, v1), within(175, 55, v1), within(50, 20, v1)),
            BasicPalette::Purple => (within(190, 65, v1), within(80, 60, v1), within(190, 65, v1)),
            BasicPalette::Aqua => (within(50, 60, v1), within(165, 55, v1), within(165, 55, v1)),
            BasicPalette::Orange => (within(190, 65, v1), within(90, 65, v1), 0),
        };
        Color::new(red, green, blue)
    }
}

/// Maps 0 to `base` and 1 to `base + range`.
fn within(base: u8, range: u8, at: f32) -> u8 {
    base + (f32::from(range) * at) as u8
}

/// The default background for a palette.
pub(in crate::flamegraph) fn background_for(palette: Palette) -> BackgroundColor {
    match palette {
        Palette::Basic(BasicPalette::Mem) => BackgroundColor::Green,
        Palette::Basic(BasicPalette::Io) | Palette::Multi(MultiPalette::Wakeup) => {
            BackgroundColor::Blue
        }
        Palette::Basic(BasicPalette::Hot) | Palette::Multi(_) => BackgroundColor::Yellow,
        Palette::Basic(_) => BackgroundColor::Grey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_palette_of_its_own() {
        for &name in Palette::VARIANTS {
            let palette: Palette = name.parse().unwrap();
            assert!(format!("{palette:?}").to_lowercase().contains(name));
        }
        assert_eq!(
            "nope".parse::<Palette>().unwrap_err(),
            "unknown color palette: nope"
        );
    }

    #[test]
    fn the_ends_of_each_range() {
        for (palette, low, high) in [
            (BasicPalette::Hot, [205, 0, 0], [255, 230, 55]),
            (BasicPalette::Mem, [0, 190, 0], [0, 240, 210]),
            (BasicPalette::Io, [80, 80, 190], [140, 140, 245]),
            (BasicPalette::Red, [200, 50, 50], [255, 130, 130]),
            (BasicPalette::Green, [50, 200, 50], [110, 255, 110]),
            (BasicPalette::Blue, [80, 80, 205], [140, 140, 255]),
            (BasicPalette::Yellow, [175, 175, 50], [230, 230, 70]),
            (BasicPalette::Purple, [190, 80, 190], [255, 140, 255]),
            (BasicPalette::Aqua, [50, 165, 165], [110, 220, 220]),
            (BasicPalette::Orange, [190, 90, 0], [255, 155, 0]),
        ] {
            assert_eq!(palette.color([0.0; 3]), Color::from(low));
            assert_eq!(palette.color([1.0; 3]), Color::from(high));
        }
        assert_eq!(
            BasicPalette::Hot.color([0.5, 0.25, 0.75]),
            Color::new(242, 115, 13)
        );
    }

    #[test]
    fn backgrounds_go_with_palettes() {
        for (name, background) in [
            ("hot", BackgroundColor::Yellow),
            ("rust", BackgroundColor::Yellow),
            ("mem", BackgroundColor::Green),
            ("io", BackgroundColor::Blue),
            ("wakeup", BackgroundColor::Blue),
            ("purple", BackgroundColor::Grey),
        ] {
            assert_eq!(background_for(name.parse().unwrap()), background);
        }
    }
}

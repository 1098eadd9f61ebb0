//! Positions of the parts of the image.

use super::Options;

/// The width of an image that fits its window, if there is no script to adapt it.
const DEFAULT_WIDTH: usize = 1200;

/// The space to the left and the right of the frames, in pixels.
pub(super) const X_PAD: usize = 10;

/// The height of a legend is that of the font and this space below it.
pub(super) const LEGEND_GAP: usize = 8;

/// The width of the image in pixels.
pub(super) fn image_width(opt: &Options<'_>) -> usize {
    opt.image_width.unwrap_or(DEFAULT_WIDTH)
}

/// Positions in pixels from the upper left corner.
pub(super) struct Geometry {
    pub width: usize,
    pub height: usize,
    /// The height of a frame including the gap above it.
    row: usize,
    font_size: usize,
    /// The upper edge of the legend, if there is one.
    pub legend_y: Option<usize>,
    /// The space above the frames, with the title, and below them, with the details.
    top: usize,
    bottom: usize,
    deepest: usize,
    is_inverted: bool,
}

impl Geometry {
    pub fn new(opt: &Options<'_>, deepest: usize, has_legend: bool) -> Geometry {
        let font_size = opt.font_size;
        let subtitle = font_size.saturating_mul(if opt.subtitle.is_some() { 2 } else { 0 });
        // An inverted graph has its details at the top.
        let (top, bottom) = match opt.is_inverted() {
            false => (font_size.saturating_mul(3), font_size.saturating_mul(2)),
            true => (font_size.saturating_mul(4).saturating_add(4), font_size),
        };
        let (top, bottom) = (top.saturating_add(subtitle), bottom.saturating_add(10));
        let legend = has_legend.then(|| font_size.saturating_add(LEGEND_GAP));
        let legend_y = legend.map(|_| font_size.saturating_mul(3).saturating_add(subtitle));
        let top = top.saturating_add(legend.unwrap_or(0));
        let frames = opt.frame_height.saturating_mul(deepest + 1);
        Geometry {
            width: image_width(opt),
            height: frames.saturating_add(top).saturating_add(bottom),
            row: opt.frame_height,
            font_size,
            legend_y,
            top,
            bottom,
            deepest,
            is_inverted: opt.is_inverted(),
        }
    }

    pub fn frames_width(&self) -> usize {
        self.width.saturating_sub(2 * X_PAD)
    }

    /// The `y` and height of a rectangle.
    pub fn rect(&self, depth: usize) -> (usize, usize) {
        let (row, gap) = match self.is_inverted {
            true => (depth, 0),
            false => (self.deepest - depth, 1),
        };
        let y = row
            .saturating_mul(self.row)
            .saturating_add(self.top.saturating_add(gap));
        (y, self.row.saturating_sub(1))
    }

    pub fn title_y(&self) -> usize {
        self.font_size.saturating_mul(2)
    }

    pub fn details_y(&self) -> usize {
        match self.is_inverted {
            true => self.top.saturating_sub(self.font_size),
            false => self.matched_y(),
        }
    }

    pub fn matched_y(&self) -> usize {
        self.height.saturating_sub(self.bottom / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Direction;
    use super::*;

    fn geometry(change: impl FnOnce(&mut Options<'_>)) -> Geometry {
        let mut opt = Options::default();
        change(&mut opt);
        Geometry::new(&opt, 2, false)
    }

    #[test]
    fn the_root_is_at_the_bottom() {
        let geometry = geometry(|_| ());
        assert_eq!(geometry.height, 3 * 16 + 36 + 34);
        assert_eq!(geometry.rect(0), (36 + 2 * 16 + 1, 15));
        assert_eq!(geometry.rect(2), (37, 15));
        assert_eq!(geometry.details_y(), geometry.height - 17);
    }

    #[test]
    fn the_root_is_at_the_top_if_inverted() {
        let geometry = geometry(|opt| {
            opt.direction = Direction::Inverted;
            opt.subtitle = Some(String::new());
        });
        assert_eq!(geometry.height, 3 * 16 + (4 * 12 + 2 * 12 + 4) + (12 + 10));
        assert_eq!(geometry.rect(0), (76, 15));
        assert_eq!(geometry.rect(2), (76 + 32, 15));
        assert_eq!(geometry.details_y(), 76 - 12);
    }

    #[test]
    fn no_size_is_too_small_or_too_large() {
        for size in [0, 1, 19, 20, usize::MAX / 2, usize::MAX] {
            let geometry = geometry(|opt| {
                opt.image_width = Some(size);
                opt.font_size = size;
                opt.frame_height = size;
                opt.subtitle = Some(String::new());
            });
            assert_eq!(geometry.frames_width(), size.saturating_sub(20));
            assert!(geometry.rect(1).1 <= geometry.height);
            assert!(geometry.details_y() <= geometry.height);
        }
    }
}

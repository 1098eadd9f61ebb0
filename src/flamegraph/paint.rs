//! Computes the color of each frame.

use super::color::{self, Change, Color, Modules, Palette, PaletteMap, Random};
use super::layout::Layout;
use super::{DiffScale, Options};
use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, FrameId};

pub(super) struct Painter<'p> {
    palette: Palette,
    choice: Choice,
    is_by_width: bool,
    /// -1 to swap the colors of growing and shrinking frames.
    sign: i128,
    scale: Scale,
    /// The modules that determine colors, if there are any.
    modules: Option<&'p Modules>,
    palette_map: Option<&'p mut PaletteMap>,
    /// The colors of names, by frame; `None` if not computed yet.
    of_names: Vec<Option<Color>>,
}

/// How a color is chosen from the palette.
enum Choice {
    ByPrefix,
    ByHash,
    AtRandom(Random),
}

/// The scale of changes.
pub(super) enum Scale {
    /// In proportion to the largest change.
    Linear { largest: i128 },
    /// See [`DiffScale::Log`], with the sum of all samples.
    Log { total: f64 },
}

impl Scale {
    pub fn new(opt: &Options<'_>, layout: &Layout) -> Scale {
        match opt.diff_scale {
            DiffScale::Classic => Scale::Linear {
                largest: layout.largest_delta,
            },
            DiffScale::Log => Scale::Log {
                total: layout.larger_total(),
            },
        }
    }
}

/// The number of steps in the scale of widths.
const WIDTH_STEPS: f64 = 2000.0;

impl<'p> Painter<'p> {
    pub fn new(
        opt: &Options<'_>,
        scale: Scale,
        modules: Option<&'p Modules>,
        palette_map: Option<&'p mut PaletteMap>,
    ) -> Painter<'p> {
        Painter {
            palette: opt.colors,
            choice: match (opt.hash, opt.deterministic) {
                (true, _) => Choice::ByPrefix,
                (false, true) => Choice::ByHash,
                (false, false) => Choice::AtRandom(Random::new()),
            },
            is_by_width: opt.color_diffusion,
            sign: if opt.negate_differentials { -1 } else { 1 },
            scale,
            modules,
            palette_map,
            of_names: Vec::new(),
        }
    }

    /// The color of the root. On the linear scale it is that of no change, because the root contains all
    /// changes.
    pub fn fill_root(&mut self, name: &str, width: f64, change: Option<Change>) -> Color {
        let change = match self.scale {
            Scale::Linear { .. } => change.map(|Change { after, .. }| Change {
                before: after,
                after,
            }),
            Scale::Log { .. } => change,
        };
        self.fill(name, width, change)
    }

    /// The color of a frame that is `width` percent wide, with its change in a differential graph.
    pub fn fill(&mut self, name: &str, width: f64, change: Option<Change>) -> Color {
        if let Some(color) = color::of_no_function(name) {
            return color;
        }
        if self.is_by_width {
            let steps = ((width / 100.0).sqrt() * WIDTH_STEPS) as i128;
            return color::on_scale(steps, WIDTH_STEPS as i128);
        }
        match (change, &self.scale) {
            (Some(change), Scale::Linear { largest }) => {
                color::on_scale(self.sign * change.delta(), *largest)
            }
            (Some(change), Scale::Log { total }) => change.color(*total, self.sign),
            (None, _) => self.mapped(name),
        }
    }

    /// The color of frames with this name that have no painted element.
    #[inline]
    pub fn of_name(&mut self, tree: &CallTree, frame: FrameId) -> Color {
        match self.of_names.get(frame.index()) {
            Some(Some(color)) => *color,
            _ => self.compute_of_name(tree, frame),
        }
    }

    fn compute_of_name(&mut self, tree: &CallTree, frame: FrameId) -> Color {
        self.of_names.resize(tree.frame_count(), None);
        let name = lossy(tree.frame_name(frame));
        let known = color::of_no_function(&name);
        let known = known.or_else(|| Some(self.modules?.color(frame)));
        let known = known.or_else(|| self.palette_map.as_ref()?.get(&name));
        let color = known.unwrap_or_else(|| self.chosen(&name));
        self.of_names[frame.index()] = Some(color);
        color
    }

    /// Whether there are few colors, with small differences.
    pub fn is_in_steps(&self, is_differential: bool) -> bool {
        let is_log = is_differential && matches!(self.scale, Scale::Log { .. });
        is_log || self.modules.is_some()
    }

    /// Whether colors depend on names.
    pub fn is_by_name(&self, is_differential: bool) -> bool {
        !self.is_by_width && !is_differential
    }

    fn mapped(&mut self, name: &str) -> Color {
        let known = self.palette_map.as_ref().and_then(|map| map.get(name));
        known.unwrap_or_else(|| {
            let color = self.chosen(name);
            if let Some(map) = &mut self.palette_map {
                map.insert(name, color);
            }
            color
        })
    }

    /// The modules that determine colors.
    pub fn modules(&self) -> Option<&'p Modules> {
        self.modules
    }

    fn chosen(&mut self, name: &str) -> Color {
        let vector = match &mut self.choice {
            Choice::ByPrefix => color::by_prefix(name),
            Choice::ByHash => color::by_hash(name),
            Choice::AtRandom(random) => random.vector(),
        };
        self.palette.color(name, vector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(opt: &Options<'_>, name: &str, width: f64, delta: Option<i128>) -> Color {
        let change = delta.map(|after| Change { before: 0, after });
        Painter::new(opt, Scale::Linear { largest: 10 }, None, None).fill(name, width, change)
    }

    #[test]
    fn the_first_rule_that_applies_decides() {
        let mut opt = Options {
            color_diffusion: true,
            ..Options::default()
        };
        assert_eq!(fill(&opt, "--", 100.0, Some(10)), Color::new(160, 160, 160));
        assert_eq!(fill(&opt, "-", 100.0, Some(10)), Color::new(200, 200, 200));
        assert_eq!(fill(&opt, "f", 25.0, Some(10)), Color::new(255, 175, 175));
        opt.color_diffusion = false;
        assert_eq!(fill(&opt, "f", 25.0, Some(10)), Color::new(255, 100, 100));
        opt.negate_differentials = true;
        assert_eq!(fill(&opt, "f", 25.0, Some(10)), Color::new(100, 100, 255));
        opt.hash = true;
        assert_eq!(fill(&opt, "", 25.0, None), Color::new(255, 230, 55));
    }

    #[test]
    fn a_palette_map_is_used_and_added_to() {
        let opt = Options {
            hash: true,
            ..Options::default()
        };
        let mut map = PaletteMap::default();
        map.insert("known", Color::new(1, 2, 3));
        let mut painter = Painter::new(&opt, Scale::Linear { largest: 0 }, None, Some(&mut map));
        assert_eq!(painter.fill("known", 1.0, None), Color::new(1, 2, 3));
        let color = painter.fill("new_[k]", 1.0, None);
        painter.fill("-", 1.0, None);
        let known: Vec<_> = map.iter().collect();
        assert_eq!(known, [("known", Color::new(1, 2, 3)), ("new_[k]", color)]);
    }
}

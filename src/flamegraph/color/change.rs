//! Colors of changes on logarithmic scales. The viewer computes the same ones, in `changes.js`.

use super::Color;

/// The counts of a frame in both profiles, in units of 10⁻⁹ samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flamegraph) struct Change {
    pub before: i128,
    pub after: i128,
}

const UNCHANGED: [f64; 3] = [208.0, 208.0, 208.0];
const GROWN: [f64; 3] = [224.0, 56.0, 48.0];
const SHRUNK: [f64; 3] = [48.0, 88.0, 224.0];

/// The number of colors between no change and the largest one. Browsers are slow if there are many.
const STEPS: f64 = 12.0;

/// The smallest and the largest shares that can be told apart: of a change in its frame, and in all
/// samples.
const OF_FRAME: (f64, f64) = (0.003, 1.0);
const OF_ALL: (f64, f64) = (0.000_01, 0.01);

impl Change {
    pub fn delta(self) -> i128 {
        self.after - self.before
    }

    /// The color of the change in a profile with `total` samples. With a `sign` of -1, growth has the color
    /// of shrinkage.
    pub fn color(self, total: f64, sign: i128) -> Color {
        let delta = self.delta().unsigned_abs() as f64;
        let of_frame = match self.before {
            0 => 1.0,
            before => delta / before as f64,
        };
        let level = level(of_frame, OF_FRAME) * level(delta / total, OF_ALL).sqrt();
        let deepest = if sign * self.delta() > 0 {
            GROWN
        } else {
            SHRUNK
        };
        mixed(deepest, (level * STEPS).round() / STEPS)
    }
}

/// Maps the logarithm of a share to a number from 0 to 1.
fn level(share: f64, (min, max): (f64, f64)) -> f64 {
    // The logarithm of 0 is negative infinity, which becomes 0.
    ((share / min).ln() / (max / min).ln()).clamp(0.0, 1.0)
}

fn mixed(deepest: [f64; 3], level: f64) -> Color {
    let part = |at: usize| (UNCHANGED[at] + (deepest[at] - UNCHANGED[at]) * level).round() as u8;
    Color::new(part(0), part(1), part(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(before: i128, after: i128) -> Color {
        Change { before, after }.color(1_000_000.0, 1)
    }

    #[test]
    fn growth_is_red_and_shrinkage_blue() {
        let grown = color(100_000, 300_000);
        assert_eq!(grown, Color::new(224, 56, 48));
        assert_eq!(color(0, 20_000), grown);
        assert_eq!(color(20_000, 0), Color::new(48, 88, 224));
        let negated = Change {
            before: 0,
            after: 20_000,
        }
        .color(1_000_000.0, -1);
        assert_eq!(negated, color(20_000, 0));
    }

    #[test]
    fn a_small_frame_that_changed_a_lot_is_visible() {
        let Color { r, g, b } = color(300, 400);
        assert!(r > 200 && g < 140 && b < 140, "{r} {g} {b}");
    }

    #[test]
    fn noise_is_not_visible() {
        let unchanged = color(5, 5);
        for (before, after) in [(0, 0), (0, 9), (900_000, 902_000)] {
            assert_eq!(color(before, after), unchanged);
        }
    }
}

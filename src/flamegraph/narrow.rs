//! Draws frames that are too narrow to distinguish as one path.

use super::color::{Color, css};
use super::geometry::Geometry;
use super::layout::{Frame, Layout};
use super::svg::Xml;
use crate::number::push_fixed;

/// Narrower gaps are invisible, in pixels.
const LEAST_GAP: f64 = 1.0;

/// The minimum width of a run in pixels, because one of zero width would be invisible.
const LEAST_RUN: f64 = 0.3;

/// The extent of adjacent frames in a row, in pixels.
#[derive(Clone, Copy)]
struct Run {
    left: f64,
    right: f64,
}

/// Draws the frames with fewer than `least` samples as one path, if there are any.
pub(super) fn write(layout: &Layout, geometry: &Geometry, least: f64, color: Color, xml: &mut Xml) {
    let pixels = geometry.frames_width() as f64 / layout.total().to_f64();
    let mut rows: Vec<Vec<Run>> = vec![Vec::new(); layout.deepest + 1];
    let is_narrow = |frame: &&Frame| frame.count.to_f64() < least;
    for frame in layout.frames.iter().filter(is_narrow) {
        let left = frame.start.to_f64() * pixels;
        let right = left + frame.count.to_f64() * pixels;
        join(&mut rows[frame.depth], Run { left, right });
    }
    if rows.iter().all(Vec::is_empty) {
        return;
    }
    xml.start("path");
    xml.attr("id", "narrow");
    xml.attr("fill", "none");
    xml.attr("stroke", &css(color));
    xml.attr("stroke-width", &geometry.rect(0).1.to_string());
    xml.attr_with("d", |out| {
        for (depth, runs) in rows.iter().enumerate() {
            push_row(out, runs, geometry.rect(depth));
        }
    });
    xml.end();
}

fn join(runs: &mut Vec<Run>, next: Run) {
    match runs.last_mut() {
        Some(last) if next.left - last.right < LEAST_GAP => last.right = next.right,
        _ => runs.push(next),
    }
}

/// Writes a line along the middle of the row, interrupted by the gaps.
fn push_row(out: &mut Vec<u8>, runs: &[Run], (y, height): (usize, usize)) {
    for run in runs {
        out.push(b'M');
        push_fixed::<1>(out, run.left);
        out.push(b' ');
        push_fixed::<1>(out, y as f64 + height as f64 / 2.0);
        out.push(b'h');
        push_fixed::<1>(out, (run.right - run.left).max(LEAST_RUN));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DiffWidth, Options};
    use super::*;
    use crate::call_tree::CallTree;
    use crate::folded::LineFolder;

    fn path(lines: &str, least: f64) -> String {
        let mut folder = LineFolder::new(CallTree::new());
        lines
            .lines()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let layout = Layout::new(&tree, 0.0, DiffWidth::After, |_| ());
        let geometry = Geometry::new(&Options::default(), layout.deepest);
        let mut xml = Xml::new(false);
        write(&layout, &geometry, least, Color::new(1, 2, 3), &mut xml);
        String::from_utf8(std::mem::take(xml.out())).unwrap()
    }

    #[test]
    fn neighbors_are_one_run() {
        // A sample is 11.8 pixels wide; b and c are adjacent, d is separate.
        let drawn = path("a;b 3\na;c 2\na;x 90\na;y;d 5\n", 20.0);
        let expected = "<path id=\"narrow\" fill=\"none\" stroke=\"rgb(1,2,3)\" stroke-width=\"15\" \
                        d=\"M0.0 60.5h59.0M1121.0 60.5h59.0M1121.0 44.5h59.0\"/>";
        assert_eq!(drawn.trim(), expected);
    }

    #[test]
    fn there_is_no_path_of_nothing() {
        assert_eq!(path("a;b 3\n", 0.0), "");
    }
}

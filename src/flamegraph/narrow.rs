//! Paints frames that are too narrow for an element of their own.
//!
//! The coverage of such elements would not add up: a browser blends each one with what is below it,
//! so four frames of a quarter of a pixel only cover two thirds of the pixel. Here, the painted share of a pixel
//! column is that of the frames in it. The viewer paints them in the same way.

use super::color::{Color, css};
use super::geometry::Geometry;
use super::layout::Span;
use super::svg::Xml;
use crate::bytes::number::push_uint;
use std::collections::BTreeMap;

/// The units of a column, in which paths are written.
const UNITS: f64 = 10.0;

/// Adjacent segments of different colors overlap by this many units, so that no gap shows at any scale.
const OVERLAP: u32 = 20;

/// Colors are rounded to multiples of one of these, which limits the number of paths. The fine one is for
/// colors that differ less.
pub(super) const COLOR_STEP: f64 = 32.0;
pub(super) const FINE_COLOR_STEP: f64 = 16.0;

/// Collects frames, which must be added from left to right in each row.
pub(super) struct Cells {
    columns: f64,
    columns_per_sample: f64,
    color_step: f64,
    rows: Vec<Row>,
}

/// A row: its current cell, which is a column and the frames in it so far, and what is painted left of it.
#[derive(Clone, Default)]
struct Row {
    /// Where the column starts and ends.
    column: (f64, f64),
    /// The position of the first frame.
    left: f64,
    /// The sum of the widths of the frames.
    covered: f64,
    /// The sum of their colors, weighted by width.
    color: [f64; 3],
    /// The rounding error of the painted widths, in units. It is carried over to the next cell, so
    /// that the row is exact as a whole.
    carry: f64,
    segments: Vec<Segment>,
}

/// A painted part of a row, in units.
#[derive(Clone, Copy)]
struct Segment {
    color: Color,
    left: u32,
    right: u32,
}

impl Cells {
    /// Creates the cells of rows that represent `total` samples each.
    pub fn new(columns: f64, total: f64, rows: usize, color_step: f64) -> Cells {
        Cells {
            columns,
            columns_per_sample: columns / total,
            color_step,
            rows: vec![Row::default(); rows],
        }
    }

    #[inline]
    pub fn add(&mut self, span: &Span, color: Color) {
        let left = span.start * self.columns_per_sample;
        let right = left + span.count * self.columns_per_sample;
        let row = &mut self.rows[span.depth];
        // Most frames are in the same cell as the one before.
        match left >= row.column.0 && right <= row.column.1 {
            true => row.cover(right - left, color),
            false => row.add(left, right, color, self.color_step),
        }
    }

    /// Writes a path for each color, if there are any frames.
    pub fn write(mut self, geometry: &Geometry, xml: &mut Xml) {
        for row in &mut self.rows {
            row.finish_cell(self.color_step);
        }
        let paths = self.paths();
        if paths.is_empty() {
            return;
        }
        xml.start("svg");
        xml.attr("id", "narrow");
        xml.attr("height", "100");
        xml.attr("viewBox", &format!("0 0 {} 1000", self.columns * UNITS));
        xml.attr("preserveAspectRatio", "none");
        xml.attr("overflow", "visible");
        xml.attr("fill", "none");
        xml.attr("stroke-width", &(geometry.rect(0).1 * 10).to_string());
        for path in paths.values() {
            xml.start("path");
            xml.attr("stroke", &css(path[0].1.color));
            xml.attr_with("d", |out| {
                for row in path.chunk_by(|a, b| a.0 == b.0) {
                    push_row(out, row, geometry.rect(row[0].0));
                }
            });
            xml.end();
        }
        xml.end();
    }

    /// The segments of each color, with the depths of their rows.
    fn paths(&self) -> BTreeMap<u32, Vec<(usize, Segment)>> {
        let mut paths = BTreeMap::<_, Vec<_>>::new();
        for (depth, row) in self.rows.iter().enumerate() {
            for segment in &row.segments {
                let Color { r, g, b } = segment.color;
                let path = paths.entry(u32::from_be_bytes([0, r, g, b])).or_default();
                path.push((depth, *segment));
            }
        }
        paths
    }
}

impl Row {
    /// Adds a frame that is not in the current cell, or not only there.
    // Never inlined, so that its caller is.
    #[inline(never)]
    fn add(&mut self, mut left: f64, right: f64, color: Color, color_step: f64) {
        while left < right {
            if left < self.column.0 || left >= self.column.1 {
                self.finish_cell(color_step);
                self.begin_cell(left);
            }
            let end = right.min(self.column.1);
            self.cover(end - left, color);
            left = end;
        }
    }

    fn begin_cell(&mut self, left: f64) {
        let column = f64::from(left as u32);
        self.column = (column, column + 1.0);
        self.left = left;
        self.covered = 0.0;
        self.color = [0.0; 3];
    }

    #[inline]
    fn cover(&mut self, width: f64, color: Color) {
        self.covered += width;
        for (sum, part) in self.color.iter_mut().zip([color.r, color.g, color.b]) {
            *sum += width * f64::from(part);
        }
    }

    fn finish_cell(&mut self, color_step: f64) {
        let units = self.covered * UNITS + self.carry;
        let width = units.round();
        self.carry = units - width;
        if width <= 0.0 {
            return;
        }
        let color = self.average(color_step);
        let left = (self.left * UNITS).round() as u32;
        let last = self.segments.last_mut();
        let end = last.as_ref().map_or(0, |last| last.right);
        let right = left.max(end) + width as u32;
        let left = match last {
            Some(last) if left <= last.right && last.color == color => {
                last.right = right;
                return;
            }
            Some(last) if left <= last.right => last.left.max(last.right.saturating_sub(OVERLAP)),
            _ => left,
        };
        self.segments.push(Segment { color, left, right });
    }

    fn average(&self, step: f64) -> Color {
        let [red, green, blue] = self.color.map(|sum| {
            let steps = (sum / self.covered / step).round();
            (steps * step).min(255.0) as u8
        });
        Color::new(red, green, blue)
    }
}

/// Writes lines along the middle of a row.
fn push_row(out: &mut Vec<u8>, segments: &[(usize, Segment)], (y, height): (usize, usize)) {
    let mut end = None;
    for (_, segment) in segments {
        match end {
            None => {
                out.push(b'M');
                push_uint(out, u64::from(segment.left));
                out.push(b' ');
                push_uint(out, (10 * y + 5 * height) as u64);
            }
            Some(end) => {
                out.push(b'm');
                if segment.left < end {
                    out.push(b'-');
                }
                push_uint(out, u64::from(segment.left.abs_diff(end)));
                out.extend_from_slice(b" 0");
            }
        }
        out.push(b'h');
        push_uint(out, u64::from(segment.right - segment.left));
        end = Some(segment.right);
    }
}

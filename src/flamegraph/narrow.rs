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
    segments: Vec<Segment>,
}

/// The current cell of a row: a column, and the frames in it so far.
#[derive(Clone, Default)]
struct Row {
    column: u32,
    /// The position of the first frame.
    left: f64,
    /// The sum of the widths of the frames.
    covered: f64,
    /// The sum of their colors, weighted by width.
    color: [f64; 3],
    /// The rounding error of the painted widths, in units. It is carried over to the next cell, so
    /// that the row is exact as a whole.
    carry: f64,
    /// The index of the last segment.
    last: Option<usize>,
}

/// A painted part of a row, in units.
struct Segment {
    depth: usize,
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
            segments: Vec::new(),
        }
    }

    pub fn add(&mut self, span: &Span, color: Color) {
        let mut left = span.start * self.columns_per_sample;
        let right = left + span.count * self.columns_per_sample;
        while left < right {
            let column = left as u32;
            if self.rows[span.depth].column != column {
                self.finish_cell(span.depth);
            }
            let end = right.min(f64::from(column) + 1.0);
            self.rows[span.depth].add(left, end - left, color);
            left = end;
        }
    }

    fn finish_cell(&mut self, depth: usize) {
        let row = &mut self.rows[depth];
        let units = row.covered * UNITS + row.carry;
        let width = units.round();
        row.carry = units - width;
        let color = row.average(self.color_step);
        row.covered = 0.0;
        if width <= 0.0 {
            return;
        }
        let left = (row.left * UNITS).round() as u32;
        let last = row.last.map(|last| &mut self.segments[last]);
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
        row.last = Some(self.segments.len());
        self.segments.push(Segment {
            depth,
            color,
            left,
            right,
        });
    }

    /// Writes a path for each color, if there are any frames.
    pub fn write(mut self, geometry: &Geometry, xml: &mut Xml) {
        (0..self.rows.len()).for_each(|depth| self.finish_cell(depth));
        if self.segments.is_empty() {
            return;
        }
        // Segments of a row stay in order.
        self.segments
            .sort_by_key(|it| (it.color.r, it.color.g, it.color.b, it.depth));
        xml.start("svg");
        xml.attr("id", "narrow");
        xml.attr("height", "100");
        xml.attr("viewBox", &format!("0 0 {} 1000", self.columns * UNITS));
        xml.attr("preserveAspectRatio", "none");
        xml.attr("overflow", "visible");
        xml.attr("fill", "none");
        xml.attr("stroke-width", &(geometry.rect(0).1 * 10).to_string());
        for path in self.segments.chunk_by(|a, b| a.color == b.color) {
            xml.start("path");
            xml.attr("stroke", &css(path[0].color));
            xml.attr_with("d", |out| {
                for row in path.chunk_by(|a, b| a.depth == b.depth) {
                    push_row(out, row, geometry.rect(row[0].depth));
                }
            });
            xml.end();
        }
        xml.end();
    }
}

impl Row {
    fn add(&mut self, left: f64, width: f64, color: Color) {
        if self.covered == 0.0 {
            self.column = left as u32;
            self.left = left;
            self.color = [0.0; 3];
        }
        self.covered += width;
        for (sum, part) in self.color.iter_mut().zip([color.r, color.g, color.b]) {
            *sum += width * f64::from(part);
        }
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
fn push_row(out: &mut Vec<u8>, segments: &[Segment], (y, height): (usize, usize)) {
    let mut end = None;
    for segment in segments {
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

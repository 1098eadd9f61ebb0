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

/// A row of cells, one for each column.
#[derive(Clone, Default)]
struct Row {
    /// The column of the current cell.
    column: u32,
    /// The position of the first frame in the current cell.
    left: f64,
    /// The sum of the widths of the frames in it.
    covered: f64,
    /// The sum of their colors, weighted by width.
    color: [f64; 3],
    /// The rounding error of the painted widths, in units. It is carried over to the next cell, so
    /// that the row is exact as a whole.
    carry: f64,
    /// What is painted in the cells before.
    segments: Vec<Segment>,
}

/// A painted part of a row, in units.
#[derive(Clone)]
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

    pub fn add(&mut self, span: &Span, color: Color) {
        let mut left = span.start * self.columns_per_sample;
        let right = left + span.count * self.columns_per_sample;
        let row = &mut self.rows[span.depth];
        while left < right {
            let column = left as u32;
            if row.column != column {
                row.finish_cell(self.color_step);
            }
            let end = right.min(f64::from(column) + 1.0);
            row.add(left, end - left, color);
            left = end;
        }
    }

    /// Writes a path for each color, if there are any frames.
    pub fn write(mut self, geometry: &Geometry, xml: &mut Xml) {
        let mut paths: BTreeMap<[u8; 3], Path> = BTreeMap::new();
        for (depth, row) in self.rows.iter_mut().enumerate() {
            row.finish_cell(self.color_step);
            let (top, height) = geometry.rect(depth);
            for segment in &row.segments {
                let Color { r, g, b } = segment.color;
                let path = paths.entry([r, g, b]).or_default();
                path.push(segment, depth, 10 * top + 5 * height);
            }
        }
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
        for ([red, green, blue], path) in &paths {
            xml.start("path");
            xml.attr("stroke", &css(Color::new(*red, *green, *blue)));
            xml.attr_with("d", |out| out.extend_from_slice(&path.text));
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

    fn finish_cell(&mut self, color_step: f64) {
        let units = self.covered * UNITS + self.carry;
        let width = units.round();
        self.carry = units - width;
        let color = self.average(color_step);
        self.covered = 0.0;
        if width <= 0.0 {
            return;
        }
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

/// The lines of one color.
#[derive(Default)]
struct Path {
    text: Vec<u8>,
    /// The row and the end of the last line.
    last: Option<(usize, u32)>,
}

impl Path {
    /// Adds a line along the middle of a row, at `y`.
    fn push(&mut self, segment: &Segment, depth: usize, y: usize) {
        let text = &mut self.text;
        match self.last.filter(|(row, _)| *row == depth) {
            None => {
                text.push(b'M');
                push_uint(text, u64::from(segment.left));
                text.push(b' ');
                push_uint(text, y as u64);
            }
            Some((_, end)) => {
                text.push(b'm');
                if segment.left < end {
                    text.push(b'-');
                }
                push_uint(text, u64::from(segment.left.abs_diff(end)));
                text.extend_from_slice(b" 0");
            }
        }
        text.push(b'h');
        push_uint(text, u64::from(segment.right - segment.left));
        self.last = Some((depth, segment.right));
    }
}

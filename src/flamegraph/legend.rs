//! The legend of a differential graph: which color represents which change of a frame.

use super::Options;
use super::color::{Change, css};
use super::geometry::X_PAD;
use super::svg::Xml;

/// Changes in percent of the count before, and their labels.
const CHANGES: [(i128, &str); 9] = [
    (-100, "-100%"),
    (-30, "-30%"),
    (-10, "-10%"),
    (-1, "-1%"),
    (0, "0"),
    (1, "+1%"),
    (10, "+10%"),
    (30, "+30%"),
    (100, "+100%"),
];

/// Paler colors are explained by the text after the last label.
const NOTE: &str = "or new; paler if less than 1% of all";

/// The width of a swatch in units of the font size.
const SWATCH: usize = 4;

/// Writes the legend, as a line whose upper edge is at `y`.
pub(super) fn write(opt: &Options<'_>, y: usize, xml: &mut Xml) {
    let size = opt.font_size;
    let width = size.saturating_mul(SWATCH);
    let base_line = format!("{}", y.saturating_add(size) as f64 - 0.1 * size as f64);
    let sign = if opt.negate_differentials { -1 } else { 1 };
    xml.start("g");
    xml.attr("id", "legend");
    let mut x = X_PAD;
    for (percent, label) in CHANGES {
        let change = Change {
            before: 100,
            after: 100 + percent,
        };
        xml.start("rect");
        xml.attr("x", &x.to_string());
        xml.attr("y", &y.to_string());
        xml.attr("width", &width.to_string());
        xml.attr("height", &size.saturating_add(2).to_string());
        xml.attr("fill", &css(change.color(1.0, sign)));
        xml.attr("fg:change", &percent.to_string());
        xml.end();
        write_text(xml, x.saturating_add(width / 2), &base_line, label);
        x = x.saturating_add(width);
    }
    xml.start("g");
    write_text(xml, x.saturating_add(size / 2), &base_line, NOTE);
    xml.end();
    xml.end();
}

fn write_text(xml: &mut Xml, x: usize, y: &str, text: &str) {
    xml.start("text");
    xml.attr("x", &x.to_string());
    xml.attr("y", y);
    xml.text(text);
    xml.end();
}

//! Writes the frames of the graph as elements of the SVG.
//!
//! Most of a large graph consists of these, so nothing here allocates.

use super::attrs::{self, FrameAttrs};
use super::color::Color;
use super::counts::{CountText, push_samples};
use super::data::{self, Stacks};
use super::geometry::Geometry;
use super::label;
use super::layout::{Frame, Layout};
use super::narrow::{COLOR_STEP, Cells, FINE_COLOR_STEP};
use super::paint::Painter;
use super::svg::Xml;
use super::{Options, defaults};
use crate::bytes::number::{push_count, push_fixed, push_uint};
use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, Count};
use std::borrow::Cow;

/// The left padding of a label, in pixels.
const LABEL_PAD: f64 = 3.0;

/// The distance of a label's baseline below the middle of its frame, in pixels.
const LABEL_DROP: f64 = 3.0;

/// The width of a character in the fonts that browsers use for `monospace`, in units of its size.
/// The default font width is slightly less, so labels truncated by it would overflow.
const MONOSPACE_WIDTH: f64 = 0.602;

/// Writes the frames of a layout, one after another.
pub(super) struct Frames<'f, 'o> {
    opt: &'f Options<'o>,
    tree: &'f CallTree,
    layout: &'f Layout,
    geometry: &'f Geometry,
    painter: Painter<'f>,
    counts: CountText<'f>,
    next: usize,
    /// The sum of all samples.
    total: f64,
    /// The width of a character, in pixels.
    character: f64,
    /// [`LABEL_PAD`] in percent of the image.
    label_pad: f64,
    /// Frames with fewer samples have no element until the viewer creates one.
    min_samples: f64,
    /// Frames with fewer samples are painted as [`Cells`].
    thin: f64,
    /// The number of cells of a row.
    columns: f64,
}

/// A horizontal extent in percent.
#[derive(Clone, Copy)]
struct Extent {
    left: f64,
    width: f64,
}

impl<'f, 'o> Frames<'f, 'o> {
    pub fn new(
        opt: &'f Options<'o>,
        tree: &'f CallTree,
        layout: &'f Layout,
        geometry: &'f Geometry,
        painter: Painter<'f>,
    ) -> Frames<'f, 'o> {
        let columns = columns(opt, geometry);
        let thin = thin_samples(opt, tree, layout, columns);
        Frames {
            opt,
            tree,
            layout,
            geometry,
            painter,
            counts: CountText::new(opt, tree),
            next: 0,
            total: layout.total().to_f64(),
            character: character_width(opt),
            label_pad: 100.0 * LABEL_PAD / geometry.width.max(1) as f64,
            min_samples: min_samples(opt, layout, columns, thin),
            thin,
            columns,
        }
    }

    /// The sum of all samples of the graph.
    pub fn total(&self) -> Count {
        self.layout.total()
    }

    /// Writes the whole profile, for the viewer.
    pub fn write_profile(&mut self, stacks: Stacks<'_>, xml: &mut Xml) {
        data::write(self.opt, stacks, self.layout, &mut self.painter, xml);
    }

    /// Writes the next frame; `false` if there is none.
    pub fn write_next(&mut self, xml: &mut Xml) -> bool {
        let layout = self.layout;
        let min_samples = self.min_samples;
        let rest = layout.frames.get(self.next..).unwrap_or_default();
        let Some(skipped) = rest
            .iter()
            .position(|frame| frame.count.to_f64() >= min_samples)
        else {
            return false;
        };
        self.next += skipped + 1;
        self.write(&rest[skipped], xml);
        true
    }

    /// Paints the frames that have no element or a transparent one.
    pub fn write_narrow(&mut self, xml: &mut Xml) {
        if self.thin < 0.0 {
            return;
        }
        let Frames { tree, layout, .. } = *self;
        let step = match self.painter.is_in_steps(tree.is_differential()) {
            true => FINE_COLOR_STEP,
            false => COLOR_STEP,
        };
        let mut cells = Cells::new(self.columns, self.total, layout.deepest + 1, step);
        let painter = &mut self.painter;
        if painter.is_by_name(tree.is_differential()) {
            layout.for_each_below(tree, self.thin, |span| {
                cells.add(span, painter.of_name(tree, tree.frame(span.node)));
            });
        } else {
            layout.for_each_below(tree, self.thin, |span| {
                let width = 100.0 * span.count / self.total;
                let name = lossy(tree.name(span.node));
                cells.add(span, painter.fill(&name, width, layout.change(span.node)));
            });
        }
        cells.write(self.geometry, xml);
    }

    fn write(&mut self, frame: &Frame, xml: &mut Xml) {
        let tree = self.tree;
        let name = lossy(tree.name(frame.node));
        let left = self.percent(frame.start);
        let width = self.percent(frame.start + frame.count) - left;
        let extent = Extent { left, width };
        let change = self.layout.change(frame.node);
        let fill = match (self.painter.modules(), frame.depth) {
            (Some(_), _) => self.painter.of_name(tree, tree.frame(frame.node)),
            (None, 0) => self.painter.fill_root(&name, width, change),
            (None, _) => self.painter.fill(&name, width, change),
        };

        let title = start_group(xml, self.opt, &name);
        xml.start("title");
        match title {
            Some(title) => xml.text(title),
            None => self.write_title(frame, &name, xml),
        }
        xml.end();
        let hidden_name = title.is_some().then_some(&*name);
        self.write_rect(frame, extent, fill, hidden_name, xml);
        self.write_label(frame, extent, &name, xml);
        xml.end();
    }

    fn percent(&self, count: Count) -> f64 {
        100.0 * count.to_f64() / self.total
    }

    fn write_title(&self, frame: &Frame, name: &str, xml: &mut Xml) {
        let is_root = frame.depth == 0;
        xml.text(if is_root {
            ROOT_NAME
        } else {
            without_annotation(name)
        });
        xml.text(" (");
        self.counts.write(frame.count, xml);
        xml.text_with(|out| {
            out.extend_from_slice(b", ");
            if is_root {
                out.extend_from_slice(b"100");
            } else {
                self.push_share(out, self.percent(frame.count));
                self.push_change(out, frame);
            }
            out.extend_from_slice(b"%)");
        });
    }

    /// In a differential graph, writes `%; +1.25`: the change of the frame, in percent of all
    /// samples.
    fn push_change(&self, out: &mut Vec<u8>, frame: &Frame) {
        let Some(change) = self.layout.change(frame.node) else {
            return;
        };
        out.extend_from_slice(b"%; ");
        let delta = match self.opt.negate_differentials {
            true => -change.delta(),
            false => change.delta(),
        };
        match delta {
            0 => {}
            1.. => out.push(b'+'),
            _ => out.push(b'-'),
        }
        let share = delta.unsigned_abs() as f64 / 1e9 / self.total;
        self.push_share(out, 100.0 * share);
    }

    /// Writes `12.34`. What would round to `0.00` is `<0.01`, except in the classic theme, whose titles are
    /// those of the published tool.
    fn push_share(&self, out: &mut Vec<u8>, percent: f64) {
        if self.opt.is_modern() && percent > 0.0 && percent < 0.005 {
            out.extend_from_slice(b"&lt;0.01");
        } else {
            push_fixed::<2>(out, percent);
        }
    }

    /// If the title does not contain the name, it is an attribute for the viewer's search and
    /// labels.
    fn write_rect(
        &self,
        frame: &Frame,
        extent: Extent,
        fill: Color,
        hidden_name: Option<&str>,
        xml: &mut Xml,
    ) {
        let (y, height) = self.geometry.rect(frame.depth);
        xml.start("rect");
        xml.attr_with("x", |out| push_percent(out, extent.left));
        xml.attr_with("y", |out| push_uint(out, y as u64));
        xml.attr_with("width", |out| push_percent(out, extent.width));
        xml.attr_with("height", |out| push_uint(out, height as u64));
        xml.attr_with("fill", |out| push_color(out, fill));
        if frame.count.to_f64() < self.thin {
            xml.attr("fill-opacity", "0");
        }
        xml.attr_with("fg:x", |out| push_count(out, frame.start));
        xml.attr_with("fg:w", |out| push_count(out, frame.count));
        if let Some(name) = hidden_name {
            xml.attr("fg:name", without_annotation(name));
        }
        // Programs parse the title, so it has no room for this. As in the title, the numbers are
        // multiplied by the factor, and grouped.
        if let Some((before, after)) = self.layout.before_and_after(frame) {
            xml.attr_with("fg:before", |out| push_shown(out, before, self.opt.factor));
            xml.attr_with("fg:after", |out| push_shown(out, after, self.opt.factor));
        }
        xml.end();
    }

    fn write_label(&self, frame: &Frame, extent: Extent, name: &str, xml: &mut Xml) {
        let (y, height) = self.geometry.rect(frame.depth);
        let base_line = LABEL_DROP + y as f64 + height as f64 / 2.0;
        let name = if frame.depth == 0 {
            ROOT_NAME
        } else {
            without_annotation(name)
        };
        let columns = self.columns(extent.width);
        let (start, mark) = match self.opt.is_modern() {
            true => (label::fit_function(name, columns), ""),
            false => {
                let (start, mark) = label::fit(name, columns);
                (Cow::Borrowed(start), mark)
            }
        };
        if start.is_empty() {
            return;
        }
        xml.start("text");
        xml.attr_with("x", |out| push_percent(out, extent.left + self.label_pad));
        xml.attr_with("y", |out| push_fixed::<2>(out, base_line));
        xml.text(&start);
        xml.text(mark);
        xml.end();
    }

    /// The number of characters that fit on a frame that is `width` percent wide.
    fn columns(&self, width: f64) -> usize {
        let pixels = width / 100.0 * self.geometry.frames_width() as f64;
        // The conversion maps negative numbers and NaN to 0, and saturates.
        ((pixels - LABEL_PAD) / self.character) as usize
    }
}

/// The label of the root, which has no name.
const ROOT_NAME: &str = "all";

/// In a graph with at most this many frames, all are elements, so that programs find them. In a
/// larger one, only the visible ones are: otherwise, a browser would take a second or more to open
/// it, and frames narrower than a pixel are not readable.
const MAX_FRAMES: usize = 10_000;

/// The number of columns of an image: its pixels, if they are known.
fn columns(opt: &Options<'_>, geometry: &Geometry) -> f64 {
    let width = geometry.frames_width() as f64;
    let pixels = opt.picture_scale().map(|scale| (width * scale).round());
    pixels.map_or(COLUMNS, |pixels| pixels.max(COLUMNS))
}

/// The columns of an image of the default width.
const COLUMNS: f64 = 1180.0;

/// The minimum number of samples of frames with an element: in a large graph, those of a column, and no thin ones,
/// which would be transparent. Thin elements are needed if frames have attributes, because the data has none.
fn min_samples(opt: &Options<'_>, layout: &Layout, columns: f64, thin: f64) -> f64 {
    let is_all_needed = opt.no_javascript || layout.frames.len() <= MAX_FRAMES;
    let column = layout.total().to_f64() / columns;
    match (is_all_needed, opt.link.is_some() || attrs::exist(opt)) {
        (true, _) => f64::NEG_INFINITY,
        (false, true) => column,
        (false, false) => thin.max(column),
    }
}

/// The maximum number of thin frames whose elements are painted. Programs that read a small graph
/// expect elements with a color.
const MAX_THIN: usize = 1_000;

/// The minimum number of samples of elements that are painted: two columns. In the modern theme, narrower
/// elements than four columns would vanish in the gaps around them.
fn thin_samples(opt: &Options<'_>, tree: &CallTree, layout: &Layout, columns: f64) -> f64 {
    let (width, most) = match opt.is_modern() {
        true => (4.0, 0),
        false => (2.0, MAX_THIN),
    };
    let thin = width * layout.total().to_f64() / columns;
    let is_wide = |frame: &&Frame| frame.count.to_f64() >= thin;
    let wide = layout.frames.iter().filter(is_wide).count();
    match layout.visible(tree) - wide > most {
        true => thin,
        false => f64::NEG_INFINITY,
    }
}

fn character_width(opt: &Options<'_>) -> f64 {
    let is_default = opt.font_width == defaults::FONT_WIDTH && opt.font_type == defaults::FONT_TYPE;
    let width = if is_default {
        MONOSPACE_WIDTH
    } else {
        opt.font_width
    };
    width * opt.font_size as f64
}

/// Opens the element of a frame: a link if it has a source location, or if its function's
/// attributes include one. Returns the title that replaces the usual one, if any.
fn start_group<'o>(xml: &mut Xml, opt: &'o Options<'_>, name: &str) -> Option<&'o str> {
    let attrs = attrs::of(opt, name);
    let is_link = attrs.is_some_and(FrameAttrs::is_link);
    let pattern = opt.link.as_ref().filter(|_| !is_link);
    let link = pattern.and_then(|pattern| pattern.link(name));
    xml.start(if is_link || link.is_some() { "a" } else { "g" });
    if let Some(link) = &link {
        xml.attr("xlink:href", link);
        xml.attr("target", "_top");
    }
    for (key, value) in attrs.iter().flat_map(|attrs| &attrs.attrs) {
        if link.is_none() || key != "target" {
            xml.attr(key, value);
        }
    }
    attrs.and_then(|attrs| attrs.title.as_deref())
}

/// The name without a final `_[k]` annotation, with which collapsers select colors.
pub(super) fn without_annotation(name: &str) -> &str {
    &name[..annotation_start(name.as_bytes())]
}

/// Where the annotation starts, or the end of the name if it has none.
pub(super) fn annotation_start(name: &[u8]) -> usize {
    match name {
        [start @ .., b'_', b'[', b'k' | b'w' | b'i' | b'j', b']'] => start.len(),
        _ => name.len(),
    }
}

/// Like [`push_samples`], with two decimal places, because scaled profiles have counts with
/// infinite fractions.
fn push_shown(out: &mut Vec<u8>, count: Count, factor: f64) {
    const NANOS: i128 = 1_000_000_000;
    let hundredths = (count.in_nanos() + NANOS / 200) / (NANOS / 100);
    let rounded = Count::from_parts(
        u64::try_from(hundredths / 100).unwrap_or(u64::MAX),
        (hundredths % 100) as u32 * 10_000_000,
    );
    push_samples(out, rounded, factor);
}

fn push_percent(out: &mut Vec<u8>, percent: f64) {
    push_fixed::<4>(out, percent);
    out.push(b'%');
}

fn push_color(out: &mut Vec<u8>, color: Color) {
    out.extend_from_slice(b"rgb(");
    push_uint(out, u64::from(color.r));
    out.push(b',');
    push_uint(out, u64::from(color.g));
    out.push(b',');
    push_uint(out, u64::from(color.b));
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_annotations_are_dropped() {
        for (name, expected) in [
            ("sys_read_[k]", "sys_read"),
            ("f_[w]", "f"),
            ("f_[i]", "f"),
            ("f_[j]", "f"),
            ("f_[x]", "f_[x]"),
            ("f_[k]_[k]", "f_[k]"),
            ("_[k]", ""),
            ("é", "é"),
        ] {
            assert_eq!(without_annotation(name), expected);
        }
    }

    #[test]
    fn samples_are_exact_or_rounded() {
        let samples = |count: &str, factor| {
            let mut out = Vec::new();
            push_samples(&mut out, Count::parse(count.as_bytes()).unwrap(), factor);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            samples("18446744073709551615", 1.0),
            "18,446,744,073,709,551,615"
        );
        assert_eq!(samples("1234.5", 1.0), "1,234.5");
        assert_eq!(samples("5", 0.5), "3");
        assert_eq!(samples("5", -1.0), "0");
        assert_eq!(samples("5", 1e30), "18,446,744,073,709,551,615");
    }

    #[test]
    fn counts_before_have_two_decimal_places() {
        for (count, factor, expected) in [
            ("1234", 1.0, "1,234"),
            ("1.833333333", 1.0, "1.83"),
            ("0.995", 1.0, "1"),
            ("0.004", 1.0, "0"),
            ("18446744073709551615", 1.0, "18,446,744,073,709,551,615"),
            ("1234", 10.0, "12,340"),
        ] {
            let mut out = Vec::new();
            push_shown(&mut out, Count::parse(count.as_bytes()).unwrap(), factor);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn the_default_width_of_a_character_is_that_of_monospaced_fonts() {
        let mut opt = Options::default();
        assert_eq!(character_width(&opt), 0.602 * 12.0);
        opt.font_width = 0.3;
        assert_eq!(character_width(&opt), 0.3 * 12.0);
        opt.font_width = defaults::FONT_WIDTH;
        opt.font_type = "Verdana".to_string();
        assert_eq!(character_width(&opt), 0.59 * 12.0);
    }
}

//! Renders a layout as an SVG document.
//!
//! Scripts and other tools rely on the document's structure: an `svg` with the id `frames`
//! contains, for each frame, a group of a `title`, a `rect` and a `text`. The rectangles have the
//! samples they cover as `fg:x` and `fg:w`; horizontal positions are percentages, so that the graph
//! can be resized.

use super::color::{Modules, StrokeColor, css};
use super::data::Stacks;
use super::frames::Frames;
use super::geometry::{Geometry, X_PAD, image_width};
use super::layout::Layout;
use super::legend;
use super::paint::{Painter, Scale};
use super::style;
use super::svg::{self, Xml};
use super::{DiffScale, Format, Options};
use crate::bytes::number::push_count;
use crate::call_tree::CallTree;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The number of bytes to write at once.
const WRITE_AT: usize = 1 << 16;

/// Draws the frames of `layout`, which belongs to `tree`. The viewer, if enabled, gets its
/// `stacks`.
pub(super) fn draw<W: Write>(
    opt: &mut Options<'_>,
    tree: &CallTree,
    layout: &Layout,
    stacks: Option<Stacks<'_>>,
    writer: W,
) -> io::Result<()> {
    let modules = opt.is_by_module(tree).then(|| Modules::new(tree));
    let mut palette_map = opt.palette_map.take();
    let is_scaled = tree.is_differential() && opt.diff_scale == DiffScale::Log;
    let geometry = Geometry::new(opt, layout.deepest, is_scaled);
    let mut document = Document {
        xml: Xml::new(opt.pretty_xml),
        writer,
        opt,
        geometry: &geometry,
    };
    let scale = Scale::new(opt, layout);
    let painter = Painter::new(opt, scale, modules.as_ref(), palette_map.as_deref_mut());
    let drawn = document.write(
        &mut Frames::new(opt, tree, layout, &geometry, painter),
        stacks,
    );
    opt.palette_map = palette_map;
    drawn
}

/// Draws an image that says that there is nothing to draw.
pub(super) fn draw_error<W: Write>(opt: &Options<'_>, mut writer: W) -> io::Result<()> {
    let mut xml = Xml::new(opt.pretty_xml);
    if opt.format == Format::Html {
        start_page(&mut xml, opt, None);
    }
    start_svg(
        &mut xml,
        opt,
        image_width(opt),
        opt.font_size.saturating_mul(5),
        "",
        None,
    );
    xml.start("text");
    xml.attr("x", "50.0000%");
    xml.attr("y", &format!("{}.00", opt.font_size.saturating_mul(2)));
    xml.attr("text-anchor", "middle");
    xml.attr("font-size", &opt.font_size.to_string());
    xml.text("ERROR: No valid input provided to flamegraph");
    xml.end();
    xml.end();
    if opt.format == Format::Html {
        end_page(&mut xml);
    }
    writer.write_all(xml.out())?;
    writer.flush()
}

/// Writes the part of a page before the image: a policy that forbids running or fetching anything
/// except the script and the style sheet, which are identified by hash or nonce.
fn start_page(xml: &mut Xml, opt: &Options<'_>, inline: Option<&Inline>) {
    xml.raw("<!DOCTYPE html>");
    xml.start("html");
    xml.attr("lang", "en");
    xml.attr("id", "flamegraph");
    xml.start("head");
    xml.raw("<meta charset=\"utf-8\">");
    xml.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    let source = |text: &str| match &opt.csp_nonce {
        Some(nonce) => format!("'nonce-{nonce}'"),
        None => format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text))),
    };
    if let Some(Inline { style, script }) = inline {
        let (mut script, style) = (source(script), source(style));
        if opt.has_viewer() && opt.csp_nonce.is_none() {
            script += &format!(" 'sha256-{}'", style::viewer_hash());
        }
        xml.start("meta");
        xml.attr("http-equiv", "Content-Security-Policy");
        let policy = format!("default-src 'none'; script-src {script}; style-src {style}");
        xml.attr("content", &policy);
        xml.open_ended();
    }
    xml.start("title");
    xml.text(&opt.title);
    xml.end();
    xml.end();
    xml.start("body");
    xml.start("main");
}

fn end_page(xml: &mut Xml) {
    xml.end();
    xml.end();
    xml.end();
}

/// The style sheet and the script of an image.
struct Inline {
    style: String,
    script: String,
}

impl Inline {
    fn new(opt: &Options<'_>, has_outlines: bool) -> Inline {
        let mut script = style::script_variables(opt);
        if opt.has_viewer() {
            style::push_viewer(&mut script);
        }
        Inline {
            style: svg::legal(style::style_sheet(opt, has_outlines)),
            script: svg::legal(script),
        }
    }
}

fn start_svg(
    xml: &mut Xml,
    opt: &Options<'_>,
    width: usize,
    height: usize,
    classes: &str,
    onload: Option<&str>,
) {
    if opt.format == Format::Svg {
        xml.raw(r#"<?xml version="1.0" standalone="no"?>"#);
        xml.raw(
            "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \
             \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">",
        );
    }
    xml.start("svg");
    xml.attr("version", "1.1");
    if !classes.is_empty() {
        xml.attr("class", classes);
    }
    xml.attr("width", &width.to_string());
    xml.attr("height", &height.to_string());
    if let Some(onload) = onload {
        xml.attr("onload", onload);
    }
    xml.attr("viewBox", &format!("0 0 {width} {height}"));
    xml.attr("xmlns", "http://www.w3.org/2000/svg");
    xml.attr("xmlns:xlink", "http://www.w3.org/1999/xlink");
    xml.attr("xmlns:fg", "http://github.com/jonhoo/inferno");
    xml.comment(
        "Flame graph stack visualization. See https://github.com/brendangregg/FlameGraph for \
         latest version, and http://www.brendangregg.com/flamegraphs.html for examples.",
    );
    xml.comment(&format!("NOTES: {}", opt.notes));
}

struct Document<'d, 'o, W> {
    xml: Xml,
    writer: W,
    opt: &'d Options<'o>,
    geometry: &'d Geometry,
}

impl<W: Write> Document<'_, '_, W> {
    fn write(&mut self, frames: &mut Frames<'_, '_>, stacks: Option<Stacks<'_>>) -> io::Result<()> {
        let is_page = self.opt.format == Format::Html;
        let inline = Inline::new(self.opt, self.geometry.legend_y.is_some());
        if is_page {
            start_page(&mut self.xml, self.opt, Some(&inline));
        }
        // A page's policy forbids scripts in attributes, and the viewer starts on its own.
        let onload = (self.opt.has_viewer() && !is_page).then_some("init(evt)");
        let (width, height) = (self.geometry.width, self.geometry.height);
        // With classes, the style sheets of several graphs in a page are independent.
        let has_stroke = self.opt.stroke_color != StrokeColor::None;
        let classes = match (self.opt.is_modern(), self.geometry.legend_y.is_some()) {
            (true, _) if has_stroke => "modern",
            (true, _) => "modern gaps",
            (false, true) if !has_stroke => "outlines",
            (false, _) => "",
        };
        start_svg(&mut self.xml, self.opt, width, height, classes, onload);
        self.write_gradient();
        self.write_style_and_script(&inline);
        self.write_background();
        self.write_texts();
        if let Some(y) = self.geometry.legend_y {
            legend::write(self.opt, y, &mut self.xml);
        }
        self.write_frames(frames)?;
        if let Some(stacks) = stacks {
            frames.write_profile(stacks, &mut self.xml);
        }
        self.xml.end();
        if is_page {
            end_page(&mut self.xml);
        }
        self.pass_on()?;
        self.writer.flush()
    }

    fn write_gradient(&mut self) {
        let xml = &mut self.xml;
        let (upper, lower) = self.opt.background(self.geometry.legend_y.is_some());
        xml.start("defs");
        xml.start("linearGradient");
        for (name, value) in [
            ("id", "background"),
            ("y1", "0"),
            ("y2", "1"),
            ("x1", "0"),
            ("x2", "0"),
        ] {
            xml.attr(name, value);
        }
        for (color, offset) in [(upper, "5%"), (lower, "95%")] {
            xml.start("stop");
            xml.attr(
                "stop-color",
                &format!("#{:02x}{:02x}{:02x}", color.r, color.g, color.b),
            );
            xml.attr("offset", offset);
            xml.end();
        }
        xml.end();
        xml.end();
    }

    fn write_style_and_script(&mut self, inline: &Inline) {
        let nonce = match self.opt.format {
            Format::Html => self.opt.csp_nonce.as_deref(),
            _ => None,
        };
        let xml = &mut self.xml;
        xml.start("style");
        xml.attr("type", "text/css");
        if let Some(nonce) = nonce {
            xml.attr("nonce", nonce);
        }
        xml.text(&inline.style);
        xml.end();
        if self.opt.is_picture() {
            return;
        }
        xml.start("script");
        xml.attr("type", "text/ecmascript");
        if let Some(nonce) = nonce {
            xml.attr("nonce", nonce);
        }
        xml.cdata(&inline.script);
        xml.end();
    }

    fn write_background(&mut self) {
        let xml = &mut self.xml;
        xml.start("rect");
        xml.attr("x", "0");
        xml.attr("y", "0");
        xml.attr("width", "100%");
        xml.attr("height", &self.geometry.height.to_string());
        xml.attr("fill", "url(#background)");
        xml.end();
    }

    fn write_texts(&mut self) {
        let geometry = &self.geometry;
        let (title_y, details_y) = (geometry.title_y(), geometry.details_y());
        let (matched_y, left) = (geometry.matched_y(), X_PAD.to_string());
        let right = geometry.width.saturating_sub(X_PAD).to_string();
        let (opt, middle) = (self.opt, "50.0000%");
        self.write_text("title", None, middle, title_y, &opt.title);
        if let Some(subtitle) = &opt.subtitle {
            self.write_text(
                "subtitle",
                None,
                middle,
                title_y.saturating_mul(2),
                subtitle,
            );
        }
        if self.opt.is_picture() {
            return;
        }
        self.write_text("details", None, &left, details_y, " ");
        self.write_text("unzoom", Some("hide"), &left, title_y, "Reset Zoom");
        self.write_text("search", None, &right, title_y, "Search");
        self.write_text("matched", None, &right, matched_y, " ");
    }

    fn write_text(&mut self, id: &str, class: Option<&str>, x: &str, y: usize, text: &str) {
        let xml = &mut self.xml;
        xml.start("text");
        xml.attr("id", id);
        if let Some(class) = class {
            xml.attr("class", class);
        }
        if id == "title" && self.opt.format == Format::Html {
            xml.attr("role", "heading");
            xml.attr("aria-level", "1");
        }
        if id != "subtitle" {
            xml.attr("fill", &css(self.opt.uicolor));
        }
        xml.attr("x", x);
        xml.attr("y", &format!("{y}.00"));
        xml.text(text);
        xml.end();
    }

    fn write_frames(&mut self, frames: &mut Frames<'_, '_>) -> io::Result<()> {
        self.xml.start("svg");
        self.xml.attr("id", "frames");
        self.xml.attr("x", &X_PAD.to_string());
        let width = self.geometry.frames_width();
        self.xml.attr("width", &width.to_string());
        let total = frames.total();
        self.xml
            .attr_with("total_samples", |out| push_count(out, total));
        while frames.write_next(&mut self.xml) {
            if self.xml.len() >= WRITE_AT {
                self.pass_on()?;
            }
        }
        frames.write_narrow(&mut self.xml);
        self.xml.end();
        Ok(())
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.writer.write_all(self.xml.out())?;
        self.xml.out().clear();
        Ok(())
    }
}

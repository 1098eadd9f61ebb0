//! Draws a graph as a picture: PNG or PDF, converted from its SVG.

mod fonts;

use super::{Format, Options, invalid_data};
use crate::call_tree::CallTree;
use fonts::Fonts;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Tree};
use std::io::{self, Write};
use svg2pdf::{ConversionOptions, PageOptions};

/// The maximum number of pixels of a PNG: half a gigabyte in memory.
const MAX_PIXELS: f64 = (1_u64 << 27) as f64;

/// The maximum width and height of a page of PDF, in points.
const MAX_PAGE_LENGTH: f32 = 14_400.0;

/// Draws the tree in `opt.format`, which is a picture.
pub(super) fn draw<W: Write>(
    opt: &mut Options<'_>,
    tree: &CallTree,
    mut writer: W,
) -> io::Result<()> {
    let mut svg = Vec::new();
    let drawn = super::draw(opt, tree, &mut svg);
    // Even if there is nothing to draw, there is a picture that says so.
    let written = convert(opt, &svg).and_then(|picture| {
        writer.write_all(&picture)?;
        writer.flush()
    });
    drawn.and(written)
}

fn convert(opt: &Options<'_>, svg: &[u8]) -> io::Result<Vec<u8>> {
    let fonts = Fonts::of_system()?;
    let tree = Tree::from_data(svg, &fonts.options()).map_err(|error| invalid(&error))?;
    fonts.warn_of_missing();
    match opt.format {
        Format::Pdf => pdf(&tree),
        _ => png(&tree, opt.scale),
    }
}

fn invalid(error: &usvg::Error) -> io::Error {
    match error {
        usvg::Error::ElementsLimitReached => {
            invalid_data("too many frames for a picture: raise the minimum width of frames")
        }
        error => invalid_data(&format!("cannot convert the graph to a picture: {error}")),
    }
}

fn png(tree: &Tree, scale: f64) -> io::Result<Vec<u8>> {
    let pixels = |length: f32| (f64::from(length) * scale).ceil().max(1.0);
    let size = tree.size();
    let mut pixmap = pixmap(pixels(size.width()), pixels(size.height()))?;
    let scale = Transform::from_scale(scale as f32, scale as f32);
    resvg::render(tree, scale, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(io::Error::other)
}

/// An empty pixmap, or an error if there is not enough memory for it.
fn pixmap(width: f64, height: f64) -> io::Result<Pixmap> {
    let pixels = width * height;
    if pixels > MAX_PIXELS {
        let message = format!(
            "a PNG of {width} x {height} pixels is too large: expected at most {MAX_PIXELS} pixels"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    // Encoding makes a copy. A pixmap that cannot be allocated would abort the program.
    let bytes = pixels as usize * 2 * size_of::<u32>();
    let reserved = Vec::<u8>::new().try_reserve_exact(bytes);
    let pixmap = reserved.map(|()| Pixmap::new(width as u32, height as u32));
    pixmap.ok().flatten().ok_or_else(|| {
        let message = format!("not enough memory for a PNG of {width} x {height} pixels");
        io::Error::new(io::ErrorKind::OutOfMemory, message)
    })
}

/// A page as large as the graph, with a point per pixel; if viewers could not show that, a smaller one.
fn pdf(tree: &Tree) -> io::Result<Vec<u8>> {
    let longest = tree.size().width().max(tree.size().height());
    let page = PageOptions {
        dpi: 72.0 * (longest / MAX_PAGE_LENGTH).max(1.0),
    };
    svg2pdf::to_pdf(tree, ConversionOptions::default(), page)
        .map_err(|error| invalid_data(&format!("cannot write a PDF: {error}")))
}

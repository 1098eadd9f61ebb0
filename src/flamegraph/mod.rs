//! Draws a profile as a flame graph: an interactive SVG that only needs a browser.
//!
//! Each rectangle is a frame. It sits on the frame that called it, and its width is its share of
//! the samples, including those of its callees. [`from_lines`], [`from_reader`], [`from_readers`]
//! and [`from_files`] draw [folded stacks](crate::folded); [`from_call_tree`] draws a tree.
//! [`Options`] control the appearance.
//!
//! ```
//! use inferno::flamegraph::{self, Options};
//!
//! let mut options = Options::default();
//! options.title = "Breakfast".to_string();
//! let mut svg = Vec::new();
//! flamegraph::from_lines(&mut options, ["main;boil;egg 6", "main;toast 2"], &mut svg)?;
//!
//! let svg = String::from_utf8(svg).unwrap();
//! assert!(svg.contains("<title>egg (6 samples, 75.00%)</title>"));
//! # Ok::<(), std::io::Error>(())
//! ```

#[cfg_attr(not(feature = "nameattr"), path = "no_attrs.rs")]
mod attrs;
mod collect;
pub mod color;
mod counts;
mod data;
mod frames;
mod geometry;
mod label;
mod layout;
mod legend;
mod link;
mod narrow;
mod options;
mod paint;
#[cfg_attr(not(feature = "picture"), path = "no_picture.rs")]
mod picture;
mod render;
mod style;
mod svg;
mod transform;

pub use attrs::FuncFrameAttrsMap;
pub use collect::Collector;
pub use color::Palette;
pub use link::{LinkPattern, ParseLinkError};
pub use options::{
    DiffScale, DiffWidth, Direction, Format, Options, TextTruncateDirection, Theme, defaults,
};

use crate::bytes::number::push_grouped;
use crate::call_tree::{CallTree, Count};
use crate::folded::LineFolder;
use crate::warnings::warning;
use data::Stacks;
use layout::Layout;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Draws the folded stacks in `lines`, one per item, to `writer`.
///
/// Counts may have a fraction; a line with two counts, before and after, makes the graph
/// differential. Lines that are not stacks are skipped, and a warning logs their number.
///
/// # Errors
/// * [`InvalidInput`](io::ErrorKind::InvalidInput) if the options are invalid: a frame height or a
///   scale of 0, or a PNG that is too large.
/// * [`InvalidData`](io::ErrorKind::InvalidData) if there are no samples in the input, or none with a
///   [base](Options::base) (an image that says so is written anyway), if the counts add up to more
///   than `u64::MAX`, or if `no_sort` is set and the lines are not sorted.
/// * [`NotFound`](io::ErrorKind::NotFound) if a picture is to be drawn, and the system has no fonts;
///   [`Unsupported`](io::ErrorKind::Unsupported) if the crate is built without the feature `picture`.
/// * Errors of `writer`.
pub fn from_lines<'a, I, W>(opt: &mut Options<'_>, lines: I, writer: W) -> io::Result<()>
where
    I: IntoIterator<Item = &'a str>,
    W: Write,
{
    let lines = lines.into_iter();
    let tree = fold(opt, |folder| {
        lines.for_each(|line| folder.fold_line(line.as_bytes()));
        Ok(())
    })?;
    from_call_tree(opt, &tree, writer)
}

/// Draws the folded stacks of `reader`, which does not need to be buffered, to `writer`.
///
/// The stacks are bytes: invalid UTF-8 is drawn as U+FFFD.
///
/// # Errors
/// The same as for [`from_lines`], and errors of `reader`.
pub fn from_reader<R, W>(opt: &mut Options<'_>, reader: R, writer: W) -> io::Result<()>
where
    R: Read,
    W: Write,
{
    from_readers(opt, std::iter::once(reader), writer)
}

/// Draws the folded stacks of several readers together, as if they were one file.
///
/// The last line of a reader ends with the reader, whether or not it has a line end.
///
/// # Errors
/// The same as for [`from_reader`].
pub fn from_readers<R, W>(opt: &mut Options<'_>, readers: R, writer: W) -> io::Result<()>
where
    R: IntoIterator,
    R::Item: Read,
    W: Write,
{
    let mut readers = readers.into_iter();
    let tree = fold(opt, |folder| {
        readers.try_for_each(|reader| folder.read(reader).map(|_| ()))
    })?;
    from_call_tree(opt, &tree, writer)
}

/// Draws the folded stacks of several files together.
///
/// The path `-` means standard input, which is also read if there are no paths.
///
/// # Errors
/// The same as for [`from_reader`]; the error of a file names its path.
pub fn from_files<W: Write>(opt: &mut Options<'_>, files: &[PathBuf], writer: W) -> io::Result<()> {
    let stdin = [PathBuf::from("-")];
    let files = if files.is_empty() { &stdin } else { files };
    let tree = fold(opt, |folder| {
        let mut stdin = Some(io::stdin().lock());
        for path in files {
            if path.as_os_str() != "-" {
                fold_file(folder, path)?;
            } else if let Some(stdin) = stdin.take() {
                folder.read(stdin)?;
            }
        }
        Ok(())
    })?;
    from_call_tree(opt, &tree, writer)
}

/// Draws a call tree. The other functions are based on this one.
///
/// A tree created by [`CallTree::in_time_order`] is drawn as a flame chart, whose x axis is time; a
/// [differential](CallTree::is_differential) tree is colored by the change of its frames.
///
/// ```
/// use inferno::call_tree::CallTree;
/// use inferno::flamegraph::{self, Options};
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse"], 3u64);
/// tree.add_stack(["main", "draw"], 1u64);
///
/// let mut svg = Vec::new();
/// flamegraph::from_call_tree(&mut Options::default(), &tree, &mut svg)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The same as for [`from_lines`], except for unsorted lines. `writer` is written to in chunks of
/// tens of kilobytes, and flushed at the end.
pub fn from_call_tree<W: Write>(
    opt: &mut Options<'_>,
    tree: &CallTree,
    writer: W,
) -> io::Result<()> {
    let subtitle = opt.subtitle.clone();
    if subtitle.is_none() {
        opt.subtitle = tree.note().map(str::to_string);
    }
    let drawn = match opt.format {
        Format::Png | Format::Pdf => picture::draw(opt, tree, writer),
        Format::Svg | Format::Html => draw(opt, tree, writer),
    };
    opt.subtitle = subtitle;
    drawn
}

fn draw<W: Write>(opt: &mut Options<'_>, tree: &CallTree, writer: W) -> io::Result<()> {
    opt.check()?;
    let missing = transform::missing_bases(tree, opt);
    if !missing.is_empty() && missing.len() == opt.base.len() {
        return refuse(opt, &no_stack_has(&missing), writer);
    }
    if !missing.is_empty() {
        warning!("{}", no_stack_has(&missing));
    }
    let tree = transform::for_drawing(tree, opt);
    let timeline = tree.timeline().filter(|_| opt.heat_map);
    let mut stacks = opt.has_viewer().then(|| Stacks::new(&tree, timeline));
    let layout = Layout::new(&tree, opt.limits(), opt.diff_width, |step| {
        if let Some(stacks) = &mut stacks {
            stacks.push(step);
        }
    });
    if layout.total().is_zero() {
        return refuse(opt, "No stack counts found", writer);
    }
    if !is_exact(&tree, layout.total()) {
        let message = "The stack counts add up to more than 64 bits hold";
        return refuse(opt, message, writer);
    }
    if layout.light.frames > 0 {
        let note = note_of_light(&layout, tree.len());
        opt.subtitle = Some(match opt.subtitle.take() {
            Some(subtitle) => format!("{subtitle}; {note}"),
            None => note,
        });
    }
    if opt.heat_map && opt.has_viewer() {
        warn_of_unknown_times(&tree);
    }
    render::draw(opt, &tree, &layout, stacks, writer)
}

/// Warns about what is missing from the heat map.
fn warn_of_unknown_times(tree: &CallTree) {
    let Some(timeline) = tree.timeline() else {
        warning!("there is no heat map: the profile does not record when samples were taken");
        return;
    };
    let known: Count = timeline.samples().iter().map(|sample| sample.count).sum();
    let total = tree.total();
    if known < total {
        let percent = 100.0 * known.to_f64() / total.to_f64();
        warning!("the heat map has {percent:.2}% of the total: other samples have no time");
    }
}

/// Says how much is left out of a graph because it has too many frames.
fn note_of_light(layout: &Layout, frames: usize) -> String {
    let percent = 100.0 * layout.light.count.to_f64() / layout.total().to_f64();
    let grouped = |number: usize| {
        let mut text = Vec::new();
        push_grouped(&mut text, number as u64);
        String::from_utf8_lossy(&text).into_owned()
    };
    let (light, frames) = (grouped(layout.light.frames), grouped(frames));
    format!("{light} of {frames} frames, with {percent:.2}% of the total, are left out")
}

/// Whether `total` is the exact sum of all counts, and not saturated.
fn is_exact(tree: &CallTree, total: Count) -> bool {
    let counts = || tree.ids().filter_map(|node| tree.self_count(node));
    let is_sum = || counts().map(Count::in_nanos).sum::<i128>() <= Count::MAX.in_nanos();
    total < Count::MAX || (!tree.is_differential() && is_sum())
}

/// Draws an image that says that there is nothing to draw, and returns the reason as an error.
fn refuse<W: Write>(opt: &Options<'_>, reason: &str, writer: W) -> io::Result<()> {
    render::draw_error(opt, writer)?;
    Err(invalid_data(reason))
}

/// The tree of the lines that `read_into` folds.
fn fold(
    opt: &Options<'_>,
    read_into: impl FnOnce(&mut LineFolder) -> io::Result<()>,
) -> io::Result<CallTree> {
    let mut folder = line_folder(opt);
    read_into(&mut folder)?;
    finish_lines(folder, opt.needs_sorted_lines())
}

fn line_folder(opt: &Options<'_>) -> LineFolder {
    LineFolder::new(match opt.flame_chart {
        true => CallTree::in_time_order(),
        false => CallTree::new(),
    })
}

fn finish_lines(folder: LineFolder, needs_sorted_lines: bool) -> io::Result<CallTree> {
    if needs_sorted_lines && !folder.is_sorted() {
        return Err(invalid_data("unsorted input lines detected"));
    }
    let profile = folder.finish();
    if profile.ignored_lines > 0 {
        let ignored = profile.ignored_lines;
        warning!("Ignored {ignored} lines with invalid format");
    }
    Ok(profile.tree)
}

fn fold_file(folder: &mut LineFolder, path: &Path) -> io::Result<()> {
    let read = File::open(path).and_then(|file| folder.read(file));
    read.map(|_| ()).map_err(|error| named(path, &error))
}

/// Adds a path to an error.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The message about missing bases.
fn no_stack_has(bases: &[&str]) -> String {
    format!("No stack has the base `{}`", bases.join("`, or `"))
}

fn invalid_data(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

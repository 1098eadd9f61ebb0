//! The whole profile as text, from which the viewer draws any zoom, including frames without an
//! element in the file.
//!
//! It is the text of `<metadata id="profile">`, with two lines: settings as JSON, and numbers packed by
//! [`Packer`], each of a [`Kind`]. If the settings have a `tick`, a third line has the [times](times) of
//! samples.
//!
//! In the settings, counts are multiples of `unit`; `kind` is `plain`, `chart` or `differential`; `parts` is
//! what the frames above the root are. The numbers are:
//!
//! 1. `stacks` stacks with `frames` frames, in drawing order: how many frames of the previous stack end, how
//!    many begin, which ones, and the stack's self count (in a differential graph two, before and after). A frame
//!    is one plus an index into the distinct functions that its caller has called so far, or 0 if it is a new one;
//!    nothing is written if the caller has called none. A new one is followed by the number of its name:
//!    0 for the next number, 1 to skip a number, otherwise one plus the distance back from the next number.
//! 2. The names, one per line: `names` bytes, packed by [`shorten`].
//! 3. A color for each name: two numbers, with 4 bits each of red, green, and blue; none if colors do
//!    not depend on names. If they depend on modules, the settings list these, and here is, for each
//!    name, the index of its module, times 3, plus the number of one of the module's colors.
//! 4. If the settings are `annotated`: for each name, the letter of its annotation, or a space; packed by
//!    [`shorten`].
//!
//! The first name, number 0, is not a function: it represents frames omitted because they are too
//! narrow, if the options say so.

mod pack;
mod shorten;
mod stacks;
#[cfg(test)]
mod test_reader;
mod times;
mod unit;

pub(super) use stacks::Stacks;

use super::color::{DARK, LIGHT, Modules, palette};
use super::counts::CountText;
use super::frames::annotation_start;
use super::layout::Layout;
use super::paint::Painter;
use super::svg::Xml;
use super::{DiffScale, DiffWidth, Options, style};
use crate::bytes::number::push_count;
use crate::bytes::text::{json_string, lossy};
use crate::call_tree::{CallTree, FrameId, Roots};
use pack::{Kind, Packer};
use shorten::shorten;
use std::iter;
use times::Times;

/// Writes the profile of `layout`. The `stacks` must have received all its steps.
pub(super) fn write(
    opt: &Options<'_>,
    mut stacks: Stacks<'_>,
    layout: &Layout,
    painter: &mut Painter<'_>,
    xml: &mut Xml,
) {
    let tree = stacks.tree;
    stacks.finish(layout);
    let names = names_of(tree, &stacks.named);
    let theme = painter.modules().map_or(String::new(), modules_json);
    let times = stacks.timeline.map(Times::new);
    let annotations = annotations_of(tree, &stacks.named);
    let annotated = annotations.as_ref().map_or("", |_| ",\"annotated\":true");
    let theme = times.as_ref().map_or(String::new(), Times::settings) + &theme + annotated;
    let settings = settings(opt, &stacks, names.len(), &theme);
    let times = times.map(|times| times.packed(|node| stacks.position(node), stacks.unit));
    let Stacks {
        mut packer, named, ..
    } = stacks;
    shorten(&names, &mut packer);
    if let Some(modules) = painter.modules() {
        push_modules(&mut packer, &named, modules);
    } else if painter.is_by_name(tree.is_differential()) {
        push_colors(&mut packer, tree, &named, painter);
    }
    if let Some(annotations) = annotations {
        shorten(&annotations, &mut packer);
    }
    xml.start("metadata");
    xml.attr("id", "profile");
    xml.text(&settings);
    xml.text_with(|out| {
        out.push(b'\n');
        packer.write(out);
        if let Some(times) = &times {
            out.push(b'\n');
            times.write(out);
        }
    });
    xml.end();
}

/// The name of the omitted frames.
const OMITTED: &str = "\u{2026}";

/// The text of all names, each preceded by a line break, so that numbers start at 1.
fn names_of(tree: &CallTree, named: &[FrameId]) -> Vec<u8> {
    let mut names = OMITTED.as_bytes().to_vec();
    for &frame in named {
        names.push(b'\n');
        let name = tree.frame_name(frame);
        let name = &name[..annotation_start(name)];
        if is_plain(name) {
            names.extend_from_slice(name);
        } else {
            let name: String = lossy(name).chars().map(legal).collect();
            names.extend_from_slice(name.as_bytes());
        }
    }
    names
}

/// The letter of each name's annotation, or a space, if any has one.
fn annotations_of(tree: &CallTree, named: &[FrameId]) -> Option<Vec<u8>> {
    let of_frame = |&frame| {
        let name = tree.frame_name(frame);
        name.get(annotation_start(name) + 2)
            .copied()
            .unwrap_or(b' ')
    };
    let letters: Vec<u8> = iter::once(b' ').chain(named.iter().map(of_frame)).collect();
    letters
        .iter()
        .any(|letter| *letter != b' ')
        .then_some(letters)
}

/// Whether no character needs replacing, computed without a branch for each byte.
fn is_plain(name: &[u8]) -> bool {
    name.iter()
        .fold(true, |all, byte| all & (b' '..0x80).contains(byte))
}

/// Replaces characters that are invalid in XML or end a line.
fn legal(character: char) -> char {
    match character {
        '\n' => ' ',
        '\0'..' ' if character != '\t' => char::REPLACEMENT_CHARACTER,
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

/// The modules with their hues, and the colors of all hues, as fields of the settings.
fn modules_json(modules: &Modules) -> String {
    let hex = |scheme| -> String {
        let colors = palette(scheme).into_iter();
        colors
            .map(|color| format!("{:02x}{:02x}{:02x}", color.r, color.g, color.b))
            .collect()
    };
    let list = modules.iter().map(|module| {
        let name = json_string(&module.name);
        format!("[{name},{}]", module.hue)
    });
    let list: Vec<String> = list.collect();
    format!(
        ",\"modules\":[{}],\"light\":\"{}\",\"dark\":\"{}\"",
        list.join(","),
        hex(LIGHT),
        hex(DARK)
    )
}

fn settings(opt: &Options<'_>, stacks: &Stacks<'_>, names: usize, modules: &str) -> String {
    let Stacks { tree, unit, .. } = *stacks;
    let (frames, stacks) = (stacks.frames, stacks.count);
    let kind = match (tree.is_in_time_order(), tree.is_differential()) {
        (true, _) => "chart",
        (_, true) => "differential",
        _ => "plain",
    };
    let width = match opt.diff_width {
        DiffWidth::After => "after",
        DiffWidth::Before => "before",
        DiffWidth::Larger => "larger",
    };
    let mut unit_text = Vec::new();
    push_count(&mut unit_text, unit.in_samples());
    let unit = String::from_utf8_lossy(&unit_text);
    let counts = CountText::new(opt, tree);
    let count_name = json_string(counts.name());
    let scaled = if counts.is_scaled() {
        ",\"scaled\":true"
    } else {
        ""
    };
    let scale = match opt.diff_scale {
        DiffScale::Log if tree.is_differential() => ",\"scale\":\"log\"",
        _ => "",
    };
    let theme = match opt.is_modern() {
        true => ",\"theme\":\"modern\"",
        false => "",
    };
    let parts = parts_of(tree).map_or(String::new(), |parts| format!(",\"parts\":\"{parts}\""));
    let factor = style::js_number(opt.factor);
    let min_width = style::js_number(opt.min_width);
    let (row, negate) = (opt.frame_height, opt.negate_differentials);
    let diffusion = opt.color_diffusion;
    format!(
        "{{\"unit\":\"{unit}\",\"stacks\":{stacks},\"frames\":{frames},\"names\":{names},\"kind\":\"{kind}\",\"width\":\"{width}\",\
         \"negate\":{negate},\"byWidth\":{diffusion},\"factor\":{factor},\"row\":{row},\
         \"minWidth\":{min_width},\
         \"countName\":{count_name}{scaled}{scale}{theme}{parts}{modules}}}"
    )
}

/// What the frames above the root are, if the user may want to choose among them. In time order, they are not
/// adjacent.
fn parts_of(tree: &CallTree) -> Option<&'static str> {
    if tree.is_in_time_order() {
        return None;
    }
    match tree.roots() {
        Roots::Unknown => None,
        Roots::Processes | Roots::ProcessesAndThreads => Some("processes"),
        Roots::Threads | Roots::NumberedThreads => Some("threads"),
        Roots::Parts => Some("parts"),
    }
}

fn push_colors(packer: &mut Packer, tree: &CallTree, named: &[FrameId], painter: &mut Painter<'_>) {
    let mut push = |color: u32| {
        packer.push_symbol(Kind::COLOR, color >> 6);
        packer.push_symbol(Kind::COLOR, color & 63);
    };
    push(0xccc);
    for &frame in named {
        let color = painter.of_name(tree, frame);
        let [red, green, blue] = [color.r, color.g, color.b].map(|part| u32::from(part >> 4));
        push(red << 8 | green << 4 | blue);
    }
}

/// For each name a number, see [`Modules::number`].
fn push_modules(packer: &mut Packer, named: &[FrameId], modules: &Modules) {
    packer.push(Kind::MODULE, 0);
    for &frame in named {
        packer.push(Kind::MODULE, modules.number(frame) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::paint::Scale;
    use super::test_reader::{Reader, lengthen};
    use super::*;
    use crate::folded::LineFolder;
    use std::collections::HashMap;

    /// The stacks in the data as folded lines, and the names. Only the frames that begin are named; two spaces
    /// stand for each of the others.
    fn written(tree: CallTree, lines: &str, min_width: f64) -> (Vec<String>, Vec<String>) {
        let opt = Options {
            min_width,
            color_diffusion: true,
            ..Options::default()
        };
        written_with(&opt, tree, lines)
    }

    fn written_with(opt: &Options<'_>, tree: CallTree, lines: &str) -> (Vec<String>, Vec<String>) {
        let mut folder = LineFolder::new(tree);
        lines
            .lines()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let mut stacks = Stacks::new(&tree, tree.timeline());
        let layout = Layout::new(&tree, opt.limits(), DiffWidth::After, |step| {
            stacks.push(step)
        });
        let mut painter = Painter::new(opt, Scale::Linear { largest: 0 }, None, None);
        let mut xml = Xml::new(false);
        write(opt, stacks, &layout, &mut painter, &mut xml);
        let text = String::from_utf8(std::mem::take(xml.out())).unwrap();
        let text = text.strip_prefix("<metadata id=\"profile\">").unwrap();
        let (settings, packed) = text.split_once('\n').unwrap();
        let mut reader = Reader::new(packed.strip_suffix("</metadata>").unwrap());
        let stacks = read_stacks(&mut reader, setting(settings, "stacks"));
        let names = lengthen(&mut reader, setting(settings, "names"));
        let names: Vec<String> = names.lines().map(str::to_string).collect();
        let line = |(indent, begun, count): &(usize, Vec<usize>, u128)| {
            let begun: Vec<&str> = begun.iter().map(|name| names[*name].as_str()).collect();
            format!("{}{} {count}", "  ".repeat(*indent), begun.join(";"))
        };
        (stacks.iter().map(line).collect(), names)
    }

    fn setting(settings: &str, key: &str) -> usize {
        let (_, value) = settings.split_once(&format!("\"{key}\":")).unwrap();
        value.split_once(',').unwrap().0.parse().unwrap()
    }

    /// Of each stack: how many frames of the previous one it shares, the names of the others, and the count.
    fn read_stacks(reader: &mut Reader, stacks: usize) -> Vec<(usize, Vec<usize>, u128)> {
        let mut callees: HashMap<usize, Vec<usize>> = HashMap::new();
        let (mut path, mut next) = (vec![0], 1);
        let read = |_| {
            path.truncate(path.len() - reader.number(Kind::CLOSED) as usize);
            let shared = path.len();
            for _ in 0..reader.number(Kind::OPENED) {
                let callees = callees.entry(path[path.len() - 1]).or_default();
                let choice = match callees.len() {
                    0 => 0,
                    known => reader.number(Kind::choice(known as u32)) as usize,
                };
                if choice == 0 {
                    callees.push(read_name(reader, &mut next));
                }
                let at = choice.checked_sub(1).unwrap_or(callees.len() - 1);
                path.push(callees[at]);
            }
            let count = reader.number(Kind::COUNT);
            (shared - 1, path[shared..].to_vec(), count)
        };
        (0..stacks).map(read).collect()
    }

    fn read_name(reader: &mut Reader, next: &mut usize) -> usize {
        loop {
            match reader.number(Kind::NAME) as usize {
                value @ 0..2 => {
                    *next += 1;
                    if value == 0 {
                        return *next - 1;
                    }
                }
                value => return *next + 1 - value,
            }
        }
    }

    #[test]
    fn stacks_share_their_start_and_names_are_written_once() {
        let (stacks, names) = written(CallTree::new(), "a;b;c 5\na;b;d 10\na;c 5\n", 0.0);
        assert_eq!(stacks, ["a;b;c 1", "    d 2", "  c 1"]);
        assert_eq!(names, ["\u{2026}", "a", "b", "c", "d"]);
    }

    #[test]
    fn only_a_profile_with_annotations_has_their_letters() {
        let letters = |lines: &str| {
            let mut folder = LineFolder::new(CallTree::new());
            lines
                .lines()
                .for_each(|line| folder.fold_line(line.as_bytes()));
            let tree = folder.finish().tree;
            let mut stacks = Stacks::new(&tree, None);
            Layout::new(
                &tree,
                Options::default().limits(),
                DiffWidth::After,
                |step| stacks.push(step),
            );
            annotations_of(&tree, &stacks.named)
        };
        assert_eq!(letters("a;b_[x] 1\n"), None);
        assert_eq!(letters("a;b_[k];c_[j] 1\na;b 1\n").unwrap(), b"   kj");
    }

    #[test]
    fn names_of_stacks_without_a_count_have_numbers() {
        let (stacks, names) = written(CallTree::new(), "a;b 0\nc;a 3\nd;b 3\n", 0.0);
        assert_eq!(stacks, ["c;a 1", "d;b 1"]);
        assert_eq!(names, ["\u{2026}", "a", "b", "c", "d"]);
    }

    #[test]
    fn counts_have_fractions_and_the_time_in_charts_runs_on() {
        let lines = "a;b 0.5\na 0.25\na;b 0.25\n";
        let (stacks, _) = written(CallTree::in_time_order(), lines, 0.0);
        // The second b is another frame, with the same name.
        assert_eq!(stacks, ["a;b 2", "   1", "  b 1"]);
    }

    #[test]
    fn omitted_frames_that_are_adjacent_in_time_are_one() {
        let written = |lines| written(CallTree::in_time_order(), lines, 5.0);
        let one = written("a;b 3\na;d 95\na;b 2\n");
        let several = "a;b 1\na;b;x 1\na;c 1\na;d 95\na;c;y 1\na;b 1\n";
        assert_eq!(written(several), one);
    }

    #[test]
    fn omitted_light_frames_are_one_frame_after_their_siblings() {
        let opt = Options {
            max_frames: Some(4),
            ..Options::default()
        };
        let lines = "a;b 1\na;c 9\na;c;x 2\na;d 1\nb 1\ne 40\n";
        let (stacks, names) = written_with(&opt, CallTree::new(), lines);
        assert_eq!(names, ["\u{2026}", "a", "c", "e"]);
        let expected = [
            "a;c 9",
            "    \u{2026} 2",
            "  \u{2026} 2",
            "e 40",
            "\u{2026} 1",
        ];
        assert_eq!(stacks, expected);
    }

    #[test]
    fn omitted_narrow_frames_are_one_frame_without_a_name() {
        let (stacks, names) = written(CallTree::new(), "a;b;c 1\na;d 99\n", 5.0);
        assert_eq!(stacks, ["a;\u{2026} 1", "  d 99"]);
        assert_eq!(names, ["\u{2026}", "a", "d"]);
    }
}

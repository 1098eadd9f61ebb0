//! The whole profile as text, from which the viewer draws any zoom, including frames without an
//! element in the file.
//!
//! It is the text of `<metadata id="profile">`, with at least four lines:
//!
//! ```text
//! {"unit":"1", ...}
//! (*))*+)...
//! f8f8...
//! mainparse...
//! ```
//!
//! 1. Settings as JSON. Counts are multiples of `unit`; `names` is the length of the names in UTF-16
//!    units; `kind` is `plain`, `chart` or `differential`; `parts` is what the frames above the root are.
//! 2. Stacks, in drawing order: how many frames of the previous stack end, how many begin, which ones,
//!    and the stack's self count (in a differential graph two, before and after). A frame is an index
//!    into the distinct functions that its caller has called so far; a new index is followed by the
//!    number of the name. These numbers are sequential, too: a new name gets the next one. All
//!    numbers are written by [`push_number`].
//! 3. A color for each name: two digits, with 4 bits each of red, green, and blue; empty if colors do
//!    not depend on names. If they depend on modules, the settings list these, and here is, for each
//!    name, the index of its module, times 3, plus the number of one of the module's colors.
//! 4. The names, one per line, compressed by [`shorten`].
//!
//! The first name, number 0, is not a function: it represents frames omitted because they are too
//! narrow, if the options say so.

use super::color::{DARK, LIGHT, Modules, palette};
use super::counts::CountText;
use super::frames::without_annotation;
use super::layout::{Layout, Omitted, Step};
use super::paint::Painter;
use super::shorten::{push_large_number, push_number, push_pair, shorten};
use super::svg::Xml;
use super::{DiffScale, DiffWidth, Options, style};
use crate::bytes::number::push_count;
use crate::bytes::text::{json_string, lossy};
use crate::call_tree::{CallTree, Count, FrameId, NodeId, Roots, rebuild};
use std::collections::HashMap;

/// Writes the profile of `layout`. The `stacks` must have received all its steps.
pub(super) fn write(
    opt: &Options<'_>,
    mut stacks: Stacks<'_>,
    layout: &Layout,
    painter: &mut Painter<'_>,
    xml: &mut Xml,
) {
    let tree = stacks.tree;
    if tree.is_in_time_order() {
        stacks.push_in_time_order(layout);
    }
    stacks.end_adjacent();
    while !stacks.last.is_empty() {
        stacks.end_last();
    }
    let names = shorten(&names_of(tree, &stacks.named));
    xml.start("metadata");
    xml.attr("id", "profile");
    let theme = painter.modules().map_or(String::new(), modules_json);
    xml.text(&settings(opt, tree, stacks.unit, names.units, &theme));
    xml.text_with(|out| {
        out.push(b'\n');
        out.extend_from_slice(&stacks.out);
        out.push(b'\n');
        if let Some(modules) = painter.modules() {
            push_modules(out, &stacks.named, modules);
        } else if painter.is_by_name(tree.is_differential()) {
            push_colors(out, tree, &stacks.named, painter);
        }
        out.push(b'\n');
    });
    xml.text(&names.text);
    xml.end();
}

/// The name of the omitted frames.
const OMITTED: &str = "\u{2026}";

const NANOS: i128 = 1_000_000_000;

/// The greatest common divisor of all counts, in units of 10⁻⁹ samples.
fn unit_of(tree: &CallTree) -> i128 {
    let counts = |node| [tree.self_count(node), tree.self_before(node)];
    let mut unit = 0i128;
    // Integers are handled separately, because 128-bit division is many times slower.
    let mut whole = 0u64;
    for count in tree.ids().flat_map(counts).flatten() {
        if count.nanos() != 0 {
            unit = greatest_common_divisor(unit, count.in_nanos());
        } else if whole == 0 || count.whole() % whole != 0 {
            whole = greatest_common_divisor(i128::from(whole), i128::from(count.whole())) as u64;
        }
    }
    greatest_common_divisor(unit, i128::from(whole) * NANOS).max(1)
}

fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The text of all names, each preceded by a line break, so that numbers start at 1.
fn names_of(tree: &CallTree, named: &[FrameId]) -> String {
    let mut names = OMITTED.to_string();
    for &frame in named {
        let name = lossy(tree.frame_name(frame));
        names.push('\n');
        let name = without_annotation(&name);
        if is_plain(name) {
            names.push_str(name);
        } else {
            names.extend(name.chars().map(legal));
        }
    }
    names
}

/// Whether no character needs replacing, computed without a branch for each byte.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .fold(true, |all, byte| all & (b' '..0x80).contains(&byte))
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

fn settings(opt: &Options<'_>, tree: &CallTree, unit: i128, units: usize, modules: &str) -> String {
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
    push_count(&mut unit_text, in_samples(unit));
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
        "{{\"unit\":\"{unit}\",\"names\":{units},\"kind\":\"{kind}\",\"width\":\"{width}\",\
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

fn in_samples(nanos: i128) -> Count {
    let whole = u64::try_from(nanos / NANOS).unwrap_or(u64::MAX);
    Count::from_parts(whole, (nanos % NANOS) as u32)
}

fn push_colors(out: &mut Vec<u8>, tree: &CallTree, named: &[FrameId], painter: &mut Painter<'_>) {
    push_pair(out, 0xccc);
    for &frame in named {
        let color = painter.of_name(tree, frame);
        let [red, green, blue] = [color.r, color.g, color.b].map(|part| u32::from(part >> 4));
        push_pair(out, red << 8 | green << 4 | blue);
    }
}

/// For each name a number, see [`Modules::number`].
fn push_modules(out: &mut Vec<u8>, named: &[FrameId], modules: &Modules) {
    push_number(out, 0);
    for &frame in named {
        push_number(out, modules.number(frame) as u64);
    }
}

const NO_CALLER: (u32, u32) = (u32::MAX, 0);

/// The second line of the text.
pub(super) struct Stacks<'t> {
    tree: &'t CallTree,
    /// The unit of counts, in 10⁻⁹ samples.
    unit: i128,
    /// The unit in samples, if it is an integer.
    whole_unit: Option<u64>,
    out: Vec<u8>,
    /// By frame name: its number, or 0 if it has none yet.
    numbers: Vec<u32>,
    /// The frame of each number, starting with 1.
    named: Vec<FrameId>,
    /// The index of a function among the callees of another, by both their numbers.
    places: HashMap<(u32, u32), u32, ahash::RandomState>,
    /// The last caller of each function and its index there, by the function's number.
    latest: Vec<(u32, u32)>,
    /// The number of distinct callees of each function, by its number.
    callees: Vec<u32>,
    /// The numbers of the stack's frames, below the root, which is 0.
    path: Vec<u32>,
    /// The number of frames in the last stack written, and how many of them are still open.
    written: usize,
    open: usize,
    /// For the root and each frame of the path: the counts of its omitted callees that come last.
    /// Empty until there are any.
    last: Vec<(Count, Count)>,
    /// In time order, the depth and the counts of adjacent omitted frames, which become one.
    adjacent: Option<(usize, Count, Count)>,
}

impl<'t> Stacks<'t> {
    /// The stacks of `tree`, before the first step of its layout.
    pub fn new(tree: &'t CallTree) -> Stacks<'t> {
        let unit = unit_of(tree);
        let mut stacks = Stacks {
            tree,
            unit,
            whole_unit: u64::try_from(unit / NANOS)
                .ok()
                .filter(|_| unit % NANOS == 0),
            out: Vec::with_capacity(4 * tree.len()),
            numbers: Vec::new(),
            named: Vec::new(),
            places: HashMap::default(),
            latest: vec![NO_CALLER],
            callees: vec![0],
            path: Vec::new(),
            written: 0,
            open: 0,
            last: Vec::new(),
            adjacent: None,
        };
        if !tree.is_in_time_order() {
            stacks.push_own_counts(CallTree::ROOT);
        }
        stacks
    }

    /// Advances to the next node. (In time order, the stacks are known only after the whole
    /// layout.)
    #[inline]
    pub fn push(&mut self, step: Step) {
        if self.tree.is_in_time_order() {
            return;
        }
        let Step { visit, omitted } = step;
        self.leave_to(visit.depth - 1);
        match omitted {
            None => {
                let number = self.number(visit.node);
                self.path.push(number);
                self.push_own_counts(visit.node);
            }
            Some(omitted) if omitted.is_last => self.add_to_last(&omitted),
            Some(omitted) => {
                self.path.push(0);
                self.push_counts(omitted.before, Some(omitted.after));
            }
        }
    }

    /// Shortens the path, after the omitted callees of the frames that are left.
    fn leave_to(&mut self, depth: usize) {
        while self.last.len() > depth + 1 {
            self.end_last();
        }
        self.close_to(depth);
    }

    #[cold]
    fn add_to_last(&mut self, omitted: &Omitted) {
        self.last.resize(self.path.len() + 1, Default::default());
        if let Some((before, after)) = self.last.last_mut() {
            *before += omitted.before.unwrap_or_default();
            *after += omitted.after;
        }
    }

    /// Ends the stack of the omitted callees of the innermost frame that has any.
    #[cold]
    fn end_last(&mut self) {
        if let Some((before, after)) = self.last.pop() {
            self.close_to(self.last.len());
            self.path.push(0);
            self.push_counts(Some(before), Some(after));
        }
    }

    /// Adds an omitted frame in time order, whose callers are the path.
    fn push_adjacent(&mut self, before: Option<Count>, after: Count) {
        let new = (self.path.len(), Count::ZERO, Count::ZERO);
        let (_, all_before, all_after) = self.adjacent.get_or_insert(new);
        *all_before += before.unwrap_or_default();
        *all_after += after;
    }

    /// Ends the stack of adjacent omitted frames, if there are any.
    fn end_adjacent(&mut self) {
        if let Some((_, before, after)) = self.adjacent.take() {
            self.path.push(0);
            self.push_counts(Some(before), Some(after));
        }
    }

    fn push_own_counts(&mut self, node: NodeId) {
        self.push_counts(self.tree.self_before(node), self.tree.self_count(node));
    }

    fn push_in_time_order(&mut self, layout: &Layout) {
        let mut stack: Vec<NodeId> = Vec::new();
        let mut climbed = Vec::new();
        for part in rebuild::parts_in_order(self.tree) {
            rebuild::fill_stack(self.tree, part.node, &mut climbed);
            let cut = climbed.iter().position(|node| layout.is_omitted(*node));
            climbed.truncate(cut.map_or(climbed.len(), |at| at + 1));
            let same = stack.iter().zip(&climbed).take_while(|(a, b)| a == b);
            let shown = cut.unwrap_or(climbed.len());
            let same = same.count().min(shown);
            let is_same_caller =
                |(depth, ..): (usize, Count, Count)| cut == Some(same) && depth == same;
            if !self.adjacent.is_some_and(is_same_caller) {
                self.end_adjacent();
                self.close_to(same);
                for &node in &climbed[same..shown] {
                    let number = self.number(node);
                    self.path.push(number);
                }
            }
            match cut {
                Some(_) => self.push_adjacent(part.before, part.count),
                None => self.push_counts(part.before, Some(part.count)),
            }
            std::mem::swap(&mut stack, &mut climbed);
        }
    }

    fn close_to(&mut self, depth: usize) {
        self.path.truncate(depth);
        self.open = self.open.min(depth);
    }

    /// Ends a stack, unless it has no count.
    #[inline]
    fn push_counts(&mut self, before: Option<Count>, after: Option<Count>) {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        if !before.is_zero() || !after.is_zero() {
            self.push_stack(before, after);
        }
    }

    fn push_stack(&mut self, before: Count, after: Count) {
        push_number(&mut self.out, (self.written - self.open) as u64);
        push_number(&mut self.out, (self.path.len() - self.open) as u64);
        for depth in self.open..self.path.len() {
            self.push_frame(depth);
        }
        self.written = self.path.len();
        self.open = self.written;
        if self.tree.is_differential() {
            self.push_count(before);
        }
        self.push_count(after);
    }

    fn push_count(&mut self, count: Count) {
        match self.whole_unit {
            Some(unit) if count.nanos() == 0 => push_number(&mut self.out, count.whole() / unit),
            _ => push_large_number(&mut self.out, (count.in_nanos() / self.unit) as u128),
        }
    }

    fn push_frame(&mut self, depth: usize) {
        let caller = depth.checked_sub(1).map_or(0, |above| self.path[above]);
        let callee = self.path[depth];
        let callees = &mut self.callees[caller as usize];
        let latest = &mut self.latest[callee as usize];
        let place = match *latest {
            (known, place) if known == caller => place,
            _ => *self.places.entry((caller, callee)).or_insert(*callees),
        };
        *latest = (caller, place);
        push_number(&mut self.out, u64::from(place));
        if place == *callees {
            *callees += 1;
            push_number(&mut self.out, u64::from(callee));
        }
    }

    /// The number of the node's name.
    #[inline]
    fn number(&mut self, node: NodeId) -> u32 {
        let frame = self.tree.frame(node);
        match self.numbers.get(frame.index()) {
            Some(&number) if number > 0 => number,
            _ => self.give_number(frame),
        }
    }

    #[cold]
    fn give_number(&mut self, frame: FrameId) -> u32 {
        let index = frame.index();
        if index >= self.numbers.len() {
            self.numbers.resize(index + 1, 0);
        }
        self.named.push(frame);
        self.callees.push(0);
        self.latest.push(NO_CALLER);
        self.numbers[index] = self.named.len() as u32;
        self.numbers[index]
    }
}

#[cfg(test)]
mod tests {
    use super::super::paint::Scale;
    use super::*;
    use crate::folded::LineFolder;

    fn written(tree: CallTree, lines: &str, min_width: f64) -> Vec<String> {
        let opt = Options {
            min_width,
            color_diffusion: true,
            ..Options::default()
        };
        written_with(&opt, tree, lines)
    }

    fn written_with(opt: &Options<'_>, tree: CallTree, lines: &str) -> Vec<String> {
        let mut folder = LineFolder::new(tree);
        lines
            .lines()
            .for_each(|line| folder.fold_line(line.as_bytes()));
        let tree = folder.finish().tree;
        let mut stacks = Stacks::new(&tree);
        let layout = Layout::new(&tree, opt.limits(), DiffWidth::After, |step| {
            stacks.push(step)
        });
        let mut painter = Painter::new(opt, Scale::Linear { largest: 0 }, None, None);
        let mut xml = Xml::new(false);
        write(opt, stacks, &layout, &mut painter, &mut xml);
        let text = String::from_utf8(std::mem::take(xml.out())).unwrap();
        text.lines().skip(1).map(str::to_string).collect()
    }

    // The digits are ( ) * + , from 0 on. Each stack: end, begin, indexes (new ones with numbers),
    // count.

    #[test]
    fn stacks_share_their_start_and_names_are_written_once() {
        let lines = "a;b;c 5\na;b;d 10\na;c 5\n";
        let stacks = ["(+()(*(+)", "))),*", "*))+)"].concat();
        let found = written(CallTree::new(), lines, 0.0);
        assert_eq!(
            found,
            [&stacks, "", "\u{2026}", "a", "b", "c", "d</metadata>"]
        );
    }

    #[test]
    fn counts_have_fractions_and_the_time_in_charts_runs_on() {
        let found = written(
            CallTree::in_time_order(),
            "a;b 0.5\na 0.25\na;b 0.25\n",
            0.0,
        );
        // The second b is another frame, with the same index among the callees of a.
        assert_eq!(found[0], ["(*()(**", ")()", "()()"].concat());
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
        let found = written_with(&opt, CallTree::new(), lines);
        assert_eq!(found[2..], ["\u{2026}", "a", "c", "e</metadata>"]);
        let unlimited = "a;c 9\na;c;~ 2\na;~ 2\ne 40\n~ 1\n";
        let unlimited = written_with(&Options::default(), CallTree::new(), unlimited);
        // The stacks are the same, but for the number of the omitted frame.
        assert_eq!(found[0].len(), unlimited[0].len());
    }

    #[test]
    fn omitted_narrow_frames_are_one_frame_without_a_name() {
        let found = written(CallTree::new(), "a;b;c 1\na;d 99\n", 5.0);
        assert_eq!(
            found,
            ["(*()(())))*r)", "", "\u{2026}", "a", "d</metadata>"]
        );
    }
}

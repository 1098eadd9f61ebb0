//! The whole profile as text, from which the viewer draws any zoom, including frames without an
//! element in the file.
//!
//! It is the text of `<metadata id="profile">`, with two lines: settings as JSON, and numbers packed by
//! [`Packer`], each of a [`Kind`]. If the settings have a `tick`, a third line has the [times](super::times) of
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
//!
//! The first name, number 0, is not a function: it represents frames omitted because they are too
//! narrow, if the options say so.

use super::color::{DARK, LIGHT, Modules, palette};
use super::counts::CountText;
use super::frames::without_annotation;
use super::layout::{Layout, Omitted, Step};
use super::pack::{Kind, Packer};
use super::paint::Painter;
use super::shorten::shorten;
use super::svg::Xml;
use super::times::Times;
use super::{DiffScale, DiffWidth, Options, style};
use crate::bytes::number::push_count;
use crate::bytes::text::{json_string, lossy};
use crate::call_tree::{CallTree, Count, FrameId, NodeId, Roots, Timeline, rebuild};
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
    let names = names_of(tree, &stacks.named);
    let theme = painter.modules().map_or(String::new(), modules_json);
    let times = stacks.timeline.map(Times::new);
    let theme = times.as_ref().map_or(String::new(), Times::settings) + &theme;
    let settings = settings(opt, &stacks, names.len(), &theme);
    let times = times.map(|times| times.packed(|node| stacks.position(node), stacks.unit));
    let Stacks {
        mut packer, named, ..
    } = stacks;
    shorten(names.as_bytes(), &mut packer);
    if let Some(modules) = painter.modules() {
        push_modules(&mut packer, &named, modules);
    } else if painter.is_by_name(tree.is_differential()) {
        push_colors(&mut packer, tree, &named, painter);
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

const NANOS: i128 = 1_000_000_000;

/// The greatest common divisor of all counts, in units of 10⁻⁹ samples.
fn unit_of(tree: &CallTree, timeline: Option<&Timeline>) -> i128 {
    let counts = |node| [tree.self_count(node), tree.self_before(node)];
    let mut unit = CommonDivisor::default();
    for count in tree.ids().flat_map(counts).flatten() {
        unit.add(count);
    }
    for sample in timeline.map_or(&[][..], Timeline::samples) {
        unit.add(sample.count);
    }
    greatest_common_divisor(unit.nanos, i128::from(unit.whole) * NANOS).max(1)
}

/// The greatest common divisor of fractional counts and, separately, that of integers, because 128-bit division is many
/// times slower.
#[derive(Default)]
struct CommonDivisor {
    nanos: i128,
    whole: u64,
}

impl CommonDivisor {
    #[inline]
    fn add(&mut self, count: Count) {
        let (of_nanos, whole) = (self.nanos, self.whole);
        if count.nanos() != 0 {
            self.nanos = greatest_common_divisor(of_nanos, count.in_nanos());
        } else if !count.whole().is_multiple_of(whole) {
            let both = (i128::from(whole), i128::from(count.whole()));
            self.whole = greatest_common_divisor(both.0, both.1) as u64;
        }
    }
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
    push_count(&mut unit_text, in_samples(unit.nanos));
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

fn in_samples(nanos: i128) -> Count {
    let whole = u64::try_from(nanos / NANOS).unwrap_or(u64::MAX);
    Count::from_parts(whole, (nanos % NANOS) as u32)
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

/// The unit of counts.
#[derive(Clone, Copy)]
pub(super) struct CountUnit {
    /// In 10⁻⁹ samples.
    nanos: i128,
    /// In samples, if it is an integer.
    whole: Option<u64>,
}

impl CountUnit {
    pub fn of(nanos: i128) -> CountUnit {
        let whole = u64::try_from(nanos / NANOS).ok();
        CountUnit {
            nanos,
            whole: whole.filter(|_| nanos % NANOS == 0),
        }
    }

    pub fn push(self, packer: &mut Packer, kind: Kind, count: Count) {
        match self.whole {
            Some(unit) if count.nanos() == 0 => packer.push(kind, count.whole() / unit),
            _ => packer.push_large(kind, (count.in_nanos() / self.nanos) as u128),
        }
    }
}

/// Instead of a position: a node is one of those omitted callees of a frame that come last.
const IN_REST: u32 = u32::MAX;

const NO_CALLER: (u32, u32) = (u32::MAX, 0);

/// The stacks of a profile.
pub(super) struct Stacks<'t> {
    tree: &'t CallTree,
    unit: CountUnit,
    /// The samples whose times are written, too.
    timeline: Option<&'t Timeline>,
    /// With a timeline, the position of each node's stack, starting with 1, or [`IN_REST`].
    positions: Vec<u32>,
    /// The positions of the stacks of omitted callees that come last, by their callers.
    rests: HashMap<NodeId, u32, ahash::RandomState>,
    packer: Packer,
    /// The number of stacks, and of the frames that begin in them.
    count: usize,
    frames: usize,
    /// By frame name: its number, or 0 if it has none yet.
    numbers: Vec<u32>,
    /// The number of the first name that is not written yet.
    next_name: u32,
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
    last: Vec<(NodeId, Count, Count)>,
    /// In time order, the depth and the counts of adjacent omitted frames, which become one.
    adjacent: Option<(usize, Count, Count)>,
}

impl<'t> Stacks<'t> {
    /// The stacks of `tree`, before the first step of its layout.
    pub fn new(tree: &'t CallTree, timeline: Option<&'t Timeline>) -> Stacks<'t> {
        let mut stacks = Stacks {
            tree,
            unit: CountUnit::of(unit_of(tree, timeline)),
            timeline,
            positions: timeline.map_or(Vec::new(), |_| vec![0; tree.len()]),
            rests: HashMap::default(),
            packer: Packer::with_capacity(2 * tree.len()),
            count: 0,
            frames: 0,
            numbers: Vec::new(),
            next_name: 1,
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
            Some(omitted) if omitted.is_last => self.add_to_last(visit.node, &omitted),
            Some(omitted) => {
                self.path.push(0);
                self.push_counts(omitted.before, Some(omitted.after));
                self.note_position(visit.node, self.count as u32);
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
    fn add_to_last(&mut self, node: NodeId, omitted: &Omitted) {
        let none = (CallTree::ROOT, Count::ZERO, Count::ZERO);
        self.last.resize(self.path.len() + 1, none);
        if let Some((caller, before, after)) = self.last.last_mut() {
            *caller = self.tree.parent(node).unwrap_or(CallTree::ROOT);
            *before += omitted.before.unwrap_or_default();
            *after += omitted.after;
        }
        self.note_position(node, IN_REST);
    }

    /// Ends the stack of the omitted callees of the innermost frame that has any.
    #[cold]
    fn end_last(&mut self) {
        if let Some((caller, before, after)) = self.last.pop() {
            self.close_to(self.last.len());
            self.path.push(0);
            self.push_counts(Some(before), Some(after));
            if self.timeline.is_some() {
                self.rests.insert(caller, self.count as u32);
            }
        }
    }

    fn note_position(&mut self, node: NodeId, position: u32) {
        if let Some(known) = self.positions.get_mut(node.index()) {
            *known = position;
        }
    }

    /// The position of the stack in which a sample of `node` is counted: that of the node, or of an omitted caller.
    fn position(&self, node: NodeId) -> u32 {
        let callers = std::iter::successors(Some(node), |&node| self.tree.parent(node));
        let position = |node: NodeId| match self.positions[node.index()] {
            0 => None,
            IN_REST => self.rests.get(&self.tree.parent(node)?).copied(),
            position => Some(position),
        };
        callers.filter_map(position).next().unwrap_or(1)
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
        if self.timeline.is_some() && self.tree.self_count(node).is_some() {
            self.note_position(node, self.count as u32);
        }
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
        let (open, begun) = (self.open, self.path.len() - self.open);
        self.packer.push(Kind::CLOSED, (self.written - open) as u64);
        self.packer.push(Kind::OPENED, begun as u64);
        for depth in open..self.path.len() {
            self.push_frame(depth);
        }
        self.count += 1;
        self.frames += begun;
        self.written = self.path.len();
        self.open = self.written;
        if self.tree.is_differential() {
            self.unit.push(&mut self.packer, Kind::BEFORE, before);
        }
        self.unit.push(&mut self.packer, Kind::COUNT, after);
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
        let kind = Kind::choice(*callees);
        if place < *callees {
            self.packer.push(kind, u64::from(place) + 1);
            return;
        }
        if *callees > 0 {
            self.packer.push_symbol(kind, 0);
        }
        *callees += 1;
        self.push_name(callee);
    }

    /// New names are written in the order of their numbers. A number is skipped if the stacks of its name have no
    /// count.
    fn push_name(&mut self, name: u32) {
        while self.next_name < name {
            self.next_name += 1;
            self.packer.push(Kind::NAME, 1);
        }
        let value = match self.next_name - name {
            0 => 0,
            since => since + 1,
        };
        self.next_name = self.next_name.max(name + 1);
        self.packer.push(Kind::NAME, value.into());
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
    use super::super::test_reader::{Reader, lengthen};
    use super::*;
    use crate::folded::LineFolder;

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

//! Numbers the stacks of a profile, in the order of its layout.

use super::pack::{Kind, Packer};
use super::unit::CountUnit;
use crate::call_tree::{CallTree, Count, FrameId, NodeId, Timeline, rebuild};
use crate::flamegraph::layout::{Layout, Omitted, Step};
use std::collections::HashMap;

/// Instead of a position: a node is one of those omitted callees of a frame that come last.
const IN_REST: u32 = u32::MAX;

const NO_CALLER: (u32, u32) = (u32::MAX, 0);

/// The stacks of a profile.
pub struct Stacks<'t> {
    pub(super) tree: &'t CallTree,
    pub(super) unit: CountUnit,
    /// The samples whose times are written, too.
    pub(super) timeline: Option<&'t Timeline>,
    /// With a timeline, the position of each node's stack, starting with 1, or [`IN_REST`].
    positions: Vec<u32>,
    /// The positions of the stacks of omitted callees that come last, by their callers.
    rests: HashMap<NodeId, u32, ahash::RandomState>,
    pub(super) packer: Packer,
    /// The number of stacks, and of the frames that begin in them.
    pub(super) count: usize,
    pub(super) frames: usize,
    /// By frame name: its number, or 0 if it has none yet.
    numbers: Vec<u32>,
    /// The number of the first name that is not written yet.
    next_name: u32,
    /// The frame of each number, starting with 1.
    pub(super) named: Vec<FrameId>,
    /// The index of a function among the callees of another, by both their numbers.
    indexes: HashMap<(u32, u32), u32, ahash::RandomState>,
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
            unit: CountUnit::of_all(tree, timeline),
            timeline,
            positions: timeline.map_or(Vec::new(), |_| vec![0; tree.len()]),
            rests: HashMap::default(),
            packer: Packer::with_capacity(2 * tree.len()),
            count: 0,
            frames: 0,
            numbers: Vec::new(),
            next_name: 1,
            named: Vec::new(),
            indexes: HashMap::default(),
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
            Some(omitted) => self.push_omitted(visit.node, &omitted),
        }
    }

    #[cold]
    fn push_omitted(&mut self, node: NodeId, omitted: &Omitted) {
        if omitted.is_last {
            return self.add_to_last(node, omitted);
        }
        self.path.push(0);
        self.push_counts(omitted.before, Some(omitted.after));
        self.note_position(node, self.count as u32);
    }

    /// Ends what is still open, after the last step.
    pub(super) fn finish(&mut self, layout: &Layout) {
        if self.tree.is_in_time_order() {
            self.push_in_time_order(layout);
        }
        self.end_adjacent();
        while !self.last.is_empty() {
            self.end_last();
        }
    }

    /// Shortens the path, after the omitted callees of the frames that are left.
    fn leave_to(&mut self, depth: usize) {
        while self.last.len() > depth + 1 {
            self.end_last();
        }
        self.close_to(depth);
    }

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
    pub(super) fn position(&self, node: NodeId) -> u32 {
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

    #[inline]
    fn push_own_counts(&mut self, node: NodeId) {
        // Most nodes have none.
        if let Some(count) = self.tree.self_count(node) {
            self.push_counts(self.tree.self_before(node), Some(count));
            if self.timeline.is_some() {
                self.note_position(node, self.count as u32);
            }
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
        let mut caller = open.checked_sub(1).map_or(0, |last| self.path[last]);
        for depth in open..self.path.len() {
            let callee = self.path[depth];
            self.push_frame(caller, callee);
            caller = callee;
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

    fn push_frame(&mut self, caller: u32, callee: u32) {
        let callees = &mut self.callees[caller as usize];
        let latest = &mut self.latest[callee as usize];
        let index = match *latest {
            (known, index) if known == caller => index,
            _ => *self.indexes.entry((caller, callee)).or_insert(*callees),
        };
        *latest = (caller, index);
        let kind = Kind::choice(*callees);
        if index < *callees {
            self.packer.push(kind, u64::from(index) + 1);
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

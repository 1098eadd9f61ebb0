//! Estimates stacks from a call graph.
//!
//! The graph has the self cost of each function, and the inclusive cost of its calls to each other
//! function. Stacks are estimated as follows:
//!
//! * Calls of a function to itself are ignored.
//! * A group of functions that call each other in a cycle is a root if it cost more than all calls into it.
//!   The difference is attributed to the member called most from outside, or to the most expensive one.
//! * Below a root, the cost of a function is split between itself and its callees in the proportions of the
//!   function as a whole. Callees that are already on the path are not entered again.
//! * Parts of whole numbers have three digits after the point, because more would not be meaningful.
//! * Costs below a 10,000th of the total are not split further, and splitting stops after millions of steps.
//!
//! So no cost is lost. Without recursion, the total of each function equals its inclusive cost in
//! the call graph, except for rounding.

use super::Profile;
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::warnings::warning;
use ahash::AHashMap;

/// The number of a function. Several functions can have the same name.
pub(crate) type FunctionId = u32;

/// The note in graphs of an estimate.
const NOTE: &str = "estimated from a call graph: a function looks the same below all its callers";

/// The note if there are no calls, as in the output of cachegrind.
const NOTE_WITHOUT_CALLS: &str = "functions without callers: the profile has no calls";

const THOUSANDTH: Decimal = Decimal::from_nanos(1_000_000);

/// The maximum number of functions to enter, because even a small graph may have very many paths.
const MAX_ENTERED: u32 = 1 << 22;

/// A call graph.
#[derive(Default)]
pub(crate) struct Graph {
    functions: Vec<Function>,
    calls: AHashMap<(FunctionId, FunctionId), Decimal>,
}

#[derive(Default, Clone)]
struct Function {
    own: Decimal,
    /// The functions that it calls, with the cost of the calls. Filled in before the walk.
    callees: Vec<(FunctionId, Decimal)>,
}

impl Graph {
    fn function(&mut self, id: FunctionId) -> &mut Function {
        let index = id as usize;
        if self.functions.len() <= index {
            self.functions.resize(index + 1, Function::default());
        }
        &mut self.functions[index]
    }

    pub fn add_own(&mut self, function: FunctionId, cost: Decimal) {
        self.function(function).own += cost;
    }

    pub fn add_call(&mut self, caller: FunctionId, callee: FunctionId, cost: Decimal) {
        self.function(caller);
        self.function(callee);
        if caller != callee {
            *self.calls.entry((caller, callee)).or_default() += cost;
        }
    }

    /// Adds the estimate to `profile`, with a note that it is one. `names` are the names of the
    /// functions.
    pub fn add_to(mut self, names: &[Vec<u8>], profile: &mut Profile) {
        profile.set_note(match self.calls.is_empty() {
            true => NOTE_WITHOUT_CALLS,
            false => NOTE,
        });
        let is_whole = self.is_whole();
        let mut calls: Vec<_> = std::mem::take(&mut self.calls).into_iter().collect();
        calls.sort_unstable_by_key(|(call, _)| *call);
        for ((caller, callee), cost) in calls {
            self.functions[caller as usize].callees.push((callee, cost));
        }
        let total = self
            .functions
            .iter()
            .fold(Decimal::ZERO, |sum, it| sum + it.own);
        let frames = names
            .iter()
            .map(|name| profile.tree.intern(name))
            .collect::<Vec<_>>();
        let roots = self.roots();
        // `total` and `worth` are equal, unless the graph is inconsistent.
        let worth = roots
            .iter()
            .fold(Decimal::ZERO, |sum, (_, worth)| sum + *worth);
        let mut walk = Walk {
            graph: &self,
            frames: &frames,
            min_split: total.max(worth).divided_by(10_000),
            is_whole,
            left: MAX_ENTERED,
            on_path: vec![false; self.functions.len()],
            profile,
        };
        for (root, worth) in roots {
            walk.visit(root, worth);
        }
        if walk.left == 0 {
            warning!(
                "the call graph has too many paths: the self cost of some functions includes that of their callees"
            );
        }
    }

    /// Whether all costs are whole numbers.
    fn is_whole(&self) -> bool {
        let mut own = self.functions.iter().map(|function| function.own);
        own.all(Decimal::is_whole) && self.calls.values().all(|cost| cost.is_whole())
    }

    /// The roots with their costs.
    fn roots(&self) -> Vec<(FunctionId, Decimal)> {
        let (group_of, groups) = self.groups();
        // The cost of each group minus the calls into it.
        let mut excess = vec![Decimal::ZERO; groups.len()];
        let mut calls_into = vec![Decimal::ZERO; self.functions.len()];
        for (id, function) in self.functions.iter().enumerate() {
            excess[group_of[id]] += function.own;
            for &(callee, cost) in &function.callees {
                let callee = callee as usize;
                if group_of[callee] != group_of[id] {
                    excess[group_of[id]] += cost;
                    excess[group_of[callee]] = excess[group_of[callee]] - cost;
                    calls_into[callee] += cost;
                }
            }
        }
        let mut roots = Vec::new();
        for (group, members) in groups.iter().enumerate() {
            let whole = |member: &&FunctionId| self.whole(**member);
            let called = members
                .iter()
                .max_by_key(|member| calls_into[**member as usize]);
            let called = called.filter(|member| calls_into[**member as usize] > Decimal::ZERO);
            let root = called.or(members.iter().max_by_key(whole));
            if let (Some(root), true) = (root, excess[group] > Decimal::ZERO) {
                roots.push((*root, excess[group]));
            }
        }
        roots
    }

    /// The inclusive cost of a function.
    fn whole(&self, id: FunctionId) -> Decimal {
        let function = &self.functions[id as usize];
        function
            .callees
            .iter()
            .fold(function.own, |sum, (_, cost)| sum + *cost)
    }

    /// The strongly connected components: the group of each function, and the members of each group.
    fn groups(&self) -> (Vec<usize>, Vec<Vec<FunctionId>>) {
        let mut search = GroupSearch::new(&self.functions);
        for start in 0..self.functions.len() {
            if search.order[start] == UNSEEN {
                search.run(start);
            }
        }
        (search.group_of, search.groups)
    }
}

/// The order or the group of a function that has none yet.
const UNSEEN: usize = usize::MAX;

/// Tarjan's algorithm, without recursion, because call chains may be long.
struct GroupSearch<'g> {
    functions: &'g [Function],
    /// The order in which functions are discovered.
    order: Vec<usize>,
    /// The lowest order of a function in the same group that is known to be reachable.
    lowest: Vec<usize>,
    group_of: Vec<usize>,
    groups: Vec<Vec<FunctionId>>,
    /// Discovered functions without a group.
    open: Vec<usize>,
    /// The call chain from the start, each function with the index of its next callee.
    path: Vec<(usize, usize)>,
    discovered: usize,
}

impl<'g> GroupSearch<'g> {
    fn new(functions: &'g [Function]) -> GroupSearch<'g> {
        GroupSearch {
            functions,
            order: vec![UNSEEN; functions.len()],
            lowest: vec![0; functions.len()],
            group_of: vec![UNSEEN; functions.len()],
            groups: Vec::new(),
            open: Vec::new(),
            path: Vec::new(),
            discovered: 0,
        }
    }

    /// Assigns groups to all functions that are reachable from `start`.
    fn run(&mut self, start: usize) {
        self.enter(start);
        while let Some((function, next)) = self.path.last_mut() {
            let function = *function;
            match self.functions[function].callees.get(*next) {
                Some((callee, _)) => {
                    *next += 1;
                    self.follow(function, *callee as usize);
                }
                None => self.leave(function),
            }
        }
    }

    fn enter(&mut self, function: usize) {
        self.order[function] = self.discovered;
        self.lowest[function] = self.discovered;
        self.discovered += 1;
        self.open.push(function);
        self.path.push((function, 0));
    }

    fn follow(&mut self, caller: usize, callee: usize) {
        if self.order[callee] == UNSEEN {
            self.enter(callee);
        } else if self.group_of[callee] == UNSEEN {
            self.lowest[caller] = self.lowest[caller].min(self.order[callee]);
        }
    }

    fn leave(&mut self, function: usize) {
        self.path.pop();
        if let Some(&(caller, _)) = self.path.last() {
            self.lowest[caller] = self.lowest[caller].min(self.lowest[function]);
        }
        if self.lowest[function] == self.order[function] {
            self.close_group(function);
        }
    }

    /// Makes a group of the functions discovered since `first`.
    fn close_group(&mut self, first: usize) {
        let start = self.open.iter().rposition(|member| *member == first);
        let members = self.open.split_off(start.unwrap_or(0));
        for member in &members {
            self.group_of[*member] = self.groups.len();
        }
        let ids = members.into_iter().map(|member| member as FunctionId);
        self.groups.push(ids.collect());
    }
}

/// A walk down the graph that builds the tree.
struct Walk<'w> {
    graph: &'w Graph,
    frames: &'w [FrameId],
    /// Smaller costs are not split.
    min_split: Decimal,
    /// Whether the costs of the graph are whole numbers.
    is_whole: bool,
    /// How many more functions may be entered and split.
    left: u32,
    on_path: Vec<bool>,
    profile: &'w mut Profile,
}

/// A pending step of a walk.
enum Step {
    Enter(FunctionId, NodeId, Decimal),
    Leave(FunctionId),
}

impl Walk<'_> {
    fn visit(&mut self, root: FunctionId, worth: Decimal) {
        let mut steps = vec![Step::Enter(root, CallTree::ROOT, worth)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave(function) => self.on_path[function as usize] = false,
                Step::Enter(function, caller, worth) => {
                    self.enter(function, caller, worth, &mut steps);
                }
            }
        }
    }

    fn enter(&mut self, id: FunctionId, caller: NodeId, worth: Decimal, steps: &mut Vec<Step>) {
        let node = self.profile.tree.child(caller, self.frames[id as usize]);
        let function = &self.graph.functions[id as usize];
        self.on_path[id as usize] = true;
        steps.push(Step::Leave(id));
        let callees = function
            .callees
            .iter()
            .filter(|(callee, cost)| !self.on_path[*callee as usize] && *cost > Decimal::ZERO);
        self.left = self.left.saturating_sub(1);
        let callees: Vec<_> = match worth < self.min_split || self.left == 0 {
            true => Vec::new(),
            false => callees.copied().collect(),
        };
        let whole = callees
            .iter()
            .fold(function.own, |sum, (_, cost)| sum + *cost);
        // Sums are rounded, rather than shares, so that errors do not add up.
        let (mut cost_so_far, mut given) = (Decimal::ZERO, Decimal::ZERO);
        for (callee, cost) in callees {
            cost_so_far += cost;
            let share = self.part(worth, cost_so_far, whole) - given;
            given += share;
            if share > Decimal::ZERO {
                steps.push(Step::Enter(callee, node, share));
            }
        }
        self.profile.add(node, worth - given);
    }

    /// The part of `worth` that `cost` is of `whole`.
    fn part(&self, worth: Decimal, cost: Decimal, whole: Decimal) -> Decimal {
        let part = worth.share(cost, whole);
        match self.is_whole {
            true => part.rounded_to(THOUSANDTH),
            false => part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each pair of functions calls both functions of the next pair, so there are exponentially
    /// many paths.
    #[test]
    fn exponentially_many_paths_end() {
        const RUNGS: u32 = 2000;
        let (mut graph, cost) = (Graph::default(), Decimal::from(u64::MAX));
        for rung in 0..RUNGS {
            for (from, to) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
                graph.add_call(2 * rung + from, 2 * rung + to, cost);
            }
        }
        let names: Vec<_> = (0..=2 * RUNGS + 1)
            .map(|id| id.to_string().into_bytes())
            .collect();
        let mut profile = Profile::default();
        graph.add_to(&names, &mut profile);
        assert!(profile.tree.len() <= MAX_ENTERED as usize + 3);
        let total = profile.tree.totals()[0];
        assert_eq!(Some(total), cost.times(4).to_count());
    }
}

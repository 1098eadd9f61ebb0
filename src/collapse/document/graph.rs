//! An estimate of the stacks, from a call graph.
//!
//! The graph says what each function cost itself, and what its calls of each other function cost with all
//! that these did. Stacks are made of it as follows:
//!
//! * Calls of a function by itself are left out.
//! * A group of functions that call each other in a circle is a root if it cost more than all calls into it
//!   did. The rest is spent by the member that is called from outside most, or that cost most.
//! * From there, what a function is worth is split between itself and its callees, as the graph has it for the
//!   function as a whole. Callees that are on the path already are not entered again.
//! * What is less than a 10,000th of the total is not split further, and nothing is after millions of steps.
//!
//! So no cost is lost, and without recursion each function has the inclusive cost that the graph says.

use super::Profile;
use crate::call_tree::{CallTree, FrameId, NodeId};
use crate::decimal::Decimal;
use ahash::AHashMap;

/// A function, by its number. Several can have the same name.
pub(crate) type FunctionId = u32;

/// What graphs drawn of an estimate say.
const NOTE: &str = "estimated from a call graph: functions look alike below all of their callers";

/// How many functions are entered at most: a small graph may have a great many paths.
const MOST_ENTERED: u32 = 1 << 22;

/// A call graph.
#[derive(Default)]
pub(crate) struct Graph {
    functions: Vec<Function>,
    calls: AHashMap<(FunctionId, FunctionId), Decimal>,
}

#[derive(Default, Clone)]
struct Function {
    own: Decimal,
    /// The functions that it calls, and what that costs. They are filled in at the end.
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

    /// Adds the estimate to `profile`, which notes that it is one. Functions are called as in `names`.
    pub fn add_to(mut self, names: &[Vec<u8>], profile: &mut Profile) {
        profile.set_note(NOTE);
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
        // The two are the same, unless the graph contradicts itself.
        let worth = roots
            .iter()
            .fold(Decimal::ZERO, |sum, (_, worth)| sum + *worth);
        let mut walk = Walk {
            graph: &self,
            frames: &frames,
            least: total.max(worth).divided_by(10_000),
            left: MOST_ENTERED,
            on_path: vec![false; self.functions.len()],
            profile,
        };
        for (root, worth) in roots {
            walk.visit(root, worth);
        }
        if walk.left == 0 {
            log::warn!(
                "the call graph has too many paths: the time of some functions includes their callees'"
            );
        }
    }

    /// The roots, and what each is worth.
    fn roots(&self) -> Vec<(FunctionId, Decimal)> {
        let (group_of, groups) = self.groups();
        // What each group cost, less the calls into it.
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

    /// What a function cost with all that it called.
    fn whole(&self, id: FunctionId) -> Decimal {
        let function = &self.functions[id as usize];
        function
            .callees
            .iter()
            .fold(function.own, |sum, (_, cost)| sum + *cost)
    }

    /// The strongly connected components: the group of each function, and the members of each group.
    ///
    /// Tarjan's algorithm, without recursion, since chains of calls may be long.
    fn groups(&self) -> (Vec<usize>, Vec<Vec<FunctionId>>) {
        const UNSEEN: usize = usize::MAX;
        let count = self.functions.len();
        let mut order = vec![UNSEEN; count];
        let mut lowest = vec![0; count];
        let mut group_of = vec![UNSEEN; count];
        let mut groups = Vec::new();
        let mut open = Vec::new();
        let mut seen = 0;
        for start in 0..count {
            if order[start] != UNSEEN {
                continue;
            }
            let mut path = vec![(start, 0)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                if *next == 0 && order[at] == UNSEEN {
                    (order[at], lowest[at]) = (seen, seen);
                    seen += 1;
                    open.push(at);
                }
                if let Some((callee, _)) = self.functions[at].callees.get(*next) {
                    *next += 1;
                    let callee = *callee as usize;
                    match order[callee] {
                        UNSEEN => path.push((callee, 0)),
                        other if group_of[callee] == UNSEEN => lowest[at] = lowest[at].min(other),
                        _ => {}
                    }
                    continue;
                }
                path.pop();
                if let Some((caller, _)) = path.last() {
                    lowest[*caller] = lowest[*caller].min(lowest[at]);
                }
                if lowest[at] == order[at] {
                    let first = open.iter().rposition(|member| *member == at).unwrap_or(0);
                    let members = open.split_off(first);
                    members
                        .iter()
                        .for_each(|member| group_of[*member] = groups.len());
                    groups.push(
                        members
                            .into_iter()
                            .map(|member| member as FunctionId)
                            .collect(),
                    );
                }
            }
        }
        (group_of, groups)
    }
}

/// A walk down the graph, which makes the tree.
struct Walk<'w> {
    graph: &'w Graph,
    frames: &'w [FrameId],
    /// What is worth less is not split.
    least: Decimal,
    /// How many functions may still be entered and split.
    left: u32,
    on_path: Vec<bool>,
    profile: &'w mut Profile,
}

/// What is still to be done on a walk.
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
        let callees: Vec<_> = match worth < self.least || self.left == 0 {
            true => Vec::new(),
            false => callees.copied().collect(),
        };
        let whole = callees
            .iter()
            .fold(function.own, |sum, (_, cost)| sum + *cost);
        let mut own = worth;
        for (callee, cost) in callees {
            let share = worth.share(cost, whole);
            own = own - share;
            if share > Decimal::ZERO {
                steps.push(Step::Enter(callee, node, share));
            }
        }
        self.profile.add(node, own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two functions call both of the next two, and so on: there are more paths than anybody can walk.
    #[test]
    fn a_ladder_ends() {
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
        assert!(profile.tree.len() <= MOST_ENTERED as usize + 3);
        let total = profile.tree.totals()[0];
        assert_eq!(Some(total), cost.times(4).to_count());
    }
}

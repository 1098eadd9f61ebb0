//! callgrind output for a large program: the cost of each line, and its calls.

use super::Made;
use super::program::{CHOICES, Function, Random};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

pub fn make(bytes: usize) -> Made {
    const LINES: u64 = 70;
    let functions = (bytes / 1000).clamp(50, 500_000) as u32;
    let mut graph = Graph::of(functions, Random::new(3));
    let mut text = String::from(
        "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 4711\ncmd:  ./shop\npart: 1\n\n\
         positions: line\nevents: Ir\n\n",
    );
    let mut named = Named::default();
    for function in (0..functions).map(Function) {
        named.write_file(&mut text, function);
        named.write(&mut text, "fn", function);
        let own = graph.own[function.0 as usize];
        let mut line = function.line();
        writeln!(text, "{line} {}", own - own / LINES * (LINES - 1)).expect("a string takes all");
        for _ in 1..LINES {
            line += 1 + graph.random.below(3);
            writeln!(text, "{line} {}", own / LINES).expect("a string takes all");
        }
        for (callee, cost) in graph.calls_of(function) {
            named.write(&mut text, "cfn", callee);
            let calls = 1 + graph.random.below(1000);
            writeln!(text, "calls={calls} {}\n{line} {cost}", callee.line())
                .expect("a string takes all");
        }
        text.push('\n');
    }
    let total: u64 = graph.own.iter().sum();
    writeln!(text, "totals: {total}").expect("a string takes all");
    Made {
        bytes: text.into_bytes(),
        total: total as f64,
    }
}

/// Names already written to the file, which are then referred to by number.
#[derive(Default)]
struct Named {
    functions: HashSet<Function>,
    files: HashMap<String, usize>,
}

impl Named {
    fn write(&mut self, text: &mut String, key: &str, function: Function) {
        let number = function.0 + 1;
        match self.functions.insert(function) {
            true => writeln!(text, "{key}=({number}) {}", function.name()),
            false => writeln!(text, "{key}=({number})"),
        }
        .expect("a string takes all");
    }

    fn write_file(&mut self, text: &mut String, function: Function) {
        let file = function.file();
        let next = self.files.len() + 1;
        match *self.files.entry(file.clone()).or_insert(next) {
            number if number == next => writeln!(text, "fl=({number}) {file}"),
            number => writeln!(text, "fl=({number})"),
        }
        .expect("a string takes all");
    }
}

/// The costs of functions.
struct Graph {
    random: Random,
    functions: u32,
    own: Vec<u64>,
    /// Inclusive costs.
    whole: Vec<u64>,
    /// The number of callers of each function.
    callers: Vec<u64>,
}

impl Graph {
    fn of(functions: u32, mut random: Random) -> Graph {
        let own: Vec<u64> = (0..functions)
            .map(|_| 1000 + random.below(1_000_000))
            .collect();
        let mut graph = Graph {
            random,
            functions,
            whole: own.clone(),
            callers: vec![0; own.len()],
            own,
        };
        for function in (0..functions).map(Function) {
            for callee in graph.callees(function) {
                graph.callers[callee.0 as usize] += 1;
            }
        }
        for function in (0..functions).rev().map(Function) {
            let calls = graph.calls_of(function);
            graph.add_calls(function.0 as usize, &calls);
        }
        graph
    }

    /// Adds the cost of callees to a function, so that its callers can share it evenly.
    fn add_calls(&mut self, function: usize, calls: &[(Function, u64)]) {
        self.whole[function] += calls.iter().map(|(_, cost)| cost).sum::<u64>();
        let rest = self.whole[function] % self.callers[function].max(1);
        let missing = if rest > 0 {
            self.callers[function] - rest
        } else {
            0
        };
        self.own[function] += missing;
        self.whole[function] += missing;
    }

    fn callees(&self, function: Function) -> Vec<Function> {
        let all = (0..CHOICES).map(|choice| function.callee(choice, self.functions));
        let mut callees: Vec<Function> = all.filter(|callee| callee.0 > function.0).collect();
        callees.sort_unstable();
        callees.dedup();
        callees
    }

    /// The callees of a function, with the cost of the calls.
    fn calls_of(&self, function: Function) -> Vec<(Function, u64)> {
        let callees = self.callees(function).into_iter();
        let cost = |callee: Function| {
            let callee = callee.0 as usize;
            self.whole[callee] / self.callers[callee]
        };
        callees.map(|callee| (callee, cost(callee))).collect()
    }
}

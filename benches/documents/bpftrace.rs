//! `bpftrace -e 'profile:hz:99 { @[ustack, comm] = count(); }'`.

use super::Made;
use super::program::{FUNCTIONS, Run};
use std::collections::HashSet;
use std::fmt::Write;

pub fn make(bytes: usize) -> Made {
    let mut run = Run::new(FUNCTIONS);
    let mut text = String::from("Attaching 1 probe...\n\n");
    let mut seen = HashSet::new();
    let mut total = 0;
    while text.len() < bytes {
        let leaf = run.sample();
        if !seen.insert(leaf) {
            continue;
        }
        text.push_str("@[\n");
        for function in run.stack(leaf) {
            writeln!(text, "    {}+{}", function.name(), function.line() % 700)
                .expect("a string takes all");
        }
        let count = 1 + run.random.below(400);
        total += count;
        let worker = run.random.below(8);
        writeln!(text, ", worker-{worker}]: {count}").expect("a string takes all");
    }
    Made {
        bytes: text.into_bytes(),
        total: total as f64,
    }
}

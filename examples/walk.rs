//! Lists the functions in which a profile spends its time: `cargo run --example walk -- stacks.folded`

use inferno::call_tree::{CallTree, Count};
use inferno::folded;
use std::collections::HashMap;
use std::fs::File;
use std::io;

fn main() -> io::Result<()> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| io::Error::other("usage: walk STACKS"))?;
    let tree = folded::read(File::open(path)?)?.tree;
    let mut functions: Vec<_> = self_counts(&tree).into_iter().collect();
    functions.sort_by(|(name_a, a), (name_b, b)| b.cmp(a).then(name_a.cmp(name_b)));
    let total = tree.total().to_f64();
    for (name, count) in functions.iter().take(20) {
        let percent = 100.0 * count.to_f64() / total;
        println!("{percent:6.2}%  {}", String::from_utf8_lossy(name));
    }
    Ok(())
}

/// What each function takes itself, whoever called it.
fn self_counts(tree: &CallTree) -> HashMap<&[u8], Count> {
    let mut counts = HashMap::new();
    for visit in tree.walk() {
        if let Some(count) = tree.self_count(visit.node) {
            *counts.entry(tree.name(visit.node)).or_default() += count;
        }
    }
    counts
}

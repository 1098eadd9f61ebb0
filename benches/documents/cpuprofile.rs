//! The format of `node --cpu-prof`: the call tree, and the nodes of the samples.

use super::program::{FUNCTIONS, Node, Recording, Run};
use super::{Made, join};

pub fn make(bytes: usize) -> Made {
    let Recording { mut run, samples } = Recording::of(bytes, FUNCTIONS, 12, 230);
    let deltas: Vec<u64> = samples
        .iter()
        .map(|_| 900 + run.random.below(500))
        .collect();
    let duration: u64 = deltas.iter().sum();
    let (start, nodes) = (START, nodes(&run));
    let text = format!(
        "{{\"nodes\":[{}],\"startTime\":{start},\"endTime\":{},\"samples\":[{}],\"timeDeltas\":[{}]}}",
        join(nodes),
        start + duration,
        join(samples.iter().map(|node| id(*node))),
        join(&deltas)
    );
    Made {
        bytes: text.into_bytes(),
        // The first sample was taken after its delta, and the time before it is unknown.
        total: (duration - deltas.first().unwrap_or(&0)) as f64,
    }
}

/// In microseconds.
pub const START: u64 = 71_234_567_890;

/// V8 numbers nodes from 1.
pub fn id(node: Node) -> u32 {
    node.0 + 1
}

fn nodes(run: &Run) -> impl Iterator<Item = String> {
    let mut children = vec![Vec::new(); run.nodes().count()];
    for node in run.nodes() {
        if let Some(caller) = run.caller(node) {
            children[caller.0 as usize].push(id(node));
        }
    }
    run.nodes().map(move |node| {
        format!(
            "{{\"id\":{},\"callFrame\":{},\"hitCount\":0,\"children\":[{}]}}",
            id(node),
            call_frame(run, node),
            join(&children[node.0 as usize])
        )
    })
}

pub fn call_frame(run: &Run, node: Node) -> String {
    let function = run.function(node);
    let (name, file, line) = (function.name(), function.file(), function.line());
    format!(
        "{{\"functionName\":\"{name}\",\"scriptId\":\"{}\",\"url\":\"file://{file}\",\"lineNumber\":{line},\
         \"columnNumber\":{}}}",
        function.0 % 300,
        line % 80
    )
}

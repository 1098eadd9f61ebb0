//! The format of samply: column-based tables for each thread.

use super::program::{FUNCTIONS, Function, Node, Recording, Run};
use super::{Made, join};
use std::fmt::Write;

const THREADS: usize = 4;

pub fn make(bytes: usize) -> Made {
    let Recording { mut run, samples } = Recording::of(bytes, FUNCTIONS, 24, 12 * THREADS);
    let threads = samples.chunks(samples.len().div_ceil(THREADS));
    let threads: Vec<String> = threads
        .enumerate()
        .map(|(number, samples)| thread(number, &mut run, samples))
        .collect();
    let text = format!(
        "{{\"meta\":{{\"categories\":[],\"interval\":1.0,\"preprocessedProfileVersion\":49,\"processType\":0,\
         \"product\":\"shop\",\"startTime\":1700000000000.0,\"symbolicated\":true,\"version\":24}},\"libs\":[],\
         \"threads\":[{}]}}",
        join(threads)
    );
    Made {
        bytes: text.into_bytes(),
        total: samples.len() as f64,
    }
}

fn thread(number: usize, run: &mut Run, samples: &[Node]) -> String {
    let mut at = 1_000_000;
    let times: Vec<String> = samples.iter().map(|_| time(&mut at, run)).collect();
    let cpu: Vec<u64> = samples.iter().map(|_| run.random.below(1000)).collect();
    let count = samples.len();
    format!(
        "{{\"name\":\"worker {number}\",\"isMainThread\":false,\"pid\":\"4711\",\"tid\":\"{}\",\"processName\":\"shop\",\
         \"samples\":{{\"length\":{count},\"stack\":[{}],\"time\":[{}],\"weight\":[{}],\"weightType\":\"samples\",\
         \"threadCPUDelta\":[{}]}},{}}}",
        4711 + number,
        join(samples.iter().map(|node| node.0)),
        join(times),
        join(samples.iter().map(|_| 1)),
        join(cpu),
        tables(run)
    )
}

/// The time of a sample in milliseconds.
fn time(at: &mut u64, run: &mut Run) -> String {
    *at += 900_000 + run.random.below(200_000);
    format!("{}.{:06}", *at / 1_000_000, *at % 1_000_000)
}

fn tables(run: &Run) -> String {
    let callers = run.nodes().map(|node| match run.caller(node) {
        Some(caller) => caller.0.to_string(),
        None => "null".to_string(),
    });
    let frames = run.nodes().map(|node| run.function(node).0);
    let functions = || (0..FUNCTIONS).map(Function);
    let numbers = || 0..FUNCTIONS;
    let minus_ones = || join(functions().map(|_| -1));
    let nulls = || join(functions().map(|_| "null"));
    let mut text = format!(
        "\"stackTable\":{{\"length\":{},\"prefix\":[{}],\"frame\":[{}]}},",
        run.nodes().count(),
        join(callers),
        join(frames)
    );
    write!(
        text,
        "\"frameTable\":{{\"length\":{FUNCTIONS},\"address\":[{}],\"func\":[{}],\"line\":[{}],\"nativeSymbol\":[{}]}},\
         \"funcTable\":{{\"length\":{FUNCTIONS},\"name\":[{}],\"resource\":[{}],\"fileName\":[{}]}},\
         \"resourceTable\":{{\"length\":0,\"lib\":[],\"name\":[]}},\"stringArray\":[{}]",
        minus_ones(),
        join(numbers()),
        join(functions().map(Function::line)),
        nulls(),
        join(numbers()),
        minus_ones(),
        nulls(),
        join(functions().map(|function| format!("\"{}\"", function.name())))
    )
    .expect("a string takes all");
    text
}

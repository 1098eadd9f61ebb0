//! The format of py-spy: the samples of each thread, and a table of frames.

use super::program::{FUNCTIONS, Function, Recording};
use super::{Made, join};
use std::fmt::Write;

const THREADS: usize = 4;

pub fn make(bytes: usize) -> Made {
    let Recording { run, samples } = Recording::of(bytes, FUNCTIONS, 147, 0);
    let mut text = String::from(
        "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"profiles\":[",
    );
    for (number, samples) in samples.chunks(samples.len().div_ceil(THREADS)).enumerate() {
        let stacks = samples.iter().map(|leaf| {
            let mut frames: Vec<u32> = run.stack(*leaf).map(|function| function.0).collect();
            frames.reverse();
            format!("[{}]", join(frames))
        });
        let separator = if number == 0 { "" } else { "," };
        write!(
            text,
            "{separator}{{\"type\":\"sampled\",\"name\":\"Thread {number} \\\"worker\\\"\",\"unit\":\"none\",\
             \"startValue\":0,\"endValue\":{},\"samples\":[{}],\"weights\":[{}]}}",
            samples.len(),
            join(stacks),
            join(samples.iter().map(|_| 1))
        )
        .expect("a string takes all");
    }
    let frames = (0..FUNCTIONS).map(|function| frame(Function(function)));
    write!(text, "],\"shared\":{{\"frames\":[{}]}}}}", join(frames)).expect("a string takes all");
    Made {
        bytes: text.into_bytes(),
        total: samples.len() as f64,
    }
}

fn frame(function: Function) -> String {
    let (name, file, line) = (function.name(), function.file(), function.line());
    format!("{{\"name\":\"{name}\",\"file\":\"{file}\",\"line\":{line},\"col\":null}}")
}

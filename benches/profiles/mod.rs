//! Profiles for benchmarks.

#![allow(dead_code, reason = "no benchmark uses them all")]

use inferno::collapse::{Collapse, perf::Folder};
use inferno::{decode, folded};
use std::collections::HashMap;
use std::io::Read;

/// The output of `perf script` in this repository: 10 MB, with few repeated stacks.
pub fn diverse() -> Vec<u8> {
    let packed = include_bytes!("../../examples/rustc-memchr.perf.gz");
    let mut text = Vec::new();
    decode::decoded(packed.as_slice())
        .and_then(|mut reader| reader.read_to_end(&mut text))
        .expect("the example is a whole gzip file");
    text
}

/// Some samples of [`diverse`] repeated to 40 MB, with different times but the same few stacks.
pub fn repetitive() -> Vec<u8> {
    let text = String::from_utf8(diverse()).expect("the example is UTF-8");
    let samples: Vec<&str> = text.split_inclusive("\n\n").step_by(17).take(100).collect();
    let mut out = String::new();
    for round in 0.. {
        if out.len() > 40_000_000 {
            break;
        }
        samples
            .iter()
            .for_each(|sample| push_at(&mut out, sample, round));
    }
    out.into_bytes()
}

/// Appends `sample` with the second `round` as its time.
fn push_at(out: &mut String, sample: &str, round: u32) {
    let (head, rest) = sample.split_once(": ").expect("a time in each event line");
    let (thread, time) = head.rsplit_once(' ').expect("a thread before the time");
    let (_, micros) = time.split_once('.').expect("a fraction in the time");
    out.push_str(&format!("{thread} {round}.{micros}: {rest}"));
}

/// `script` as folded text.
pub fn folded(script: &[u8]) -> Vec<u8> {
    let tree = Folder::default()
        .collapse_slice_to_tree(script)
        .expect("a slice can be read");
    let mut text = Vec::new();
    folded::write(&tree, &mut text).expect("a vector can be written to");
    text
}

/// The stacks of [`diverse`] in the format of DTrace.
pub fn dtrace() -> Vec<u8> {
    let mut out = String::from("CPU     ID                    FUNCTION:NAME\n\n");
    for (frames, count) in stacks() {
        for (depth, frame) in frames.iter().rev().enumerate() {
            out.push_str(&format!("              prog`{frame}+0x{depth:x}\n"));
        }
        out.push_str(&format!("           {count}\n\n"));
    }
    out.into_bytes()
}

/// The stacks of [`diverse`] in the format of macOS `sample`, each as a thread.
pub fn sample() -> Vec<u8> {
    let mut out = String::from("Call graph:\n");
    for (thread, (frames, count)) in stacks().iter().enumerate() {
        out.push_str(&format!("    {count} Thread_{}\n", thread % 100));
        for (depth, frame) in frames.iter().enumerate() {
            let indent = "  ".repeat(depth);
            out.push_str(&format!(
                "    + {indent}{count} {frame}  (in prog) + 1  [0x{thread:x}]\n"
            ));
        }
    }
    out.push_str("\nTotal number in stack (recursive counted multiple, when >=5):\n");
    out.into_bytes()
}

/// The stacks of [`diverse`] in the format of VTune.
pub fn vtune() -> Vec<u8> {
    let mut out = String::from("Function Stack,CPU Time:Self,Module\n");
    for (frames, count) in stacks() {
        for (depth, frame) in frames.iter().enumerate() {
            let own = if depth + 1 == frames.len() { count } else { 0 };
            let indent = " ".repeat(depth);
            out.push_str(&format!("{indent}\"{frame}\",{own},prog\n"));
        }
    }
    out.into_bytes()
}

/// The stacks of [`diverse`] in the format of `xctrace export`, one per row.
pub fn xctrace() -> Vec<u8> {
    let mut out =
        String::from("<?xml version=\"1.0\"?>\n<trace-query-result>\n<node xpath='//table'>\n");
    let (mut last_id, mut frame_ids) = (0, HashMap::new());
    let mut next_id = move || {
        last_id += 1;
        last_id
    };
    for (frames, _) in stacks() {
        let (time, backtrace) = (next_id(), next_id());
        out.push_str(&format!(
            "<row><sample-time id=\"{time}\">{time}000</sample-time><backtrace id=\"{backtrace}\">"
        ));
        for frame in frames.into_iter().rev() {
            let name = frame.replace('&', "&amp;").replace('<', "&lt;");
            if let Some(id) = frame_ids.get(&name) {
                out.push_str(&format!("<frame ref=\"{id}\"/>"));
                continue;
            }
            let id = next_id();
            out.push_str(&format!("<frame id=\"{id}\" name=\"{name}\"/>"));
            frame_ids.insert(name, id);
        }
        out.push_str("</backtrace></row>\n");
    }
    out.push_str("</node></trace-query-result>\n");
    out.into_bytes()
}

/// The frames and the count of each stack in [`diverse`].
fn stacks() -> Vec<(Vec<String>, u64)> {
    let text = String::from_utf8(folded(&diverse())).expect("the example is UTF-8");
    let stack = |line: &str| {
        let (stack, count) = line.rsplit_once(' ').expect("a count in each line");
        let frames = stack.split(';').map(str::to_string).collect();
        (frames, count.parse().expect("a whole count"))
    };
    text.lines().map(stack).collect()
}

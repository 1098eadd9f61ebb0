//! Measures the memory use of a tool.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// The size of a pipe after the tool has enlarged it.
const PIPE: usize = 1 << 20;

/// The peak memory of folding a file, in bytes. The output must exceed the size of a pipe, so that
/// the tool waits after all its work.
pub fn peak(tool: &str, path: &Path) -> u64 {
    let mut child = Command::new(tool)
        .args(["-q", "-n", "2"])
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tool runs");
    let mut output = child.stdout.take().expect("a pipe");
    output.read_exact(&mut [0]).expect("a stack");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it waits");
    let mut stacks = Vec::new();
    output.read_to_end(&mut stacks).expect("all stacks");
    assert!(stacks.len() > PIPE, "{}", stacks.len());
    assert!(child.wait().expect("the tool ends").success());
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|it| it.trim().strip_suffix(" kB"));
    1024 * kilobytes.expect("a size").parse::<u64>().expect("a number")
}

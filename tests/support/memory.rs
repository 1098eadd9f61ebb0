//! How much memory a tool takes.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a pipe holds once the tool has widened it.
const PIPE: usize = 1 << 20;

/// The most memory that folding a file took, in bytes. What it folds to has to be longer than what a pipe holds, so that
/// the tool waits with all its work done.
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

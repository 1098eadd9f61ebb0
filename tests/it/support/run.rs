//! Runs a tool, and checks its output.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs a tool in an empty directory.
pub fn run_in(directory: &Path, tool: &str, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(tool)
        .args(args)
        .current_dir(directory)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // The tool may exit before reading everything.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("the tool ends")
}

pub fn run(tool: &str, args: &[&str], input: &[u8]) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    run_in(directory.path(), tool, args, input)
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[track_caller]
pub fn assert_fails(output: &Output, message: &str) {
    assert_eq!(stderr(output), message);
    assert_eq!(output.status.code(), Some(1));
}

#[track_caller]
pub fn assert_folds(output: &Output, folded: &str) {
    assert_eq!(stderr(output), "");
    assert_eq!(stdout(output), folded);
    assert!(output.status.success());
}

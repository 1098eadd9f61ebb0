//! Runs a tool that might wait forever for its input, with a time limit.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

/// Far more than any of these runs takes on the slowest machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Waits until `is_so` returns true.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    let mut stdout = temporary();
    command.stdout(stdout.try_clone().expect("another handle"));
    let output = run_to(command);
    Output {
        stdout: contents(&mut stdout),
        ..output
    }
}

/// Runs a command to its end, with its standard output already redirected.
#[track_caller]
pub fn run_to(command: &mut Command) -> Output {
    let mut stderr = temporary();
    command.stderr(stderr.try_clone().expect("another handle"));
    let mut child = command.spawn().expect("the tool runs");
    let status = end_of(&mut child, command);
    Output {
        status,
        stdout: Vec::new(),
        stderr: contents(&mut stderr),
    }
}

#[track_caller]
fn end_of(child: &mut Child, command: &Command) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        if start.elapsed() >= LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} waits forever");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn temporary() -> File {
    tempfile::tempfile().expect("a file")
}

fn contents(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).expect("a place");
    file.read_to_end(&mut bytes).expect("what was written");
    bytes
}

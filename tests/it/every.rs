//! `--every`: a file for each window of time of a stream, which add up to the whole.

#![cfg(feature = "cli")]

use crate::support::run::{assert_fails, run, run_in, stderr, stdout};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn sample(time: &str, period: u64, name: &str) -> String {
    format!("prog 7 [001] {time}: {period} cycles:\n\t12 {name}+0x1 (m)\n\t34 main (m)\n\n")
}

/// The windows that were written, by the names of their files.
fn windows(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

/// The windows of an input.
fn divide(args: &[&str], input: &[u8]) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let output = run_in(directory.path(), INFERNO, args, input);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    windows(directory.path())
}

#[track_caller]
fn assert_windows(found: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(found, expected);
}

/// The counts of stacks in folded profiles.
fn counts<'a>(profiles: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in profiles.into_iter().flat_map(|text| text.lines()) {
        let (stack, count) = line.rsplit_once(' ').unwrap();
        *counts.entry(stack.to_string()).or_default() += count.parse::<u64>().unwrap();
    }
    counts
}

#[test]
fn windows_are_divided_by_the_times_of_samples() {
    let script = [
        "# captured on: some day\n#\n".to_string(),
        sample("10.5", 1, "a"),
        sample("12.499999", 2, "b"),
        // The first one of the second window.
        sample("12.5", 3, "c"),
        // Windows without samples have no file.
        sample("19.25", 4, "d"),
        // It is late, and its own window is already written.
        sample("18.4", 5, "e"),
    ];
    let args = ["collapse", "perf", "--every", "2s", "-o", "w-{time}"];
    assert_windows(
        &divide(&args, script.concat().as_bytes()),
        &[
            ("w-10.5", "prog;main;a 1\nprog;main;b 2\n"),
            ("w-12.5", "prog;main;c 3\n"),
            ("w-18.5", "prog;main;d 4\nprog;main;e 5\n"),
        ],
    );
}

#[test]
fn windows_add_up_to_the_whole() {
    let path = format!("{DATA}/perf-data/cpus.txt");
    let script = fs::read(&path).unwrap();
    let whole = stdout(&run(INFERNO, &["collapse", "-q"], &script));
    for every in ["1ms", "7ms", "0.05", "1h"] {
        for format in [&["collapse", "perf"][..], &["collapse"]] {
            let args = [format, &["-q", "--every", every, "-o", "{time}"]].concat();
            let found = divide(&args, &script);
            assert_eq!(found.len() > 1, every != "1h", "{every}");
            assert_eq!(counts(found.values()), counts([&whole]), "{every}");
        }
    }
    let files = divide(
        &["collapse", "-q", "--every=7ms", "-o", "{time}", &path],
        b"",
    );
    assert_eq!(counts(files.values()), counts([&whole]));
}

#[test]
fn all_windows_have_the_same_event() {
    let script = "\
prog 7 [001] 1.0: 1 first:\n\t12 a (m)\n
prog 7 [001] 2.5: 2 other:\n\t12 b (m)\n
prog 7 [001] 2.6: 4 first:\n\t12 c (m)\n
prog 7 [001] 9.5: 8 other:\n\t12 d (m)\n\n";
    let directory = tempfile::tempdir().unwrap();
    let args = ["collapse", "--every", "1s", "-o", "{time}"];
    let output = run_in(directory.path(), INFERNO, &args, script.as_bytes());
    assert!(output.status.success());
    assert_windows(
        &windows(directory.path()),
        &[("1", "prog;a 1\n"), ("2", "prog;c 4\n")],
    );
    // What is left out is said of each window.
    let warnings = stderr(&output);
    for start in [
        "2: only event `first` is shown; left out: `other` (1 sample)",
        "9: ",
    ] {
        let line = format!("inferno collapse: warning: {start}");
        assert!(warnings.contains(&line), "{warnings}");
    }
    let args = ["collapse", "-q", "--event=other", "--every=1", "-o={time}"];
    assert_windows(
        &divide(&args, script.as_bytes()),
        &[("2", "prog;b 2\n"), ("9", "prog;d 8\n")],
    );
}

#[test]
fn flags_apply_to_each_window() {
    let script = sample("1.0", 1, "a") + &sample("1.5", 2, "b") + &sample("3.0", 4, "a");
    let args = ["collapse", "perf", "--every=1s", "-o", "{time}"];
    let divide = |flags: &[&str]| divide(&[&args, flags].concat(), script.as_bytes());
    assert_windows(
        &divide(&["--value=samples", "--tid"]),
        &[
            ("1", "prog-?/7;main;a 1\nprog-?/7;main;b 1\n"),
            ("3", "prog-?/7;main;a 1\n"),
        ],
    );
    #[cfg(feature = "filter")]
    assert_windows(&divide(&["--keep", "b"]), &[("1", "prog;main;b 2\n")]);
    let exported = divide(&["-f", "callgrind"]);
    assert!(exported["3"].contains("fn="), "{exported:?}");
    let nothing = run(
        INFERNO,
        &[&args[..], &["--comm=x"]].concat(),
        script.as_bytes(),
    );
    assert_fails(
        &nothing,
        "inferno collapse: error: standard input: found no stacks, expected stacks in at least one window\n",
    );
}

/// Times that start again are those of another recording.
#[test]
fn recordings_may_follow_each_other() {
    let script = sample("90.0", 1, "a") + &sample("10.0", 2, "b") + &sample("12.5", 4, "c");
    let args = ["collapse", "perf", "--every=1s", "-o", "{time}"];
    assert_windows(
        &divide(&args, script.as_bytes()),
        &[
            ("10", "prog;main;b 2\n"),
            ("12", "prog;main;c 4\n"),
            ("90", "prog;main;a 1\n"),
        ],
    );
}

/// A tool that reads a stream.
struct Running {
    directory: TempDir,
    child: Child,
}

impl Running {
    fn start(args: &[&str]) -> Running {
        Running::start_as(Command::new(INFERNO).args(args))
    }

    fn start_as(command: &mut Command) -> Running {
        let directory = tempfile::tempdir().unwrap();
        let child = command
            .current_dir(directory.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running { directory, child }
    }

    fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until so many windows are written.
    fn wait_for(&mut self, count: usize) {
        while windows(self.directory.path()).len() < count {
            assert_eq!(self.child.try_wait().unwrap(), None, "the tool still runs");
            sleep(Duration::from_millis(5));
        }
    }

    /// The windows, and what the tool says, after it ends by itself.
    fn finish(self) -> (BTreeMap<String, String>, String) {
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        (windows(self.directory.path()), stderr(&output))
    }
}

#[test]
fn without_times_windows_are_divided_by_the_clock() {
    for (format, records) in [
        ("folded", ["main_7;a 1\n", "main_7;b 2\n"]),
        (
            "perf",
            [
                "main 7 cycles:\n\t12 a (m)\n\n",
                "main 7 cycles:\n\t12 b (m)\n\nmain 7 cycles:\n\t12 b (m)\n\n",
            ],
        ),
    ] {
        let args = ["collapse", format, "--every=50ms", "-o", "w-{time}"];
        let mut running = Running::start(&args);
        running.write(records[0]);
        running.wait_for(1);
        running.write(records[1]);
        let (found, _) = running.finish();
        let texts: Vec<&String> = found.values().collect();
        assert_eq!(texts, ["main_7;a 1\n", "main_7;b 2\n"]);
        for name in found.keys() {
            // Such as `w-20261231T235959.950Z`.
            let digits = name
                .strip_prefix("w-")
                .and_then(|name| name.strip_suffix('Z'));
            let digits = digits.unwrap().replacen('T', "", 1).replacen('.', "", 1);
            assert!(
                digits.len() == 17 && digits.bytes().all(|it| it.is_ascii_digit()),
                "{name}"
            );
        }
    }
}

/// A window is written as soon as it has ended, even if its pipe stays open.
#[test]
fn a_window_is_written_when_the_next_one_starts() {
    let mut running = Running::start(&["collapse", "perf", "--every=1s", "-o", "{time}"]);
    running.write(&sample("1.0", 1, "a"));
    running.write(&sample("1.5", 2, "a"));
    running.write(&sample("2.0", 4, "b"));
    running.wait_for(1);
    let expected = [("1", "prog;main;a 3\n")];
    assert_windows(&windows(running.directory.path()), &expected);
    running.write(&sample("2.5", 8, "b"));
    let (found, _) = running.finish();
    assert_eq!(found["2"], "prog;main;b 12\n");
}

#[cfg(target_os = "linux")]
mod signals {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process};

    impl Running {
        fn send(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }

    /// Starts a tool that has written a window and read a part of the next one.
    fn in_second_window(command: &mut Command) -> Running {
        command.args(["collapse", "perf", "--every=1s", "-o", "{time}"]);
        let mut running = Running::start_as(command);
        running.write(&sample("1.0", 1, "a"));
        running.write(&sample("2.0", 2, "b"));
        running.wait_for(1);
        running
    }

    #[test]
    fn a_signal_writes_the_last_window() {
        for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
            let running = in_second_window(&mut Command::new(INFERNO));
            running.send(signal);
            let (found, messages) = running.finish_open();
            assert_windows(
                &found,
                &[("1", "prog;main;a 1\n"), ("2", "prog;main;b 2\n")],
            );
            assert_eq!(messages, "");
        }
    }

    #[test]
    fn an_incomplete_record_is_left_out() {
        let mut running = in_second_window(&mut Command::new(INFERNO));
        running.write("prog 7 [001] 2.5: 3 cycles:\n\t12 c");
        running.send(Signal::TERM);
        let (found, messages) = running.finish_open();
        assert_eq!(found["2"], "prog;main;b 2\n");
        assert_eq!(
            messages,
            "inferno collapse: warning: skipped an incomplete record: a signal ended the stream\n"
        );
    }

    #[test]
    fn ignored_signals_stay_ignored() {
        let mut command = Command::new("sh");
        let mut running =
            in_second_window(command.args(["-c", "trap '' HUP; exec \"$@\"", "sh", INFERNO]));
        running.send(Signal::HUP);
        running.write(&sample("2.5", 3, "c"));
        running.write(&sample("3.0", 4, "d"));
        running.wait_for(2);
        let (found, _) = running.finish();
        assert_eq!(found["2"], "prog;main;b 2\nprog;main;c 3\n");
        assert_eq!(found["3"], "prog;main;d 4\n");
    }

    impl Running {
        /// Like [`Running::finish`], but the pipe stays open.
        fn finish_open(mut self) -> (BTreeMap<String, String>, String) {
            let stdin = self.child.stdin.take();
            let finished = self.finish();
            drop(stdin);
            finished
        }
    }
}

#[test]
fn indivisible_input_is_rejected() {
    let error = |args: &[&str], input: &[u8]| {
        let output = run(INFERNO, args, input);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        stderr(&output)
    };
    let script = sample("1.0", 1, "a");
    for (args, message) in [
        (
            &["collapse", "perf", "--every=1s"][..],
            "--every requires the name of an output with `{time}`",
        ),
        (
            &["collapse", "perf", "--every=1s", "-o", "out"],
            "--every requires the name of an output with `{time}`",
        ),
        (
            &["collapse", "perf", "--every=1s", "-o{time}", "--time=1.."],
            "--every divides all of the time, of which --time selects a part",
        ),
        (
            &["collapse", "perf", "--every=1s", "-o{time}", "--off-cpu"],
            "--off-cpu counts intervals, which --every would cut",
        ),
        (
            &["collapse", "perf", "--every=1s", "-o{time}", "a", "b"],
            "--every divides one input: concatenate the others",
        ),
        (
            &["collapse", "perf", "--every=1s", "-o{time}", "missing"],
            "missing: ",
        ),
    ] {
        let message = format!("inferno collapse: error: {message}");
        let found = error(args, script.as_bytes()).replace("standard input: ", "");
        assert!(found.starts_with(&message), "{args:?}: {found}");
    }
    let any = ["collapse", "--every=1s", "-o{time}"];
    let bpftrace = b"@[\n    f+0x1\n    main+0x3\n]: 4\n";
    #[cfg(feature = "json")]
    assert_eq!(
        error(&any, bpftrace),
        "inferno collapse: error: standard input: --every divides the output of `perf script` and folded stacks, \
         but the format is `bpftrace`\n"
    );
    let _ = bpftrace;
    assert!(
        error(&any, b"PERFILE2\x68\0\0\0\0\0\0\0")
            .contains("--every divides text: pipe perf.data through")
    );
    for flag in ["--per=thread", "--list-values", "--keep-going"] {
        let output = run(INFERNO, &[&any[..], &[flag]].concat(), b"");
        assert_eq!(output.status.code(), Some(2), "{flag}");
    }
}

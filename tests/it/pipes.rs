//! Tests of inputs that can be read only once, sequentially: named pipes, `/dev/stdin`, and a
//! shell's `<(...)`. A tool that opens one twice waits forever.

#![cfg(unix)]

use inferno::collapse::{Collapse, guess, perf, perf_data};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::deadline;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const DIFF_FOLDED: &str = env!("CARGO_BIN_EXE_inferno-diff-folded");
const PERF: &str = env!("CARGO_BIN_EXE_inferno-collapse-perf");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");

/// Each tool, with a profile that it can read.
const TOOLS: [(&str, &str); 15] = [
    (PERF, "perf/c-fp.txt"),
    (PERF, "perf-data/fp.data"),
    (PERF, "perf-data/pipe.data"),
    (PERF, "compressed/script.gz"),
    (GUESS, "perf/c-fp.txt"),
    (GUESS, "perf-data/fp.data"),
    (FLAMEGRAPH, "perf-data/fp.data"),
    (FLAMEGRAPH, "recursive/recursion.txt"),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-dtrace"),
        "dtrace/carriage-returns.txt",
    ),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-ghcprof"),
        "ghcprof/time.txt",
    ),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-recursive"),
        "recursive/recursion.txt",
    ),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-sample"),
        "sample/cut.txt",
    ),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-vsprof"),
        "vsprof/shop.csv",
    ),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-vtune"),
        "vtune/shop.csv",
    ),
    (
        env!("CARGO_BIN_EXE_inferno-collapse-xctrace"),
        "xctrace/time-profile.xml",
    ),
];

fn data(name: &str) -> PathBuf {
    Path::new(DATA).join(name)
}

fn run<S: AsRef<OsStr>>(tool: &str, args: &[S], stdin: impl Into<Stdio>) -> Output {
    let mut command = Command::new(tool);
    command.args(args).env_remove("RUST_LOG").stdin(stdin);
    deadline::run(&mut command)
}

fn new_fifo() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("fifo");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo runs").success());
    (directory, path)
}

/// A named pipe to which `bytes` are written once.
struct Fifo {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Fifo {
    fn of(bytes: &[u8]) -> Fifo {
        let (directory, path) = new_fifo();
        let (to, bytes) = (path.clone(), bytes.to_vec());
        std::thread::spawn(move || {
            // The first chunk is too short to detect the format.
            let mut fifo = OpenOptions::new().write(true).open(to)?;
            let (head, rest) = bytes.split_at(bytes.len().min(3));
            fifo.write_all(head)?;
            std::thread::sleep(std::time::Duration::from_millis(20));
            fifo.write_all(rest)
        });
        Fifo {
            _directory: directory,
            path,
        }
    }

    fn of_file(path: &Path) -> Fifo {
        Fifo::of(&fs::read(path).expect("a fixture"))
    }
}

#[track_caller]
fn assert_same(found: &Output, expected: &Output) {
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{said}");
    assert!(!found.stdout.is_empty(), "{said}");
    assert!(found.stdout == expected.stdout, "{said}");
}

#[test]
fn each_tool_reads_a_named_pipe() {
    for (tool, name) in TOOLS {
        let path = data(name);
        let expected = run(tool, &[&path], Stdio::null());
        let fifo = Fifo::of_file(&path);
        assert_same(&run(tool, &[&fifo.path], Stdio::null()), &expected);
    }
}

#[test]
fn each_tool_reads_standard_input_by_the_systems_names() {
    for (tool, name) in TOOLS {
        let path = data(name);
        let expected = run(tool, &[&path], Stdio::null());
        for stdin in ["/dev/stdin", "/dev/fd/0"] {
            let file = File::open(&path).expect("a fixture");
            assert_same(&run(tool, &[stdin], file), &expected);

            let (reader, mut writer) = std::io::pipe().expect("a pipe");
            let bytes = fs::read(&path).expect("a fixture");
            std::thread::spawn(move || writer.write_all(&bytes));
            assert_same(&run(tool, &[stdin], reader), &expected);
        }
    }
}

/// The writer exits before the tool starts, so opening the pipe again would block.
#[test]
fn a_named_pipe_that_is_standard_input_is_not_opened_again() {
    let (_directory, path) = new_fifo();
    let script = "exec 3<>\"$1\"; printf 'a;b 1\\n' >&3; exec \"$0\" /dev/stdin <\"$1\" 3>&-";
    let args = [
        "-c".as_ref(),
        script.as_ref(),
        GUESS.as_ref(),
        path.as_os_str(),
    ];
    let output = run("sh", &args, Stdio::null());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "a;b 1\n");
}

/// A file descriptor opened by the shell, such as for `<(...)`.
#[test]
fn other_descriptors_are_read() {
    for (tool, name) in TOOLS {
        let path = data(name);
        let expected = run(tool, &[&path], Stdio::null());
        for script in [
            "exec \"$0\" /dev/fd/5 5<\"$1\"",
            "cat \"$1\" | { exec \"$0\" /dev/fd/5 5<&0 </dev/null; }",
        ] {
            let args = [OsStr::new("-c"), script.as_ref(), tool.as_ref()];
            let args = args.into_iter().chain([path.as_os_str()]);
            let found = run("sh", &args.collect::<Vec<_>>(), Stdio::null());
            assert_same(&found, &expected);
        }
    }
}

#[test]
fn several_pipes_are_read_one_after_another() {
    let (before, after) = (b"a;b 1\na;c 2\n", b"a;b 3\n");
    for (tool, flags) in [
        (DIFF_FOLDED, &[][..]),
        (FLAMEGRAPH, &["--diff"]),
        (FLAMEGRAPH, &[]),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let run_on = |paths: [&Path; 2]| {
            let flags = flags.iter().map(OsStr::new);
            let args = flags.chain(paths.map(Path::as_os_str));
            run(tool, &args.collect::<Vec<_>>(), Stdio::null())
        };
        let files = ["before", "after"].map(|name| directory.path().join(name));
        fs::write(&files[0], before).expect("room for it");
        fs::write(&files[1], after).expect("room for it");
        let expected = run_on([&files[0], &files[1]]);
        let fifos = [Fifo::of(before), Fifo::of(after)];
        assert_same(&run_on([&fifos[0].path, &fifos[1].path]), &expected);
    }
}

#[cfg(feature = "nameattr")]
#[test]
fn attributes_are_read_from_a_pipe() {
    let fifo = Fifo::of(b"main\tclass=ours\n");
    let stacks = Fifo::of(b"main;work 3\n");
    let args = [
        "--nameattr".as_ref(),
        fifo.path.as_os_str(),
        stacks.path.as_os_str(),
    ];
    let output = run(FLAMEGRAPH, &args, Stdio::null());
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("class=\"ours\""));
}

#[test]
fn the_library_opens_a_path_once() {
    fn fold(mut folder: impl Collapse, path: &Path) -> Vec<u8> {
        let mut folded = Vec::new();
        let done = folder.collapse_file(Some(path), &mut folded);
        done.expect("a profile");
        folded
    }
    let (script, recorded) = (data("perf/c-fp.txt"), data("perf-data/fp.data"));
    let fifo = || Fifo::of_file(&recorded);
    let expected = fold(perf_data::Folder::default(), &recorded);
    assert!(fold(perf_data::Folder::default(), &fifo().path) == expected);
    assert!(fold(guess::Folder::default(), &fifo().path) == expected);
    assert!(fold(guess::Folder::default(), &recorded) == expected);
    let expected = fold(perf::Folder::default(), &script);
    assert!(fold(perf::Folder::default(), &Fifo::of_file(&script).path) == expected);
}

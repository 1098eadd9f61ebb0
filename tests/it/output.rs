//! Tests of `-o FILE` and `palette.map`: files are written atomically, and keep their properties.

#![cfg(unix)]

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::deadline;

use crate::support::run::{assert_fails, assert_folds, run_in, stderr, stdout};
use crate::support::skip::skip;

const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");

const STACKS: &[u8] = b"main;work 3\n";

/// A directory with a non-empty file in it.
fn directory_with(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join(name);
    fs::write(&file, "old").expect("a file");
    (directory, file)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").mode() & 0o7777
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    let mut names: Vec<String> = entries
        .map(|entry| name(entry.expect("an entry")))
        .collect();
    names.sort();
    names
}

#[track_caller]
fn assert_writes(directory: &Path, output: &str, file: &Path) {
    assert_folds(&run_in(directory, GUESS, &["-o", output], STACKS), "");
    assert_eq!(text(file), "main;work 3\n");
}

fn is_root() -> bool {
    File::open("/proc/self").is_ok_and(|file| file.metadata().is_ok_and(|own| own.uid() == 0))
}

/// Runs a tool as an unprivileged user, in a directory of that user.
fn run_unprivileged(directory: &Path, args: &[&str]) -> Output {
    const NOBODY: u32 = 65534;
    let tools = tempfile::tempdir().expect("a directory");
    let tool = tools.path().join("tool");
    fs::hard_link(GUESS, &tool)
        .or_else(|_| fs::copy(GUESS, &tool).map(drop))
        .expect("the tool");
    let mut command = Command::new(&tool);
    command
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::piped());
    if is_root() {
        set_mode(tools.path(), 0o755);
        for path in names(directory).iter().map(|name| directory.join(name)) {
            std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).expect("an owner");
        }
        std::os::unix::fs::chown(directory, Some(NOBODY), Some(NOBODY)).expect("an owner");
        command.uid(NOBODY).gid(NOBODY);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the tool runs");
    let _ = child.stdin.take().expect("a pipe").write_all(STACKS);
    child.wait_with_output().expect("the tool ends")
}

#[test]
fn a_new_file_has_the_default_permissions() {
    let directory = tempfile::tempdir().expect("a directory");
    for (umask, expected) in [("022", 0o644), ("077", 0o600), ("002", 0o664)] {
        let script = format!("umask {umask}; exec \"$0\" -o {umask}");
        let output = run_in(directory.path(), "sh", &["-c", &script, GUESS], STACKS);
        assert_folds(&output, "");
        assert_eq!(mode(&directory.path().join(umask)), expected);
    }
}

#[test]
fn permissions_except_set_id_are_kept() {
    let (directory, file) = directory_with("out");
    for (before, after) in [
        (0o640, 0o640),
        (0o755, 0o755),
        (0o6755, 0o755),
        (0o600, 0o600),
    ] {
        set_mode(&file, before);
        assert_writes(directory.path(), "out", &file);
        assert_eq!(mode(&file), after);
        // Overwritten in place, because the file has another name.
        fs::hard_link(&file, directory.path().join("other")).expect("another name");
        set_mode(&file, before);
        assert_writes(directory.path(), "out", &file);
        assert_eq!(mode(&file), after);
        fs::remove_file(directory.path().join("other")).expect("it is there");
    }
}

#[test]
fn links_are_followed_even_to_missing_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("inner")).expect("a directory");
    symlink("inner/second", at("first")).expect("a link");
    symlink("../target", at("inner/second")).expect("a link");
    for _ in 0..2 {
        assert_writes(directory.path(), "first", &at("target"));
        assert!(
            fs::symlink_metadata(at("first"))
                .expect("a link")
                .is_symlink()
        );
        assert!(
            fs::symlink_metadata(at("inner/second"))
                .expect("a link")
                .is_symlink()
        );
        assert_eq!(names(directory.path()), ["first", "inner", "target"]);
        assert_eq!(names(&at("inner")), ["second"]);
    }
    symlink("round", at("round")).expect("a link");
    let output = run_in(directory.path(), GUESS, &["-o", "round"], STACKS);
    assert!(stderr(&output).starts_with("inferno-collapse-guess: error: round: "));
}

#[test]
fn hard_links_are_kept() {
    let (directory, file) = directory_with("one");
    let other = directory.path().join("two");
    fs::hard_link(&file, &other).expect("another name");
    assert_writes(directory.path(), "one", &other);
    assert_eq!(fs::metadata(&file).expect("a file").nlink(), 2);
    // Shorter output leaves nothing of the previous contents.
    fs::write(&file, "long ".repeat(1000)).expect("a file");
    assert_writes(directory.path(), "two", &file);
}

#[test]
fn the_owner_is_kept() {
    if !is_root() {
        return skip("output::the_owner_is_kept", "not root");
    }
    let (directory, file) = directory_with("out");
    for (owner, group) in [(1234, 0), (0, 1234), (1234, 1234)] {
        std::os::unix::fs::chown(&file, Some(owner), Some(group)).expect("an owner");
        assert_writes(directory.path(), "out", &file);
        let metadata = fs::metadata(&file).expect("a file");
        assert_eq!((metadata.uid(), metadata.gid()), (owner, group));
    }
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let (directory, file) = directory_with("out");
    set_mode(&file, 0o444);
    let output = run_unprivileged(directory.path(), &["-o", "out"]);
    assert_fails(
        &output,
        "inferno-collapse-guess: error: out: Permission denied (os error 13)\n",
    );
    assert_eq!(text(&file), "old");
    assert_eq!(names(directory.path()), ["out"]);
}

#[test]
fn a_file_is_overwritten_in_a_read_only_directory() {
    let (directory, file) = directory_with("out");
    set_mode(directory.path(), 0o555);
    let output = run_unprivileged(directory.path(), &["-o", "out"]);
    let other = run_unprivileged(directory.path(), &["-o", "other"]);
    set_mode(directory.path(), 0o755);
    assert_folds(&output, "");
    assert_eq!(text(&file), "main;work 3\n");
    assert_fails(
        &other,
        "inferno-collapse-guess: error: other: Permission denied (os error 13)\n",
    );
}

/// As in containers.
#[cfg(target_os = "linux")]
#[test]
fn a_mount_point_is_overwritten() {
    let (directory, file) = directory_with("mounted");
    fs::write(directory.path().join("source"), "old").expect("a file");
    let script = "mount --bind source mounted 2>/dev/null || exit 77; exec \"$0\" -o mounted";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, GUESS]);
    let input = directory.path().join("stacks");
    fs::write(&input, STACKS).expect("a file");
    command.stdin(File::open(&input).expect("it is there"));
    let output = match command.current_dir(directory.path()).output() {
        Ok(output) if stderr(&output).contains("unshare") || output.status.code() == Some(77) => {
            return skip("output::a_mount_point_is_overwritten", "no right to mount");
        }
        Ok(output) => output,
        Err(_) => {
            return skip("output::a_mount_point_is_overwritten", "no `unshare`");
        }
    };
    assert_folds(&output, "");
    assert_eq!(text(&directory.path().join("source")), "main;work 3\n");
    assert_eq!(text(&file), "old");
    assert_eq!(names(directory.path()), ["mounted", "source", "stacks"]);
}

#[test]
fn pipes_and_devices_are_written_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let in_shell = |script: &str| {
        let output = run_in(directory.path(), "sh", &["-c", script, GUESS], STACKS);
        assert!(output.status.success(), "{}", stderr(&output));
        output
    };
    assert_eq!(
        stdout(&in_shell("\"$0\" -o /dev/stdout | cat")),
        "main;work 3\n"
    );
    assert_eq!(
        stdout(&in_shell("\"$0\" -o /dev/fd/5 5>&1 >/dev/null")),
        "main;work 3\n"
    );
    in_shell("\"$0\" -o /dev/null");
    assert!(!fs::metadata("/dev/null").expect("it is there").is_file());

    // Existing contents stay if the shell opened the file for appending.
    for path in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"] {
        let _ = symlink("/dev/stdout", directory.path().join("link"));
        in_shell(&format!("echo first >file; \"$0\" -o {path} >>file"));
        assert_eq!(
            text(&directory.path().join("file")),
            "first\nmain;work 3\n",
            "{path}"
        );
    }
    in_shell("exec 5>file; echo first >&5; \"$0\" -o /dev/fd/5; echo last >&5");
    assert_eq!(
        text(&directory.path().join("file")),
        "first\nmain;work 3\nlast\n"
    );

    let fifo = directory.path().join("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo runs").success());
    assert_eq!(
        stdout(&in_shell("cat fifo & \"$0\" -o fifo; wait")),
        "main;work 3\n"
    );
    assert_eq!(names(directory.path()), ["fifo", "file", "link"]);
}

#[test]
fn sockets_are_written_to() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let (mut ours, theirs) = UnixStream::pair().expect("a socket");
    let directory = tempfile::tempdir().expect("a directory");
    let input = directory.path().join("stacks");
    fs::write(&input, STACKS).expect("a file");
    let mut command = Command::new(GUESS);
    command
        .args(["-o", "/dev/stdout"])
        .stdout(OwnedFd::from(theirs));
    command.stdin(File::open(&input).expect("it is there"));
    assert!(command.status().expect("the tool runs").success());
    drop(command);
    let mut text = String::new();
    ours.read_to_string(&mut text).expect("what was written");
    assert_eq!(text, "main;work 3\n");
}

#[test]
fn a_full_device_is_an_error_that_names_it() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        return skip(
            "output::a_full_device_is_an_error_that_names_it",
            "no /dev/full",
        );
    };
    let directory = tempfile::tempdir().expect("a directory");
    let output = run_in(directory.path(), GUESS, &["-o", "/dev/full"], STACKS);
    let message = "No space left on device (os error 28)";
    assert_fails(
        &output,
        &format!("inferno-collapse-guess: error: /dev/full: {message}\n"),
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo 'a;b 1' | \"$0\"", GUESS])
        .stdout(full);
    let output = deadline::run_to(&mut command);
    assert_fails(
        &output,
        &format!("inferno-collapse-guess: error: standard output: {message}\n"),
    );
}

/// An error is about one file: a problem with the input is not attributed to the output.
#[test]
fn an_error_names_one_file() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("input"), "main 0\n").expect("a file");
    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["-o", "picture", "input"],
        b"",
    );
    assert_fails(
        &output,
        "inferno-flamegraph: error: input: No stack counts found\n",
    );
    assert_eq!(names(directory.path()), ["input"]);
    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["-o", "none/picture", "-"],
        STACKS,
    );
    assert_fails(
        &output,
        "inferno-flamegraph: error: none/picture: No such file or directory (os error 2)\n",
    );
}

/// Stacks with several megabytes.
fn many_stacks() -> String {
    let stack = |number: usize| format!("main;{:0>100};leaf {number}\n", number);
    (1..40_000).map(stack).collect()
}

/// The limit on the file size is reached during the write.
#[test]
fn a_file_size_limit_preserves_the_old_file() {
    let (directory, file) = directory_with("out");
    fs::write(directory.path().join("stacks"), many_stacks()).expect("a file");
    for (name, left) in [
        ("out", vec!["out", "stacks"]),
        ("new", vec!["out", "stacks"]),
    ] {
        let script = format!("ulimit -f 100; exec \"$0\" -o {name} stacks");
        let output = run_in(directory.path(), "sh", &["-c", &script, GUESS], b"");
        assert!(!output.status.success());
        assert_eq!(text(&file), "old");
        assert_eq!(names(directory.path()), left);
    }
}

/// Signals arrive during the write.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_no_file_behind() {
    use rustix::process::{Pid, Signal, kill_process};

    let (directory, file) = directory_with("out");
    fs::write(directory.path().join("stacks"), many_stacks()).expect("a file");
    let start = || {
        Command::new(GUESS)
            .args(["-n", "1", "-o", "out", "stacks"])
            .current_dir(directory.path())
            .spawn()
            .expect("the tool runs")
    };
    let whole = {
        assert!(start().wait().expect("a child").success());
        text(&file)
    };
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::XFSZ] {
        let mut is_hit = false;
        for _ in 0..100 {
            fs::write(&file, "old").expect("a file");
            let mut child = start();
            let has_draft = || is_writing(child.id(), directory.path());
            deadline::wait_until("output", || has_draft() || has_ended(child.id()));
            let _ = kill_process(Pid::from_child(&child), signal);
            let status = child.wait().expect("a child");
            let found = text(&file);
            assert!(found == "old" || found == whole, "{signal:?}");
            assert_eq!(names(directory.path()), ["out", "stacks"], "{signal:?}");
            is_hit |= status.signal() == Some(signal.as_raw()) && found == "old";
            if is_hit {
                break;
            }
        }
        if !is_hit {
            skip(
                "output::a_signal_leaves_no_file_behind",
                "none came in time",
            );
        }
    }
}

/// Whether a process has an unnamed file in the directory open.
#[cfg(target_os = "linux")]
fn is_writing(pid: u32, directory: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets
        .map(|target| target.display().to_string())
        .any(|target| {
            target.starts_with(&*directory.to_string_lossy()) && target.ends_with("(deleted)")
        })
}

/// Whether a child has exited and was not waited for.
#[cfg(target_os = "linux")]
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_none_or(|state| state.starts_with(['Z', 'X']) || state.is_empty())
}

#[test]
fn a_palette_is_written_whole_or_not_at_all() {
    let (directory, file) = directory_with("palette.map");
    let line = |number| format!("{number:0>100}->rgb(1,2,3)\n");
    let old: String = (0..10_000).map(line).collect();
    fs::write(&file, &old).expect("a file");
    let script = "ulimit -f 100; exec \"$0\" --cp";
    let output = run_in(directory.path(), "sh", &["-c", script, FLAMEGRAPH], STACKS);
    assert!(!output.status.success());
    assert!(text(&file) == old);
    assert_eq!(names(directory.path()), ["palette.map"]);

    // Other rules are the same as for `-o`.
    let other = directory.path().join("other");
    fs::rename(&file, &other).expect("another name");
    symlink("other", &file).expect("a link");
    let output = run_in(directory.path(), FLAMEGRAPH, &["--cp"], STACKS);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(fs::symlink_metadata(&file).expect("a link").is_symlink());
    assert!(text(&other).contains(&old));
    assert!(text(&other).contains("work->rgb("));
}

#[test]
fn names_with_arrows_keep_their_colors() {
    let directory = tempfile::tempdir().expect("a directory");
    let map = directory.path().join("palette.map");
    let known = "A->B::f->rgb(1,2,3)\nfn()->T->rgb(4,5,6)\n";
    fs::write(&map, known).expect("a file");
    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["--cp"],
        b"A->B::f;fn()->T 1\n",
    );
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("rgb(1,2,3)") && stdout(&output).contains("rgb(4,5,6)"));
    for line in known.lines() {
        assert!(text(&map).contains(line), "{}", text(&map));
    }
}

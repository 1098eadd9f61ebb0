//! Tests of which files are used for symbols: those that ran, if known, and never files that could
//! block or belong to another user.

use super::*;
use rustix::process::geteuid;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::process::Child;

const FEATURE: u32 = 80;
const BUILD_ID: u32 = 67;

const START: u64 = 0x10_0000;
/// An address in the function `leaf` of the program.
const IN_LEAF: u64 = START + 0x1010;

const NOBODY: u32 = 65534;

impl File {
    /// Sets the name of the machine, its architecture and its kernel.
    fn made_on(self, machine: [&str; 3]) -> File {
        let features = [3, 6, 4].into_iter().zip(machine);
        features.fold(self, |file, (feature, name)| {
            let text = File::text(name);
            let length = file.u32(text.len() as u32);
            let body = [&file.words(&[feature])[..], &length, &text].concat();
            file.record(FEATURE, 0, body)
        })
    }

    fn build_id(self, path: &str, id: &[u8; 20]) -> File {
        let body = [&self.u32(1), &id[..], &[0; 4], &File::text(path)].concat();
        self.record(BUILD_ID, 0, body)
    }
}

/// A copy of a program, in a temporary directory.
struct Program {
    directory: tempfile::TempDir,
    path: String,
}

impl Program {
    fn new() -> Program {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("prog").display().to_string();
        fs::copy(format!("{DATA}/symfs/opt/demo/spin-fp"), &path).expect("a copy");
        Program { directory, path }
    }

    fn build_id(&self) -> [u8; 20] {
        let text = build_id(&fs::read(&self.path).expect("a program"));
        let byte = |at: usize| u8::from_str_radix(&text[2 * at..][..2], 16).expect("a byte");
        std::array::from_fn(byte)
    }
}

/// A sample in a program at `path`.
fn sampled(file: File, path: &str) -> File {
    file.comm(5, 5, "prog", 1)
        .map(5, START, 0x2000, path, 2)
        .sample(5, 3, &[USER, IN_LEAF])
}

/// An unused PID that is derived from the test's own.
fn free_pid() -> u32 {
    0x7000_0000 + std::process::id()
}

/// A sample in JIT-compiled code of process `pid`.
fn sampled_code(pid: u32) -> File {
    File::new(false)
        .comm(pid, pid, "prog", 1)
        .map(pid, 0x1000, 0x1000, "//anon", 2)
        .sample(pid, 3, &[USER, 0x1010])
}

/// Folds with the tool, within a time limit, and returns its standard error too.
fn fold_in_time(file: &File, flags: &[&str]) -> (String, String) {
    let args = [&["60", PERF, "--no-inline"], flags].concat();
    let output = run("timeout", &args, &file.bytes());
    assert!(output.status.success(), "{output:?}");
    (stdout(&output), stderr(&output))
}

#[track_caller]
fn assert_warns(file: &File, folded: &str, warning: &str) {
    let (stacks, warnings) = fold_in_time(file, &[]);
    assert_eq!(stacks, folded, "{warnings}");
    assert!(warnings.contains(warning), "{warnings}");
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

#[test]
fn only_regular_files_of_a_sensible_size_are_opened() {
    let program = Program::new();
    let directory = program.directory.path();
    let path = |name: &str| directory.join(name).display().to_string();
    fifo(&directory.join("fifo"));
    symlink(directory.join("fifo"), directory.join("link")).expect("a link");
    let huge = fs::File::create(directory.join("huge")).expect("a file");
    huge.set_len(1 << 42).expect("a hole");
    for name in ["fifo", "link", "huge", "."] {
        let expected = match name {
            "huge" => "the file is too large",
            _ => "not a regular file",
        };
        let (stacks, warnings) = fold_in_time(&sampled(File::new(false), &path(name)), &[]);
        assert!(stacks.starts_with("prog;["), "{stacks}");
        assert!(warnings.contains(expected), "{name}: {warnings}");
    }
    for device in ["/dev/tty", "/dev/full", "/dev/random"] {
        let (stacks, _) = fold_in_time(&sampled(File::new(false), device), &[]);
        assert!(stacks.starts_with("prog;["), "{stacks}");
    }
    assert_warns(
        &sampled(File::new(false), &path("nothing")),
        "prog;[nothing] 7\n",
        "file not found; see --symfs",
    );
}

#[test]
fn debug_information_is_not_read_from_pipes() {
    let program = Program::new();
    let id = build_id(&fs::read(&program.path).expect("a program"));
    let directory = program.directory.path().join(".build-id").join(&id[..2]);
    fs::create_dir_all(&directory).expect("a directory");
    fifo(&directory.join(format!("{}.debug", &id[2..])));
    let debug_dir = format!("--debug-dir={}", program.directory.path().display());
    let (stacks, _) = fold_in_time(&sampled(File::new(false), &program.path), &[&debug_dir]);
    assert_eq!(stacks, "prog;leaf 7\n");
}

#[test]
fn unreadable_and_missing_files_are_distinguished() {
    let program = Program::new();
    let directory = program.directory.path();
    fs::set_permissions(&program.path, fs::Permissions::from_mode(0o0)).expect("a mode");
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut command = Command::new(PERF);
    // Root can read everything.
    if geteuid().is_root() {
        use std::os::unix::process::CommandExt;
        let tool = directory.join("tool");
        fs::copy(PERF, &tool).expect("a copy");
        command = Command::new(tool);
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    let recording = directory.join("perf.data");
    fs::write(&recording, sampled(File::new(false), &program.path).bytes()).expect("a file");
    let output = command.arg(recording).output().expect("the tool runs");
    assert_eq!(stdout(&output), "prog;[prog] 7\n");
    let warning = "no permission to read the file";
    assert!(stderr(&output).contains(warning), "{output:?}");
}

/// The name, architecture and kernel of this machine.
fn this_machine() -> [String; 3] {
    let read = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/kernel/{name}")).expect("a name");
        text.trim().to_string()
    };
    let arch = std::env::consts::ARCH.to_string();
    [read("hostname"), arch, read("osrelease")]
}

#[test]
fn files_from_another_machine_must_have_the_build_id() {
    let program = Program::new();
    let path = program.path.as_str();
    let [host, arch, release] = &this_machine();
    let unnamed = "prog;[prog] 7\n";
    let named = "prog;leaf 7\n";
    let no_id = "recorded on another machine without a build ID; see --symfs";
    for (machine, expected, warning) in [
        ([host.as_str(), arch, release], named, ""),
        ([host, arch, "5.4.0"], named, ""),
        (["", "", ""], named, ""),
        (["another", arch, release], unnamed, no_id),
        ([host, "s390x", release], unnamed, no_id),
    ] {
        let made = || File::new(false).made_on(machine);
        assert_warns(&sampled(made(), path), expected, warning);
        let with_id = made().build_id(path, &program.build_id());
        assert_warns(&sampled(with_id, path), named, "");
        let with_other_id = made().build_id(path, &[7; 20]);
        let warning = "the file has a different build ID";
        assert_warns(&sampled(with_other_id, path), unnamed, warning);
    }
    // With an explicit directory, its files are used.
    let elsewhere = sampled(File::new(false).made_on(["another", "", ""]), "/prog");
    let symfs = format!("--symfs={}", program.directory.path().display());
    assert_eq!(fold_in_time(&elsewhere, &[&symfs]).0, named);
}

/// The vDSO is the same for all programs on this machine, but not on another machine.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_vdso_is_used_only_for_the_same_kernel() {
    let folded = |machine: [&str; 3]| {
        let mut file = File::new(false).made_on(machine).comm(5, 5, "prog", 1);
        file = file.map(5, START, 0x2000, "[vdso]", 2);
        for offset in (0x400..0x2000).step_by(16) {
            file = file.sample(5, 3, &[USER, START + offset]);
        }
        fold_in_time(&file, &[])
    };
    let [host, arch, release] = &this_machine();
    let (stacks, _) = folded([host, arch, release]);
    assert!(stacks.contains("vdso_clock_gettime"), "{stacks}");
    for machine in [
        [host.as_str(), arch, "5.4.0"],
        ["another", arch, release],
        ["", "", ""],
    ] {
        let (stacks, warnings) = folded(machine);
        assert_eq!(stacks, "prog;[[vdso]] 3136\n");
        assert!(warnings.contains("[vdso] (only available on the recorded machine"));
    }
}

/// The JIT map of process `pid`.
fn perf_map(pid: u32) -> tempfile::NamedTempFile {
    let prefix = format!("perf-{pid}");
    let mut builder = tempfile::Builder::new();
    let map = builder.prefix(&prefix).suffix(".map").rand_bytes(0);
    let map = map.tempfile_in("/tmp").expect("a map");
    fs::write(map.path(), "1000 100 made\n").expect("a map");
    map
}

#[test]
fn jit_maps_must_belong_to_the_user_or_root() {
    let pid = free_pid();
    let file = sampled_code(pid);
    let unnamed = format!("prog;[perf-{pid}.map] 7\n");
    let map = perf_map(pid);
    assert_warns(&file, "prog;made 7\n", "");
    if geteuid().is_root() {
        chown(map.path(), Some(NOBODY), None).expect("another owner");
        let warning = "its map is ignored because it belongs to neither you nor root";
        assert_warns(&file, &unnamed, warning);
    }
    let elsewhere = sampled_code(pid).made_on(["another", "", ""]);
    assert_warns(
        &elsewhere,
        &unnamed,
        "only available on the recorded machine",
    );
}

#[test]
fn links_to_jit_maps_must_belong_to_the_user_or_root() {
    let pid = free_pid() + 0x100_0000;
    let file = sampled_code(pid);
    let target = tempfile::NamedTempFile::new().expect("a map");
    fs::write(target.path(), "1000 100 made\n").expect("a map");
    let path = format!("/tmp/perf-{pid}.map");
    let link = tempfile::TempPath::try_from_path(path).expect("a path");
    symlink(target.path(), &link).expect("a link");
    assert_warns(&file, "prog;made 7\n", "");
    if geteuid().is_root() {
        lchown(&link, Some(NOBODY), None).expect("another owner");
        let unnamed = format!("prog;[perf-{pid}.map] 7\n");
        assert_warns(&file, &unnamed, "belongs to neither you nor root");
    }
    fs::remove_file(&link).expect("no link");
    fifo(&link);
    let unnamed = format!("prog;[perf-{pid}.map] 7\n");
    assert_warns(&file, &unnamed, "its map is not a regular file");
}

#[test]
fn the_warning_for_a_missing_map_names_the_flag_that_writes_it() {
    for (program, flag) in [
        (
            "/usr/lib/jvm/jdk/lib/server/libjvm.so",
            "-XX:+DumpPerfMapAtExit",
        ),
        ("/usr/local/bin/node", "--perf-basic-prof"),
        ("/usr/bin/python3.13", "-X perf"),
        ("/usr/share/dotnet/libcoreclr.so", "DOTNET_PerfMapEnabled=1"),
        ("/opt/unheard/of", "--perf-basic-prof"),
    ] {
        let pid = free_pid() + 0x200_0000;
        let before = File::new(false).map(pid, 0x8000, 0x1000, program, 1);
        let records = [before.records, sampled_code(pid).records].concat();
        let file = File {
            records,
            ..File::new(false)
        };
        let (_, warnings) = fold_in_time(&file, &[]);
        assert!(warnings.contains(flag), "{warnings}");
        let only = program != "/opt/unheard/of";
        assert_eq!(
            warnings.matches("java").count() == 0,
            only && !program.contains("jvm")
        );
    }
}

/// Runs a program that has its own file and JIT-compiled code, with a map, in its own namespaces.
const IN_A_CONTAINER: &str = r#"
mount -t tmpfs none /mnt && cp "$1" /mnt/prog && mount -t tmpfs none /tmp && cd / && exec python3 -c '
import mmap, sys
memory = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
with open("/mnt/prog", "rb") as file:
    program = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
code = [line for line in open("/proc/self/maps") if " rwxp " in line][0].split("-")[0]
with open("/tmp/perf-1.map", "w") as map:
    map.write(code + " 100 made\n")
print("ready", flush=True)
sys.stdin.read()
'"#;

/// Starts it; `None` if that is not permitted here.
fn start_container() -> Option<Child> {
    let program = format!("{DATA}/symfs/opt/demo/spin-fp");
    let mut child = Command::new("unshare")
        .args(["-m", "-p", "-f", "sh", "-c", IN_A_CONTAINER, "sh", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut ready = String::new();
    let output = child.stdout.as_mut()?.take(6);
    { output }.read_to_string(&mut ready).ok()?;
    (ready == "ready\n").then_some(child)
}

#[test]
fn files_of_containers_are_found_while_they_run() {
    let Some(mut container) = start_container() else {
        let message = "skipped: needs root, unshare and python3\n";
        return std::io::stderr()
            .write_all(message.as_bytes())
            .expect("said");
    };
    let outer = container.id();
    let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
    let pid: u32 = children.expect("children").trim().parse().expect("one");
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("maps");
    let start = |mark: &str| {
        let line = maps
            .lines()
            .find(|line| line.contains(mark))
            .expect("a map");
        u64::from_str_radix(line.split('-').next().expect("a start"), 16).expect("a start")
    };
    let (code, program) = (start(" rwxp "), start("/mnt/prog"));
    let file = |shift: u64| {
        File::new(false)
            .comm(pid, pid, "prog", 1)
            .map(pid, code + shift, 0x1000, "//anon", 2)
            .map(pid, program + shift, 0x2000, "/mnt/prog", 2)
            .sample(pid, 3, &[USER, code + shift + 0x10])
            .sample(pid, 4, &[USER, program + shift + 0x1010])
    };
    let folded = |file: &File| fold_in_time(file, &[]).0;
    assert_eq!(folded(&file(0)), "prog;leaf 7\nprog;made 7\n");
    // Another process with a reused PID.
    let unnamed = format!("prog;[perf-{pid}.map] 7\nprog;[prog] 7\n");
    assert_eq!(folded(&file(1 << 46)), unnamed);
    let elsewhere = file(0).made_on(["another", "", ""]);
    assert_eq!(folded(&elsewhere), unnamed);
    drop(container.stdin.take());
    container.wait().expect("it ends");
    assert_eq!(folded(&file(0)), unnamed);
}

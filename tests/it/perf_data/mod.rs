//! Tests of `perf.data`: captures, compared with the output of `perf script` and the text path, and
//! synthetic files.
//!
//! `programs/record.sh` recorded the captures. Their symbols come from `symfs/` and `kallsyms`, so
//! that the results are independent of the machine.

#![cfg(all(feature = "cli", feature = "perf-data"))]

use inferno::collapse::Collapse;
use inferno::collapse::perf_data::{Folder, Options};
use inferno::folded;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[cfg(target_os = "linux")]
mod files;
mod flags;
#[cfg(target_os = "linux")]
mod growth;
mod lines;
#[cfg(target_os = "linux")]
use crate::support::memory;
mod off_cpu;
mod samples;

const PERF: &str = env!("CARGO_BIN_EXE_inferno-collapse-perf");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/perf-data");

/// Captures for which `perf script --no-inline` agrees.
const CAPTURES: [&str; 7] = [
    "fp",
    "dwarf",
    "plain",
    "compressed",
    "events",
    "kernel",
    "pipe",
];

fn capture(case: &str) -> Vec<u8> {
    fs::read(format!("{DATA}/{case}.data")).expect("a capture")
}

fn expected(case: &str) -> String {
    fs::read_to_string(format!("{DATA}/{case}.folded")).expect("what is expected")
}

/// Options that make results independent of the machine.
fn options() -> Options {
    let mut options = Options::default();
    options.inline = false;
    options.symfs = Some(PathBuf::from(format!("{DATA}/symfs")));
    options.kallsyms = Some(PathBuf::from(format!("{DATA}/kallsyms")));
    options
}

fn fold_with(options: Options, file: &[u8]) -> std::io::Result<String> {
    let mut out = Vec::new();
    Folder::from(options).collapse(file, &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

fn fold(file: &[u8]) -> String {
    fold_with(options(), file).expect("a file that can be read")
}

fn run(tool: &str, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(tool)
        .args(args)
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

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn captures_fold_like_the_output_of_perf_script() {
    for case in CAPTURES {
        assert_eq!(fold(&capture(case)), expected(case), "{case}");
    }
}

/// The recorded part of a stack is its top, and is unwound to its end. perf ignores the last word.
#[test]
fn a_partly_recorded_stack_is_right_in_that_part() {
    let whole = fold(&capture("dwarf"));
    let is_right = |stack: &str| {
        let (comm, frames) = stack.split_once(';').expect("a stack");
        let inner = frames.strip_prefix("[unknown];").unwrap_or(frames);
        let ends = |line: &&str| line.starts_with(comm) && stack_of(line).ends_with(inner);
        whole.lines().any(|line| ends(&line))
    };
    for size in (8..=512).step_by(8) {
        let found = fold(&with_stacks_of(&capture("dwarf"), size));
        for line in found.lines() {
            assert!(is_right(stack_of(line)), "{size}: {line}");
        }
    }
    let least = fold(&with_stacks_of(&capture("dwarf"), 8));
    assert!(least.contains("spin;[unknown];recurse;leaf "), "{least}");
}

fn stack_of(line: &str) -> &str {
    line.rsplit_once(' ').expect("a stack and its count").0
}

/// The capture, as if at most `size` bytes of each stack had been recorded.
fn with_stacks_of(file: &[u8], size: u64) -> Vec<u8> {
    let mut file = file.to_vec();
    let word = |file: &[u8], at: usize| u64::from_le_bytes(*file[at..].first_chunk().unwrap());
    let start = word(&file, 40) as usize;
    let (mut at, end) = (start, start + word(&file, 48) as usize);
    while at < end {
        let head = word(&file, at);
        let next = at + (head >> 48) as usize;
        if head as u32 == SAMPLE {
            // Beyond that, there is one more word.
            let recorded = next - 16;
            let size = size.min(word(&file, recorded));
            file[recorded..next - 8].copy_from_slice(&size.to_le_bytes());
        }
        at = next;
    }
    file
}

/// perf 6.1 keeps mappings from before an `exec`, takes the lowest address of both as the start of
/// the program, and then finds no unwind tables.
#[test]
fn stacks_are_complete_after_exec() {
    assert_eq!(expected("again"), "again;leaf 32000000\n");
    assert_eq!(
        fold(&capture("again")),
        "again;_start;run;work;leaf 32000000\n"
    );
}

/// Tests every instruction of a program, including the start and end of functions, and signed
/// return addresses. The expected stacks were not unwound, but derived from counted calls and
/// returns.
#[test]
fn stacks_of_aarch64_are_those_of_the_calls() {
    assert_eq!(fold(&capture("arm")), expected("arm"));
}

#[test]
fn a_signal_does_not_end_a_stack() {
    let stack = "signal;_start;run;tell;restore;handler;leaf 28000000\n";
    assert_eq!(fold(&capture("signal")), stack);
}

/// The address at which a signal arrives is not a return address: the byte before it can belong to
/// another function.
#[test]
fn a_signal_can_arrive_at_the_start_of_a_function() {
    let (after_kill, start_of_tell) = (0x40_1081_u64.to_le_bytes(), 0x40_105a_u64.to_le_bytes());
    let mut recording = capture("signal");
    let places: Vec<usize> = (0..recording.len() - 8)
        .filter(|at| recording[*at..*at + 8] == after_kill)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        recording[at..at + 8].copy_from_slice(&start_of_tell);
    }
    assert_eq!(fold(&recording), fold(&capture("signal")));
}

/// `packed/` has the program with its symbols in `.gnu_debugdata`; `linked/` has them in a separate
/// file.
#[test]
fn compressed_symbols_are_read() {
    for directory in ["packed", "linked"] {
        let mut elsewhere = options();
        elsewhere.symfs = Some(PathBuf::from(format!("{DATA}/{directory}")));
        let found = fold_with(elsewhere, &capture("fp")).unwrap();
        assert_eq!(found, expected("fp"), "{directory}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let mut file = File::new(false);
    for time in 1..25_000 {
        let (pid, at) = (time as u32 % 7 + 1, 0x1000 * (time % 50 + 1));
        if time % 100 == 0 {
            file = file.comm(pid, pid, &format!("name {}", time % 13), time);
            file = file.map(pid, at, 0x2000, &format!("/nowhere/{}", time % 11), time);
        }
        let chain: Vec<u64> = (0..time % 9 + 1).map(|depth| at + depth).collect();
        file = file.sample(pid, time, &[&[USER], &chain[..]].concat());
    }
    let made_up = file.bytes();
    assert!(made_up.len() > 1 << 21, "enough for several workers");
    let captures = CAPTURES.map(capture);
    for file in captures.iter().chain([&made_up]) {
        let fold_on = |nthreads| {
            let mut options = options();
            options.stacks.nthreads = nthreads;
            fold_with(options, file).expect("a file that can be read")
        };
        let one = fold_on(1);
        for nthreads in [0, 2, 3, 8, usize::MAX] {
            assert!(fold_on(nthreads) == one, "{nthreads} threads");
        }
    }
}

#[test]
fn a_file_a_reader_and_a_slice_fold_the_same() {
    for case in CAPTURES {
        let path = format!("{DATA}/{case}.data");
        let mut out = Vec::new();
        let mut folder = Folder::from(options());
        folder
            .collapse_file(Some(&path), &mut out)
            .expect("a capture");
        assert_eq!(String::from_utf8(out).unwrap(), expected(case), "{case}");
        let tree = folder
            .collapse_slice_to_tree(&capture(case))
            .expect("a capture");
        let mut out = Vec::new();
        folded::write(&tree, &mut out).expect("written");
        assert_eq!(String::from_utf8(out).unwrap(), expected(case), "{case}");
    }
}

#[test]
fn calls_that_are_inlined_are_frames() {
    let mut inlined = options();
    inlined.inline = true;
    let found = fold_with(inlined, &capture("dwarf")).unwrap();
    assert_eq!(found, expected("inlined"));
    assert!(found.contains("leaf;mix_twice;mix "));
}

/// `split/` has the program with its debug information in a DWARF 5 `.dwo` file; `package/` in a
/// DWARF 4 `.dwp` file. If that is missing, or does not match, the inlined calls are unknown.
#[test]
fn split_debug_information_is_read() {
    let fold_with_symfs = |symfs: &Path| {
        let mut inlined = options();
        inlined.inline = true;
        inlined.symfs = Some(symfs.to_path_buf());
        fold_with(inlined, &capture("dwarf")).unwrap()
    };
    let parts = [("split", "spin.dwo"), ("package", "spin.dwp")].map(|(directory, part)| {
        let directory = Path::new(DATA).join(directory).join("opt/demo");
        (directory.join("spin"), directory.join(part))
    });
    for ((program, part), (_, other)) in [(&parts[0], &parts[1]), (&parts[1], &parts[0])] {
        for (part, case) in [
            (Some(part), "inlined"),
            (Some(other), "dwarf"),
            (None, "dwarf"),
        ] {
            let copy = tempfile::tempdir().expect("a directory");
            let programs = copy.path().join("opt/demo");
            fs::create_dir_all(&programs).expect("a directory");
            for file in [program].into_iter().chain(part) {
                let name = file.file_name().expect("a name");
                fs::copy(file, programs.join(name)).expect("a copy");
            }
            let found = fold_with_symfs(copy.path());
            assert_eq!(found, expected(case), "{program:?} with {part:?}");
        }
    }
}

#[test]
fn tools_take_files_and_standard_input() {
    let symfs = format!("--symfs={DATA}/symfs");
    for case in ["fp", "pipe", "compressed"] {
        let path = format!("{DATA}/{case}.data");
        let flags = ["--no-inline", &symfs];
        let from_file = run(PERF, &[&flags[..], &[&path]].concat(), b"");
        assert_eq!(stdout(&from_file), expected(case), "{case}");
        assert_eq!(stderr(&from_file), "", "{case}");
        let from_stdin = run(PERF, &flags, &capture(case));
        assert_eq!(stdout(&from_stdin), expected(case), "{case}");
    }
}

#[test]
fn guess_and_flamegraph_recognize_recordings() {
    let path = format!("{DATA}/fp.data");
    for output in [
        run(GUESS, &[&path], b""),
        run(GUESS, &[], &capture("fp")),
        run(GUESS, &[], &capture("pipe")),
    ] {
        assert!(stdout(&output).contains("spin-fp;"), "{output:?}");
        assert!(output.status.success());
    }
    for output in [
        run(FLAMEGRAPH, &[&path], b""),
        run(FLAMEGRAPH, &["--diff", &path, "-"], &capture("pipe")),
    ] {
        assert!(stdout(&output).contains("<title>spin-fp ("), "{output:?}");
    }
}

/// Recordings without the names of their events.
#[test]
fn events_without_names_are_called_like_in_perf() {
    const HARDWARE: u32 = 0;
    let hardware = [
        "cycles",
        "instructions",
        "cache-references",
        "cache-misses",
        "branches",
        "branch-misses",
        "bus-cycles",
        "stalled-cycles-frontend",
        "stalled-cycles-backend",
        "ref-cycles",
    ];
    let software = [
        "cpu-clock",
        "task-clock",
        "page-faults",
        "context-switches",
        "cpu-migrations",
        "minor-faults",
        "major-faults",
        "alignment-faults",
        "emulation-faults",
        "dummy",
    ];
    for (kind, names) in [(HARDWARE, hardware), (SOFTWARE, software)] {
        for (number, name) in (0..).zip(names) {
            let mut file = File::new(false);
            (file.kind, file.events) = (kind, vec![number]);
            let file = file.comm(5, 5, "prog", 1).sample(5, 2, &[USER, 0x1000]);
            let mut options = options();
            options.stacks.event_filter = Some(name.to_string());
            let folded = fold_with(options, &file.bytes()).expect("the event");
            assert_eq!(folded, "prog;[unknown] 7\n", "{name}");
        }
    }
}

#[test]
fn another_event_can_be_selected() {
    let path = format!("{DATA}/events.data");
    let output = run(PERF, &["-q", "--event-filter", "task-clock:u", &path], b"");
    assert!(stdout(&output).starts_with("a_thread;"));
    let output = run(PERF, &[&path], b"");
    let message = stderr(&output);
    assert!(
        message.contains("only event `cpu-clock` is shown; left out: `task-clock` ("),
        "{message}"
    );
    let output = run(PERF, &["--event-filter", "cycles", &path], b"");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn functions_without_names_are_reported_once() {
    let empty = tempfile::tempdir().expect("a directory");
    let symfs = format!("--symfs={}", empty.path().display());
    let output = run(PERF, &[&symfs, &format!("{DATA}/plain.data")], b"");
    assert!(stdout(&output).contains("a_thread;[spin-fp] "));
    assert_eq!(
        stderr(&output),
        "inferno-collapse-perf: warning: 100.0% of the profile has functions without \
         names, in /opt/demo/spin-fp (file not found; see --symfs)\n"
    );
}

#[test]
fn a_file_with_another_build_id_is_not_used() {
    let directory = tempfile::tempdir().expect("a directory");
    let programs = directory.path().join("opt/demo");
    fs::create_dir_all(&programs).expect("a directory");
    let other = format!("{DATA}/symfs/opt/demo/spin");
    fs::copy(other, programs.join("spin-fp")).expect("a copy");
    let symfs = format!("--symfs={}", directory.path().display());
    let output = run(PERF, &[&symfs, &format!("{DATA}/plain.data")], b"");
    assert!(stdout(&output).contains("a_thread;[spin-fp] "));
    assert!(stderr(&output).contains("/opt/demo/spin-fp (the file has a different build ID)"));
}

#[test]
fn debug_information_is_found_by_build_id() {
    let empty = tempfile::tempdir().expect("a directory");
    let program = fs::read(format!("{DATA}/symfs/opt/demo/spin-fp")).expect("a program");
    let id = build_id(&program);
    let directory = empty.path().join(".build-id").join(&id[..2]);
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(directory.join(format!("{}.debug", &id[2..])), &program).expect("a file");
    let mut elsewhere = options();
    elsewhere.symfs = Some(empty.path().join("nothing"));
    elsewhere.debug_dirs = vec![empty.path().to_path_buf()];
    assert_eq!(
        fold_with(elsewhere, &capture("fp")).unwrap(),
        expected("fp")
    );
}

/// The build ID in the note of a program.
fn build_id(program: &[u8]) -> String {
    let note = b"\x14\0\0\0\x03\0\0\0GNU\0";
    let at = program
        .windows(note.len())
        .position(|window| window == note)
        .expect("a note");
    let id = &program[at + note.len()..][..20];
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn options_of_the_text_path_apply() {
    let fold_stacks = |set: fn(&mut Options)| {
        let mut options = options();
        set(&mut options);
        fold_with(options, &capture("kernel")).unwrap()
    };
    let marked = fold_stacks(|options| options.stacks.annotate_kernel = true);
    assert!(marked.contains(";ask;entry_SYSCALL_64_after_hwframe_[k];do_syscall_64_[k]"));
    let skipped = fold_stacks(|options| options.stacks.skip_after = vec!["ask".to_string()]);
    assert!(skipped.starts_with("a_thread;") && skipped.contains("\nask;entry_SYSCALL_64"));
    let with_ids = fold_stacks(|options| options.stacks.include_tid = true);
    assert!(with_ids.lines().all(|line| {
        let comm = line.split(';').next().unwrap();
        comm.contains('-') && comm.contains('/')
    }));
}

/// A synthetic `perf.data` file.
struct File {
    is_big: bool,
    records: Vec<u8>,
    /// The type of its events, and their configurations. If there are several, the id in a record
    /// identifies its event.
    kind: u32,
    events: Vec<u64>,
    /// The index of the event of the following records.
    event: usize,
    /// The layout of counters in its samples, if any, and their next values.
    read_format: Option<u64>,
    readings: Vec<u64>,
    /// The address of the next sample, and whether it is in the kernel (1) or the program (2).
    ip: u64,
    mode: u16,
    inherits: bool,
    /// Whether records other than samples end in a thread and time.
    has_trailers: bool,
    /// The branches in its samples, if any.
    branches: Option<u64>,
    /// The registers in its samples, which also have the stack, if any.
    registers: Option<u64>,
    /// The fixed period of samples (`perf record -c`), if they do not contain it.
    period: Option<u64>,
}

/// Types of events.
const SOFTWARE: u32 = 1;
const TRACEPOINT: u32 = 2;

/// Record types.
const MMAP: u32 = 1;
const COMM: u32 = 3;
const FORK: u32 = 7;
const SAMPLE: u32 = 9;
const ROUND: u32 = 68;

/// The id of the first event.
const FIRST_ID: u64 = 100;

/// Context markers in a call chain.
const KERNEL: u64 = -128i64 as u64;
const USER: u64 = -512i64 as u64;

impl File {
    fn new(is_big: bool) -> File {
        File {
            is_big,
            records: Vec::new(),
            kind: SOFTWARE,
            events: vec![0],
            event: 0,
            read_format: None,
            readings: Vec::new(),
            ip: 0,
            mode: 2,
            inherits: false,
            has_trailers: true,
            branches: None,
            registers: None,
            period: None,
        }
    }

    fn u64(&self, number: u64) -> [u8; 8] {
        match self.is_big {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        }
    }

    fn u32(&self, number: u32) -> [u8; 4] {
        match self.is_big {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        }
    }

    fn words(&self, words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| self.u64(*word)).collect()
    }

    fn ids(&self, pid: u32, tid: u32) -> Vec<u8> {
        [self.u32(pid), self.u32(tid)].concat()
    }

    fn text(text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() / 8 * 8 + 8, 0);
        bytes
    }

    fn record(mut self, kind: u32, misc: u16, body: Vec<u8>) -> File {
        let size = u16::try_from(8 + body.len()).expect("a short record");
        let (misc, size) = match self.is_big {
            true => (misc.to_be_bytes(), size.to_be_bytes()),
            false => (misc.to_le_bytes(), size.to_le_bytes()),
        };
        let kind = self.u32(kind);
        self.records
            .extend([&kind[..], &misc, &size, &body].concat());
        self
    }

    /// Adds a record other than a sample, which ends in a thread and time.
    fn event(self, kind: u32, misc: u16, body: &[u8], time: u64) -> File {
        self.event_of(1, kind, misc, body, time)
    }

    fn event_of(self, tid: u32, kind: u32, misc: u16, body: &[u8], time: u64) -> File {
        let trailer = match self.has_trailers {
            true => [self.ids(tid, tid), self.words(&[time]), self.id()].concat(),
            false => Vec::new(),
        };
        self.record(kind, misc, [body, &trailer].concat())
    }

    /// The id of the event, if there are several.
    fn id(&self) -> Vec<u8> {
        match self.has_ids() {
            true => self.words(&[FIRST_ID + self.event as u64]),
            false => Vec::new(),
        }
    }

    fn has_ids(&self) -> bool {
        self.events.len() > 1 || self.read_format.is_some()
    }

    fn map(self, pid: u32, start: u64, length: u64, name: &str, time: u64) -> File {
        const USER_MODE: u16 = 2;
        let place = self.words(&[start, length, 0]);
        let body = [self.ids(pid, pid), place, File::text(name)].concat();
        self.event(MMAP, USER_MODE, &body, time)
    }

    /// Maps the kernel, or one of its modules.
    fn map_kernel(self, start: u64, length: u64, name: &str) -> File {
        const KERNEL_MODE: u16 = 1;
        const NOBODY: u32 = u32::MAX;
        let place = self.words(&[start, length, start]);
        let body = [self.ids(NOBODY, 0), place, File::text(name)].concat();
        self.event(MMAP, KERNEL_MODE, &body, 0)
    }

    fn comm(self, pid: u32, tid: u32, name: &str, time: u64) -> File {
        let body = [self.ids(pid, tid), File::text(name)].concat();
        self.event(COMM, 0, &body, time)
    }

    fn fork(self, pid: u32, parent: u32, time: u64) -> File {
        let ids = [
            self.u32(pid),
            self.u32(parent),
            self.u32(pid),
            self.u32(parent),
        ];
        let body = [ids.concat(), self.words(&[time])].concat();
        self.event(FORK, 0, &body, time)
    }

    /// A sample of period 7, unless the period is fixed.
    fn sample(self, pid: u32, time: u64, callchain: &[u64]) -> File {
        let length = callchain.len() as u64;
        self.sample_of(pid, time, length, callchain)
    }

    /// A sample with additional data after the call chain.
    fn sample_of(self, pid: u32, time: u64, length: u64, words: &[u64]) -> File {
        let ids = self.ids(pid, pid);
        let period: &[u64] = if self.period.is_none() { &[7] } else { &[] };
        let body = [
            self.words(&[self.ip]),
            ids,
            self.words(&[time]),
            self.id(),
            self.words(&[period, &self.readings, &[length], words].concat()),
        ];
        let mode = self.mode;
        self.record(SAMPLE, mode, body.concat())
    }

    /// Sets the event of the following records.
    fn of_event(self, event: usize) -> File {
        File { event, ..self }
    }

    /// Sets the location of the following samples.
    fn at(self, mode: u16, ip: u64) -> File {
        File { mode, ip, ..self }
    }

    /// Sets the counter values in the following samples.
    fn reading(self, words: &[u64]) -> File {
        let readings = words.to_vec();
        File { readings, ..self }
    }

    fn round(self) -> File {
        self.record(ROUND, 0, Vec::new())
    }

    /// An event whose samples have address, thread, time, call chain and, unless it is fixed, the
    /// period.
    fn attribute(&self, number: u64) -> Vec<u8> {
        const SAMPLE_TYPE: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 5;
        const PERIOD: u64 = 1 << 8;
        const BRANCHES: u64 = 1 << 11;
        const REGISTERS_AND_STACK: u64 = 1 << 12 | 1 << 13;
        const READ: u64 = 1 << 4;
        const ID: u64 = 1 << 6;
        let flags = u64::from(self.has_trailers) << 18 | u64::from(self.inherits) << 1;
        let flags = match self.is_big {
            true => flags.reverse_bits(),
            false => flags,
        };
        let branches = self.branches.map_or(0, |_| BRANCHES);
        let stack = self.registers.map_or(0, |_| REGISTERS_AND_STACK);
        let period = self.period.map_or(PERIOD, |_| 0);
        let id = if self.has_ids() { ID } else { 0 };
        let read = self.read_format.map_or(0, |_| READ);
        let sample_type = SAMPLE_TYPE | branches | stack | period | id | read;
        let format = self.read_format.unwrap_or_default();
        let kinds = [self.branches, self.registers].map(Option::unwrap_or_default);
        let fixed = self.period.unwrap_or_default();
        let start = [number, fixed, sample_type, format, flags, 0, 0, 0];
        let rest = [&start, &kinds[..]].concat();
        let head = [self.u32(self.kind), self.u32(88)].concat();
        [head, self.words(&rest)].concat()
    }

    fn bytes(&self) -> Vec<u8> {
        let magic: &[u8] = if self.is_big {
            b"2ELIFREP"
        } else {
            b"PERFILE2"
        };
        const ENTRY: u64 = 88 + 16;
        let count = self.events.len() as u64;
        let first_ids = 104 + count * ENTRY;
        let ids: Vec<u64> = (FIRST_ID..FIRST_ID + count).collect();
        let entries = self.events.iter().zip(0..).flat_map(|(number, index)| {
            let ids = self.words(&[first_ids + 8 * index, 8]);
            [self.attribute(*number), ids].concat()
        });
        let entries: Vec<u8> = entries.collect();
        let ids = self.words(&ids);
        let records = [first_ids + ids.len() as u64, self.records.len() as u64];
        let header = [104, ENTRY, 104, count * ENTRY, records[0], records[1]];
        let header = [&header[..], &[0, 0, 0, 0, 0, 0]].concat();
        [magic, &self.words(&header), &entries, &ids, &self.records].concat()
    }

    #[track_caller]
    fn assert_folds(&self, folded: &str) {
        assert_eq!(fold(&self.bytes()), folded);
    }
}

#[test]
fn both_byte_orders_are_read() {
    for is_big in [false, true] {
        File::new(is_big)
            .comm(5, 5, "prog", 1)
            .map(5, 0x1000, 0x1000, "/nowhere/lib x.so", 2)
            // Only a flag says that records end in their time.
            .comm(5, 5, "later", 4)
            .sample(5, 3, &[USER, 0x1010, 0x1020, 0x9000])
            .assert_folds("prog;[unknown];[lib x.so];[lib x.so] 7\n");
    }
}

#[test]
fn samples_without_a_period_have_that_of_their_event() {
    let mut file = File::new(false);
    file.period = Some(1_000_000);
    file.comm(5, 5, "prog", 1)
        .sample(5, 2, &[USER, 0x1010])
        .sample(5, 3, &[USER, 0x1010])
        .assert_folds("prog;[unknown] 2000000\n");
}

#[test]
fn records_are_taken_in_the_order_of_time() {
    File::new(false)
        .sample(5, 30, &[USER, 0x1010])
        .sample(5, 10, &[USER, 0x1010])
        .round()
        .comm(5, 5, "later", 20)
        .comm(5, 5, "first", 5)
        .round()
        .assert_folds("first;[unknown] 7\nlater;[unknown] 7\n");
}

#[test]
fn children_start_with_the_name_and_the_maps_of_their_parents() {
    File::new(false)
        .comm(5, 5, "parent", 1)
        .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
        .fork(6, 5, 3)
        .map(6, 0x1000, 0x800, "/nowhere/b", 4)
        .sample(6, 5, &[USER, 0x1000])
        .sample(6, 5, &[USER, 0x1800])
        .sample(5, 5, &[USER, 0x1000])
        .comm(6, 6, "child", 6)
        .sample(6, 7, &[USER, 0x1000])
        .assert_folds("child;[b] 7\nparent;[a] 14\nparent;[b] 7\n");
}

#[test]
fn threads_without_a_name_have_their_number() {
    File::new(false)
        .sample(77, 1, &[USER, 0x1000])
        .sample(0, 2, &[USER, 0x1000])
        .assert_folds(":77;[unknown] 7\nswapper;[unknown] 7\n");
}

#[test]
fn thread_names_are_whole_and_ids_are_known() {
    let file = File::new(false)
        .comm(5, 5, "worker 42", 1)
        .comm(6, 6, "pool 7/9", 1)
        .sample(5, 2, &[USER, 0x1000])
        .sample(6, 3, &[USER, 0x1000]);
    file.assert_folds("pool_7/9;[unknown] 7\nworker_42;[unknown] 7\n");
    let mut with_pid = options();
    with_pid.stacks.include_pid = true;
    let found = fold_with(with_pid, &file.bytes()).unwrap();
    assert_eq!(found, "pool_7/9-6;[unknown] 7\nworker_42-5;[unknown] 7\n");
}

#[test]
fn stacks_have_all_their_frames() {
    let chain: Vec<u64> = (0..300).map(|depth| 0x1000 + depth).collect();
    File::new(false)
        .comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
        .sample(5, 3, &[&[USER], &chain[..]].concat())
        .assert_folds(&format!("prog;{} 7\n", ["[a]"; 300].join(";")));
}

/// Like code compiled by node and Java. A frame pointer below the stack, or far away from it, is
/// invalid.
#[cfg(target_arch = "x86_64")]
#[test]
fn code_without_tables_has_frame_pointers() {
    const REGISTERS: u64 = 1 << 6 | 1 << 7 | 1 << 8;
    let stack = [1, 2, 0x8030, 0x1020, 3, 4, 0x8010, 0x1030];
    let folded = |frame_pointer| {
        let mut file = File::new(false);
        file.registers = Some(REGISTERS);
        let (abi, registers) = (2, [frame_pointer, 0x8000, 0x1010]);
        let size = 8 * stack.len() as u64;
        let user = [&[abi], &registers[..], &[size], &stack[..], &[size]].concat();
        let file = file
            .comm(5, 5, "prog", 1)
            .map(5, 0x1000, 0x20, "/nowhere/a", 2)
            .map(5, 0x1020, 0x10, "/nowhere/b", 2)
            .map(5, 0x1030, 0x10, "/nowhere/c", 2)
            .sample_of(5, 3, 0, &user);
        fold(&file.bytes())
    };
    // The callers return to the byte after the call, which is in the next object.
    assert_eq!(folded(0x8010), "prog;[b];[a];[a] 7\n");
    for none in [0, 0x7ff8, 0x8000 + 0x4001] {
        assert_eq!(folded(none), "prog;[a] 7\n");
    }
}

/// Folds a recording with a sample, which counts 7, at each byte of a library.
fn fold_each_byte(library: &str) -> String {
    let path = format!("/opt/demo/{library}");
    let size = fs::metadata(format!("{DATA}/symfs{path}"))
        .expect("a library")
        .len();
    let mut file = File::new(false)
        .comm(5, 5, "prog", 1)
        .map(5, 0x1000, size, &path, 2);
    for offset in 0..size {
        file = file.sample(5, 3, &[USER, 0x1000 + offset]);
    }
    fold(&file.bytes())
}

/// `chosen.so` calls one of its own functions through a stub, because it is an indirect function.
#[test]
fn stubs_of_indirect_functions_are_named_after_them() {
    let found = fold_each_byte("chosen.so");
    // The stub has 16 bytes.
    assert!(found.contains("prog;chosen@plt 112\n"), "{found}");
}

/// `stubs.so` calls a function of another object, whose address it also takes: its stub is in `.plt.got`.
#[test]
fn stubs_with_the_address_in_the_global_offset_table_are_named() {
    let found = fold_each_byte("stubs.so");
    // The stub has 8 bytes.
    assert!(found.contains("prog;other@plt 56\n"), "{found}");
}

/// `marked.so` was built for processors that check where calls end: its stub is in `.plt.sec`.
#[test]
fn stubs_with_marks_are_named() {
    let found = fold_each_byte("marked.so");
    assert!(found.contains("prog;other@plt 112\n"), "{found}");
}

/// No table covers the stub of `marked.so`: the address of its caller is on top of the stack.
#[cfg(target_arch = "x86_64")]
#[test]
fn stubs_are_unwound_without_tables() {
    const REGISTERS: u64 = 1 << 6 | 1 << 7 | 1 << 8;
    // The stub is called by the instruction before 0x29d.
    let (stub, stack) = (0x1280, [0x129d, 0, 0]);
    let size = 8 * stack.len() as u64;
    let user = [&[2, 0, 0x8000, stub, size], &stack[..], &[size]].concat();
    let mut file = File::new(false);
    file.registers = Some(REGISTERS);
    file.comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "/opt/demo/marked.so", 2)
        .sample_of(5, 3, 0, &user)
        .assert_folds("prog;call;other@plt 7\n");
}

/// Stacks of eight kilobytes to unwind, first in a short recording and then in one that is twenty
/// times longer. Only some batches of samples, and their distinct content, are in memory at a time.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn memory_does_not_grow_with_the_samples() {
    const REGISTERS: u64 = 1 << 6 | 1 << 7 | 1 << 8;
    const STACK: usize = 1024;
    const STACKS: u64 = 400;
    let mut file = File::new(false);
    file.registers = Some(REGISTERS);
    let start_of = |number: u64| 0x10000 * (number + 1);
    let mut maps = File::new(false).comm(5, 5, "prog", 1);
    for number in 0..STACKS {
        let object = format!("/nowhere/{number}{}", "long".repeat(700));
        maps = maps.map(5, start_of(number), 0x1000, &object, 2);
    }
    for number in 0..STACKS {
        let start = start_of(number);
        // A frame pointer that points to that of the caller, followed by the return address.
        let mut stack = [0; STACK];
        (stack[2], stack[3]) = (0, start + 0x10);
        let (abi, registers, size) = (2, [0x8010, 0x8000, start + 0x20], 8 * STACK as u64);
        let user = [&[abi], &registers[..], &[size], &stack[..], &[size]].concat();
        file = file.sample_of(5, 3 + number, 0, &user);
    }
    let once = file.round().records;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("perf.data");
    let measure = |times: usize| {
        let mut repeated = File::new(false);
        repeated.registers = Some(REGISTERS);
        repeated.records = [&maps.records[..], &once.repeat(times)].concat();
        fs::write(&path, repeated.bytes()).expect("a file");
        memory::peak(PERF, &path)
    };
    let (few, many) = (measure(2), measure(40));
    assert!(
        many < few + 20 * once.len() as u64,
        "{few} and {many} bytes for 2 and 40 times {} bytes",
        once.len()
    );
}

#[test]
fn branches_that_are_not_calls_are_skipped() {
    let mut file = File::new(false);
    file.branches = Some(1);
    let words = [USER, 0x1000, 1, 0x2010, 0x3000, 0];
    file.comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
        .sample_of(5, 3, 2, &words)
        .assert_folds("prog;[a] 7\n");
}

#[test]
fn context_marks_in_call_chains_are_respected() {
    let kernel = 0xffff_ffff_8100_0010;
    let file = File::new(false)
        .comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "//anon", 2)
        .sample(5, 3, &[KERNEL, kernel, USER, 0x1010, 0x1020]);
    file.assert_folds("prog;[perf-5.map];[perf-5.map];[unknown] 7\n");
}

/// Modules have the kernel's names, wherever their files are, and their symbols are relative to
/// their load address.
#[test]
fn modules_of_the_kernel_have_names() {
    let (text, module) = (0xffff_ffff_8100_0000, 0xffff_ffff_c000_0000);
    let file = File::new(false)
        .map_kernel(text, 0x2000, "[kernel.kallsyms]_text")
        .map_kernel(
            module,
            0x1000,
            "/lib/modules/6.1.0/kernel/net/nf-tables.ko.xz",
        )
        .map_kernel(module + 0x2000, 0x1000, "[overlay]")
        .comm(5, 5, "prog", 1)
        .sample(5, 3, &[KERNEL, module + 0x10, text + 0x1010])
        .sample(5, 4, &[KERNEL, module + 0x2010, text + 0x1010]);
    let kallsyms = tempfile::NamedTempFile::new().expect("a file");
    let fold_with_symbols = |symbols: &str| {
        fs::write(&kallsyms, symbols).expect("a file");
        let mut options = options();
        options.kallsyms = Some(kallsyms.path().to_path_buf());
        fold_with(options, &file.bytes()).expect("a file that can be read")
    };
    let of_kernel = "ffffffff81000000 T _text\nffffffff81001000 T work\n";
    let of_modules =
        "ffffffffc0000000 t evaluate\t[nf_tables]\nffffffffc0002000 t read\t[overlay]\n";
    assert_eq!(
        fold_with_symbols(&[of_kernel, of_modules].concat()),
        "prog;work;evaluate 7\nprog;work;read 7\n"
    );
    let without = fold_with_symbols("");
    let unnamed =
        "prog;[[kernel.kallsyms]];[[nf_tables]] 7\nprog;[[kernel.kallsyms]];[[overlay]] 7\n";
    assert_eq!(without, unnamed);
}

/// The kernel compiles programs and removes them again, which records of symbols say.
#[test]
fn functions_of_the_kernel_come_and_go() {
    const SYMBOL: u32 = 17;
    const PROGRAM: u16 = 1;
    const GONE: u16 = 1;
    let (text, program) = (0xffff_ffff_8100_0000, 0xffff_ffff_c000_0000);
    let symbol = |file: File, flags: u16, time| {
        let size = file.u32(0x100);
        let kind = [PROGRAM.to_le_bytes(), flags.to_le_bytes()].concat();
        let body = [
            file.words(&[program]),
            size.to_vec(),
            kind,
            File::text("bpf_prog_count"),
        ];
        file.event_of(5, SYMBOL, 0, &body.concat(), time)
    };
    let file = File::new(false)
        .map_kernel(text, 0x2000, "[kernel.kallsyms]_text")
        .comm(5, 5, "prog", 1);
    let file = symbol(file, 0, 2).sample(5, 3, &[KERNEL, program + 0x10]);
    symbol(file, GONE, 4)
        .sample(5, 5, &[KERNEL, program + 0x10])
        .assert_folds("prog;[unknown] 7\nprog;bpf_prog_count 7\n");
}

/// In code without frame pointers, the kernel takes the register's value as one.
#[test]
fn invalid_addresses_do_not_end_a_call_chain() {
    let odd = -360i64 as u64;
    File::new(false)
        .comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
        .sample(5, 3, &[USER, 0x1010, odd])
        .sample(5, 4, &[USER, 0x1010, odd, 0])
        .assert_folds("prog;[a] 7\nprog;[unknown];[a] 7\n");
}

#[test]
fn samples_without_a_stack_are_counted() {
    let file = File::new(false).sample(5, 1, &[]).bytes();
    let output = run(PERF, &[], &file);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("1 sample has no stack"));
}

#[test]
fn records_before_a_truncation_are_folded() {
    let file = File::new(false)
        .comm(5, 5, "prog", 1)
        .sample(5, 2, &[USER, 0x1000])
        .sample(5, 3, &[USER, 0x1000])
        .bytes();
    let output = run(PERF, &[], &file[..file.len() - 5]);
    assert_eq!(stdout(&output), "prog;[unknown] 7\n");
    assert_eq!(
        stderr(&output),
        "inferno-collapse-perf: warning: the file is damaged: it ends early; what \
         could be read is folded\n"
    );
    assert!(output.status.success());
}

#[test]
fn empty_input_is_a_one_line_error() {
    let whole = File::new(false).bytes();
    for (input, message) in [
        (&whole[..20], "the file ends in its header"),
        (&whole[..104], "the file names no events"),
        (&whole[..], "found no stacks, expected"),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("perf.data");
        fs::write(&path, input).expect("a file");
        let path = path.display().to_string();
        let output = run(PERF, &["-q", &path], b"");
        let expected = format!("inferno-collapse-perf: error: {path}: {message}");
        let found = stderr(&output);
        assert!(found.starts_with(&expected), "{found}");
        assert_eq!(found.lines().count(), 1);
        assert_eq!(output.status.code(), Some(1));
    }
}

/// Any damaged file is folded or causes an error.
#[test]
fn corrupted_files_do_not_panic() {
    for case in ["fp", "dwarf", "compressed", "pipe", "arm"] {
        let file = capture(case);
        let step = file.len() / 100 + 1;
        for at in (0..file.len()).step_by(step).chain(0..120) {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= change;
                let _ = fold_with(options(), &changed);
            }
            let _ = fold_with(options(), &file[..at]);
        }
    }
}

/// The same for programs, from which symbols and unwind tables are read.
#[test]
fn no_byte_of_a_program_is_a_panic() {
    let directory = tempfile::tempdir().expect("a directory");
    let programs = directory.path().join("opt/demo");
    fs::create_dir_all(&programs).expect("a directory");
    let program = fs::read(format!("{DATA}/symfs/opt/demo/spin")).expect("a program");
    let capture = capture("dwarf");
    let fold_with_program = |program: &[u8]| {
        fs::write(programs.join("spin"), program).expect("a file");
        let mut options = options();
        options.inline = true;
        options.symfs = Some(directory.path().to_path_buf());
        fold_with(options, &capture)
    };
    for at in (0..program.len()).step_by(67).chain(0..64) {
        let mut changed = program.clone();
        changed[at] ^= 0xff;
        fold_with_program(&changed).expect("stacks, if not their names");
    }
    fold_with_program(&program[..Path::new(DATA).as_os_str().len()]).expect("stacks");
}

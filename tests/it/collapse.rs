//! Golden tests: each profile `tests/data/FORMAT/CASE.*` is folded by `inferno-collapse-FORMAT`, or
//! by `inferno collapse FORMAT` if there is no such tool, and the output must equal `CASE.folded`.
//! `CASE.args` has command-line arguments, one per line. Profiles may be compressed. `CASE.stderr`
//! has the expected messages; if it exists without `CASE.folded`, the tool must fail. `BLESS=1
//! cargo test --test it collapse` writes the expected files.

use inferno::collapse::formats::recognized;
use inferno::collapse::guess;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

struct Case {
    format: String,
    profile: PathBuf,
    args: Vec<String>,
    expected: PathBuf,
    messages: PathBuf,
}

impl Case {
    /// Whether the tool must reject the profile.
    fn is_refused(&self) -> bool {
        self.messages.exists() && !self.expected.exists()
    }
}

/// All cases, in the directories of formats.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for directory in entries(Path::new(DATA)).filter(|path| path.is_dir()) {
        let format = name(&directory);
        if has_tool(&format) || is_format(&format) {
            cases.extend(cases_in(&directory, &format));
        }
    }
    cases
}

fn cases_in(directory: &Path, format: &str) -> Vec<Case> {
    let mut profiles = BTreeMap::new();
    for path in entries(directory).filter(|path| path.is_file()) {
        let (case, kind) = name(&path)
            .split_once('.')
            .map(owned)
            .expect("a file with an ending");
        if !["folded", "args", "py", "stderr"].contains(&kind.as_str()) {
            let other = profiles.insert(case, path);
            assert!(other.is_none(), "two profiles for one case: {other:?}");
        }
    }
    let case = |(case, profile): (String, PathBuf)| Case {
        format: format.to_string(),
        profile,
        args: fs::read_to_string(directory.join(format!("{case}.args")))
            .map(|args| args.lines().map(str::to_string).collect())
            .unwrap_or_default(),
        expected: directory.join(format!("{case}.folded")),
        messages: directory.join(format!("{case}.stderr")),
    };
    profiles.into_iter().map(case).collect()
}

fn owned((a, b): (&str, &str)) -> (String, String) {
    (a.to_string(), b.to_string())
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory of test data");
    entries.map(|entry| entry.expect("a directory entry").path())
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

fn tool(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_BIN_EXE_inferno"))
        .parent()
        .expect("a directory");
    tools.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn has_tool(format: &str) -> bool {
    tool(&format!("inferno-collapse-{format}")).exists()
}

fn is_format(format: &str) -> bool {
    recognized().any(|row| row.name == format)
}

fn command(format: &str) -> Command {
    if has_tool(format) {
        return Command::new(tool(&format!("inferno-collapse-{format}")));
    }
    let mut command = Command::new(tool("inferno"));
    command.args(["collapse", format]);
    command
}

fn run(case: &Case, more_args: &[&str]) -> Output {
    command(&case.format)
        .args(&case.args)
        .args(more_args)
        .arg(&case.profile)
        .env_remove("RUST_LOG")
        .output()
        .expect("the tool runs")
}

fn fold(case: &Case, more_args: &[&str]) -> String {
    let output = run(case, more_args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}: {stderr}",
        case.profile.display()
    );
    String::from_utf8(output.stdout).expect("folded text in UTF-8")
}

#[test]
fn profiles_fold_as_expected() {
    let cases = cases();
    assert!(cases.len() > 30, "the cases were found");
    let mut failures = Vec::new();
    for case in cases.iter().filter(|case| !case.is_refused()) {
        let folded = fold(case, &[]);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&case.expected, &folded).expect("the expected file is written");
        } else if fs::read_to_string(&case.expected).unwrap_or_default() != folded {
            failures.push(format!("{}:\n{folded}", case.expected.display()));
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Each problem causes one warning; an error is one line, without output.
#[test]
fn unusual_and_invalid_input_is_reported() {
    let mut failures = Vec::new();
    for case in cases().iter().filter(|case| case.messages.exists()) {
        let output = run(case, &[]);
        let directory = format!("{}/", case.profile.parent().expect("a directory").display());
        let messages = String::from_utf8_lossy(&output.stderr).replace(&directory, "");
        let is_refused = output.status.code() == Some(1) && output.stdout.is_empty();
        if std::env::var_os("BLESS").is_some() {
            fs::write(&case.messages, &messages).expect("the expected file is written");
            if output.status.success() {
                fs::write(&case.expected, &output.stdout).expect("the expected file is written");
            }
        } else if fs::read_to_string(&case.messages).expect("a file") != messages {
            failures.push(format!("{}:\n{messages}", case.messages.display()));
        } else if is_refused != case.is_refused() {
            failures.push(format!("{}: {}", case.messages.display(), output.status));
        }
    }
    assert!(failures.is_empty(), "differ:\n{}", failures.join("\n"));
}

/// Formats in which names are mangled, each with a function in one of its profiles.
const MANGLED: [(&str, &str, &str); 28] = [
    ("aix", "two-threads.txt", "__fd_poll"),
    ("bcc", "profile.txt", "bake"),
    ("bpftrace", "maps-without-stacks.txt", "main"),
    ("callgrind", "cachegrind.out", "knead"),
    ("chrome", "chunks-with-nulls.json", "bake"),
    ("dhat", "numbers-as-text.json", "load"),
    ("dtrace", "carriage-returns.txt", "leaf"),
    ("elfutils", "modules-and-inlined.txt", "_M_invoke"),
    ("firefox", "places-with-parentheses.json", "bake"),
    ("gdb", "bt-full.txt", "___pthread_join"),
    ("go", "cpu.txt", "bakery"),
    ("heaptrack", "peak.txt", "knead"),
    ("instruments", "time.txt", "main"),
    ("massif", "peak.out", "knead"),
    ("otlp", "json.json", "bake"),
    ("perf", "c-crlf.txt", "__libc_start_call_main"),
    ("perf-sched", "sleep.txt", "__schedule"),
    ("pmc", "two-events.txt", "__mtx_unlock_flags"),
    ("sample", "cut.txt", "start"),
    ("speedscope", "below-zero.json", "knead"),
    ("stap", "modules.txt", "default_idle"),
    ("strace", "calls.txt", "__close"),
    ("uftrace", "kernel.txt", "do_sys_open"),
    ("vtune", "names.csv", "Total"),
    ("vtune-mc", "allocations.csv", "Total"),
    ("wcp", "shares.txt", "heat"),
    ("xctrace", "cut-in-a-row.xml", "leaf"),
    ("rprof", "lines.out", "bake"),
];

#[test]
fn mangled_names_are_readable_unless_they_are_to_be_kept() {
    let symbol = "_ZN4oven4heat17h0123456789abcdefE";
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("profile");
    for (format, file, function) in MANGLED {
        let profile = fs::read_to_string(format!("{DATA}/{format}/{file}")).expect("a profile");
        fs::write(&path, profile.replace(function, symbol)).expect("a file");
        let fold = |args: &[&str]| {
            let output = command(format).args(args).arg(&path).output();
            let output = output.expect("the tool runs");
            String::from_utf8(output.stdout).expect("folded text in UTF-8")
        };
        let readable = fold(&[]);
        assert!(readable.contains("oven::heat"), "{format}: {readable}");
        if !["rprof", "uftrace"].contains(&format) {
            let kept = fold(&["--no-demangle"]);
            assert!(kept.contains(symbol), "{format}: {kept}");
        }
    }
}

/// A profile in one format is not an empty profile in another.
#[test]
fn profiles_in_other_formats_are_rejected_or_folded() {
    let mut samples: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for case in cases().iter().filter(|case| case.expected.exists()) {
        let is_text = case
            .profile
            .extension()
            .is_none_or(|kind| kind != "gz" && kind != "zst");
        if is_text {
            let profile = fs::read(&case.profile).expect("a profile");
            samples.entry(case.format.clone()).or_insert(profile);
        }
    }
    let text = |text: &str| text.as_bytes().to_vec();
    samples.extend([
        ("nothing".to_string(), Vec::new()),
        ("an object".to_string(), text("{}")),
        (
            "another object".to_string(),
            text(r#"{"version": 1, "data": []}"#),
        ),
        ("a list of objects".to_string(), text(r#"[{"version": 1}]"#)),
        ("a string".to_string(), text("\"main\"\n")),
        ("words".to_string(), text("Dear all,\n")),
    ]);
    let mut options = guess::Options::default();
    options.demangle = false;
    let mut failures = Vec::new();
    for row in recognized().filter(|row| row.is_document()) {
        for (format, profile) in samples.iter().filter(|(format, _)| *format != row.name) {
            let read = row.read(profile.as_slice(), &options);
            if read.is_ok_and(|profile| profile.is_empty()) {
                failures.push(format!("{} takes {format} for an empty profile", row.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Each format has at least one case.
#[test]
fn each_format_has_a_case() {
    let formats: Vec<String> = cases().into_iter().map(|case| case.format).collect();
    let has_case = |name: &str| formats.iter().any(|format| format == name);
    let names = recognized().map(|row| row.name);
    let names = names.filter(|name| *name != "folded");
    let missing: Vec<&str> = names.filter(|name| !has_case(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "formats without a case");
}

/// The sum of the output does not depend on how the work is divided.
#[test]
fn the_number_of_threads_changes_nothing() {
    let has_threads = |case: &&Case| ["perf", "dtrace", "recursive"].contains(&&*case.format);
    for case in cases().iter().filter(has_threads) {
        let expected = fold(case, &["-n1"]);
        for threads in ["-n0", "-n2", "-n7"] {
            assert_eq!(
                fold(case, &[threads]),
                expected,
                "{} {threads}",
                case.profile.display()
            );
        }
    }
}

//! Tests of the command-line tools: input, output, messages, exit codes.

use crate::support::run::{assert_fails, assert_folds, run, run_in, stderr, stdout};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::process::{Command, Output, Stdio};

#[cfg(target_os = "linux")]
use crate::support::memory;

const PERF: &str = env!("CARGO_BIN_EXE_inferno-collapse-perf");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

const SCRIPT: &str = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";

#[test]
fn standard_input_is_read_with_and_without_a_dash() {
    assert_folds(&run(PERF, &[], SCRIPT.as_bytes()), "prog;main;leaf 7\n");
    assert_folds(&run(PERF, &["-"], SCRIPT.as_bytes()), "prog;main;leaf 7\n");
}

/// Samples of different lengths, several megabytes in total, with one invalid line.
fn large_script() -> String {
    let sample = |number: usize| {
        let frames: String = (0..number % 40)
            .map(|frame| format!("\t {frame:x} f{}+0x1 (m)\n", frame * number % 50))
            .collect();
        format!("prog {number} [000] 1.0: 7 cycles:\n{frames}\t 34 main (m)\n\n")
    };
    let mut samples: Vec<String> = (0..8000).map(sample).collect();
    samples[6000].insert_str(0, "no event\n\n");
    samples.concat()
}

#[test]
fn a_file_is_folded_like_a_pipe() {
    let script = large_script();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("script");
    fs::write(&path, &script).expect("room for it");
    let path = path.to_str().expect("UTF-8");

    let expected = run(PERF, &["-n", "1"], script.as_bytes());
    let line = 1 + script[..script.find("no event").expect("it is there")]
        .lines()
        .count();
    let warning = |output: &Output| {
        let message = stderr(output);
        let (_, warning) = message.split_once(": ").expect("a tool's name");
        warning.to_string()
    };
    assert!(warning(&expected).contains(&format!("[line {line}]")));
    for tool in [PERF, GUESS] {
        for nthreads in ["0", "1", "2", "3", "8", "18446744073709551615"] {
            let args = ["-n", nthreads];
            let file = || fs::File::open(path).expect("it is there");
            let from_stdin = Command::new(tool).args(args).stdin(file()).output();
            for output in [
                run(tool, &[&args[..], &[path]].concat(), b""),
                run(tool, &args, script.as_bytes()),
                from_stdin.expect("the tool runs"),
            ] {
                assert_eq!(warning(&output), warning(&expected), "{tool} {args:?}");
                assert!(output.stdout == expected.stdout, "{tool} {args:?}");
            }
        }
    }
}

#[test]
fn standard_input_is_read_from_its_current_position() {
    let mut file = tempfile::tempfile().expect("a file");
    write!(file, "{SCRIPT}{}", SCRIPT.replace("7 cycles", "5 cycles")).expect("room for it");
    for (start, folded) in [
        (0, "prog;main;leaf 12\n"),
        (SCRIPT.len(), "prog;main;leaf 5\n"),
    ] {
        file.seek(SeekFrom::Start(start as u64)).expect("a place");
        let again = || Stdio::from(file.try_clone().expect("another handle"));
        let output = Command::new(PERF).stdin(again()).output();
        assert_folds(&output.expect("the tool runs"), folded);
        let rest = Command::new(PERF).stdin(again()).output();
        assert_fails(
            &rest.expect("the tool runs"),
            "inferno-collapse-perf: error: standard input: found no stacks, expected the output of `perf \
             script`\n",
        );
    }
}

/// This makes the tools and `perf script` wait for each other less often.
#[test]
#[cfg(target_os = "linux")]
fn pipes_hold_more_than_usual() {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};

    let (input, mut writer) = std::io::pipe().expect("a pipe");
    let (reader, output) = std::io::pipe().expect("a pipe");
    writer.write_all(SCRIPT.as_bytes()).expect("room for it");
    drop(writer);
    let status = Command::new(PERF)
        .stdin(input.try_clone().expect("another handle"))
        .stdout(output)
        .status();
    assert!(status.expect("the tool runs").success());

    // The size that the system grants.
    let (other, _writer) = std::io::pipe().expect("a pipe");
    let _ = fcntl_setpipe_size(&other, 1 << 20);
    let expected = fcntl_getpipe_size(&other).expect("a size");
    assert_eq!(fcntl_getpipe_size(&input), Ok(expected));
    assert_eq!(fcntl_getpipe_size(&reader), Ok(expected));
}

#[test]
fn compressed_input_is_recognized() {
    for file in ["script.gz", "script.zst", "two-members.gz", "frames.zst"] {
        let path = format!("{DATA}/compressed/{file}");
        let count = if file.starts_with("script") { 7 } else { 14 };
        let folded = format!("prog;main;leaf {count}\n");
        assert_folds(&run(PERF, &[&path], b""), &folded);
        assert_folds(
            &run(PERF, &[], &fs::read(path).expect("a fixture")),
            &folded,
        );
    }
}

#[test]
fn damaged_compressed_input_is_an_error() {
    let read = |file: &str| fs::read(format!("{DATA}/compressed/{file}")).expect("a fixture");
    let (gzip, zstd) = (read("script.gz"), read("script.zst"));
    assert_fails(
        &run(PERF, &[], &gzip[..20]),
        "inferno-collapse-perf: error: standard input: the gzip data is truncated\n",
    );
    for cut in [5, 20] {
        let output = run(PERF, &[], &zstd[..zstd.len() - cut]);
        let message = stderr(&output);
        let start = "inferno-collapse-perf: error: standard input: the zstd data ";
        assert!(
            message.starts_with(start) && message.lines().count() == 1,
            "{message}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn the_error_for_a_missing_file_names_it() {
    let message = |tool: &str| {
        format!("{tool}: error: no-such-file: No such file or directory (os error 2)\n")
    };
    assert_fails(
        &run(PERF, &["no-such-file"], b""),
        &message("inferno-collapse-perf"),
    );
    assert_fails(
        &run(FLAMEGRAPH, &["no-such-file"], b""),
        &message("inferno-flamegraph"),
    );
    assert_fails(
        &run(FLAMEGRAPH, &["--nameattr", "no-such-file"], b"a 1\n"),
        &message("inferno-flamegraph"),
    );
}

#[test]
fn a_directory_is_rejected_as_input() {
    assert_fails(
        &run(PERF, &["."], b""),
        "inferno-collapse-perf: error: .: is a directory\n",
    );
}

#[test]
fn input_without_stacks_is_an_error() {
    let nothing = "standard input: found no stacks, expected the output of `perf script`\n";
    assert_fails(
        &run(PERF, &[], b""),
        &format!("inferno-collapse-perf: error: {nothing}"),
    );
    let output = run(PERF, &["-q"], b"\x7fELF\x02\x01\x01\0\0\n\0\xff\xfe\n");
    assert_fails(&output, &format!("inferno-collapse-perf: error: {nothing}"));
    assert_eq!(stdout(&output), "");
    let output = run(FLAMEGRAPH, &["-q"], b"no stacks\n");
    assert_fails(
        &output,
        "inferno-flamegraph: error: standard input: No stack counts found\n",
    );
}

#[test]
fn unknown_formats_are_an_error_that_names_the_known_ones() {
    let formats: Vec<&str> = inferno::collapse::guess::formats().collect();
    let message = format!(
        "inferno-collapse-guess: error: standard input: unrecognized format; tried {}\n",
        formats.join(", ")
    );
    for input in [&b""[..], b"Dear all,\n", b"\x01\x02\xff\xfe\n"] {
        let output = run(GUESS, &[], input);
        assert_fails(&output, &message);
        assert_eq!(stdout(&output), "");
    }
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("letter"), "Dear all,\n").expect("room for it");
    assert_fails(
        &run_in(directory.path(), GUESS, &["letter"], b""),
        &message.replace("standard input", "letter"),
    );
}

#[test]
fn without_a_module_the_address_decides_whether_a_line_is_a_frame() {
    let frames = [
        "12!0 leaf",
        "12d0 leaf",
        "12!0 leaf",
        "1!d0 leaf (/bin/x)",
        " 1 (/bin/x)",
        "               1 (/bin/x)",
    ];
    let sample = |frame| format!("prog 7 1.0: 1 cycles:\n\t{frame}\n\n");
    let script: String = frames.map(sample).concat();
    let output = run(PERF, &[], script.as_bytes());
    assert_eq!(stdout(&output), "prog;[x] 1\nprog;leaf 2\n");
    assert!(
        stderr(&output).contains("3 samples have no stack"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn formats_are_detected() {
    assert_folds(&run(GUESS, &[], SCRIPT.as_bytes()), "prog;main;leaf 7\n");
    assert_folds(
        &run(GUESS, &["-n", "2"], b"a;b 1\na 2\na;b 3"),
        "a 2\na;b 4\n",
    );
    for file in ["script.gz", "script.zst"] {
        let path = format!("{DATA}/compressed/{file}");
        assert_folds(&run(GUESS, &[&path], b""), "prog;main;leaf 7\n");
    }
    let output = run(GUESS, &["-v"], SCRIPT.as_bytes());
    let message = "inferno-collapse-guess: info: Using perf collapser\n\
                   inferno-collapse-guess: info: perf: folded 1 sample of event cycles\n\
                   inferno-collapse-guess: info: standard input: 7 cycles, 3 functions\n";
    assert_eq!(stderr(&output), message);
}

#[test]
fn skipped_lines_cause_one_warning() {
    let script =
        format!("junk one\njunk two\n\n{SCRIPT}{SCRIPT}").replacen("\t 34 main (m)", "\t oops", 1);
    let output = run(PERF, &[], script.as_bytes());
    assert_eq!(stdout(&output), "prog;leaf 7\nprog;main;leaf 7\n");
    assert_eq!(
        stderr(&output),
        "inferno-collapse-perf: warning: skipped 2 lines: expected an event line \
         (`comm tid time: event:`), found `junk one` [line 1]\n\
         inferno-collapse-perf: warning: skipped 1 line: expected a frame line \
         (`address symbol (module)`), found `oops` [line 6]\n"
    );
    assert!(output.status.success());
}

#[test]
fn a_truncated_sample_causes_a_warning() {
    let cut =
        "prog  1234    10.000001:  7 cycles: \n\t    7f001234567f leaf+0x1 (/bin/x)\n\t    7f0012";
    let output = run(PERF, &[], format!("{SCRIPT}{cut}").as_bytes());
    assert_eq!(stdout(&output), "prog;leaf 7\nprog;main;leaf 7\n");
    assert_eq!(
        stderr(&output),
        "inferno-collapse-perf: warning: the input ends within a sample, whose stack is \
         counted as far as it goes [line 7]\n"
    );
}

#[test]
fn advice_for_samples_without_stacks_is_given_if_none_has_one() {
    let without = "prog 1 1.0: 7 cycles:\n\n";
    let some = run(PERF, &[], format!("{without}{SCRIPT}").as_bytes());
    assert_eq!(
        stderr(&some),
        "inferno-collapse-perf: warning: 1 sample has no stack and cannot be shown\n"
    );
    let none = run(PERF, &[], without.as_bytes());
    assert!(stderr(&none).contains("record with `perf record -g`"));
}

#[test]
fn a_missing_jit_map_names_the_flags_that_make_one() {
    let line = |map: &str, symbol: &str| {
        format!("node 9 1.0: 7 cycles:\n\t    7f001234567f {symbol} ({map})\n\n")
    };
    let unnamed = |map| line(map, "[unknown]");
    let named = unnamed("/tmp/perf-9.map") + &line("/tmp/perf-9.map", "JS:~run");
    assert_eq!(stderr(&run(PERF, &[], named.as_bytes())), "");
    let output = run(PERF, &[], (named + &unnamed("/tmp/perf-10.map")).as_bytes());
    let warning = stderr(&output);
    assert!(
        warning.contains("no function in /tmp/perf-10.map has a name"),
        "{warning}"
    );
    assert!(warning.contains("--perf-basic-prof"), "{warning}");
}

#[test]
fn perf_script_with_few_fields_is_recognized() {
    let script = "prog two \n\t            12e7 leaf\n\t           891f5 main\n\n";
    let expected = "prog_two;main;leaf 1\n";
    assert_eq!(stdout(&run(GUESS, &[], script.as_bytes())), expected);
    let without_comm = script.replace("prog two ", "");
    assert_eq!(
        stdout(&run(GUESS, &[], without_comm.as_bytes())),
        "main;leaf 1\n"
    );
    let graph = run(FLAMEGRAPH, &[], script.as_bytes());
    assert!(stdout(&graph).contains("prog_two"));
}

#[test]
fn requesting_an_event_requires_event_names() {
    let script = "prog \n\t            12e7 leaf\n\n";
    let output = run(PERF, &["--event-filter", "cycles"], script.as_bytes());
    assert!(!output.status.success());
    assert!(stderr(&output).contains("the profile has `no event printed` (1 sample)"));
}

#[test]
fn events_that_are_left_out_are_named() {
    let script = format!(
        "{SCRIPT}{}",
        SCRIPT.replace("cycles", "instructions").repeat(2)
    );
    let output = run(PERF, &[], script.as_bytes());
    assert_eq!(stdout(&output), "prog;main;leaf 7\n");
    assert_eq!(
        stderr(&output),
        "inferno-collapse-perf: warning: only event `cycles` is shown; left out: \
         `instructions` (2 samples); choose one with the event filter (--event EVENT)\n"
    );
    assert_folds(
        &run(PERF, &["--event-filter", "instructions"], script.as_bytes()),
        "prog;main;leaf 14\n",
    );
    assert_folds(&run(PERF, &["-q"], script.as_bytes()), "prog;main;leaf 7\n");
}

#[test]
fn an_output_file_is_written_whole_or_not_at_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("out");
    let names = || fs::read_dir(directory.path()).expect("a directory").count();

    let output = run_in(directory.path(), PERF, &["-o", "out"], SCRIPT.as_bytes());
    assert_folds(&output, "");
    assert_eq!(
        fs::read_to_string(&file).expect("the output"),
        "prog;main;leaf 7\n"
    );

    let output = run_in(directory.path(), PERF, &["-q", "--output=out"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        fs::read_to_string(&file).expect("the output"),
        "prog;main;leaf 7\n"
    );
    assert_eq!(names(), 1, "no temporary file is left");

    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["-o", "out"],
        SCRIPT.as_bytes(),
    );
    assert_folds(&output, "");
    assert!(
        fs::read_to_string(&file)
            .expect("the output")
            .ends_with("</svg>")
    );
    assert_eq!(names(), 1, "no temporary file is left");
}

#[cfg(unix)]
#[test]
fn an_output_file_keeps_its_permissions_and_its_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().expect("a directory");
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "old").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink("file", &link).expect("a link");

    assert_folds(
        &run_in(directory.path(), PERF, &["-o", "link"], SCRIPT.as_bytes()),
        "",
    );
    assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert_eq!(
        fs::read_to_string(&file).expect("the output"),
        "prog;main;leaf 7\n"
    );
    assert_eq!(
        fs::metadata(&file)
            .expect("the output")
            .permissions()
            .mode()
            & 0o777,
        0o640
    );
}

/// Memory use depends on distinct stacks: a repeated stack takes none, and a new one so little that
/// ten million of them take only a few gigabytes.
#[cfg(target_os = "linux")]
#[test]
fn memory_grows_with_distinct_stacks_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("perf.txt");
    let measure = |stacks: std::ops::Range<usize>, times: usize| {
        let samples = stacks.map(|number| {
            let (leaf, caller, root) = (number % 20, number / 20 % 100, number / 2000);
            format!(
                "prog 1 {number}.000001: 1 cycles: \n\t{number:>16x} leaf_{leaf}+0x{number:x} (/bin/x)\n\
                 \t{caller:>16x} caller_{caller}+0x1 (/bin/x)\n\t{root:>16x} root_{root:0>300}+0x2 (/bin/x)\n\n"
            )
        });
        let text = samples.collect::<String>().repeat(times);
        fs::write(&path, &text).expect("a file");
        (memory::peak(PERF, &path), text.len() as u64)
    };
    let (few, _) = measure(0..4000, 2);
    let (many, length) = measure(0..4000, 20);
    assert!(
        many < few + length / 16,
        "{few} and {many} bytes for {length} bytes"
    );
    let stacks = 60_000;
    let (distinct, _) = measure(0..stacks, 1);
    let each = distinct.saturating_sub(few) / stacks as u64;
    assert!(each < 300, "{each} bytes for each stack");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    for tool in [PERF, FLAMEGRAPH] {
        let mut child = Command::new(tool)
            .arg(format!("{DATA}/perf/c-fp.txt"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the tool ends");
        assert_eq!(stderr(&output), "");
        assert!(output.status.success());
    }
}

#[test]
fn version_and_help_and_wrong_flags() {
    for tool in [PERF, FLAMEGRAPH] {
        let version = stdout(&run(tool, &["--version"], b""));
        assert!(
            version.ends_with(concat!(" ", env!("CARGO_PKG_VERSION"), "\n")),
            "{version}"
        );
        assert!(run(tool, &["--help"], b"").status.success());
        assert_eq!(run(tool, &["--no-such-flag"], b"").status.code(), Some(2));
    }
}

#[test]
fn the_flame_graph_tool_folds_a_profile_itself() {
    let folded = run(PERF, &[], SCRIPT.as_bytes()).stdout;
    let in_two_steps = run(FLAMEGRAPH, &[], &folded);
    let in_one_step = run(FLAMEGRAPH, &[], SCRIPT.as_bytes());
    assert!(stdout(&in_one_step).contains("<title>leaf (7 cycles, 100.00%)</title>"));
    // Folded text has no unit, and does not say what the first frames are.
    let in_cycles = stdout(&in_two_steps)
        .replace("7 samples", "7 cycles")
        .replace(
            "\"countName\":\"samples\"",
            "\"countName\":\"cycles\",\"parts\":\"processes\"",
        );
    assert_eq!(stdout(&in_one_step), in_cycles);
}

#[test]
fn several_inputs_are_drawn_together() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("a"), "prog;main;leaf 1").expect("a file");
    fs::write(directory.path().join("b"), SCRIPT).expect("a file");
    let output = run_in(
        directory.path(),
        FLAMEGRAPH,
        &["a", "-", "b", "-"],
        b"prog;main;leaf 2\n",
    );
    assert!(stdout(&output).contains("<title>leaf (10 samples, 100.00%)</title>"));
}

#[test]
fn consistent_palettes_are_kept_in_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let draw = || stdout(&run_in(directory.path(), FLAMEGRAPH, &["--cp"], b"a;b 1\n"));
    let first = draw();
    let map = fs::read_to_string(directory.path().join("palette.map")).expect("the map");
    assert!(map.lines().any(|line| line.starts_with("b->rgb(")), "{map}");
    assert_eq!(draw(), first);
}

//! `inferno convert`, and `--format` of the tools that fold.

use crate::support::run::{assert_fails, assert_folds, run, run_in, stderr, stdout};
use std::fs;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");

const SCRIPT: &str = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";

fn convert(args: &[&str], input: &[u8]) -> std::process::Output {
    run(INFERNO, &[&["convert"], args].concat(), input)
}

#[test]
fn a_profile_goes_through_each_format() {
    let folded = "main;new node 3\nmain;parse \"é\" 17\n";
    for format in ["folded", "pprof", "speedscope", "firefox"] {
        let written = convert(&["--to", format], folded.as_bytes());
        assert_eq!(stderr(&written), "", "{format}");
        assert_folds(&run(INFERNO, &["collapse"], &written.stdout), folded);
        let again = convert(&["--to", "folded"], &written.stdout);
        assert_folds(&again, folded);
    }
}

#[test]
fn formats_are_listed() {
    let list = stdout(&convert(&["--list"], b""));
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        names,
        [
            "folded",
            "pprof",
            "speedscope",
            "firefox",
            "d3",
            "callgrind",
            "tsv"
        ]
    );
    for line in list.lines() {
        assert!(line.split_whitespace().count() > 3, "{line}");
    }
    let unknown = convert(&["--to", "svg"], b"");
    assert!(
        stderr(&unknown).contains("[possible values: folded, pprof,"),
        "{}",
        stderr(&unknown)
    );
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn any_format_is_converted_with_the_flags_of_collapse() {
    let output = convert(
        &["--to", "folded", "--threads", "--drop", "other"],
        SCRIPT.as_bytes(),
    );
    assert_folds(&output, "prog-?/1;main;leaf 7\n");
    let output = convert(&["--to", "pprof"], SCRIPT.as_bytes());
    let values = run(INFERNO, &["collapse", "--list-values"], &output.stdout);
    assert_folds(&values, "cycles\tcount\t7\t(default)\n");
    let values = "cycles\tcycles\t7\t(default)\nsamples\tcount\t1\n";
    assert_folds(&convert(&["--list-values"], SCRIPT.as_bytes()), values);
}

#[test]
fn tools_that_fold_write_other_formats() {
    let expected = stdout(&convert(&["--to", "d3"], SCRIPT.as_bytes()));
    assert!(
        expected.starts_with("{\"name\":\"root\",\"value\":7,"),
        "{expected}"
    );
    let guess = env!("CARGO_BIN_EXE_inferno-collapse-guess");
    let perf = env!("CARGO_BIN_EXE_inferno-collapse-perf");
    for (tool, args) in [
        (INFERNO, &["collapse", "-f", "d3"][..]),
        (INFERNO, &["collapse", "perf", "--format", "d3"]),
        (guess, &["-f", "d3"]),
        (perf, &["-f", "d3"]),
    ] {
        assert_folds(&run(tool, args, SCRIPT.as_bytes()), &expected);
    }
    for format in inferno::collapse::guess::formats() {
        let help = stdout(&run(INFERNO, &["collapse", format, "-h"], b""));
        assert!(help.contains("-f, --format <FORMAT>"), "{format}");
    }
}

#[test]
fn time_order_is_kept_on_request() {
    let folded = "b 1\na 2\nb 3\n";
    let output = convert(&["--to", "speedscope", "--flamechart"], folded.as_bytes());
    assert!(
        stdout(&output).contains("{\"type\":\"O\",\"frame\":0,\"at\":3}"),
        "{}",
        stdout(&output)
    );
    assert_folds(&run(INFERNO, &["collapse"], &output.stdout), "a 2\nb 4\n");
    let output = convert(&["--to", "folded", "--flamechart"], folded.as_bytes());
    assert_folds(&output, folded);
}

#[test]
fn losses_are_reported_in_warnings() {
    let warning = |format: &str, folded: &[u8]| stderr(&convert(&["--to", format], folded));
    let whole = "has whole numbers only: fractions of counts are rounded\n";
    assert!(warning("pprof", b"a 0.5\n").ends_with(&format!("pprof {whole}")));
    assert!(warning("callgrind", b"a 0.5\n").ends_with(&format!("callgrind {whole}")));
    let large = warning("pprof", b"a 9223372036854775808\n");
    assert!(
        large.contains("counts above 9223372036854775807"),
        "{large}"
    );
    assert_eq!(warning("pprof", b"a 9223372036854775807\n"), "");
    for format in ["pprof", "speedscope", "firefox", "d3"] {
        assert!(warning(format, b"a;;b 1\n").contains("without a name are called [unknown]"));
        assert!(warning(format, b"a\xff 1\n").contains("name of one frame is not UTF-8"));
        let two = warning(format, b"a\xff;b\xff 1\n");
        assert!(two.contains("names of 2 frames are not UTF-8"), "{two}");
    }
    assert_eq!(warning("folded", b"a;;b\xff 1.5\n"), "");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("out");
    fs::write(&path, "old").expect("room for it");
    let args = ["convert", "--to", "pprof", "-o", "out"];
    let failed = run_in(directory.path(), INFERNO, &args, b"Dear all,\n");
    assert!(
        stderr(&failed).starts_with("inferno convert: error: standard input: unrecognized format")
    );
    assert_eq!(fs::read(&path).expect("a file"), b"old");
    let done = run_in(directory.path(), INFERNO, &args, b"a 1\n");
    assert_folds(&done, "");
    assert!(fs::read(&path).expect("a file").starts_with(b"\x1f\x8b"));
}

#[test]
fn input_without_stacks_is_an_error() {
    for args in [
        &["--to", "pprof"][..],
        &["--to", "speedscope", "--flamechart"],
    ] {
        let output = convert(args, b"# nothing\n");
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    let filtered = convert(&["--to", "d3", "--keep", "x"], b"a 1\n");
    let message = "inferno convert: error: standard input: found no stacks, expected stacks that pass the filters\n";
    assert_fails(&filtered, message);
}

#[cfg(target_os = "linux")]
#[test]
fn binary_output_is_not_written_to_a_terminal() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::process::{Command, Stdio};

    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&controller)
        .and_then(|()| unlockpt(&controller))
        .expect("a terminal");
    let name = ptsname(&controller, Vec::new()).expect("a name");
    let name = name.to_str().expect("text");
    for (args, is_refused) in [
        (&["--to", "pprof"][..], true),
        (&["--to", "pprof", "-o", "/dev/stdout"], true),
        (&["--to", "folded"], false),
        (&["--to", "pprof", "--list-values"], false),
    ] {
        let terminal = fs::OpenOptions::new()
            .write(true)
            .open(name)
            .expect("a terminal");
        let input = tempfile::NamedTempFile::new().expect("a file");
        fs::write(input.path(), "a 1\n").expect("room for it");
        let output = Command::new(INFERNO)
            .arg("convert")
            .args(args)
            .arg(input.path())
            .stdout(Stdio::from(terminal))
            .stderr(Stdio::piped())
            .output()
            .expect("the tool runs");
        let message = "inferno convert: error: the format pprof is binary, and standard output is a terminal: \
            give a file with -o, or redirect it\n";
        assert_eq!(
            stderr(&output),
            if is_refused { message } else { "" },
            "{args:?}"
        );
        assert_eq!(output.status.success(), !is_refused);
    }
}

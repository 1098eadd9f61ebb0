//! How the tools behave on a terminal, and what they do for the shell, `man` and the browser.

#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::skip;

use crate::support::run::{run, run_in, stderr, stdout};

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");
const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const GUESS: &str = env!("CARGO_BIN_EXE_inferno-collapse-guess");

/// What a tool writes to a terminal, stdout and stderr together. `None` if there is no `script`,
/// which makes one.
fn on_terminal(test: &str, directory: &Path, command: &str, no_color: &str) -> Option<String> {
    let output = Command::new("script")
        .args(["-qec", command, "/dev/null"])
        .current_dir(directory)
        .env("TERM", "xterm")
        .env("NO_COLOR", no_color)
        .env_remove("RUST_LOG")
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            skip::skip(test, "no `script`");
            None
        }
    }
}

#[test]
fn messages_have_one_form() {
    let output = run(FLAMEGRAPH, &["-v"], b"main;a 3\nnonsense\n");
    let expected = "inferno-flamegraph: warning: Ignored 1 lines with invalid format\n\
                    inferno-flamegraph: info: standard input: 3 samples, 2 functions\n";
    assert_eq!(stderr(&output), expected);
    let output = run(FLAMEGRAPH, &["missing"], b"");
    let expected = "inferno-flamegraph: error: missing: No such file or directory (os error 2)\n";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn a_terminal_shows_colors_unless_disabled() {
    let directory = tempfile::tempdir().expect("a directory");
    let command = format!("{GUESS} missing");
    let run = |no_color| on_terminal("colors", directory.path(), &command, no_color);
    let (Some(colored), Some(plain)) = (run(""), run("1")) else {
        return;
    };
    let expected = "inferno-collapse-guess: \u{1b}[1;31merror\u{1b}[0m: missing: ";
    assert!(colored.starts_with(expected), "{colored:?}");
    assert!(
        plain.starts_with("inferno-collapse-guess: error: missing: "),
        "{plain:?}"
    );
}

#[test]
fn an_image_is_not_written_to_a_terminal() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("stacks"), "main;a 3\n").expect("a file");
    let command = format!("{FLAMEGRAPH} stacks");
    let Some(shown) = on_terminal("picture", directory.path(), &command, "1") else {
        return;
    };
    let expected =
        "inferno-flamegraph: error: a graph is not text, and standard output is a terminal";
    assert!(
        shown.starts_with(expected) && !shown.contains("<svg"),
        "{shown:?}"
    );
}

#[test]
fn without_input_perf_data_is_read_or_a_message_says_what_is_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    let command = format!("{INFERNO} collapse < /dev/tty");
    fs::write(directory.path().join("perf.data"), "main;a 3\n").expect("a file");
    let Some(shown) = on_terminal("perf.data", directory.path(), &command, "1") else {
        return;
    };
    let expected =
        "inferno collapse: warning: no input is given: reading perf.data\r\nmain;a 3\r\n";
    assert_eq!(shown, expected);

    fs::remove_file(directory.path().join("perf.data")).expect("the file");
    let command = format!("printf 'main;a 3\\n\\004' | script -qec '{INFERNO} collapse' /dev/null");
    let output = Command::new("sh")
        .args(["-c", &command])
        .current_dir(directory.path())
        .env_remove("RUST_LOG")
        .output()
        .expect("a shell");
    let shown = stdout(&output);
    assert!(shown.contains("reading from the terminal"), "{shown:?}");
}

#[test]
fn the_graph_is_opened_in_the_browser() {
    let directory = tempfile::tempdir().expect("a directory");
    let opener = directory.path().join("xdg-open");
    let opened = directory.path().join("opened");
    let script = format!(
        "#!/bin/sh\necho \"$1\" > {}.new\nmv {0}.new {0}\n",
        opened.display()
    );
    fs::write(&opener, script).expect("a file");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("an owner");
    let path = std::env::var("PATH").unwrap_or_default();
    for (args, ending) in [
        (&["--open", "-o", "out.svg"][..], "out.svg"),
        (&["--open", "--format=html"], ".html"),
    ] {
        let _ = fs::remove_file(&opened);
        fs::write(directory.path().join("stacks"), "main;a 3\n").expect("a file");
        let status = Command::new(FLAMEGRAPH)
            .args(args)
            .arg("stacks")
            .current_dir(directory.path())
            .env("PATH", format!("{}:{path}", directory.path().display()))
            .env("TMPDIR", directory.path())
            .env_remove("RUST_LOG")
            .status()
            .expect("the tool runs");
        assert!(status.success());
        let shown = wait_for(&opened);
        assert!(shown.trim_end().ends_with(ending), "{shown}");
        let graph = fs::read_to_string(directory.path().join(shown.trim_end())).expect("a graph");
        assert!(graph.contains("<svg"));
    }
}

/// The text of a file that another process writes soon.
fn wait_for(path: &Path) -> String {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        if let Ok(text) = fs::read_to_string(path) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing was opened");
}

#[test]
fn shells_complete_all_tools() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&run(INFERNO, &["completions", shell], b""));
        assert!(
            script.contains("flamegraph") && script.contains("countname"),
            "{shell}"
        );
        let script = stdout(&run(
            INFERNO,
            &["completions", shell, "inferno-flamegraph"],
            b"",
        ));
        assert!(script.contains("countname"), "{shell}");
    }
    let script = run(INFERNO, &["completions", "bash"], b"").stdout;
    assert_eq!(stderr(&run("bash", &["-n"], &script)), "");
    let output = run(INFERNO, &["completions", "bash", "nonsense"], b"");
    assert!(stderr(&output).starts_with(
        "inferno completions: error: unknown tool `nonsense`; expected one of inferno, "
    ));
}

#[test]
fn each_tool_has_a_man_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = run_in(directory.path(), INFERNO, &["man", "man1"], b"");
    assert_eq!(stderr(&output), "");
    let pages = directory.path().join("man1");
    for tool in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin")).expect("tools") {
        let tool = tool.expect("a tool").path();
        let page = pages
            .join(tool.file_name().expect("a name"))
            .with_extension("1");
        let page = fs::read_to_string(&page).expect("a page");
        assert!(
            page.contains(".SH NAME") && page.contains(".SH OPTIONS"),
            "{tool:?}"
        );
    }
    assert!(pages.join("inferno-diff.1").exists());
}

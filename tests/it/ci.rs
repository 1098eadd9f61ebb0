//! Runs the workflow in docs/ci.md, with recorded profiles, to check that it works as documented.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A stand-in for perf: its recordings are those in tests/data/report/, three for each side.
const PERF: &str = r#"
while [ "$1" != -o ]; do shift; done
side=${2%-*} run=${2#*-} run=${run%.data}
cp "$DATA/$side-$(((run - 1) % 3 + 1)).txt.gz" "$2"
test "$3" = -- && test -n "$4"
"#;

/// A stand-in for other commands: it logs its arguments.
const NOTE: &str = "echo \"$(basename \"$0\") $*\" >> \"$HOME/calls\"\n";

/// The script of the step called `name`.
fn script(document: &str, name: &str) -> String {
    let step = document.split(&format!("- name: {name}\n")).nth(1);
    let lines = step
        .expect(name)
        .split_once("run: |\n")
        .expect("a script")
        .1;
    let indentation = " ".repeat(10);
    let lines = lines
        .lines()
        .take_while(|line| line.starts_with(&indentation));
    lines.map(|line| format!("{}\n", &line[10..])).collect()
}

struct Runner {
    directory: tempfile::TempDir,
}

impl Runner {
    fn new() -> Runner {
        let runner = Runner {
            directory: tempfile::tempdir().expect("a directory"),
        };
        for (name, script) in [("perf", PERF), ("cargo", NOTE), ("gh", NOTE), ("git", NOTE)] {
            let path = runner.path().join("bin").join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("room for it");
            fs::write(&path, format!("#!/bin/bash\n{script}")).expect("room for it");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        for directory in ["checkout", "base"] {
            fs::create_dir(runner.path().join(directory)).expect("room for it");
        }
        runner
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a step like GitHub does.
    fn run(&self, script: &str) -> Output {
        let tools = Path::new(env!("CARGO_BIN_EXE_inferno")).parent();
        let path = [&self.path().join("bin"), tools.expect("a directory")]
            .map(|path| path.display().to_string())
            .join(":");
        Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(self.path().join("checkout"))
            .env(
                "PATH",
                format!("{path}:{}", std::env::var("PATH").expect("a path")),
            )
            .env("HOME", self.path())
            .env("DATA", format!("{ROOT}/tests/data/report"))
            .env("BASE", "0123abc")
            .env("PULL_REQUEST", "7")
            .env("GITHUB_STEP_SUMMARY", self.path().join("summary"))
            .env_remove("RUST_LOG")
            .output()
            .expect("bash runs")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect(name)
    }
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
}

#[test]
fn the_documented_workflow_finds_a_regression() {
    let document = fs::read_to_string(format!("{ROOT}/docs/ci.md")).expect("the document");
    let runner = Runner::new();
    for step in ["Build both versions", "Profile both in turns"] {
        assert_exit(&runner.run(&script(&document, step)), 0);
    }
    // The functions of the recorded program have no crate prefix.
    let compare = script(&document, "Compare").replace("shop::", "");
    let broken = runner.run(&compare.replace("'^ self +1pp'", "'^main$ self +1pp'"));
    assert_exit(&broken, 3);
    assert_exit(&runner.run(&script(&document, "Comment")), 0);

    let comment = runner.read("checkout/comment.md");
    assert_eq!(comment, runner.read("summary"));
    let broken = "    inferno report: error: price: total ";
    let line = comment
        .lines()
        .find(|line| line.starts_with(broken))
        .expect("the rule");
    assert!(line.ends_with(" violates `^price$ total +5%`"), "{line}");
    assert!(
        comment.contains("\n### Changes of total\n\n| before |"),
        "{comment}"
    );
    assert!(comment.contains("| `price` |\n"), "{comment}");
    let rules = "\n### Rules\n\n|  | result | violations | rule |\n| ---: | ---: | ---: | :--- |\n\
                 | 1 | violated | 1 | `^price$ total +5%` |\n| 2 | passed | 0 | `^main$ self +1pp` |\n";
    assert!(comment.contains(rules), "{comment}");
    let calls = runner.read("calls");
    assert!(
        calls.contains("git worktree add ../base 0123abc\n"),
        "{calls}"
    );
    assert!(calls.contains("gh pr comment 7 "), "{calls}");
}

#[test]
fn the_documented_workflow_passes_without_a_regression() {
    let document = fs::read_to_string(format!("{ROOT}/docs/ci.md")).expect("the document");
    let runner = Runner::new();
    assert_exit(&runner.run(&script(&document, "Profile both in turns")), 0);
    let compare = script(&document, "Compare")
        .replace("shop::", "")
        .replace("'^ self", "'^main$ self");
    let same = compare.replace("--after after-*", "--after before-*");
    assert_exit(&runner.run(&same), 0);
    assert!(
        runner
            .read("checkout/comment.md")
            .contains("| total before |")
    );
}

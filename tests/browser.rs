//! The flame graph in a real browser: tests/browser/viewer.mjs uses it as a reader would.
//!
//! This needs Chromium (the one named by the environment variable CHROMIUM, else the first one found
//! in PATH) and Node 20. Without them the test says that it was skipped; with CI set, it fails.

#![cfg(feature = "cli")]

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

#[test]
fn the_graph_works_in_chromium() -> Result<(), Box<dyn Error>> {
    let browser = env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| BROWSERS.into_iter().find_map(in_path));
    let (Some(browser), Some(node)) = (browser, in_path("node")) else {
        assert!(env::var_os("CI").is_none(), "CI needs Chromium and Node");
        eprintln!("SKIPPED browser::the_graph_works_in_chromium: no Chromium or no Node");
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let [graph, wide] = ["graph.svg", "wide.svg"].map(|name| directory.path().join(name));
    draw(&graph, &[])?;
    draw(&wide, &["--minwidth", "15"])?;
    let output = Command::new(node)
        .arg("tests/browser/viewer.mjs")
        .args([browser, graph, wide])
        .output()?;
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}{errors}");
    assert!(report.ends_with("0 failed\n"), "{report}{errors}");
    Ok(())
}

fn draw(graph: &Path, flags: &[&str]) -> Result<(), Box<dyn Error>> {
    let drawn = Command::new(env!("CARGO_BIN_EXE_inferno-flamegraph"))
        .args(flags)
        .arg("tests/browser/example.folded")
        .stdout(File::create(graph)?)
        .status()?;
    assert!(drawn.success());
    Ok(())
}

/// The viewer is written in a CDATA section, and the SVG is inlined in HTML. Comments and indentation
/// are left out of the SVG line by line.
#[test]
fn the_viewer_can_stand_where_it_is_put() -> Result<(), Box<dyn Error>> {
    let mut files = 0;
    for entry in fs::read_dir("src/flamegraph/viewer")? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        for mark in ["]]>", "</", "<!--"] {
            assert!(!text.contains(mark), "{mark} in {}", path.display());
        }
        files += 1;
        if path.extension().is_some_and(|extension| extension == "js") {
            assert!(!text.contains("/*"), "{}", path.display());
            for line in text.lines().filter(|line| line.contains("//")) {
                let is_comment = line.trim_start().starts_with("//");
                assert!(is_comment || line.contains("http://"), "{line}");
            }
        }
    }
    assert!(files > 10);
    Ok(())
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

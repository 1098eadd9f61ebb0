//! Tests the flame graph in a real browser, where tests/browser/viewer.mjs simulates a user, and
//! accessible.mjs checks what users of assistive technology depend on.
//!
//! Requires Chromium (from the environment variable CHROMIUM, or the first one in PATH) and Node
//! 20. If these are missing, the test reports that it was skipped; if CI is set, it fails.

#![cfg(feature = "cli")]

#[path = "it/support/skip.rs"]
mod skip;

use skip::skip;
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
    drive("the_graph_works_in_chromium", "viewer.mjs", "0 failed\n")
}

/// All views, menus and dialogs, in both themes, light and dark, wide and narrow. Requires what
/// `npm ci` installs in tests/browser.
#[test]
fn the_graph_is_accessible() -> Result<(), Box<dyn Error>> {
    let test = "the_graph_is_accessible";
    if !Path::new("tests/browser/node_modules/axe-core").exists() {
        return skip_unless_ci(test, "no `npm ci` in tests/browser");
    }
    drive(test, "accessible.mjs", " 0 wrong\n")
}

/// Runs a script of tests/browser, whose report ends with `success`, on the graphs.
fn drive(test: &str, script: &str, success: &str) -> Result<(), Box<dyn Error>> {
    let browser = env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| BROWSERS.into_iter().find_map(in_path));
    let (Some(browser), Some(node)) = (browser, in_path("node")) else {
        return skip_unless_ci(test, "no Chromium or no Node");
    };
    let directory = tempfile::tempdir()?;
    draw_all(directory.path())?;
    let output = Command::new(node)
        .arg(Path::new("tests/browser").join(script))
        .args([browser.as_path(), directory.path()])
        .output()?;
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}{errors}");
    assert!(report.ends_with(success), "{report}{errors}");
    Ok(())
}

fn skip_unless_ci(test: &str, why: &str) -> Result<(), Box<dyn Error>> {
    assert!(env::var_os("CI").is_none(), "{why}, which CI needs");
    skip(&format!("browser::{test}"), why);
    Ok(())
}

/// Tests the search of the viewer without a browser.
#[test]
fn patterns_match_what_javascript_matches_and_cannot_hang() -> Result<(), Box<dyn Error>> {
    let Some(node) = in_path("node") else {
        let test = "patterns_match_what_javascript_matches_and_cannot_hang";
        return skip_unless_ci(test, "no Node");
    };
    let output = Command::new(node)
        .arg("tests/browser/patterns.mjs")
        .output()?;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"0 failed\n");
    Ok(())
}

/// Samples of two processes in 60 s: `early` in the first 20 s, `late` in the others, `web` twice as often as `db`, and
/// from 30 s to 40 s none.
fn times() -> Vec<u8> {
    let mut script = String::new();
    let mut add = |process: &str, leaf: &str, at: u32| {
        let time = format!("{}.{:03}", 100 + at / 1000, at % 1000);
        script += &format!("{process} 1 {time}: 1 e:\n\t 12 {leaf} (m)\n\t 34 main (m)\n\n");
    };
    for at in (0..60_000).step_by(100) {
        let leaf = if at < 20_000 { "early" } else { "late" };
        if !(30_000..40_000).contains(&at) {
            add("web", leaf, at);
        }
        if !(30_000..40_000).contains(&at) && at % 200 == 0 {
            add("db", leaf, at);
        }
    }
    script.into_bytes()
}

/// Names that contain markup, scripts, or invalid UTF-8.
const HOSTILE: &[u8] = b"main;<script>window.pwned=1</script>;]]>&amp;\"' 10\n\
    main;</svg><img src=x onerror=window.pwned=2>;__proto__ 20\n\
    main;\xe2\x80\xaertl\x01\xff;\xf0\x9f\x98\x80\xf0\x9f\x98\x80^~\\u0041 30\n\
    main;constructor;javascript:window.pwned=3 40\n";

/// Draws the graphs for the checks.
fn draw_all(directory: &Path) -> Result<(), Box<dyn Error>> {
    let example = fs::read("tests/browser/example.folded")?;
    let chart = b"main;a 10\nmain;b 20\nmain;a 30\n".to_vec();
    let clock = b"prog 1 1.0: 297500000 cpu-clock:\n\t 12 leaf (m)\n\t 34 main (m)\n\n".repeat(4);
    // Two processes, which are the parts of a graph.
    let parts = b"web 1 1.0: 3 e:\n\t 12 leaf (m)\n\t 34 main (m)\n\n\
        db 2 1.0: 1 e:\n\t 12 leaf (m)\n\t 34 main (m)\n\n"
        .to_vec();
    let times = times();
    // Taller than a window, with times.
    let frames: String = (0..100)
        .map(|level| format!("\t 12 level{level} (m)\n"))
        .collect();
    let high = format!("web 1 1.0: 1 e:\n{frames}\nweb 1 2.0: 1 e:\n{frames}\n").into_bytes();
    // Modules and recursion.
    let modules = b"main;std::f;app::g 60\nmain;std::f;std::f;app::h 30\nmain;other 10\n".to_vec();
    let changed = b"main;same 10 10\nmain;grew 10 30\nmain;gone 20 0\n".to_vec();
    let mut narrow = b"main;wide 1000000\nrare;needle 1\nrare;pin 3\n".to_vec();
    // More frames than become elements.
    for number in 0..6000 {
        narrow.extend(format!("many;f{number:04};g{number:04} 1000\n").bytes());
    }
    let one = b"many 99999\nfew 1\n".to_vec();
    // Many functions, and a callee of each, in rows that wide frames reach, too.
    let mut dense = b"other;other;other 500000\n".to_vec();
    for number in 0..5000 {
        dense.extend(format!("main;f{number:04} 90\nmain;f{number:04};l{number:04} 10\n").bytes());
    }
    // Functions of Java and of the kernel, which have different colors.
    let mut two_colors = Vec::new();
    for number in 0..2500 {
        two_colors.extend(format!("java;f{number:04}_[j] 1\nsys;f{number:04}_[k] 1\n").bytes());
    }
    // More frames than become elements even if all are wanted.
    let mut countless = String::from("main;wide 9\n");
    (0..120_000).for_each(|number| countless.push_str(&format!("many;f{number} 1\n")));
    let countless = countless.into_bytes();
    // Taller than any window.
    let deep: Vec<String> = (0..400).map(|level| format!("level{level}")).collect();
    let deep = format!("{} 3\n{} 1\n", deep.join(";"), deep[..390].join(";")).into_bytes();
    // A backtracking search for `(a+)+$` in these names would take years.
    let long = format!("main;{}! 1\nmain;b{} 3\n", "a".repeat(5000), "a".repeat(60)).into_bytes();
    for (name, folded, flags) in [
        ("graph.svg", &example, &[][..]),
        ("wide.svg", &example, &["--minwidth", "15"]),
        ("page.html", &example, &["--format", "html"]),
        (
            "nonce.html",
            &example,
            &["--format", "html", "--csp-nonce", "abc"],
        ),
        ("bytes.svg", &example, &["--countname", "KiB"]),
        ("clock.svg", &clock, &[]),
        ("parts.svg", &parts, &[]),
        ("times.svg", &times, &["--heatmap"]),
        (
            "modern-times.svg",
            &times,
            &["--heatmap", "--theme", "modern"],
        ),
        ("high.svg", &high, &["--heatmap"]),
        (
            "times.html",
            &times,
            &["--heatmap", "--format", "html", "--csp-nonce", "abc"],
        ),
        ("chart.svg", &chart, &["--flamechart"]),
        (
            "modern-chart.svg",
            &chart,
            &["--flamechart", "--theme", "modern", "--countname", "ms"],
        ),
        ("changed.svg", &changed, &[]),
        ("log.svg", &changed, &["--diff-scale", "log"]),
        ("modern.svg", &modules, &["--theme", "modern"]),
        (
            "modern-page.html",
            &modules,
            &["--theme", "modern", "--format", "html"],
        ),
        ("modern-dense.svg", &dense, &["--theme", "modern"]),
        ("narrow.svg", &narrow, &[]),
        ("modern-narrow.svg", &narrow, &["--theme", "modern"]),
        (
            "modern-one.svg",
            &one,
            &["--theme", "modern", "--minwidth", "0"],
        ),
        ("dense.svg", &dense, &[]),
        (
            "two-colors.svg",
            &two_colors,
            &["--colors", "java", "--hash"],
        ),
        ("countless.svg", &countless, &["--minwidth", "0"]),
        ("deep.svg", &deep, &["--subtitle", "deep"]),
        ("long.svg", &long, &[]),
        ("hostile.svg", &HOSTILE.to_vec(), &[]),
        ("hostile.html", &HOSTILE.to_vec(), &["--format", "html"]),
    ] {
        let input = directory.join("input.folded");
        fs::write(&input, folded)?;
        let drawn = Command::new(env!("CARGO_BIN_EXE_inferno-flamegraph"))
            .args(flags)
            .arg(input)
            .stdout(File::create(directory.join(name))?)
            .status()?;
        assert!(drawn.success());
    }
    Ok(())
}

/// The types in the comments of the viewer are right. Requires what `npm ci` installs in tests/browser.
#[test]
fn the_viewer_has_the_types_it_says() -> Result<(), Box<dyn Error>> {
    let compiler = Path::new("tests/browser/node_modules/typescript/bin/tsc");
    let node = in_path("node").filter(|_| compiler.exists());
    let Some(node) = node else {
        let test = "the_viewer_has_the_types_it_says";
        return skip_unless_ci(test, "no Node, or no `npm ci` in tests/browser");
    };
    let mut files = 0;
    for entry in fs::read_dir("src/flamegraph/viewer")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            let text = fs::read_to_string(&path)?;
            assert!(text.starts_with("// @ts-check\n"), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 10);
    let output = Command::new(node)
        .arg(compiler)
        .args(["--project", "tests/browser"])
        .output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(())
}

/// What users get is what the sources say. Requires what `npm ci` installs in tests/browser.
#[test]
fn the_minified_viewer_is_up_to_date() -> Result<(), Box<dyn Error>> {
    let is_installed = Path::new("tests/browser/node_modules/terser").exists();
    let Some(node) = in_path("node").filter(|_| is_installed) else {
        let test = "the_minified_viewer_is_up_to_date";
        return skip_unless_ci(test, "no Node, or no `npm ci` in tests/browser");
    };
    let output = Command::new(node)
        .args(["tests/browser/minify.mjs", "--check"])
        .output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(())
}

/// The viewer is embedded in a CDATA section, and the SVG can be inlined in HTML.
#[test]
fn the_viewer_can_stand_where_it_is_put() -> Result<(), Box<dyn Error>> {
    let styles = fs::read_dir("src/flamegraph/viewer")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>, Box<dyn Error>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"));
    let minified = ["viewer.min.js", "viewer.min.css", "graph.min.css"];
    let minified = minified.map(|name| Path::new("src/flamegraph").join(name));
    let files: Vec<PathBuf> = styles.chain(minified).collect();
    assert!(files.len() > 3);
    for path in files {
        let text = fs::read_to_string(&path)?;
        assert!(text.is_ascii(), "{}", path.display());
        for mark in ["]]>", "</", "<!--"] {
            assert!(!text.contains(mark), "{mark} in {}", path.display());
        }
    }
    Ok(())
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

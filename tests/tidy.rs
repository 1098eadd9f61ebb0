//! Checks that documents are true: versions, tools, files, tests.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below `directory` with this extension.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![root().join(directory)];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                pending.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

/// The words of `text`, which consist of letters, digits, and other characters in names of files
/// and tools.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./".contains(c))
}

#[test]
fn the_changelog_has_this_version() {
    let heading = concat!("## ", env!("CARGO_PKG_VERSION"));
    assert!(
        read("CHANGELOG.md")
            .lines()
            .any(|line| line.starts_with(heading))
    );
}

#[test]
fn the_readme_names_the_minimum_rust_version() {
    let claim = concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or later");
    assert!(read("README.md").contains(claim));
}

#[test]
fn the_readme_names_the_size_of_the_viewer() {
    let size = read("src/flamegraph/viewer.min.js").len();
    let claim = format!("The script is {} kB", (size + 500) / 1000);
    assert!(read("README.md").contains(&claim), "{claim}");
}

#[test]
fn the_readme_names_exactly_the_tools_that_exist() {
    let readme = read("README.md");
    let mut named: Vec<&str> = words(&readme)
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with("inferno-"))
        .collect();
    named.sort_unstable();
    named.dedup();
    let mut tools: Vec<String> = fs::read_dir(root().join("src/bin"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
        .filter(|tool| tool != "inferno")
        .collect();
    tools.sort_unstable();
    assert_eq!(named, tools);
}

#[test]
fn the_readme_names_every_format() {
    let readme = read("README.md");
    for format in inferno::collapse::guess::formats() {
        let is_named = ["`", "**"]
            .iter()
            .any(|mark| readme.contains(&format!("{mark}{format}{mark}")));
        assert!(
            is_named || ["perf.data", "folded"].contains(&format),
            "{format}"
        );
    }
}

#[test]
fn files_that_documents_name_exist() {
    for document in [
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "docs/profilers.md",
        "docs/ci.md",
        "docs/scale.md",
    ] {
        for word in words(&read(document)) {
            let path = word.trim_end_matches('.').trim_start_matches("./");
            let is_path = [
                "src/",
                "tests/",
                "docs/",
                "contrib/",
                "examples/",
                "benches/",
                ".ci/",
            ]
            .iter()
            .any(|start| path.starts_with(start));
            // Placeholders are uppercase: tests/data/FORMAT/.
            let is_placeholder = path.contains("FORMAT");
            if is_path && !is_placeholder {
                assert!(root().join(path).exists(), "{document} names {path}");
            }
        }
    }
}

#[test]
fn the_map_of_the_code_has_every_folder() {
    let map = read("ARCHITECTURE.md");
    let sources = files("src", "rs").into_iter().chain(files("src", "js"));
    for folder in sources.filter_map(|file| Some(file.parent()?.to_owned())) {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let is_named = name == "src" || map.contains(&format!("{name}/`"));
        assert!(
            is_named,
            "ARCHITECTURE.md does not name {}",
            folder.display()
        );
    }
}

#[test]
fn no_source_file_is_very_long() {
    const MAX_LINES: usize = 900;
    for path in files("src", "rs") {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

/// The last column of each row names its tests in backticks: files, functions or cases.
#[test]
fn each_difference_names_a_test_that_exists() {
    let mut tests = String::new();
    let mut cases = Vec::new();
    for path in [files("src", "rs"), files("tests", "rs")].concat() {
        tests += &fs::read_to_string(path).unwrap();
    }
    for path in files("tests", "folded") {
        cases.push(path.file_stem().unwrap().to_str().unwrap().to_string());
    }
    let differences = read("docs/DIFFERENCES.md");
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| what |");
    assert!(differences.lines().filter(is_row).count() > 0);
    for row in differences.lines().filter(is_row) {
        let last = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test in the row {row}");
        for name in names {
            let is_known = root().join(name).exists()
                || tests.contains(&format!("fn {name}("))
                || cases.iter().any(|case| case == name);
            assert!(is_known, "{name} is no file, test or case: {row}");
        }
    }
}

/// The layers of the library, from top to bottom. A file belongs to the innermost layer that it is in, and
/// imports only from its own layer and those below.
const LAYERS: [&str; 22] = [
    "cli",
    "flamegraph",
    "export",
    "report",
    "differential",
    "filter",
    "collapse::guess",
    "collapse::formats",
    "collapse",
    "collapse::document",
    "collapse::engine",
    "collapse::cache",
    "collapse::selection",
    "symbols",
    "names",
    "folded",
    "call_tree",
    "input",
    "flags",
    "threads",
    "warnings",
    "bytes",
];

#[test]
fn imports_run_downwards() {
    let mut imports = 0;
    for file in files("src", "rs") {
        let module = module_of(&file);
        // Tests may import anything, the root and the tools import all layers.
        let is_test = module.iter().any(|name| name.starts_with("test"));
        if is_test || module.is_empty() || module[0] == "bin" {
            continue;
        }
        let from = layer_of(&module);
        for path in imported_paths(&code_of(&file), &module) {
            imports += 1;
            let to = layer_of(&path);
            assert!(
                from <= to,
                "{} imports {}, which is above",
                file.display(),
                path.join("::")
            );
        }
    }
    assert!(imports > 1000, "only {imports} imports");
}

#[test]
fn imports_are_found_in_any_form() {
    let module = ["collapse", "perf"].map(String::from);
    for (code, expected) in [
        ("use crate::cli::input;", "cli::input"),
        (
            "use super::{Reader, guess::{self}};",
            "collapse::Reader collapse::guess::self",
        ),
        ("use super::super::cli;", "cli"),
        (
            "let x = $crate::bytes::text::lossy(y);",
            "bytes::text::lossy",
        ),
        ("pub(crate) fn f() {}", ""),
    ] {
        let found = imported_paths(code, &module);
        let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
        assert_eq!(found.join(" "), expected);
    }
}

/// The index of the innermost layer that contains an item.
fn layer_of(path: &[String]) -> usize {
    let path = path.join("::");
    let contains = |layer: &&&str| path == **layer || path.starts_with(&format!("{layer}::"));
    let layer = LAYERS
        .iter()
        .filter(contains)
        .max_by_key(|layer| layer.len());
    let layer = layer.unwrap_or_else(|| panic!("{path} is in no layer"));
    LAYERS.iter().position(|other| other == layer).unwrap()
}

fn module_of(file: &Path) -> Vec<String> {
    let path = file
        .strip_prefix(root().join("src"))
        .unwrap()
        .with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_string());
    names
        .filter(|name| !["mod", "lib"].contains(&name.as_str()))
        .collect()
}

/// The code of a file without comments and unit tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths from the root of the library in the code of a module.
fn imported_paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_inside = code[..at]
                .ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before));
            if is_inside {
                continue;
            }
            let mut path = code[at..].trim_start_matches("crate::");
            let mut base = if start == "crate::" { &[] } else { module };
            while let Some(rest) = path.strip_prefix("super::") {
                (path, base) = (rest, &base[..base.len() - 1]);
            }
            push_paths(path, base, &mut paths);
        }
    }
    paths
}

/// Pushes the paths that `text` starts with, and returns the rest of it.
fn push_paths<'t>(text: &'t str, base: &[String], paths: &mut Vec<Vec<String>>) -> &'t str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = push_paths(rest.trim_start(), base, paths).trim_start();
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let is_in_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = text
        .find(|letter| !is_in_name(letter))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return rest;
    }
    let path = [base, &[name.to_string()]].concat();
    match rest.strip_prefix("::") {
        Some(rest) => push_paths(rest, &path, paths),
        None => {
            paths.push(path);
            rest
        }
    }
}

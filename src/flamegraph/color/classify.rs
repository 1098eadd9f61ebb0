//! Classifies functions by their names, separately for each language. The first matching rule wins.

use super::{BasicPalette, MultiPalette};

pub(super) fn palette_of(language: MultiPalette, name: &str) -> BasicPalette {
    match language {
        MultiPalette::Java => java(name),
        MultiPalette::Js => js(name),
        MultiPalette::Perl => perl(name),
        MultiPalette::Python => python(name),
        MultiPalette::Rust => rust(name),
        MultiPalette::Wakeup => BasicPalette::Aqua,
    }
}

fn java(name: &str) -> BasicPalette {
    match annotation(name) {
        Some('k') => return BasicPalette::Orange,
        Some('i') => return BasicPalette::Aqua,
        Some('j') => return BasicPalette::Green,
        _ => {}
    }
    let is_objective_c = name.starts_with("-[") || name.starts_with("+[");
    if name.contains("::") || is_objective_c {
        BasicPalette::Yellow
    } else if is_java_class(name.strip_prefix('L').unwrap_or(name)) {
        BasicPalette::Green
    } else {
        BasicPalette::Red
    }
}

fn is_java_class(name: &str) -> bool {
    name.contains('/')
        || (name.contains('.') && !name.starts_with('['))
        || name.starts_with(|first: char| first.is_ascii_uppercase())
}

fn js(name: &str) -> BasicPalette {
    let after_slash = name.find('/').map(|at| &name[at..]);
    if !name.is_empty() && name.trim().is_empty() {
        // Names of spaces are placeholders for missing names.
        return BasicPalette::Green;
    }
    match annotation(name) {
        Some('k') => return BasicPalette::Orange,
        Some('j') if after_slash.is_some() => return BasicPalette::Green,
        Some('j') => return BasicPalette::Aqua,
        _ => {}
    }
    match after_slash {
        _ if name.contains("::") => BasicPalette::Yellow,
        _ if name.contains(':') => BasicPalette::Aqua,
        Some(path) if path.contains("node_modules/") => BasicPalette::Purple,
        Some(path) if path.contains(".js") => BasicPalette::Green,
        _ => BasicPalette::Red,
    }
}

fn perl(name: &str) -> BasicPalette {
    if annotation(name) == Some('k') {
        BasicPalette::Orange
    } else if name.contains("Perl") || name.contains(".pl") {
        BasicPalette::Green
    } else if name.contains("::") {
        BasicPalette::Yellow
    } else {
        BasicPalette::Red
    }
}

fn python(name: &str) -> BasicPalette {
    const BUILT_IN: [&str; 3] = ["<built-in", "<method", "<frozen"];
    let mut directories = name.split(['/', '\\']);
    if directories.clone().any(|part| part == "site-packages") {
        BasicPalette::Aqua
    } else if directories.any(is_python_version) || starts_with_any(name, &BUILT_IN) {
        BasicPalette::Yellow
    } else {
        BasicPalette::Red
    }
}

/// `python`, `Python`, `python3`, `python3.12`
fn is_python_version(directory: &str) -> bool {
    let version = directory
        .strip_prefix("python")
        .or_else(|| directory.strip_prefix("Python"));
    let is_digit_or_dot = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    version.is_some_and(|version| version.bytes().all(is_digit_or_dot))
}

fn rust(name: &str) -> BasicPalette {
    const STANDARD: [&str; 5] = ["core::", "std::", "alloc::", "<std::", "<alloc::"];
    // The state machine of an async fn belongs to the crate that defines it.
    const ASYNC_FN: &str = "<core::future::from_generator::GenFuture<T>";
    let name = name.split_once('`').map_or(name, |(_, path)| path);
    let is_core = name.starts_with("<core::") && !name.starts_with(ASYNC_FN);
    if is_core || starts_with_any(name, &STANDARD) {
        BasicPalette::Orange
    } else if name.contains("::") {
        BasicPalette::Aqua
    } else {
        BasicPalette::Yellow
    }
}

fn starts_with_any(name: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| name.starts_with(start))
}

/// The letter of a final `_[k]` annotation, with which collapsers mark kinds of code.
fn annotation(name: &str) -> Option<char> {
    match name.as_bytes() {
        [.., b'_', b'[', letter, b']'] => Some(char::from(*letter)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: MultiPalette, cases: &[(&str, BasicPalette)]) {
        for (name, palette) in cases {
            assert_eq!(palette_of(language, name), *palette, "{name}");
        }
    }

    #[test]
    fn java_names() {
        check(
            MultiPalette::Java,
            &[
                ("sys_read_[k]", BasicPalette::Orange),
                ("java/lang/String:.equals_[i]", BasicPalette::Aqua),
                ("x_[j]", BasicPalette::Green),
                ("CompileBroker::compiler_thread_loop", BasicPalette::Yellow),
                ("-[NSView draw]", BasicPalette::Yellow),
                ("+[NSView new]", BasicPalette::Yellow),
                ("Ljava/lang/String;.equals", BasicPalette::Green),
                ("java.lang.String.equals", BasicPalette::Green),
                ("[libc.so]", BasicPalette::Red),
                ("Interpreter", BasicPalette::Green),
                ("L", BasicPalette::Red),
                ("LFoo", BasicPalette::Green),
                ("start_thread", BasicPalette::Red),
                ("", BasicPalette::Red),
            ],
        );
    }

    #[test]
    fn js_names() {
        check(
            MultiPalette::Js,
            &[
                (" ", BasicPalette::Green),
                ("", BasicPalette::Red),
                ("sys_read_[k]", BasicPalette::Orange),
                ("foo /a/b.js:1_[j]", BasicPalette::Green),
                ("foo_[j]", BasicPalette::Aqua),
                ("v8::internal::Run", BasicPalette::Yellow),
                ("LazyCompile:~foo", BasicPalette::Aqua),
                ("foo /x/node_modules/y.js", BasicPalette::Purple),
                ("node_modules/x", BasicPalette::Red),
                ("x/node_modules", BasicPalette::Red),
                ("foo /a/b.js", BasicPalette::Green),
                ("b.js", BasicPalette::Red),
            ],
        );
    }

    #[test]
    fn perl_names() {
        check(
            MultiPalette::Perl,
            &[
                ("Perl_pp_entersub_[k]", BasicPalette::Orange),
                ("Perl_pp_entersub", BasicPalette::Green),
                ("main.pl", BasicPalette::Green),
                ("DBI::connect", BasicPalette::Yellow),
                ("main", BasicPalette::Red),
            ],
        );
    }

    #[test]
    fn python_names() {
        check(
            MultiPalette::Python,
            &[
                ("/usr/lib/python3/site-packages/x.py", BasicPalette::Aqua),
                (r"C:\site-packages\x.py", BasicPalette::Aqua),
                ("/usr/lib/python3.12/x.py", BasicPalette::Yellow),
                (r"C:\Python\x.py", BasicPalette::Yellow),
                ("/usr/lib/python3x/x.py", BasicPalette::Red),
                ("<built-in method exec>", BasicPalette::Yellow),
                ("<method 'x'>", BasicPalette::Yellow),
                ("<frozen importlib>", BasicPalette::Yellow),
                ("my.py", BasicPalette::Red),
            ],
        );
    }

    #[test]
    fn rust_names() {
        check(
            MultiPalette::Rust,
            &[
                ("std::rt::lang_start", BasicPalette::Orange),
                ("app`alloc::vec::Vec<T>::push", BasicPalette::Orange),
                ("<core::iter::Map<B,I,F>>::next", BasicPalette::Orange),
                (
                    "<core::future::from_generator::GenFuture<T>>::poll",
                    BasicPalette::Aqua,
                ),
                ("serde::de::next", BasicPalette::Aqua),
                ("main", BasicPalette::Yellow),
            ],
        );
    }
}

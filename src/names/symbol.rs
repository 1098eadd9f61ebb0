//! Cleans up symbol names, for several formats.

use super::arguments::without_arguments;
use super::brackets::Brackets;
use crate::bytes::text::lossy;
use std::borrow::Cow;

/// The escapes in Rust's legacy mangling for characters that linkers do not support.
const RUST_ESCAPES: [(&str, &str); 20] = [
    ("$SP$", "@"),
    ("$BP$", "*"),
    ("$RF$", "&"),
    ("$LT$", "<"),
    ("$GT$", ">"),
    ("$LP$", "("),
    ("$RP$", ")"),
    ("$C$", ","),
    ("$u7e$", "~"),
    ("$u20$", " "),
    ("$u27$", "'"),
    ("$u3d$", "="),
    ("$u5b$", "["),
    ("$u5d$", "]"),
    ("$u7b$", "{"),
    ("$u7d$", "}"),
    ("$u3b$", ";"),
    ("$u2b$", "+"),
    ("$u21$", "!"),
    ("$u22$", "\""),
];

/// The suffix of a linker stub's name.
const STUB: &str = "@plt";

/// Repairs a Rust name that was demangled as C++: removes the hash at its end and decodes escaped
/// characters. Other names are returned unchanged.
///
/// `_$LT$T$u20$as$u20$a..B$GT$::f::h0123456789abcdef` becomes `<T as a::B>::f`.
pub(crate) fn fix_partially_demangled_rust(name: &str) -> Cow<'_, str> {
    let Some(path) = without_rust_hash(name) else {
        return Cow::Borrowed(name);
    };
    let path = path.strip_suffix("::").unwrap_or(path);
    let path = if path.starts_with("_$") {
        &path[1..]
    } else {
        path
    };
    unescape_rust(path)
}

/// Splits `outer->inner`, the form in which perf-map-agent writes inlined Java functions, but not
/// if the arrow is part of a C++ or Rust name: `operator->`, or an arrow in brackets or between
/// spaces (`call_once<fn() -> i32>`).
pub(crate) fn split_inlined(function: &str) -> Vec<&str> {
    let bytes = function.as_bytes();
    if !memchr::memchr_iter(b'-', bytes).any(|at| bytes[at..].starts_with(b"->")) {
        return vec![function];
    }
    let brackets = Brackets::of(bytes);
    let is_in_name = |at: usize| {
        let before = &function[..at];
        before.ends_with("operator") || before.ends_with(' ') || brackets.enclose(at)
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in function.match_indices("->") {
        if !is_in_name(at) {
            parts.push(&function[start..at]);
            start = at + 2;
        }
    }
    parts.push(&function[start..]);
    parts
}

/// Whether the name of a function is the name of its frame, as for most functions: nothing in it is
/// removed, replaced or split.
pub(crate) fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    let is_bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    is_bare(bytes.first())
        && is_bare(bytes.last())
        && memchr::memchr3(b'(', b'-', b';', bytes).is_none()
        && !name.ends_with(STUB)
        && without_rust_hash(name).is_none()
}

/// The frame of a function: its name without arguments and Rust hash.
pub(crate) fn function_frame(function: &str) -> Cow<'_, str> {
    if is_plain(function) {
        return Cow::Borrowed(function);
    }
    match fix_partially_demangled_rust(without_arguments(function)) {
        Cow::Borrowed(name) => frame_of_stub(name),
        Cow::Owned(name) => Cow::Owned(frame_of_stub(&name).into_owned()),
    }
}

/// The frame of a name that may belong to a linker stub.
fn frame_of_stub(name: &str) -> Cow<'_, str> {
    match stub_without_version(name) {
        Some(stub) => Cow::Owned(one_frame(&stub).into_owned()),
        None => one_frame(name),
    }
}

/// `memcpy@plt` for `memcpy@@GLIBC_2.14@plt`.
fn stub_without_version(name: &str) -> Option<String> {
    let (function, _) = name.strip_suffix(STUB)?.split_once('@')?;
    (!function.is_empty()).then(|| [function, STUB].concat())
}

/// Whether the name of a function includes arguments.
pub(crate) fn has_arguments(function: &str) -> bool {
    without_arguments(function).len() < function.len()
}

/// Whether the whole name is in parentheses.
pub(crate) fn is_in_parentheses(name: &str) -> bool {
    name.starts_with('(') && {
        let brackets = Brackets::of(name.as_bytes());
        let first = brackets.spans.first().filter(|span| span.start == 0);
        first.is_none_or(|span| span.end == name.len())
    }
}

/// A name as a single frame: with `:` in place of `;`, which separates frames, and trimmed.
pub(crate) fn one_frame(name: &str) -> Cow<'_, str> {
    let is_bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    // Most names need no trimming, and `trim` is slow.
    let name = match is_bare(name.as_bytes().first()) && is_bare(name.as_bytes().last()) {
        true => name,
        false => name.trim(),
    };
    match memchr::memchr(b';', name.as_bytes()) {
        Some(_) => Cow::Owned(name.replace(';', ":")),
        None => Cow::Borrowed(name),
    }
}

/// The frame for the command at the start of stacks, without spaces.
pub(crate) fn command_frame(command: &[u8]) -> String {
    lossy(command)
        .replace(';', ":")
        .replace([' ', '\n', '\r'], "_")
}

/// The name before `h` and sixteen hexadecimal digits, if it ends in these.
fn without_rust_hash(name: &str) -> Option<&str> {
    const HASH_LEN: usize = 17;
    let (path, hash) = name.split_at_checked(name.len().checked_sub(HASH_LEN)?)?;
    let digits = hash.strip_prefix('h')?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then_some(path)
}

fn unescape_rust(path: &str) -> Cow<'_, str> {
    if !path.contains("..") && !path.contains('$') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find(['.', '$']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let Some((length, replacement)) = unescape_one(special) else {
            out.push_str(special);
            return Cow::Owned(out);
        };
        out.push_str(replacement);
        rest = &special[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The decoded escape at the start of `text`, and its length; `None` if it is not an escape.
fn unescape_one(text: &str) -> Option<(usize, &'static str)> {
    if text.starts_with("..") {
        return Some((2, "::"));
    }
    if text.starts_with('.') {
        return Some((1, "."));
    }
    let escape = RUST_ESCAPES
        .iter()
        .find(|(escape, _)| text.starts_with(escape));
    escape.map(|(escape, character)| (escape.len(), *character))
}

#[cfg(test)]
mod tests {
    use super::{
        command_frame, fix_partially_demangled_rust as fix, function_frame, one_frame,
        split_inlined,
    };

    #[test]
    fn drops_the_hash() {
        assert_eq!(
            fix("std::fs::File::open::hb90e1c1c787080f0"),
            "std::fs::File::open"
        );
        assert_eq!(fix("h0123456789abcdef"), "");
    }

    #[test]
    fn puts_back_escaped_characters() {
        let name =
            "_$LT$F$u20$as$u20$alloc..boxed..FnBox$LT$A$GT$$GT$::call_box::h8612a2a83552fc2d";
        assert_eq!(fix(name), "<F as alloc::boxed::FnBox<A>>::call_box");
        let name = "rg::f::_$u7b$$u7b$closure$u7d$$u7d$::h6e849b55a66fcd85";
        assert_eq!(fix(name), "rg::f::_{{closure}}");
        assert_eq!(fix("a.b..c::h0123456789abcdef"), "a.b::c");
    }

    #[test]
    fn every_escape_is_decoded() {
        let escapes = "$SP$$BP$$RF$$LT$$GT$$LP$$RP$$C$$u7e$$u20$$u27$$u3d$$u5b$$u5d$$u7b$$u7d$$u3b$$u2b$$u21$$u22$";
        let name = format!("f::{escapes}::h0123456789abcdef");
        assert_eq!(fix(&name), "f::@*&<>(),~ '=[]{};+!\"");
    }

    #[test]
    fn an_unknown_escape_ends_the_repair() {
        assert_eq!(fix("a..b$XX$c..d::h0123456789abcdef"), "a::b$XX$c..d");
    }

    #[test]
    fn functions_are_one_frame_without_arguments() {
        for (name, expected) in [
            ("StubRoutines (1)", "StubRoutines"),
            ("StubRoutines ", "StubRoutines"),
            ("<[u8; 4] as shop::Key>::f", "<[u8: 4] as shop::Key>::f"),
            ("Lshop/Cart;::add(I)V", "Lshop/Cart:::add"),
            (
                "shop::_$LT$impl$u20$A$LP$B$RP$$GT$::f::h0123456789abcdef (.llvm.1234)",
                "shop::_<impl A(B)>::f",
            ),
            ("memcpy@@GLIBC_2.14@plt", "memcpy@plt"),
            ("strlen@GLIBC_2.2.5@plt", "strlen@plt"),
            ("strlen@plt", "strlen@plt"),
            ("exp@@GLIBC_2.29", "exp@@GLIBC_2.29"),
        ] {
            assert_eq!(function_frame(name), expected, "{name}");
        }
        assert_eq!(one_frame("\t a; b\u{a0}"), "a: b");
        assert_eq!(command_frame(b"my app;1\n2"), "my_app:1_2");
    }

    #[test]
    fn leaves_other_names() {
        for name in [
            "main",
            "_ZN4core3fmt5write17h0123456789abcdefE",
            "é0123456789abcdef",
        ] {
            assert_eq!(fix(name), name);
        }
    }

    #[test]
    fn inlined_java_is_split_and_cpp_and_rust_are_not() {
        assert_eq!(split_inlined("A->B->C"), ["A", "B", "C"]);
        assert_eq!(
            split_inlined("La/B;.f(I)V->Lc/D;.<init>()V"),
            ["La/B;.f(I)V", "Lc/D;.<init>()V"]
        );
        for name in [
            "std::unique_ptr<Foo>::operator->() const",
            "x::operator->*(int)",
            "FnOnce::call_once<fn() -> i32, ()>",
            "f<fn()->i32>",
            "{closure} -> i32",
        ] {
            assert_eq!(split_inlined(name), [name]);
        }
        assert_eq!(split_inlined("a<b->c"), ["a<b", "c"]);
    }
}

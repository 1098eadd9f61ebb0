//! Clean-up of symbol names that several formats share.

use std::borrow::Cow;

/// What the Rust compiler's legacy mangling writes for characters that linkers don't take.
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

/// Repairs a Rust name that was demangled as if it were C++: drops the hash at its end and puts
/// back the characters that stand escaped. Other names are returned as they are.
///
/// `_$LT$T$u20$as$u20$a..B$GT$::f::h0123456789abcdef` becomes `<T as a::B>::f`.
pub(super) fn fix_partially_demangled_rust(name: &str) -> Cow<'_, str> {
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

/// The name before `h` and sixteen hexadecimal digits, if it ends in them.
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

/// What the escape at the start of `text` stands for, and its length; `None` if it is none.
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
    use super::fix_partially_demangled_rust as fix;

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
    fn an_unknown_escape_ends_the_repair() {
        assert_eq!(fix("a..b$XX$c..d::h0123456789abcdef"), "a::b$XX$c..d");
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
}

//! Demangles names.
//!
//! ```text
//! frame  = [module "`"] symbol [rest]
//! symbol = "_R" .. | "_ZN" .. "17h" hash "E" | "_Z" ..     (Rust, Rust's older way, C++)
//! ```
//!
//! ```text
//! _RNvNtCsgEmfK2I1SDS_4core3fmt5write                        core::fmt::write
//! _ZN3std2rt10lang_start17hdbee5a3fa7ab6636E                 std::rt::lang_start
//! libx.so`_ZN12_GLOBAL__N_13barEi.isra.0+0x1f                libx.so`(anonymous namespace)::bar+0x1f
//! ```
//!
//! The result is what perf prints for names that it demangles: Rust without hashes, C++ without
//! arguments and return types.
//!
//! Demangling comes after folding and applies to the distinct names in the tree instead of the
//! frames of all samples, so it costs next to nothing. Names that become equal are merged.
//!
//! A profile can contain any name, including one that expands without end: names that are too long,
//! before or after, stay as they are.

use super::mangling::readable;
use crate::call_tree::{CallTree, rebuild};
use std::borrow::Cow;

/// `tree` with demangled names of Rust and C++ functions.
pub(crate) fn demangled(tree: CallTree) -> CallTree {
    if !has_mangled(&tree) {
        return tree;
    }
    if tree.is_in_time_order() {
        return rebuild::with_names(&tree, demangled_frame);
    }
    let mut made = tree.empty_like();
    made.graft(&tree, demangled_frame, |made, node, theirs| {
        made.add_recorded(node, &tree, theirs);
    });
    made
}

fn has_mangled(tree: &CallTree) -> bool {
    let mut names = MARKS.iter().flat_map(|mark| tree.frame_names_with(mark));
    names.any(has_mangled_start)
}

/// Every mangled name contains one of these.
const MARKS: [&[u8]; 2] = [b"_R", b"_Z"];

/// Separates a module from a symbol.
const MODULE_END: u8 = b'`';

/// Whether the name may be mangled: it starts with `_Z` or `_R`, or with more underscores, as on
/// macOS.
fn has_mangled_start(frame: &[u8]) -> bool {
    const MAX_UNDERSCORES: usize = 4;
    let symbol = &frame[module_length(frame)..];
    let underscores = symbol.iter().take_while(|byte| **byte == b'_').count();
    let is_mark = matches!(symbol.get(underscores), Some(b'Z' | b'R'));
    is_mark && (1..=MAX_UNDERSCORES).contains(&underscores)
}

/// The length of ``module` `` at the start of a frame.
fn module_length(frame: &[u8]) -> usize {
    memchr::memrchr(MODULE_END, frame).map_or(0, |at| at + 1)
}

pub(crate) fn demangled_frame(frame: &[u8]) -> Cow<'_, [u8]> {
    if !has_mangled_start(frame) {
        return Cow::Borrowed(frame);
    }
    let (module, rest) = frame.split_at(module_length(frame));
    let (symbol, rest) = rest.split_at(symbol_length(rest));
    match std::str::from_utf8(symbol).ok().and_then(readable) {
        // A `;` would separate two frames.
        Some(name) => Cow::Owned([module, name.replace(';', ":").as_bytes(), rest].concat()),
        None => Cow::Borrowed(frame),
    }
}

/// The length of the symbol at the start of `text`, without an offset (`+0x1f`), a version
/// (`@plt`), or the annotation of a collapser (`_[k]`).
fn symbol_length(text: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$".contains(byte);
    let length = text.iter().take_while(|byte| is_part(byte)).count();
    match text[length..].first() {
        Some(b'[') if text[..length].ends_with(b"_") => length - 1,
        _ => length,
    }
}

#[cfg(all(test, feature = "demangle"))]
mod tests {
    use super::*;
    use crate::folded;
    use proptest::prelude::*;

    fn name(frame: &str) -> String {
        String::from_utf8(demangled_frame(frame.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn rust_names_lose_their_hashes() {
        for (frame, expected) in [
            ("_RNvNtCsgEmfK2I1SDS_4core3fmt5write", "core::fmt::write"),
            (
                "_RNvXsZ_NtCslNYArtu3iFV_5alloc6stringNtB5_6StringNtNtCsgEmfK2I1SDS_4core3fmt5Write9write_str",
                "<alloc::string::String as core::fmt::Write>::write_str",
            ),
            // The `;` in `[u8; 4]` would separate two frames.
            ("_RNvMCs1_3fooAhj4_3bar.llvm.123", "<[u8: 4]>::bar"),
            (
                "_RNvNtCsgEmfK2I1SDS_4core3fmt5write.warm",
                "core::fmt::write",
            ),
            (
                "_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17hdbee5a3fa7ab6636E.llvm.5358835508072490010",
                "std::rt::lang_start::{{closure}}",
            ),
            ("__ZN4main17h0123456789abcdefE", "main"),
        ] {
            assert_eq!(name(frame), expected);
        }
    }

    #[test]
    fn cpp_names_lose_their_arguments() {
        for (frame, expected) in [
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back",
            ),
            ("_Z3fooIiET_S0_", "foo<int>"),
            ("_Z1fIiJEEvv", "f<int>"),
            ("_Z1fIiJEJEEvv", "f<int>"),
            ("_Z1fILj2ELm3ELln4ELi5EEvv", "f<2u, 3ul, -4l, 5>"),
            ("_Z1fILx2ELy3EEvv", "f<2ll, 3ull>"),
            ("_Z1fILb1ELc97EEvv", "f<true, (char)97>"),
            ("_Z1fIF1aIiEiEEvv", "f<a<int> (int)>"),
            (
                "_ZZ1fIiEvT_ENKUlvE_clEv",
                "f<int>(int)::{lambda()#1}::operator()",
            ),
            ("_Z1fI1aIiiEJEEvv", "f<a<int, int>>"),
            (
                "_ZN12_GLOBAL__N_13barEi.isra.0",
                "(anonymous namespace)::bar",
            ),
            ("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()"),
            (
                "_ZNKSt8functionIFviiEEclEii",
                "std::function<void (int, int)>::operator()",
            ),
            (
                "_ZSt4swapIiENSt9enable_ifIXsrSt6__and_IJSt6__not_ISt15__is_tuple_likeIT_EESt21is_move_constructibleIS4_ESt18is_move_assignableIS4_EEE5valueEvE4typeERS4_SE_",
                "std::swap<int>",
            ),
            ("_ZN1a1fIiEEXsr1bIT_E1vEv", "a::f<int>"),
            ("_ZlsRSoRK3Foo", "operator<<"),
            ("_ZN1AcvbEv", "A::operator bool"),
            ("_Znwm", "operator new"),
            (
                "_Z1fI1aIiiES0_IS1_S1_EEvv",
                "f<a<int, int>, a<a<int, int>, a<int, int> > >",
            ),
            ("_ZThn16_N1A1fEv", "non-virtual thunk to A::f"),
            ("_ZTv0_n24_N1A1fEv", "virtual thunk to A::f"),
            ("__ZN3foo3barEv", "foo::bar"),
            ("_ZN4core3fmt5writeEv", "core::fmt::write"),
        ] {
            assert_eq!(name(frame), expected);
        }
    }

    #[test]
    fn text_around_a_symbol_is_kept() {
        for (frame, expected) in [
            ("libx.so`_ZN3foo3barEv+0x1f", "libx.so`foo::bar+0x1f"),
            ("_ZN3foo3barEv_[k]", "foo::bar_[k]"),
            ("_ZNSt6thread4joinEv@plt", "std::thread::join@plt"),
        ] {
            assert_eq!(name(frame), expected);
        }
    }

    #[test]
    fn other_names_are_unchanged() {
        for frame in [
            "",
            "main",
            "_R",
            "_Z",
            "_Rb_tree_increment",
            "_Zone_alloc",
            "__ZZZ",
            "_____ZN3foo3barEv",
            "core::fmt::write",
            "ZN3foo3barEv",
            "_ZN3foo3bar",
        ] {
            assert_eq!(name(frame), frame);
        }
    }

    #[test]
    fn names_that_become_the_same_are_one() {
        let lines = "a;_ZN1f17h0123456789abcdefE;b 1\na;_ZN1f17hfedcba9876543210E;b 2\na;f 4\n";
        let tree = demangled(folded::read(lines.as_bytes()).unwrap().tree);
        let mut out = Vec::new();
        folded::write(&tree, &mut out).unwrap();
        assert_eq!(out, b"a;f 4\na;f;b 3\n");
    }

    /// Without limits, each of these would take forever, or exhaust memory.
    #[test]
    fn endlessly_expanding_names_stay_mangled() {
        // Each argument is the previous one, twice.
        let doubled = |at| format!("S0_IS{at}_S{at}_E", at = char::from(at));
        let doubling: String = (b'1'..=b'9').chain(b'A'..=b'Z').map(doubled).collect();
        for frame in [
            format!("_Z1fI1aIiiE{doubling}Evv"),
            format!("_Z1f{}i", "P".repeat(50_000)),
            format!("_Z{}", "N".repeat(16_000)),
            format!("_Z1fI{}", "1aI".repeat(5_000)),
            format!("_ZN{}Ev", "1a".repeat(20_000)),
            format!("_Z1fDT{}", "cl".repeat(8_000)),
            format!("_Z1fDT{}L_Z1gvE{}v", "cl".repeat(90), "E".repeat(90)),
            format!("_Z{}N1a1fEv", "Thn1_".repeat(3_000)),
            format!("_R{}C1a1b", "Nv".repeat(8_000)),
            format!("_RI{}E", "C1aB_".repeat(3_000)),
        ] {
            assert_eq!(name(&frame), frame);
        }
    }

    /// Nested templates, pointers and expressions, up to the limit.
    #[test]
    fn deep_names_are_readable() {
        for depth in [1, 20, 60, 80] {
            let frame = format!("_Z1fI{}i{}Evv", "1aI".repeat(depth), "E".repeat(depth));
            let expected = format!("f<{}int{}>", "a<".repeat(depth), "> ".repeat(depth));
            assert_eq!(name(&frame), expected);
        }
        for depth in (0..600).step_by(40) {
            for (open, close) in [
                ("1aI", "E"),
                ("P", ""),
                ("F", "vE"),
                ("N1a1bI", "EE"),
                ("XplLi1E", "E"),
                ("DTcl1f", "EE"),
                ("JDp", "E"),
                ("M1a", "E"),
                ("A1_", ""),
                ("UlT_E_", ""),
                ("Z1gIi", "EvE1a"),
            ] {
                let frame = format!("_Z1fI{}i{}Evv", open.repeat(depth), close.repeat(depth));
                assert!(!name(&frame).is_empty());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn demangling_never_panics(parts in prop::collection::vec(prop::sample::select(vec![
            "N", "E", "I", "S_", "S0_", "T_", "1a", "3foo", "P", "R", "F", "v", "i", "L", "Z",
            "X", "J", "Dp", "U", "lE_", "cl", "cv", "t", "St", "C1", "Nv", "B_", "M", "é", "$",
            "17h0123456789abcdefE", "h", "n1_", ".llvm.", "_[k]", "`", "@", "Th", "Tv0_n1_",
        ]), 0..40), start in prop::sample::select(vec!["_Z", "_R", "__ZN", "m`_Z"])) {
            let frame = start.to_string() + &parts.concat();
            let name = name(&frame);
            prop_assert!(!name.contains(';'));
        }
    }
}

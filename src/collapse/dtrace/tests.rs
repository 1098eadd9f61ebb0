//! One profile, every path; names; input that is cut off.

use super::*;
use crate::collapse::engine::Engine;
use crate::collapse::testing;
use proptest::prelude::*;
use std::collections::BTreeMap;

const HEAD: &str = "CPU     ID                    FUNCTION:NAME\n  0  64091      :tick-60s\n\n";

fn try_fold(options: &Options, text: &[u8]) -> Result<String, String> {
    testing::fold(options, text)
}

fn fold(lines: &str) -> String {
    try_fold(&Options::default(), format!("{HEAD}{lines}").as_bytes()).unwrap()
}

fn fold_with_offsets(lines: &str) -> String {
    try_fold(&with_offsets(), format!("{HEAD}{lines}").as_bytes()).unwrap()
}

fn with_offsets() -> Options {
    Options {
        includeoffset: true,
        ..Options::default()
    }
}

fn assert_all_paths_agree(text: &[u8]) {
    for options in [Options::default(), with_offsets()] {
        // An error is an answer too.
        let _ = testing::fold(&options, text);
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let frame = prop::sample::select(vec![
        "unix`idle+0x114",
        "unix`idle+0x7",
        "unix`thread_start+0x8",
        "libx`ns::Foo<int>::bar(int, char)+0x1",
        "p`foo::h0123456789abcdef+0x3",
        "Ljava/util/HashMap;.get->Lb/C;.d+0x10",
        "0xfffffd7fff2a",
        "p`operator+ (int)+0x1",
        "+0x1",
        "é`ü+0x2",
    ]);
    prop_oneof![
        6 => frame.prop_map(|frame| format!("              {frame}")),
        3 => (0..20u64).prop_map(|count| format!("      {count}\n")),
        1 => prop::sample::select(vec!["", "\t", "\r", "   7\r", "-5", "+4", "18446744073709551616"])
            .prop_map(str::to_string),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn all_paths_agree(
        header in prop::sample::select(vec![HEAD, "", "\n", "5\n7\n\n"]),
        lines in prop::collection::vec(any_line(), 0..60),
        ends: bool,
    ) {
        let end = if ends { "\n" } else { "" };
        assert_all_paths_agree((header.to_string() + &lines.join("\n") + end).as_bytes());
    }

    #[test]
    fn any_bytes_are_folded_without_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_all_paths_agree(&text);
        assert_all_paths_agree(&[b"\n a`b", &text[..], b"\n 3\n"].concat());
    }

    #[test]
    fn no_count_is_lost(
        stacks in prop::collection::vec((prop::collection::vec(0..9u8, 0..6), any::<u32>()), 0..40)
    ) {
        let mut text = HEAD.to_string();
        for (frames, count) in &stacks {
            for frame in frames {
                text += &format!("   m`f{frame}+0x{count:x}\n");
            }
            text += &format!("   {count}\n\n");
        }
        let sum: u64 = stacks.iter().map(|(_, count)| u64::from(*count)).sum();
        for options in [Options::default(), with_offsets()] {
            let tree = Engine::new(1).fold_slice(&options, text.as_bytes()).unwrap().merged();
            prop_assert_eq!(tree.totals()[0].whole(), sum);
        }
    }
}

#[test]
fn equal_stacks_add_up() {
    let lines = " unix`a+0x1\n genunix`b+0x2\n   5\n\n unix`a+0x9\n genunix`b+0xa\n   7\n";
    assert_eq!(fold(lines), "genunix`b;unix`a 12\n");
    assert_eq!(
        fold_with_offsets(lines),
        "genunix`b+0x2;unix`a 5\ngenunix`b+0xa;unix`a 7\n"
    );
}

#[test]
fn a_leaf_loses_its_offset_where_callers_keep_theirs() {
    let lines = " m`f+0x1\n m`f+0x1\n 1\n m`f+0x1\n 2\n";
    assert_eq!(fold_with_offsets(lines), "m`f 2\nm`f+0x1;m`f 1\n");
}

#[test]
fn kernel_and_user_halves_are_one_stack() {
    let lines = " unix`k1+0x1\n unix`k2+0x1\n\n libc`u1+0x1\n prog`u2+0x1\n   9\n";
    assert_eq!(fold(lines), "prog`u2;libc`u1;unix`k2;unix`k1 9\n");
}

#[test]
fn frames_that_begin_alike_are_not_mixed_up() {
    let lines =
        " m`a+0x1\n 1\n m`a+b+0x1\n 2\n m`ab+0x1\n 4\n m`a\n 8\n m`a++0x1\n 16\n m`a+\n 32\n";
    assert_eq!(fold(lines), "m`a 41\nm`a+ 16\nm`a+b 2\nm`ab 4\n");
}

/// What was read before is of no matter, nor is indentation; only lines that are indented as DTrace
/// does it are foretold.
#[test]
fn stacks_are_the_same_together_and_alone() {
    let lines = "a`f|a`f+0x1|a`f+0x1f|aa`f+0x1|a`ff+0x3|b`f+0x2|a`f+0x1+0x2|a`f+b|a`f+b+0x1|a`f+\
        |a`f++0x1|a`f+0x|a`f0x1|a`g |a`g +0x1|b::c(d)|b::c(d)+0x1|b->c+0x1|b->c+0x2|0x7f|0x7f+0x1\
        |c`d::h0123456789abcdef|c`d::h0123456789abcdef+0x1|c`d::h0123456789abcdef+0x2|c`d+0x1|Lx/y+0x1\
        |x/y+0x1|x;y+0x1|x:y+0x1||+|+0x1|12|12+0x3|+12|+12+0x3|x              a`f+0x1";
    let lines: Vec<&str> = lines.split('|').collect();
    let counts = |options: &Options, stacks: &str| {
        let text = format!("{HEAD}{stacks}");
        let folded = Engine::new(1).fold_slice(options, text.as_bytes());
        testing::counts(&testing::to_text(folded).unwrap())
    };
    for options in [Options::default(), with_offsets()] {
        for (a, b) in lines.iter().flat_map(|a| lines.iter().map(move |b| (a, b))) {
            let stacks = [
                vec![b, a],
                vec![b],
                vec![a, b],
                vec![a],
                vec![b, a, b],
                vec![a, a, b, b],
            ];
            let stacks = stacks.iter().cycle().take(2 * stacks.len());
            let (mut together, mut alone) = (String::new(), BTreeMap::new());
            for (index, stack) in stacks.enumerate() {
                let count = 1_u64 << (4 * index);
                let print = |start: &str, end: &str| -> String {
                    let lines = stack.iter().map(|line| format!("{start}{line}{end}"));
                    lines.collect::<String>() + &format!(" {count}\n\n")
                };
                together += &print("              ", "\n");
                for (stack, count) in counts(&options, &print("\t", " \r\n")) {
                    *alone.entry(stack).or_default() += count;
                }
            }
            assert_eq!(counts(&options, &together), alone, "{a:?}, {b:?}");
        }
    }
}

#[test]
fn names() {
    let name = |line: &str| {
        let folded = fold(&format!(" {line}\n 1\n"));
        folded.strip_suffix(" 1\n").unwrap().to_string()
    };
    for (line, expected) in [
        (
            "libx`ns::Foo<int>::bar(int, char)+0x1",
            "libx`ns::Foo<int>::bar",
        ),
        ("libx`ns::f(a)(b)", "libx`ns::f(a)"),
        ("libx`foo(int)+0x2", "libx`foo(int)"),
        ("libx`std::x::y", "libx`std::x::y"),
        ("p`operator+ (int)+0x1", "p`operator+ (int)"),
        ("+0x1", "-"),
        ("a;b+0x1", "a:b"),
        (
            "p`_$LT$std..fs..ReadDir$u20$as$u20$I$GT$::next::hc14f1750ca79129b+0x12",
            "p`<std::fs::ReadDir as I>::next",
        ),
        ("foo::h0123456789abcdef+0x3", "foo::h0123456789abcdef"),
        ("a`éabcdefghijklmnop+0x1", "a`éabcdefghijklmnop"),
        ("Ljava/util/HashMap;.get+0x10", "Ljava/util/HashMap:.get"),
        ("LLfoo;bar->Lbaz;q", "foo:bar;baz:q_[i]"),
        ("m`T::operator->+0x1", "m`T::operator->"),
    ] {
        assert_eq!(name(line), expected);
    }
    assert_eq!(
        fold_with_offsets(" Ljava/util/HashMap;.get+0x10\n 1\n"),
        "java/util/HashMap:.get 1\n"
    );
    let as_caller = |line: &str| {
        let folded = fold_with_offsets(&format!(" leaf\n {line}\n 1\n"));
        folded.strip_suffix(";leaf 1\n").unwrap().to_string()
    };
    for (line, expected) in [
        ("Lib`z+0x10", "Lib`z+0x10"),
        (
            "Ljava/util/HashMap;.get+0x10",
            "java/util/HashMap:.get+0x10",
        ),
        (
            "libx`ns::Foo<int>::bar(int, char)+0x1",
            "libx`ns::Foo<int>::bar",
        ),
        ("a;b+0x1", "a:b+0x1"),
        ("LLfoo;bar->Lbaz;q+0x1", "foo:bar;baz:q+0x1_[i]"),
        ("p`f::hc14f1750ca79129b+0x12", "p`f+0x12"),
        ("p`operator+ (int)+0x1", "p`operator+ (int)+0x1"),
    ] {
        assert_eq!(as_caller(line), expected);
    }
}

#[test]
fn a_stack_without_its_count_is_left_out() {
    assert_eq!(fold(" a`b+0x1\n 5\n a`c\n"), "a`b 5\n");
    let text = format!("{HEAD}   a`b\n   a`c\n");
    assert_eq!(
        try_fold(&Options::default(), text.as_bytes()),
        Err(
            "line 4: Input data ends in the middle of a stack, expected a line with its count"
                .to_string()
        )
    );
}

#[test]
fn a_header_alone_folds_to_nothing() {
    for text in ["", "x\ny`z\n5\n", "x\n\n"] {
        assert_eq!(
            try_fold(&Options::default(), text.as_bytes()),
            Ok(String::new())
        );
    }
}

#[test]
fn sniffing() {
    let sniff = |lines: &str| Options::default().sniff(format!("{HEAD}{lines}").as_bytes());
    assert_eq!(sniff(""), None);
    assert_eq!(sniff(" unix`a+0x1\n"), None);
    assert_eq!(sniff(" unix`a+0x1\n 3"), None);
    assert_eq!(sniff(" unix`a+0x1\n 3\n"), Some(true));
    assert_eq!(sniff("\n 0xfff\n\n 3\n"), Some(true));
    assert_eq!(sniff(" 3\n"), Some(false));
    assert_eq!(sniff(" prog;main 3\n"), Some(false));
    assert_eq!(Options::default().sniff(b"no blank line\n"), None);
}

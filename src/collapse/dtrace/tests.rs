//! Tests of all code paths for a profile, of names, and of truncated input.

use super::*;
use crate::collapse::engine::Engine;
use crate::collapse::engine::testing;
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
        // The result may be an error, but not a panic.
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
        2 => prop::sample::select(vec![
            "  node                    ",
            "node",
            "     1234",
            "  node         1234",
            "  node                                                  1234",
            "  node              5\n",
            "node 7",
            "^C",
            "  0  64091      :tick-60s",
            "                 5",
        ])
        .prop_map(str::to_string),
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
    fn all_paths_agree_on_where_a_header_without_blank_line_ends(
        lines in prop::collection::vec(any_line(), 0..7),
    ) {
        assert_all_paths_agree(lines.join("\n").as_bytes());
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
    assert_eq!(fold(lines), "m`a 9\nm`a+ 48\nm`a+b 2\nm`ab 4\n");
}

/// Neither previous stacks nor indentation affect the result; only lines with DTrace's indentation
/// are predicted.
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
        ("libx`foo(int)+0x2", "libx`foo"),
        ("libx`std::x::y", "libx`std::x::y"),
        ("p`operator+ (int)+0x1", "p`operator+"),
        ("p`operator+(A)", "p`operator+"),
        (
            "p`cart::sum(std::map<int, std::list<int> > const&)+0x1",
            "p`cart::sum",
        ),
        ("p`sum(std::map<int, int> const&)+0x1", "p`sum"),
        (
            "p`a::(anonymous namespace)::f(B<int>)+0x1",
            "p`a::(anonymous namespace)::f",
        ),
        (
            "p`a::run(int)::$_3::operator()() const+0x1",
            "p`a::run(int)::$_3::operator()",
        ),
        (
            "Shop`-[Cart(Totals) sum:of:]+0x1",
            "Shop`-[Cart(Totals) sum:of:]",
        ),
        ("Shop`+[Cart(Totals) cart]", "Shop`+[Cart(Totals) cart]"),
        ("p`<[u8; 4] as b::C>::f+0x1", "p`<[u8: 4] as b::C>::f"),
        ("p`f +0x1", "p`f"),
        ("+0x1", "-"),
        ("a;b+0x1", "a:b"),
        (
            "p`_$LT$std..fs..ReadDir$u20$as$u20$I$GT$::next::hc14f1750ca79129b+0x12",
            "p`<std::fs::ReadDir as I>::next",
        ),
        ("foo::h0123456789abcdef+0x3", "foo"),
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
        ("p`operator+ (int)+0x1", "p`operator+"),
        (
            "Shop`-[Cart(Totals) sum]+0x1",
            "Shop`-[Cart(Totals) sum]+0x1",
        ),
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

/// The output of DTrace for an aggregation: keys in columns, but each frame of a stack on its own
/// line.
fn printed(keys: &[&str], value: i64) -> String {
    let print = |key: &&str| match key.parse::<i32>() {
        Ok(int) => format!(" {int:>8}"),
        Err(_) if key.is_empty() || key.contains('`') => {
            let frames = key.split_terminator('|');
            let print = |frame| format!("              {frame}\n");
            "\n".to_string() + &frames.map(print).collect::<String>()
        }
        Err(_) => format!("  {key:<50}"),
    };
    keys.iter().map(print).collect::<String>() + &format!(" {value:>16}\n")
}

const STACK: &str = "c`leaf+0x1|c`main+0x2";

fn fold_printed(records: &[(&[&str], i64)]) -> String {
    let records = records.iter().map(|(keys, value)| printed(keys, *value));
    let text = HEAD.to_string() + "\n" + &records.collect::<String>();
    let folded = try_fold(&Options::default(), text.as_bytes()).unwrap();
    let with_offsets = try_fold(&with_offsets(), text.as_bytes()).unwrap();
    let callers_cut = with_offsets
        .replace("main+0x2", "main")
        .replace("leaf+0x1;", "leaf;");
    assert_eq!(callers_cut, folded);
    folded
}

#[test]
fn keys_are_the_roots_of_their_stacks() {
    for (keys, roots) in [
        (&["node", STACK][..], "node"),
        (&["my daemon", STACK], "my daemon"),
        (&["g++", STACK], "g++"),
        (&["a;b", STACK], "a:b"),
        (&["worker 7", STACK], "worker 7"),
        (&["\"quoted  key\"", STACK], "\"quoted;key\""),
        (&["1234", STACK], "1234"),
        (&["0", STACK], "0"),
        (&["node", "1234", STACK], "node;1234"),
        (&["1234", "node", STACK], "1234;node"),
        (&["1234", "5678", STACK], "1234;5678"),
        (&["syscall", "write", "entry", STACK], "syscall;write;entry"),
        (&[STACK, "node"], "node"),
        (&[STACK, "my daemon"], "my daemon"),
        (&[STACK, "1234"], "1234"),
        (&[STACK, "node", "1234"], "node;1234"),
        (&["node", STACK, "1234"], "node;1234"),
        (&["1234", STACK, "node"], "1234;node"),
        (&["node", STACK, "my daemon"], "node;my daemon"),
    ] {
        let records = [(keys, 3), (keys, 4), (keys, 1_000_000_000_000)];
        let expected = format!("{roots};c`main;c`leaf 1000000000007\n");
        assert_eq!(fold_printed(&records), expected, "{keys:?}");
    }
}

/// Samples of programs without a kernel stack, and some without any stack.
#[test]
fn keys_of_stacks_without_frames() {
    const NONE: &str = "";
    const KERNEL: &str = "k`trap+0x1";
    for (keys, folded) in [
        (&["node", NONE, STACK][..], "node;c`main;c`leaf"),
        (&["1234", NONE, STACK], "1234;c`main;c`leaf"),
        (&["node", "1234", NONE, STACK], "node;1234;c`main;c`leaf"),
        (&["node", KERNEL, STACK], "node;c`main;c`leaf;k`trap"),
        (&["1234", KERNEL, NONE], "1234;k`trap"),
        (&[KERNEL, STACK, "node"], "node;c`main;c`leaf;k`trap"),
        (&[NONE, STACK, "node"], "node;c`main;c`leaf"),
        (&[KERNEL, "node", STACK], "node;c`main;c`leaf;k`trap"),
        (&["node", NONE], "node"),
        (&["1234", NONE], "1234"),
        (&["node", "1234", NONE], "node;1234"),
        (&["node", "my daemon", NONE], "node;my daemon"),
        (&[NONE, "node"], "node"),
        (&[NONE, "1234"], "1234"),
        (&[NONE], ""),
    ] {
        let expected = format!("{folded} 12\n");
        assert_eq!(fold_printed(&[(keys, 5), (keys, 7)]), expected, "{keys:?}");
    }
    let records: [(&[&str], i64); 4] = [
        (&["1234", STACK], 1),
        (&["0", NONE], 2),
        (&["1234", STACK], 4),
        (&["0", NONE], 8),
    ];
    assert_eq!(fold_printed(&records), "0 10\n1234;c`main;c`leaf 5\n");
}

/// `@[execname] = count()`
#[test]
fn a_table_without_stacks_has_a_stack_in_each_row() {
    let records: [(&[&str], i64); 3] = [(&["node"], 5), (&["my daemon"], 1), (&["node"], 7)];
    assert_eq!(fold_printed(&records), "my daemon 1\nnode 12\n");
}

#[test]
fn only_some_stacks_may_have_keys() {
    let records: [(&[&str], i64); 5] = [
        (&[STACK], 1),
        (&["node", STACK], 2),
        (&["1234", STACK], 4),
        (&[STACK, "node"], 8),
        (&[STACK], 16),
    ];
    let expected = "1234;c`main;c`leaf 4\nc`main;c`leaf 17\nnode;c`main;c`leaf 10\n";
    assert_eq!(fold_printed(&records), expected);
}

/// Helper annotations are below a frame, and further to the right.
#[test]
fn annotations_are_not_mistaken_for_keys() {
    let lines = "              n`f+0x1\n                [ list ]\n              (anon) as g at a.js position 12\n                7\n\n";
    let expected = "(anon) as g at a.js position 12;[ list ];n`f 7\n";
    assert_eq!(fold(lines), expected);
    let with_key = format!("  node                 \n{lines}");
    assert_eq!(fold(&with_key), format!("node;{expected}"));
}

#[test]
fn a_first_stack_needs_no_blank_line_before_it() {
    let stack = "  leaf\n  main\n    7\n";
    for (header, root) in [
        ("", ""),
        ("^C\n", ""),
        (
            "Tracing 2 functions for \"f*\"... Hit Ctrl-C to end.\n^C\n",
            "",
        ),
        ("dtrace: description 'profile-99 ' matched 1 probe\n", ""),
        ("dtrace: 12 drops on CPU 0\n", ""),
        (
            "CPU     ID                    FUNCTION:NAME\n  0  64091    :tick-60s \n",
            "",
        ),
        ("node\n", "node;"),
        (" 1234\n", "1234;"),
        ("^C\n node      1234\n", "node;1234;"),
    ] {
        for rest in ["", "\n", "\n  leaf\n  main\n    1\n\n", "Detaching...\n"] {
            let text = format!("{header}{stack}{rest}");
            let folded = try_fold(&Options::default(), text.as_bytes()).unwrap();
            let total: u64 = testing::counts(&folded).values().sum();
            assert_eq!(total, if rest.contains('1') { 8 } else { 7 }, "{text}");
            assert!(
                folded.contains(&format!("{root}main;leaf 7")) || total == 8,
                "{folded}"
            );
        }
    }
}

#[test]
fn header_lines_are_never_frames() {
    let head = "dtrace: error on enabled probe ID 1 (ID 6: profile:::profile-97): invalid address (0x0) in \
        action #1 at DIF offset 12\n";
    let text =
        format!("junk\n\n{HEAD}{head}  m`f+0x1\n  m`g+0x1\n{head}    5\n\n^C\n  m`f+0x1\n    2\n");
    let fold = |options: &Options| try_fold(options, text.as_bytes()).unwrap();
    assert_eq!(fold(&Options::default()), "m`f 2\nm`g;m`f 5\n");
    assert_eq!(fold(&with_offsets()), "m`f 2\nm`g+0x1;m`f 5\n");
}

#[test]
fn a_negative_count_ends_its_stack() {
    let lines = "  m`f+0x1\n    -5\n\n  m`g+0x1\n    3\n\n  m`h+0x1\n  node     -7\n";
    assert_eq!(fold(lines), "m`g 3\n");
    assert_eq!(fold_with_offsets(lines), "m`g 3\n");
    let records: [(&[&str], i64); 2] = [(&["node", STACK], -1), (&["1234", STACK], 2)];
    assert_eq!(fold_printed(&records), "1234;c`main;c`leaf 2\n");
}

#[test]
fn a_count_that_is_too_large_saturates() {
    let lines = "  m`f+0x1\n    18446744073709551616\n\n  m`g+0x1\n    3\n";
    assert_eq!(fold(lines), "m`f 18446744073709551615\nm`g 3\n");
}

#[test]
fn distributions_are_not_counts() {
    let lines = "  m`f+0x1\n\n   value  ------------- Distribution ------------- count\n       0 |         0\n       1 |@@@@@@@@@   5\n";
    let text = format!("{HEAD}{lines}");
    assert!(try_fold(&Options::default(), text.as_bytes()).is_err());
}

#[test]
fn programs_may_print_their_aggregations_themselves() {
    let stack = "\n              c`leaf+0x1\n              c`main+0x2\n";
    for (format, folded) in [
        ("node %k 7\n", "node"),
        ("node: %k7\n\n", "node:"),
        ("%k node 7\n", "node"),
        ("%knode 7\n", "node"),
        ("1234 %k 7\n", "1234"),
        ("pid 1234 %k 7\n", "pid 1234"),
        ("node,1234%k    7\n\n\n", "node,1234"),
        ("node%kmain thread 7\n", "node;main thread"),
        ("%k\tnode\t7\n", "node"),
        ("node\n%k\n7\n\n", "node"),
    ] {
        let text = format!("{HEAD}{}", format.replace("%k", stack).repeat(3));
        let expected = format!("{folded};c`main;c`leaf 21\n");
        let fold = |options: &Options| try_fold(options, text.as_bytes()).unwrap();
        assert_eq!(fold(&Options::default()), expected, "{format:?}");
        let with_offset = expected.replace("main;c`leaf", "main+0x2;c`leaf");
        assert_eq!(fold(&with_offsets()), with_offset, "{format:?}");
    }
}

#[test]
fn a_header_alone_folds_to_nothing() {
    for text in ["", "x\ny\n5\n", "x\n\n"] {
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

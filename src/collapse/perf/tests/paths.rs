//! Compares all code paths for a profile: threads, block sizes, slices and readers, fast and slow.

use super::*;
use crate::collapse::engine::notes::LinePosition;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn samples_are_the_same_together_and_alone() {
    let lines = "    7f722d142778 leaf+0x9 (/bin/x)|    7f722d142778 [unknown] (/bin/x)\
        |    7f722d142779 [unknown] (/bin/x)|    7f722d142779 [unknown] (/bin/y)\
        |        2d142779 [unknown] (/bin/x)|ffffffff2d142779 [unknown] (/bin/x)\
        |ffffffff2d1427792d142779 [unknown] (/bin/x)|    7f722d142779 2d142779 [unknown] (/bin/x)\
        |    7f722d142779 a->[unknown] (/bin/x)|    7f722d14277a a->[unknown] (/bin/x)\
        |    7f722d142779 $u5b$unknown$u5d$::h0123456789abcdef+0x1 (/bin/x)\
        |    7f722d14277a $u5b$unknown$u5d$::h0123456789abcdef+0x1 (/bin/x)\
        |    7f722d142779 unknown+0x1 (/bin/x)|    7f722d14277a unknown+0x2 (/bin/x)";
    let lines = lines.split('|').map(|line| format!("\t{line}"));
    let lines: Vec<_> = lines
        .chain([" 2d142779 [unknown] (/bin/x)".to_string()])
        .collect();
    for options in some_options() {
        for (a, b) in lines.iter().flat_map(|a| lines.iter().map(move |b| (a, b))) {
            let (mut together, mut alone) = (String::new(), BTreeMap::new());
            for (index, stack) in [vec![b, a], vec![b], vec![a], vec![a, a, b]]
                .iter()
                .enumerate()
            {
                let lines = stack.iter().map(|line| format!("{line}\n"));
                let count = 10_u64.pow(index as u32);
                let sample = format!("x 7 1.0: {count} cycles:\n{}\n", lines.collect::<String>());
                together += &sample;
                for (stack, count) in testing::counts(&fold(&options, sample.as_bytes())) {
                    *alone.entry(stack).or_default() += 4 * count;
                }
            }
            let together = together.repeat(4);
            for fold in [fold, fold_backwards] {
                let folded = fold(&options, together.as_bytes());
                assert_eq!(testing::counts(&folded), alone, "{a:?}, {b:?}");
            }
        }
    }
}

/// The notes about `text` if it is folded in blocks of about `size` bytes: the number of lines, and
/// the first ones that are not event lines or not frames.
pub(super) fn noted(options: &Options, text: &[u8], size: usize) -> (u64, String) {
    let (mut worker, mut tree) = (Worker::default(), CallTree::new());
    let prelude = Prelude {
        event: None,
        ..options.prelude(text).unwrap_or_default()
    };
    let (mut rest, mut index) = (text, 0);
    while !rest.is_empty() {
        let mut ends = (size..rest.len()).filter_map(|end| options.split_point(&rest[..end]));
        let end = ends.find(|end| *end > 0).unwrap_or(rest.len());
        let block = Block {
            bytes: &rest[..end],
            index,
            first_line: 1,
        };
        options
            .fold(&prelude, block, &mut worker, &mut tree)
            .unwrap();
        (rest, index) = (&rest[end..], index + 1);
    }
    let report = Report::merge([worker.report]);
    let after_all = LinePosition {
        block: u64::MAX,
        line: 0,
    };
    let lines = report.lines.number(after_all);
    (lines, format!("{:?}", report.numbered_notes()))
}

/// Lines of a profile with few fields.
fn any_selected_line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\t            11a9 leaf+0x1",
        "\t            11a9",
        "\tffffffff8103ce3b idle (m)",
        "\t    7f722d142778 (/bin/x)",
        "\t 55d0c0de1139 main",
        "\t 55d0!c0de1139 main",
        "\t 55d0!c0de1139 main+0x1 (m)",
        "\t 55d0 main",
        "\tfeed main",
        "     55718e0881a9 spin",
        "               a      55718e0881a9 spin+0x1",
        "prog ",
        "SUMO 3 tick ",
        "prog    2004008 ",
        "a: b 25942 ",
        "  804.000123: ",
        "   2004008 cycles:",
        "cycles:u: ",
        "25942/25950 ",
        "",
        "",
        "",
        "",
        "  main.c:12",
        "  804.000123:12",
        "  12 804.000123: x:12",
        " insn: 48 01 c2",
        "# comment",
        "no comm at all, nor else",
        "prog 9 1.0: 7 cycles:",
    ])
}

fn any_line() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "\t 11 leaf+0x1 (/bin/x)",
            "\t 22 mid+0x2 (/bin/x)",
            "\t 23 mid+0x3 (/bin/x)",
            "\t 33 main+0x3 (/bin/x)",
            "\tffffffff8103ce3b idle+0xb ([kernel.kallsyms])",
            "\t 44 [unknown] (/tmp/perf-1.map)",
            "\t 45 [unknown] (/tmp/perf-1.map)",
            "\t 55 La/B;::f->La/C;::g (/tmp/perf-1.map)",
            "\t    7f722d142778 leaf+0x9 (/bin/x)",
            "\t    7f722d142778 leaf+0x9 ([kernel.kallsyms])",
            "\t    7f722d142778 leaf+0x9 (/tmp/perf-1.map)",
            "\t    7f722d142778 leaf (/bin/y)",
            "\t    7f722d142779 leaf+0x1+0x2 (/bin/x)",
            "\t    7f722d142779 leaf +0x2 (/bin/x)",
            "\t    7f722d142779  leaf+0xfeed (/bin/x)",
            "\t    7f722d142779 +0xfeed (/bin/x)",
            "\t    7f722d142779 leaf+0x2 (/memfd:x (deleted))",
            "\t    7f722d142779 f(int)+0x2 (/opt/my app/x)",
            "\t    7f722d142779 f(int)+0x2 (/x)y)",
        ]),
        2 => prop::sample::select(vec![
            "prog 100 [000] 10.000001:          1 cycles: ",
            "prog 100/101 [000] 10.000001:          5 cycles:u: ",
            "java 7 10.000001: 2 cycles:",
            "other 7 10.000001: 2 instructions:",
            "one 1 2.0: 7 cycles:  99 leaf (m)",
            "t 1 2.0: sched:sched_switch: prev_comm=x",
            "x 0 0.0: PERF_RECORD_MMAP -1/0: [0xff]: x",
        ]),
        3 => Just(""),
        1 => prop::sample::select(vec![
            "# comment", "#x", "garbage", "\t", "\tgarbage", "\t 1 no module", "\t1234 no module", "\t123! no module", "\t 1 (module)", "\t            1234 (module)", " 2 spaced (m)",
            "\t 3 (process)", "  main.c:12", "   ", "\r", "\t 11 leaf+0x1 (/bin/x)\r",
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn all_paths_agree(lines in prop::collection::vec(any_line(), 0..60), ends: bool) {
        let end = if ends { "\n" } else { "" };
        assert_all_paths_agree((lines.join("\n") + end).as_bytes());
    }

    #[test]
    fn all_paths_agree_on_few_fields(
        lines in prop::collection::vec(any_selected_line(), 0..40),
        ends: bool,
    ) {
        let end = if ends { "\n" } else { "" };
        assert_all_paths_agree((lines.join("\n") + end).as_bytes());
    }

    #[test]
    fn lines_have_the_same_numbers_in_all_blocks(
        lines in prop::collection::vec(any_line(), 0..60),
        ends: bool,
    ) {
        let text = lines.join("\n") + if ends { "\n" } else { "" };
        let whole = noted(&Options::default(), text.as_bytes(), usize::MAX);
        prop_assert_eq!(whole.0, count_lines(text.as_bytes()));
        // This disables the cache of whole stacks, and samples are read backwards.
        let backwards = with_options(|options| options.skip_after = vec!["mid".to_string()]);
        for size in [1, 64, 200, usize::MAX] {
            prop_assert_eq!(&noted(&Options::default(), text.as_bytes(), size), &whole);
            prop_assert_eq!(&noted(&backwards, text.as_bytes(), size), &whole);
        }
    }

    #[test]
    fn no_period_is_lost(
        samples in prop::collection::vec(
            (0..3usize, prop::collection::vec((0..5u8, any::<u16>()), 1..6), any::<u32>()),
            0..40,
        )
    ) {
        let mut text = String::new();
        for (comm, frames, period) in &samples {
            text += &format!("{} 7 1.0: {period} cycles: \n", ["java", "prog", "a b"][*comm]);
            for (frame, offset) in frames {
                text += &format!("\t{offset:>16x} Lf{frame}+0x{offset:x} (/bin/{frame})\n");
            }
            text += "\n";
        }
        let sum: u64 = samples.iter().map(|(_, _, period)| u64::from(*period)).sum();
        for options in [Options::default(), with_options(|options| options.include_addrs = true)] {
            let tree = Engine::new(1).fold_slice(&options, text.as_bytes()).unwrap().merged();
            prop_assert_eq!(tree.totals()[0].whole(), sum);
        }
    }

    #[test]
    fn any_bytes_are_folded_without_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_all_paths_agree(&text);
        assert_all_paths_agree(&[HEAD.as_bytes(), b"\t 1 ", &text, b" (m)\n"].concat());
    }
}

#[test]
fn all_paths_agree_on_carriage_returns() {
    let text = format!("{HEAD}\t 1 leaf (m)\n\t 2 main (m)\n\n")
        .replace('\n', "\r\n")
        .repeat(3);
    assert_all_paths_agree(text.as_bytes());
    assert_eq!(
        fold(&Options::default(), text.as_bytes()),
        "prog;main;leaf 3\n"
    );
}

/// Enough samples for the cache of whole stacks to be used, paused and resumed.
#[test]
fn all_paths_agree_on_repeated_and_new_stacks() {
    let sample = |number: usize, function: usize| {
        let comm = ["prog", "java", "prog two"][function % 3];
        format!(
            "{comm} 7 1.0: {number} cycles: \n\t{number:>17x} f{function}+0x{number:x} (/bin/x)\n\
             \t{function:>17x} La{};+0x1 (/bin/{})\n\t 1 main (/bin/x)\n\n",
            function % 7,
            function % 5,
        )
    };
    let few = (1..4000).map(|number| sample(number, number * number % 50));
    let all = (1..6000).map(|number| sample(number, number));
    let text: String = few.clone().chain(all).chain(few).collect();
    for options in some_options() {
        let text = text.as_bytes();
        assert_eq!(fold(&options, text), fold_slowly(&options, text));
    }
}

/// Lines that can be taken for a source location, or for the start of a sample.
#[test]
fn all_paths_agree_on_lines_below_bare_frames() {
    let bare = "     55718e0881a9 spin";
    let frame = "\t            11a9 leaf+0x1";
    for lines in [
        [
            "\t 55d0!c0de1139 main",
            bare,
            "  804.000123: ",
            "\tfeed main",
            frame,
        ],
        [bare, "  804.000123:12", "\tfeed main", frame, frame],
        [bare, "  main.c:12", frame, bare, "  main.c:13"],
        ["  main.c:12", bare, frame, bare, bare],
        [bare, "  a      55718e0881a9 spin+0x1", bare, frame, bare],
    ] {
        for end in ["", "\n"] {
            assert_all_paths_agree((lines.join("\n") + end).as_bytes());
        }
    }
}

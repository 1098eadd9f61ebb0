//! One profile, every path: threads, block sizes, slices and readers, fast and slow.

use super::*;
use crate::collapse::engine::Engine;
use crate::collapse::format::count_lines;
use crate::collapse::notes::LinePlace;
use crate::collapse::reader::Reader;
use crate::collapse::testing;
use proptest::prelude::*;
use std::collections::BTreeMap;

const HEAD: &str = "prog 100 [000] 10.000001:          1 cycles: \n";

fn fold(options: &Options, text: &[u8]) -> String {
    let forest = Engine::new(1).fold_slice(options, text).unwrap();
    to_text(forest)
}

fn to_text(forest: Forest) -> String {
    testing::to_text(Ok(forest)).unwrap()
}

/// Folds `text` as one block in a `way`.
fn fold_in(options: &Options, text: &[u8], way: fn(&mut BlockFolder<'_>)) -> String {
    let (mut worker, mut tree) = (Worker::default(), CallTree::new());
    let prelude = options.prelude(text).unwrap_or_default();
    let text = without_cut_line(text, prelude.have_modules);
    way(&mut BlockFolder {
        options,
        prelude: &prelude,
        block: Block {
            bytes: text,
            index: 0,
            first_line: 1,
        },
        worker: &mut worker,
        tree: &mut tree,
    });
    to_text(tree.into())
}

/// Line by line, as if no sample were plain.
fn fold_slowly(options: &Options, text: &[u8]) -> String {
    fold_in(options, text, |folder| {
        folder.fold_lines(folder.block.bytes)
    })
}

fn fold_backwards(options: &Options, text: &[u8]) -> String {
    fold_in(options, text, |folder| {
        let lines = count_lines(folder.block.bytes);
        assert_eq!(folder.fold_backwards(), lines);
    })
}

fn with_options(set: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    set(&mut options);
    options
}

fn some_options() -> Vec<Options> {
    vec![
        Options::default(),
        with_options(|options| options.include_tid = true),
        with_options(|options| {
            options.include_addrs = true;
            options.annotate_kernel = true;
            options.annotate_jit = true;
        }),
        with_options(|options| options.skip_after = vec!["mid".to_string(), "leaf".to_string()]),
        with_options(|options| options.event_filter = Some("cycles:u".to_string())),
    ]
}

fn assert_all_paths_agree(text: &[u8]) {
    for options in some_options() {
        let expected = fold_slowly(&options, text);
        assert_eq!(fold_backwards(&options, text), expected, "backwards");
        for block_size in [1, 64, 1 << 20] {
            for nthreads in [1, 3] {
                let engine = Engine::with_block_size(nthreads, block_size);
                let from_slice = to_text(engine.fold_slice(&options, text).unwrap());
                assert_eq!(
                    from_slice, expected,
                    "slice, {nthreads} threads, {block_size} bytes"
                );
                let from_reader =
                    to_text(engine.fold(&options, Reader::Stream(&mut &*text)).unwrap());
                assert_eq!(
                    from_reader, expected,
                    "reader, {nthreads} threads, {block_size} bytes"
                );
            }
        }
    }
}

/// What was read before is of no matter.
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

/// What is noted of `text` if it is folded in blocks of about `size` bytes: how many lines there
/// are, and which are the first that are no event lines, and no frames.
fn noted(options: &Options, text: &[u8], size: usize) -> (u64, String) {
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
    let after_all = LinePlace {
        block: u64::MAX,
        line: 0,
    };
    let lines = report.lines.number(after_all);
    (lines, format!("{:?}", report.numbered_notes()))
}

/// Lines of a profile that has few fields.
fn any_selected_line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\t            11a9 leaf+0x1",
        "\t            11a9",
        "\tffffffff8103ce3b idle (m)",
        "\t    7f722d142778 (/bin/x)",
        "\t 55d0c0de1139 main",
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
            "# comment", "#x", "garbage", "\t", "\tgarbage", "\t 1 no module", " 2 spaced (m)",
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
        // So no whole stacks are looked for, and samples are read backwards.
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

/// Enough samples for whole stacks to be looked for, found, given up and looked for again.
#[test]
fn all_paths_agree_on_stacks_that_come_again_or_do_not() {
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

/// What `perf script -F` prints of a sample.
#[derive(Clone, Copy)]
struct Fields {
    has_call_chains: bool,
    comm: bool,
    pid: bool,
    tid: bool,
    cpu: bool,
    time: bool,
    period: bool,
    event: bool,
    dso: bool,
}

impl Fields {
    fn all_of_them() -> impl Iterator<Item = Fields> {
        (0..1 << 9).map(|bits: u32| {
            let is_set = |bit: u32| bits & 1 << bit != 0;
            Fields {
                has_call_chains: is_set(0),
                comm: is_set(1),
                pid: is_set(2),
                tid: is_set(3),
                cpu: is_set(4),
                time: is_set(5),
                period: is_set(6),
                event: is_set(7),
                dso: is_set(8),
            }
        })
    }

    /// Whether the last word of the comm could as well be the thread's id.
    fn may_mislead(&self, comm: &str) -> bool {
        let is_like_ids = match comm {
            "pool 7/9" => self.cpu || self.time,
            _ => self.cpu && !self.time && comm.ends_with(|it: char| it.is_ascii_digit()),
        };
        !self.pid && !self.tid && is_like_ids
    }

    fn print(&self, comm: &str, tid: u32, period: u64) -> String {
        let mut text = String::new();
        if self.comm {
            text += &match self.has_call_chains {
                true => format!("{comm} "),
                false => format!("{comm:>16} "),
            };
        }
        text += &match (self.pid, self.tid) {
            (true, true) => format!("{:>5}/{tid:<5} ", 77),
            (false, false) => String::new(),
            _ => format!("{tid:>5} "),
        };
        for (is_printed, field) in [
            (self.cpu, "[003] ".to_string()),
            (self.time, "  804.000123: ".to_string()),
            (self.period, format!("{period:>10} ")),
            (self.event, "cycles:u: ".to_string()),
        ] {
            text += if is_printed { &field } else { "" };
        }
        let dso = if self.dso { " (/bin/x)" } else { "" };
        match self.has_call_chains {
            true => format!(
                "{text}\n\t{:>16x} leaf{dso}\n\t{:>16x} main{dso}\n\n",
                0x1a, 0x7f001234567fu64
            ),
            false => format!("{text} {:>16x} leaf{dso}\n", 0x7f001234567fu64),
        }
    }
}

#[test]
fn any_selection_of_fields_is_folded() {
    let comms = [
        "a:b: c",
        "pool 7/9",
        "prog",
        "SUMO 3 tick",
        "my thread 1",
        "-/74",
        "a: b",
        "[kworker]",
        "9",
        "f",
        "Web Content 5",
    ];
    for fields in Fields::all_of_them() {
        for comm in comms {
            if fields.may_mislead(comm) {
                continue;
            }
            let text = fields.print(comm, 4321, 2_004_008).repeat(2) + &fields.print(comm, 31, 7);
            let count = if fields.period { 4_008_023 } else { 3 };
            let root = if fields.comm {
                comm.replace(' ', "_") + ";"
            } else {
                String::new()
            };
            let stack = if fields.has_call_chains {
                "main;leaf"
            } else {
                "leaf"
            };
            let folded = fold(&Options::default(), text.as_bytes());
            assert_eq!(folded, format!("{root}{stack} {count}\n"), "{text}");
            assert_eq!(
                fold_slowly(&Options::default(), text.as_bytes()),
                folded,
                "{text}"
            );
            assert_eq!(
                fold_backwards(&Options::default(), text.as_bytes()),
                folded,
                "{text}"
            );
        }
    }
}

#[test]
fn ids_are_known_in_any_selection_that_has_them() {
    let options = with_options(|options| options.include_tid = true);
    for fields in Fields::all_of_them().filter(|fields| fields.tid) {
        for (comm, tid) in [
            ("SUMO 3 tick", 4321),
            ("my thread 1", 31),
            ("-/74", 1234567),
        ] {
            let text = fields.print(comm, tid, 2_004_008);
            let comm = if fields.comm {
                comm.replace(' ', "_")
            } else {
                "?".to_string()
            };
            let pid = if fields.pid { "77" } else { "?" };
            let folded = fold(&options, text.as_bytes());
            assert!(
                folded.starts_with(&format!("{comm}-{pid}/{tid};")),
                "{text}{folded}"
            );
        }
    }
}

#[test]
fn what_is_no_sample_is_none_without_modules() {
    for text in [
        "prog 1 1.0: 7 cycles:\n\t b bar\n\t  cafe x\n\t d\n\t    7f001234567f |OP LOAD|\n\n",
        "Dear all,\n\n  12.5 x\n\tthis is 7f00 no frame\n\n",
        "this line is too long for a comm\n\t    7f001234567f lost\n\n",
    ] {
        assert_eq!(fold(&Options::default(), text.as_bytes()), "");
    }
}

#[test]
fn other_fields_below_frames_are_no_news() {
    let text = format!(
        "{HEAD}\t    7f001234567f leaf (/bin/x)\n  main.c:12\n\t    7f001234568f main (/bin/x)\n  :0\n               0\n ilen: 3 insn: 48 01 c2\n\n"
    );
    assert_eq!(
        fold(&Options::default(), text.as_bytes()),
        "prog;main;leaf 1\n"
    );
    let (_, notes) = noted(&Options::default(), text.as_bytes(), usize::MAX);
    let (_, none) = noted(&Options::default(), b"", usize::MAX);
    assert_eq!(notes, none);
}

/// Without symbols, functions are named after what is left.
#[test]
fn addresses_name_functions_without_symbols_if_asked_for() {
    let text = "prog \n\t            11a9\n\t            11aa\n\n\
                prog \n\t            11a9 (/bin/x)\n\t            11aa (/bin/x)\n\n";
    let text = text.repeat(4);
    assert_eq!(
        fold(&Options::default(), text.as_bytes()),
        "prog;[unknown];[unknown] 4\nprog;[x];[x] 4\n"
    );
    let addresses = with_options(|options| options.include_addrs = true);
    assert_eq!(
        fold(&addresses, text.as_bytes()),
        "prog;[unknown <11aa>];[unknown <11a9>] 4\nprog;[x <11aa>];[x <11a9>] 4\n"
    );
}

#[test]
fn the_last_address_of_a_line_is_that_of_its_frame() {
    let memory = "        10468100442 |OP LOAD|LVL L2 hit|SNP None|LCK No|BLK  N/A                   77               0               0";
    let line = |fields: &str| {
        format!(
            "dd 9 [001] 11.000001: 5 mem:     7f5c10a1b0c8{fields}     55aecad21161 copy+0x11 (/bin/dd)\n"
        )
    };
    for text in [line(""), line(memory), line("     7f5c10a1b0ff")] {
        assert_eq!(fold(&Options::default(), text.as_bytes()), "dd;copy 5\n");
        let chain = text.replace("     55aecad21161", "\n\t    55aecad21161") + "\n";
        assert_eq!(fold(&Options::default(), chain.as_bytes()), "dd;copy 5\n");
    }
}

#[test]
fn tabs_are_white_space() {
    let text = "Worker\t25122 [007] 115539.936601:\t\t1000000 task-clock:u:\n\
                        b3cea6c4\tLock::unlock() (/system/lib/libc.so)\n\
                        b3cea535\tshould_trace()\t(/system/lib/libc.so)\n\n\
                Pool 2\t31850/31881\t[001]\t684943.449406:\t250000\ttask-clock:\n\
                \t      74938fb3f0 libdraw.so[+29c3f0] (/vendor/lib64/libdraw.so)\n\n";
    assert_eq!(
        fold(
            &with_options(|options| options.include_tid = true),
            text.as_bytes()
        ),
        "Pool_2-31850/31881;libdraw.so[+29c3f0] 250000\nWorker-?/25122;should_trace;Lock::unlock 1000000\n"
    );
    assert_all_paths_agree(text.repeat(3).as_bytes());
}

/// perf asked to leave out the event prints nothing else of tracepoints, not even a blank line.
#[test]
fn a_line_with_a_time_ends_the_sample_before() {
    let text = "prog 31 [000]  1042.043899: prev_comm=x prev_prio=120 ==> next_comm=y\n\
                prog    31  1042.043929:     250000 \n\t    7f001234567f work (/bin/x)\n\n";
    assert_eq!(
        fold(&Options::default(), text.as_bytes()),
        "prog;work 250000\n"
    );
}

/// What is left of `text` when its end is cut off, and where a warning says that the sample ends.
fn noted_end(text: &str) -> Option<u64> {
    let (mut worker, mut tree) = (Worker::default(), CallTree::new());
    let options = Options::default();
    let prelude = options.prelude(text.as_bytes()).unwrap_or_default();
    let block = Block {
        bytes: text.as_bytes(),
        index: 0,
        first_line: 1,
    };
    options
        .fold(&prelude, block, &mut worker, &mut tree)
        .unwrap();
    worker.report.end.cut.map(|place| place.line)
}

#[test]
fn a_sample_that_is_cut_off_counts_and_is_noted() {
    let sample = format!(
        "{HEAD}\t    7f001234567f leaf+0x1 (/bin/x)\n\t    7f001234568f main+0x1 (/bin/x)\n\n"
    );
    let text = sample.repeat(2);
    assert_eq!(noted_end(&text), None);
    let (whole, second) = (sample.len(), 5);
    for cut in whole + 1..text.len() {
        let folded = fold(&Options::default(), &text.as_bytes()[..cut]);
        let line = second
            + text[whole..cut]
                .trim_end_matches('\n')
                .matches('\n')
                .count() as u64;
        let counts = testing::counts(&folded);
        let (all, some) = (counts.get("prog;main;leaf"), counts.get("prog;leaf"));
        let stacks = text[whole..cut].matches(')').count();
        match stacks {
            2 => assert_eq!((all, some), (Some(&2), None), "{cut}"),
            1 => assert_eq!((all, some), (Some(&1), Some(&1)), "{cut}"),
            _ => assert_eq!((all, some), (Some(&1), None), "{cut}"),
        }
        // Of an event line too little may be left to know it as one.
        if text[whole..cut].contains('\t') {
            assert_eq!(noted_end(&text[..cut]), Some(line), "{cut}");
        }
    }
}

#[test]
fn an_event_line_ends_the_sample_before() {
    let text = format!("{HEAD}\t a foo (m)\n{HEAD}\t a bar (m)\n");
    assert_eq!(
        fold(&Options::default(), text.as_bytes()),
        "prog;bar 1\nprog;foo 1\n"
    );
}

#[test]
fn tracepoints_keep_their_frames() {
    let text =
        "a 1 2.0: 7 sched:sched_switch: prev_comm=x ==> next_comm=y\n\t a f (m)\n\t b g (m)\n\n";
    assert_eq!(fold(&Options::default(), text.as_bytes()), "a;g;f 7\n");
}

#[test]
fn an_address_behind_the_event_is_a_frame_only_if_none_follows() {
    let line = "a 1 2.0: 7 page-faults:  55798c842000 [unknown] ([heap])\n";
    assert_eq!(fold(&Options::default(), line.as_bytes()), "a;[[heap]] 7\n");
    let text = format!("{line}\t a f (m)\n\n");
    assert_eq!(fold(&Options::default(), text.as_bytes()), "a;f 7\n");
}

#[test]
fn only_the_first_event_is_folded_unless_another_is_asked_for() {
    let text =
        "a 1 2.0: 7 cpu_atom/cycles/:\n\t a f (m)\n\na 1 2.0: 9 cpu_core/cycles/:\n\t a f (m)\n\n";
    assert_eq!(fold(&Options::default(), text.as_bytes()), "a;f 7\n");
    let core = with_options(|options| options.event_filter = Some("cpu_core/cycles/".to_string()));
    assert_eq!(fold(&core, text.as_bytes()), "a;f 9\n");
}

#[test]
fn sniffing() {
    let sniff = |text: &str| Options::default().sniff(text.as_bytes());
    assert_eq!(sniff(""), None);
    assert_eq!(sniff("# comment\n"), None);
    assert_eq!(sniff(HEAD), None);
    assert_eq!(sniff(&format!("{HEAD}\t 1 leaf (m)\n")), Some(true));
    assert_eq!(sniff("one 1 2.0: 7 cycles:  99 leaf (m)\n"), Some(true));
    assert_eq!(sniff(&format!("{HEAD}garbage\n")), Some(false));
    for fields in Fields::all_of_them() {
        let text = fields.print("SUMO 3 tick", 4321, 7).repeat(2);
        assert_eq!(sniff(&text), Some(true), "{text}");
    }
    for text in [
        "@[\n\tffffffffb4019501 do_mmap+1\n\tffffffffb401700a sys_mmap_pgoff+266\n]: 22186\n\n",
        "\tffffffffb4019501 do_mmap+1\n\n",
        "          <idle>-0     [000] 12345.678901: sched_switch: prev_comm=x\n\n",
        "0000000000001129 T main\n0000000000001139 T other\n",
        "fn=(1) main\n16 400\n",
    ] {
        assert_eq!(sniff(text), Some(false), "{text}");
    }
    assert_eq!(sniff("main;leaf 3\n"), None);
    assert_eq!(sniff("main;leaf 3\nmain 4\n"), Some(false));
    assert_eq!(
        sniff("CPU     ID                    FUNCTION:NAME\n\n"),
        Some(false)
    );
}

//! Tests of all kinds of samples and lines, and of warnings.

mod paths;
mod selections;

use super::*;
use crate::collapse::engine::Engine;
use crate::collapse::engine::format::count_lines;
use crate::collapse::engine::testing;
use crate::input::Reader;
use paths::noted;
use selections::Fields;

const HEAD: &str = "prog 100 [000] 10.000001:          1 cycles: \n";

fn fold(options: &Options, text: &[u8]) -> String {
    let forest = Engine::new(1).fold_slice(options, text).unwrap();
    to_text(forest)
}

fn to_text(forest: Forest) -> String {
    testing::to_text(Ok(forest)).unwrap()
}

/// Folds `text` as one block, in one of several ways.
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

/// Even if they have an address and text, as frames do if perf omits modules.
#[test]
fn without_modules_other_lines_are_not_samples() {
    for text in [
        "prog 1 1.0: 7 cycles:\n\t b bar\n\t  cafe x\n\t d\n\t    7f001234567f |OP LOAD|\n\n",
        "Dear all,\n\n  12.5 x\n\tthis is 7f00 no frame\n\n",
        "this line is too long for a comm\n\t    7f001234567f lost\n\n",
    ] {
        assert_eq!(fold(&Options::default(), text.as_bytes()), "");
    }
}

#[test]
fn other_fields_below_frames_cause_no_warning() {
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

#[test]
fn source_locations_below_frames_are_added_to_names_on_request() {
    let lines = with_options(|options| options.lines = true);
    let text = format!(
        "{HEAD}\t    7f001234567f leaf+0x1 (/bin/x)\n  /srv/x/main.c:12\n\
         \t    7f001234568f inlined (inlined)\n  main.h:0\n insn: 48 01 c2\n\
         \t    7f001234568f main (/bin/x)\n  :0\n\t    7f001234569f start (/bin/x)\n  ??:0\n\
         \t    7f001234569f libc (/lib/libc.so.6)\n  libc.so.6[2724a]\n\
         \tffffffff8103ce3b entry ([kernel.kallsyms])\n  [kernel.kallsyms]+0x12\n\n\
         {HEAD}\t    7f001234567f leaf+0x2 (/bin/x)\n  /srv/x/main.c:13\n\t    7f001234568f main (/bin/x)\n\n\
         {HEAD}\t    7f001234567f leaf+0x2 (/bin/x)\n\t    7f001234568f main (/bin/x)\n\n"
    );
    let expected = "prog;entry;libc;start;main;inlined (main.h);leaf (/srv/x/main.c:12) 1\n\
                    prog;main;leaf 1\nprog;main;leaf (/srv/x/main.c:13) 1\n";
    assert_eq!(fold(&lines, text.as_bytes()), expected);
    let without = "prog;entry;libc;start;main;inlined;leaf 1\nprog;main;leaf 2\n";
    assert_eq!(fold(&Options::default(), text.as_bytes()), without);
}

/// `perf script -F +srcline` and `-F ip,sym,srcline` of samples without call chains.
#[test]
fn source_locations_below_samples_of_one_line_belong_to_them() {
    let lines = with_options(|options| options.lines = true);
    let line = "prog 100 10.000001: 2 cycles:      55a2ef6d71b7 leaf+0x17 (/bin/x)\n";
    let text = format!("{line}  main.c:12\n{line}  main.c:13\n{line}  main.c:12\n");
    let expected = "prog;leaf (main.c:12) 4\nprog;leaf (main.c:13) 2\n";
    assert_eq!(fold(&lines, text.as_bytes()), expected);
    assert_eq!(fold(&Options::default(), text.as_bytes()), "prog;leaf 6\n");

    let line = "     55a2ef6d71b7 leaf\n";
    let text = format!("{line}  main.c:12\n{line}  main.c:13\n{line}  main.c:12\n");
    let expected = "leaf (main.c:12) 2\nleaf (main.c:13) 1\n";
    assert_eq!(fold(&lines, text.as_bytes()), expected);
    assert_eq!(fold(&Options::default(), text.as_bytes()), "leaf 3\n");
}

/// Without symbols, functions are named after their addresses or modules.
#[test]
fn addresses_name_functions_without_symbols_on_request() {
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

/// If perf is told to omit the event, it prints nothing else for tracepoints, not even a blank
/// line.
#[test]
fn a_line_with_a_time_ends_the_sample_before() {
    let text = "prog 31 [000]  1042.043899: prev_comm=x prev_prio=120 ==> next_comm=y\n\
                prog    31  1042.043929:     250000 \n\t    7f001234567f work (/bin/x)\n\n";
    assert_eq!(
        fold(&Options::default(), text.as_bytes()),
        "prog;work 250000\n"
    );
}

/// The remaining part of `text` after truncating it, and where the warning locates the end of the
/// sample.
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
    worker.report.end.cut.map(|position| position.line)
}

#[test]
fn a_truncated_sample_counts_with_a_note() {
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
        // The rest of a truncated event line may be too short to recognize.
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
fn an_address_after_the_event_is_a_frame_only_without_frame_lines() {
    let line = "a 1 2.0: 7 page-faults:  55798c842000 [unknown] ([heap])\n";
    assert_eq!(fold(&Options::default(), line.as_bytes()), "a;[[heap]] 7\n");
    let text = format!("{line}\t a f (m)\n\n");
    assert_eq!(fold(&Options::default(), text.as_bytes()), "a;f 7\n");
}

#[test]
fn only_the_first_event_is_folded_unless_another_is_requested() {
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

//! Tests of samples: their event, their count, and their stack.

use super::*;

const CALLCHAIN_DEFERRED: u32 = 22;
const DEFERRED: u64 = -640i64 as u64;

const IN_KERNEL: u64 = 0xffff_ffff_8100_0010;

/// The layout of counters: a number of them, each with its id.
const GROUP: u64 = 1 << 3 | 1 << 2;

fn three_maps(file: File) -> File {
    file.comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
        .map(5, 0x2000, 0x1000, "/nowhere/b", 2)
        .map(5, 0x3000, 0x1000, "/nowhere/c", 2)
}

/// Folds with the tool, and returns its standard error too.
fn run_on(file: &File, args: &[&str]) -> (String, String) {
    let output = run(PERF, args, &file.bytes());
    (stdout(&output), stderr(&output))
}

/// A sample with calls recorded by the processor, the latest first: source and target addresses.
fn with_calls(file: File, callchain: &[u64], calls: &[[u64; 2]]) -> File {
    let length = callchain.len() as u64;
    let calls = calls.iter().flat_map(|[from, to]| [*from, *to, 0]);
    let count = calls.clone().count() as u64 / 3;
    let words: Vec<u64> = callchain
        .iter()
        .copied()
        .chain([count])
        .chain(calls)
        .collect();
    file.sample_of(5, 3, length, &words)
}

/// With `--call-graph lbr`, the branches contain the callers. They do not contain the current
/// function: the function called last, here at 0x4000, may have jumped elsewhere.
#[test]
fn the_leaf_of_recorded_calls_is_where_the_thread_was() {
    const TYPE_OF_CALLS: u64 = 1 << 11;
    let calls = [[0x2010, 0x4000], [0x3010, 0x2000]];
    let folded = |mode, ip, callchain: &[u64]| {
        let mut file = File::new(false);
        file.branches = Some(TYPE_OF_CALLS);
        fold(&with_calls(three_maps(file).at(mode, ip), callchain, &calls).bytes())
    };
    let leaf = "prog;[c];[b];[a] 7\n";
    assert_eq!(folded(2, 0x1000, &[USER, 0x9000, 0x9010]), leaf);
    assert_eq!(folded(2, 0x1000, &[]), leaf);
    let kernel = "prog;[c];[b];[a];[unknown] 7\n";
    assert_eq!(
        folded(1, IN_KERNEL, &[KERNEL, IN_KERNEL, USER, 0x1000, 0x9000]),
        kernel
    );
    // Only the latest call shows where it entered the kernel.
    let unknown = "prog;[c];[b];[unknown];[unknown] 7\n";
    for callchain in [&[KERNEL, IN_KERNEL][..], &[KERNEL, IN_KERNEL, USER]] {
        assert_eq!(folded(1, IN_KERNEL, callchain), unknown);
    }
}

#[test]
fn a_call_chain_is_taken_if_no_calls_were_recorded() {
    let mut file = File::new(false);
    file.branches = Some(1 << 11);
    let file = with_calls(three_maps(file).at(2, 0x1000), &[USER, 0x1000, 0x2000], &[]);
    file.assert_folds("prog;[b];[a] 7\n");
}

/// `perf script` prints no period for tracepoints.
#[test]
fn a_sample_of_a_tracepoint_counts_one() {
    let mut file = File::new(false);
    file.kind = TRACEPOINT;
    let file = three_maps(file).sample(5, 3, &[USER, 0x1000, 0x2000]);
    file.assert_folds("prog;[b];[a] 1\n");
}

#[test]
fn the_event_that_is_first_in_the_header_is_folded() {
    let mut file = File::new(false);
    file.events = vec![0, 2, 9];
    let file = three_maps(file)
        .of_event(1)
        .sample(5, 3, &[USER, 0x2000])
        .sample(5, 4, &[USER, 0x2000])
        .of_event(0)
        .sample(5, 5, &[USER, 0x1000])
        .of_event(1)
        .sample(5, 6, &[USER, 0x2000]);
    let (folded, said) = run_on(&file, &[]);
    assert_eq!(folded, "prog;[a] 7\n");
    let left_out = "only event `cpu-clock` is shown; left out: `page-faults` (3 samples)";
    assert!(said.contains(left_out), "{said}");
    let (folded, said) = run_on(&file, &["--event-filter", "page-faults"]);
    assert_eq!(folded, "prog;[b] 21\n");
    assert!(!said.contains("left out"), "{said}");
}

/// For example, two clocks of which one never ticked, or the dummy event that perf adds to track
/// processes.
#[test]
fn events_without_samples_are_not_the_first() {
    let mut file = File::new(false);
    file.events = vec![9, 0, 2];
    let file = three_maps(file)
        .of_event(2)
        .sample(5, 3, &[USER, 0x2000])
        .of_event(1)
        .sample(5, 4, &[USER, 0x1000]);
    let (folded, said) = run_on(&file, &[]);
    assert_eq!(folded, "prog;[a] 7\n");
    assert!(
        said.contains("left out: `page-faults` (1 sample)"),
        "{said}"
    );
}

/// Batches of the other event are already being processed when the first sample of the first event
/// arrives.
#[test]
fn stacks_of_a_later_event_are_dropped() {
    let mut file = File::new(false);
    file.events = vec![0, 2];
    let mut file = three_maps(file).of_event(1);
    for time in 10..30_000 {
        file = file.sample(5, time, &[USER, 0x2000 + time % 99, 0x3000]);
    }
    let file = file.of_event(0).sample(5, 40_000, &[USER, 0x1000]).bytes();
    assert!(file.len() > 1 << 21);
    for nthreads in [1, 2, 4] {
        let mut options = options();
        options.stacks.nthreads = nthreads;
        assert_eq!(fold_with(options, &file).unwrap(), "prog;[a] 7\n");
    }
}

/// A group led by a clock, with page faults: `{cpu-clock,page-faults}:S`.
fn group(read_format: u64) -> File {
    let mut file = File::new(false);
    file.events = vec![0, 2];
    file.read_format = Some(read_format);
    three_maps(file)
}

#[test]
fn each_event_of_a_group_has_its_own_count() {
    let file = group(GROUP)
        .reading(&[2, 5_000, 100, 3, 101])
        .sample(5, 3, &[USER, 0x1000])
        .reading(&[2, 9_000, 100, 3, 101])
        .sample(5, 4, &[USER, 0x2000])
        .reading(&[2, 9_500, 100, 10, 101])
        .sample(5, 5, &[USER, 0x1000]);
    let (folded, said) = run_on(&file, &[]);
    assert_eq!(folded, "prog;[a] 5500\nprog;[b] 4000\n");
    let left_out = "only event `cpu-clock` is shown; left out: `page-faults` (2 samples)";
    assert!(said.contains(left_out), "{said}");
    let (folded, _) = run_on(&file, &["--event-filter", "page-faults"]);
    assert_eq!(folded, "prog;[a] 10\n");
}

/// The times of the counters, and the number of lost samples, are between the values.
#[test]
fn counters_are_read_in_every_layout() {
    let (times, lost) = (3, 1 << 4);
    let cases: [(u64, &[u64], &[u64]); 3] = [
        (
            GROUP | times,
            &[2, 77, 88, 50, 100, 3, 101],
            &[2, 78, 89, 60, 100, 5, 101],
        ),
        (
            GROUP | lost,
            &[2, 50, 100, 0, 3, 101, 0],
            &[2, 60, 100, 8, 5, 101, 9],
        ),
        (
            GROUP | times | lost,
            &[2, 7, 8, 50, 100, 0, 3, 101, 0],
            &[2, 8, 9, 60, 100, 0, 5, 101, 0],
        ),
    ];
    for (format, first, second) in cases {
        let file = group(format)
            .reading(first)
            .sample(5, 3, &[USER, 0x1000])
            .reading(second)
            .sample(5, 4, &[USER, 0x2000]);
        let (folded, _) = run_on(&file, &["--event-filter", "page-faults"]);
        assert_eq!(folded, "prog;[a] 3\nprog;[b] 2\n", "{format}");
    }
}

/// Such a sample has the value of one counter, from an event in the style of `perf stat`, or a
/// leader without a group.
#[test]
fn a_counter_alone_counts_from_the_sample_before() {
    for (format, words) in [(0, [40, 0]), (1 << 2, [40, 100])] {
        let length = if format == 0 { 1 } else { 2 };
        let file = group(format)
            .reading(&words[..length])
            .sample(5, 3, &[USER, 0x1000])
            .sample(5, 4, &[USER, 0x1000]);
        assert_eq!(fold(&file.bytes()), "prog;[a] 40\n", "{format}");
    }
}

#[test]
fn counters_of_threads_are_separate() {
    for (inherits, expected) in [(true, "prog;[a] 130\n"), (false, "prog;[a] 80\n")] {
        let mut file = File::new(false);
        file.read_format = Some(GROUP);
        file.inherits = inherits;
        let file = three_maps(file)
            .fork(6, 5, 2)
            .reading(&[1, 50, 100])
            .sample(5, 3, &[USER, 0x1000])
            .reading(&[1, 80, 100])
            .sample(6, 4, &[USER, 0x1000]);
        assert_eq!(fold(&file.bytes()), expected);
    }
}

#[test]
fn counters_without_an_event_are_reported() {
    let file = group(GROUP)
        .reading(&[3, 50, 100, 7, 999, 3, 101])
        .sample(5, 3, &[USER, 0x1000]);
    let (folded, said) = run_on(&file, &[]);
    assert_eq!(folded, "prog;[a] 50\n");
    let message = "skipped 1 value of counters that belong to no event in the file";
    assert!(said.contains(message), "{said}");
    // If the id is unknown, it is treated as an ordinary sample.
    let file = group(GROUP)
        .reading(&[1, 50, 999])
        .sample(5, 3, &[USER, 0x1000]);
    assert_eq!(fold(&file.bytes()), "prog;[a] 7\n");
}

#[test]
fn a_group_that_is_larger_than_its_record_is_skipped() {
    for count in [3, 1 << 60, u64::MAX] {
        let file = group(GROUP)
            .reading(&[1, 50, 100])
            .sample(5, 3, &[USER, 0x1000])
            .reading(&[count, 50, 100])
            .sample(5, 3, &[USER, 0x1000]);
        let (folded, said) = run_on(&file, &[]);
        assert_eq!(folded, "prog;[a] 50\n");
        assert!(
            said.contains("skipped 1 record that cannot be read"),
            "{said}"
        );
    }
}

/// The rest of the call chains of a thread, for the samples with this cookie.
fn rest(file: File, tid: u32, time: u64, cookie: u64, callchain: &[u64]) -> File {
    let body = file.words(&[&[cookie, callchain.len() as u64], callchain].concat());
    file.event_of(tid, CALLCHAIN_DEFERRED, 2, &body, time)
}

#[test]
fn call_chains_are_joined_to_what_the_kernel_recorded_later() {
    let in_kernel = [KERNEL, IN_KERNEL, DEFERRED];
    let waiting = |file: File, pid, time, cookie| {
        file.at(1, IN_KERNEL)
            .sample(pid, time, &[&in_kernel[..], &[cookie]].concat())
    };
    let file = three_maps(File::new(false)).comm(6, 6, "other", 2);
    let file = waiting(file, 5, 3, 11);
    let file = waiting(file, 6, 4, 12);
    let file = waiting(file, 5, 5, 11);
    let file = rest(file, 5, 6, 11, &[USER, 0x1000, 0x2000]);
    let file = waiting(file, 5, 7, 13);
    let file = rest(file, 5, 8, 13, &[USER, 0x3000]);
    let file = rest(file, 6, 9, 12, &[USER, 0x9000]);
    let (folded, said) = run_on(&file, &[]);
    assert_eq!(
        folded,
        "other;[unknown];[unknown] 7\nprog;[b];[a];[unknown] 14\nprog;[c];[unknown] 7\n"
    );
    assert!(!said.contains("lack"), "{said}");
}

#[test]
fn samples_whose_call_chain_never_came_are_counted() {
    let file = three_maps(File::new(false))
        .sample(5, 3, &[KERNEL, IN_KERNEL, DEFERRED, 11])
        .sample(5, 4, &[KERNEL, IN_KERNEL, DEFERRED, 12]);
    let file = rest(file, 5, 5, 12, &[USER, 0x1000])
        // In the program itself: only the address is known.
        .at(2, 0x2000)
        .sample(5, 6, &[DEFERRED, 13]);
    let (folded, said) = run_on(&file, &[]);
    assert_eq!(
        folded,
        "prog;[a];[unknown] 7\nprog;[b] 7\nprog;[unknown] 7\n"
    );
    let message = "2 samples lack the program's part of the stack";
    assert!(said.contains(message), "{said}");
}

/// As in a recording without `sample_id_all`. A record with a thread ID only applies to samples of
/// that thread.
#[test]
fn the_cookie_is_enough_if_a_record_does_not_say_its_thread() {
    for (says_who, expected) in [
        (false, "prog;[a];[unknown] 7\n"),
        (true, "prog;[unknown] 7\n"),
    ] {
        let mut file = File::new(false);
        file.has_trailers = says_who;
        let file = file
            .comm(5, 5, "prog", 1)
            .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
            .sample(5, 3, &[KERNEL, IN_KERNEL, DEFERRED, 11]);
        rest(file, 6, 4, 11, &[USER, 0x1000]).assert_folds(expected);
    }
}

/// The cookie may be any number, including one that looks like an address or a marker.
#[test]
fn cookies_are_not_addresses() {
    for cookie in [0, 0x1000, USER, u64::MAX] {
        let file =
            three_maps(File::new(false)).sample(5, 3, &[KERNEL, IN_KERNEL, DEFERRED, cookie]);
        file.assert_folds("prog;[unknown] 7\n");
    }
}

/// The `file` with a mapping of the newer record type, executable or not.
fn map_with(file: File, pid: u32, start: u64, name: &str, protection: u32) -> File {
    const MMAP2: u32 = 10;
    let place = file.words(&[start, 0x1000, 0, 0, 0, 0]);
    let body = [
        file.ids(pid, pid),
        place,
        file.ids(protection, 2),
        File::text(name),
    ]
    .concat();
    file.event(MMAP2, 2, &body, 2)
}

/// In code without unwind tables, the frame pointer register may contain anything.
#[cfg(target_arch = "x86_64")]
#[test]
fn callers_without_tables_are_in_code() {
    const REGISTERS: u64 = 1 << 6 | 1 << 7 | 1 << 8;
    const IS_DATA: u16 = 1 << 13;
    const READ_EXECUTE: u32 = 5;
    let folded = |caller: u64| {
        let mut file = File::new(false);
        file.registers = Some(REGISTERS);
        let file = file.comm(5, 5, "prog", 1);
        let file = map_with(file, 5, 0x1000, "/nowhere/a", READ_EXECUTE);
        let file = map_with(file, 5, 0x2000, "//anon", READ_EXECUTE);
        let file = map_with(file, 5, 0x3000, "//anon", 3);
        let file = map_with(file, 5, 0x8000, "[stack]", 3);
        let file = map_with(file, 5, 0x4e41_4d45_3d76_0000, "/nowhere/far", READ_EXECUTE);
        let data = [
            file.words(&[0x4000, 0x1000, 0]),
            File::text("/nowhere/data"),
        ]
        .concat();
        let file = file.map(5, 0x5000, 0x1000, "/nowhere/old", 2);
        let body = [file.ids(5, 5), data].concat();
        let file = file.event(MMAP, 2 | IS_DATA, &body, 2);
        let stack = [0, 0, 0, caller, 0, 0];
        let (abi, registers, size) = (2, [0x8010, 0x8000, 0x1010], 48);
        let user = [&[abi], &registers[..], &[size], &stack[..], &[size]].concat();
        fold(&file.sample_of(5, 3, 0, &user).bytes())
    };
    let ends = "prog;[a] 7\n";
    for caller in [
        0x3010,
        0x4010,
        0x8010,
        0x9010,
        0x6c61_763d_454d_414e,
        0x4e41_4d45_3d76_0010,
    ] {
        assert_eq!(folded(caller), ends, "{caller:#x}");
    }
    assert_eq!(folded(0x2010), "prog;[perf-5.map];[a] 7\n");
    assert_eq!(folded(0x5010), "prog;[old];[a] 7\n");
    // The call is the last instruction of the mapping.
    assert_eq!(folded(0x3000), "prog;[perf-5.map];[a] 7\n");
}

/// JIT-compiled code without unwind tables and frame pointers: its frame is known from a map or
/// from its call.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn stacks_continue_through_the_trampolines_of_python() {
    let found = fold(&capture("trampoline"));
    let code = "[perf-10626.map]";
    let stack = format!("trampoline;_start;run;{code};outer;{code};inner;{code};leaf 28000000\n");
    assert_eq!(found, stack);

    const NOBODY: u32 = 2_000_000_011;
    let map = Path::new("/tmp").join(format!("perf-{NOBODY}.map"));
    fs::write(&map, "2000 b py::work:/srv/app.py\n").expect("a map");
    let instructions = [(0x2000, 0), (0x2004, 1), (0x2006, 1), (0x200a, 0)];
    let found = instructions.map(|(at, top)| {
        let mut file = File::new(false);
        file.registers = Some(1 << 6 | 1 << 7 | 1 << 8);
        let file = file.comm(NOBODY, NOBODY, "python", 1);
        let file = map_with(file, NOBODY, 0x2000, "//anon", 5);
        let file = map_with(file, NOBODY, 0x1000, "/nowhere/python", 5);
        let mut stack = [0; 4];
        stack[top] = 0x1010;
        let user = [&[2, 0, 0x8000, at, 32], &stack[..], &[32]].concat();
        fold(&file.sample_of(NOBODY, 3, 0, &user).bytes())
    });
    fs::remove_file(&map).expect("the map is still there");
    for (found, (at, _)) in found.into_iter().zip(instructions) {
        let expected = "python;[python];py::work:/srv/app.py 7\n";
        assert_eq!(found, expected, "{at:#x}");
    }
}

/// Any such damaged file is folded or causes an error.
#[test]
fn corrupted_synthetic_files_do_not_panic() {
    let mut with_branches = File::new(false);
    with_branches.branches = Some(1 << 11);
    let chain = [KERNEL, IN_KERNEL, USER, 0x1000];
    let mut unwound = File::new(false);
    unwound.registers = Some(1 << 6 | 1 << 7 | 1 << 8);
    let unwound = map_with(unwound, 5, 0x1000, "//anon", 5);
    let user = [2, 0x8000, 0x8000, 0x1010, 32, 0x8010, 0x1008, 0, 0, 32];
    let grouped = group(GROUP | 3 | 1 << 4).reading(&[2, 7, 8, 50, 100, 0, 3, 101, 0]);
    let deferred = three_maps(File::new(false)).sample(5, 3, &[KERNEL, IN_KERNEL, DEFERRED, 11]);
    for file in [
        with_calls(three_maps(with_branches), &chain, &[[0x2010, 0x4000]]),
        unwound.sample_of(5, 3, 0, &user),
        grouped.sample(5, 3, &[USER, 0x1000]),
        rest(deferred, 5, 4, 11, &[USER, 0x1000]),
    ] {
        let file = file.bytes();
        for at in 0..file.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= change;
                let _ = fold_with(options(), &changed);
            }
            let _ = fold_with(options(), &file[..at]);
        }
    }
}

/// `chosen.so` is stripped, but its stub has a name.
#[test]
fn functions_without_names_are_counted_where_others_have_some() {
    let object = "/opt/demo/chosen.so";
    let size = fs::metadata(format!("{DATA}/symfs{object}"))
        .expect("a library")
        .len();
    let mut file = File::new(false)
        .comm(5, 5, "prog", 1)
        .map(5, 0x1000, size, object, 2);
    for offset in 0..size {
        file = file.sample(5, 3, &[USER, 0x1000 + offset]);
    }
    let (folded, said) = run_on(&file, &[&format!("--symfs={DATA}/symfs")]);
    let of = |stack: &str| -> u64 {
        let lines = folded.lines().filter_map(|line| line.strip_prefix(stack));
        lines
            .map(|count| count.trim().parse::<u64>().expect("a count"))
            .sum()
    };
    let (named, unnamed) = (of("prog;chosen@plt "), of("prog;[chosen.so] "));
    assert!(named > 0 && unnamed > 0, "{folded}");
    let share = 100.0 * unnamed as f64 / (7 * size) as f64;
    let message = format!("{share:.1}% of the profile has functions without names, in {object} (");
    assert!(said.contains(&message), "{said}");
}

use super::*;
use crate::collapse::engine::testing;
use proptest::prelude::*;

fn fold(graph: &str) -> Result<String, String> {
    fold_with(&Options::default(), graph)
}

fn fold_with(options: &Options, graph: &str) -> Result<String, String> {
    let report = format!("Process: x\n\nCall graph:\n{graph}\nTotal number in stack\n 5 x\n");
    testing::fold(options, report.as_bytes())
}

#[test]
fn self_samples_of_all_nodes_are_added_up() {
    let graph = "    10 T
    + 3 a  (in m) + 1  [0x1]
    + ! 1 b  (in m) + 1  [0x1]
    + 2 a  (in m) + 9  [0x2]
    4 T
";
    assert_eq!(fold(graph).unwrap(), "T 9\nT;m`a 4\nT;m`a;m`b 1\n");
}

#[test]
fn names_and_modules() {
    for (label, expected) in [
        ("start  (in libdyld.dylib) + 1  [0x7f]", "libdyld`start"),
        ("f(int (in x))  (in libq.dylib) + 5  [0x1]", "libq`f"),
        ("g  (in My Framework) + 5", "My Framework`g"),
        ("h  (in a.dylib.dylib)", "a.dylib`h"),
        ("k  (in )", "k"),
        (
            "???  (in <unknown binary>)  [0x7fff]",
            "<unknown binary>`???",
        ),
        (
            "-[NSView drawRect:]  (in AppKit) + 3  [0x3]",
            "AppKit`-[NSView drawRect:]",
        ),
        (
            "(anonymous namespace)::run(int)  (in m) + 3",
            "m`(anonymous namespace)::run",
        ),
        (
            "a::(anonymous namespace)::run(int)  (in m)",
            "m`a::(anonymous namespace)::run",
        ),
        ("rg::main::h6909bd3a32e27a08  (in rg) + 34", "rg`rg::main"),
        ("éabcdefghijklmnop  (in m)", "m`éabcdefghijklmnop"),
        ("Thread_7: Socket Thread", "Thread_7: Socket Thread"),
        (
            "Thread_1   DispatchQueue_1: com.apple.main-thread  (serial)",
            "Thread_1   DispatchQueue_1: com.apple.main-thread",
        ),
        (
            "Thread_9   DispatchQueue_4: work queue 0x6 (QOS: UTILITY)  (concurrent)",
            "Thread_9   DispatchQueue_4: work queue 0x6 (QOS: UTILITY)",
        ),
        (
            "Thread_3: copy (in progress) 2",
            "Thread_3: copy (in progress) 2",
        ),
        ("Thread_4: a;b ", "Thread_4: a:b"),
        ("Thread_2(int)  (in m) + 8", "m`Thread_2"),
        ("one;two  (in m)", "m`one:two"),
        ("f  (in a;b)", "a:b`f"),
        (
            "-[Cart(Totals) sum:of:]  (in Shop) + 9  [0x1]",
            "Shop`-[Cart(Totals) sum:of:]",
        ),
        (
            "std::function<int (char)>::operator()(char) const  (in Shop) + 9  [0x1]",
            "Shop`std::function<int (char)>::operator()",
        ),
        (
            "<[u8; 8] as shop::Key>::hash  (in Shop) + 9  [0x1]",
            "Shop`<[u8: 8] as shop::Key>::hash",
        ),
        (
            "a::_$LT$impl$u20$b..C$u20$for$u20$$u5b$T$u3b$$u20$N$u5d$$GT$::f::h0123456789abcdef  (in m)",
            "m`a::_<impl b::C for [T: N]>::f",
        ),
    ] {
        let folded = fold(&format!("    5 {label}\r\n")).unwrap();
        assert_eq!(folded, format!("{expected} 5\n"), "{label}");
    }
    let options = Options {
        no_modules: true,
        ..Options::default()
    };
    let folded = fold_with(&options, "    5 f(int)  (in m) + 34\n");
    assert_eq!(folded.unwrap(), "f 5\n");
}

#[test]
fn what_is_not_utf8_is_replaced() {
    let report = b"Call graph:\n    5 T\xff\n\nTotal number in stack\n";
    let folded = testing::fold(&Options::default(), report).unwrap();
    assert_eq!(folded, "T\u{fffd} 5\n");
}

fn fold_leaf(options: &Options, leaf: &str) -> String {
    let graph = format!("    5 T\n      5 {leaf} + 8  [0x1]\n");
    fold_with(options, &graph).unwrap()
}

#[test]
fn only_idle_threads_are_left_out() {
    let options = Options::default();
    for function in [
        "__accept",
        "__accept_nocancel",
        "__aio_suspend",
        "__aio_suspend_nocancel",
        "__connect",
        "__connect_nocancel",
        "__msgrcv_nocancel",
        "__poll",
        "__poll_nocancel",
        "__pselect",
        "__pselect_nocancel",
        "__psynch_cvwait",
        "__read",
        "__read_nocancel",
        "__readv_nocancel",
        "__recvfrom",
        "__recvfrom_nocancel",
        "__recvmsg",
        "__recvmsg_nocancel",
        "__select",
        "__select_nocancel",
        "__sem_wait_nocancel",
        "__semwait_signal",
        "__semwait_signal_nocancel",
        "__sigsuspend",
        "__sigsuspend_nocancel",
        "__sigwait",
        "__sigwait_nocancel",
        "__ulock_wait",
        "__ulock_wait2",
        "__wait4",
        "__wait4_nocancel",
        "__waitid",
        "__waitid_nocancel",
        "__workq_kernreturn",
        "accept",
        "accept$NOCANCEL",
        "aio_suspend",
        "aio_suspend$NOCANCEL",
        "clock_sleep_trap",
        "connect",
        "connect$NOCANCEL",
        "kevent",
        "kevent64",
        "kevent_id",
        "kevent_qos",
        "mach_msg2_trap",
        "mach_msg_overwrite_trap",
        "mach_msg_trap",
        "mach_wait_until",
        "msgrcv",
        "msgrcv$NOCANCEL",
        "poll",
        "poll$NOCANCEL",
        "pselect",
        "pselect$DARWIN_EXTSN",
        "pselect$DARWIN_EXTSN$NOCANCEL",
        "read",
        "read$NOCANCEL",
        "readv",
        "readv$NOCANCEL",
        "recvfrom",
        "recvfrom$NOCANCEL",
        "recvmsg",
        "recvmsg$NOCANCEL",
        "recvmsg_x",
        "select",
        "select$DARWIN_EXTSN",
        "select$DARWIN_EXTSN$NOCANCEL",
        "select$NOCANCEL",
        "sem_wait",
        "sem_wait$NOCANCEL",
        "semaphore_timedwait_signal_trap",
        "semaphore_timedwait_trap",
        "semaphore_wait_signal_trap",
        "semaphore_wait_trap",
        "sigsuspend",
        "sigsuspend$NOCANCEL",
        "waitid",
        "waitid$NOCANCEL",
    ] {
        let leaf = format!("{function}  (in libsystem_kernel.dylib)");
        assert_eq!(fold_leaf(&options, &leaf), "", "{function}");
    }
    for (function, module) in [
        ("start_wqthread", "libsystem_pthread.dylib"),
        ("pread", "libsystem_kernel.dylib"),
        ("__psynch_mutexwait", "libsystem_kernel.dylib"),
        ("poll", "Shop"),
        ("read", "libshop.dylib"),
    ] {
        let leaf = format!("{function}  (in {module})");
        let module = module.trim_end_matches(".dylib");
        assert_eq!(
            fold_leaf(&options, &leaf),
            format!("T;{module}`{function} 5\n")
        );
    }
    assert_eq!(fold("    5 T\n      5 kevent\n").unwrap(), "");
    assert_eq!(fold_leaf(&options, "read  (in libSystem.B.dylib)"), "");
}

#[test]
fn idle_functions_can_be_configured() {
    let more = Options {
        idle: vec!["shop::wait".to_string(), "__psynch_mutexwait".to_string()],
        ..Options::default()
    };
    let only = Options {
        no_default_idle: true,
        ..more.clone()
    };
    for leaf in [
        "shop::wait(int)  (in Shop)",
        "shop::wait  (in Cart)",
        "_ZN4shop4waitEi  (in Shop)",
        "__psynch_mutexwait  (in libsystem_kernel.dylib)",
    ] {
        assert_eq!(fold_leaf(&more, leaf), "", "{leaf}");
        assert_eq!(fold_leaf(&only, leaf), "", "{leaf}");
    }
    let kevent = "kevent  (in libsystem_kernel.dylib)";
    assert_eq!(fold_leaf(&more, kevent), "");
    assert_eq!(fold_leaf(&only, kevent), "T;libsystem_kernel`kevent 5\n");
    assert_eq!(fold_leaf(&more, "wait  (in Shop)"), "T;Shop`wait 5\n");
}

#[test]
fn errors_name_the_line() {
    for (graph, expected) in [
        (
            "    5 T\n\t5 a\n",
            "line 5: Stack line doesn't start with 4 spaces, expected a call graph up to the \
                 line `Total number in stack`, found `5 a`",
        ),
        (
            "    5 T\n    + |:!\n",
            "line 5: Found stack line with only indent characters, expected a function \
                 after them, found `+ |:!`",
        ),
        (
            "    5 T\n    +  5 a\n",
            "line 5: Odd number of indentation characters for line, expected two per level, \
                 found `+  5 a`",
        ),
        (
            "    5 T\n    +   5 a  (in m)\n",
            "line 5: Skipped indentation level at line, expected at most one level more than \
                 the line before, found `+   5 a  (in m)`",
        ),
        (
            "    5 T\n    + BAD\n",
            "line 5: Unable to parse stack line, expected a number of samples and a \
                 function, found `+ BAD`",
        ),
        (
            "    5 T\n    + start  (in m)\n",
            "line 5: Invalid samples field, expected a number of samples, found `start`",
        ),
    ] {
        assert_eq!(fold(graph).unwrap_err(), expected);
    }
}

#[test]
fn whole_lines_of_a_truncated_report_are_kept() {
    let report = "Call graph:\n    9 T\n    + 7 a\n    + ! 3 b\n    + 2 lo";
    let folded = testing::fold(&Options::default(), report.as_bytes());
    assert_eq!(folded.unwrap(), "T 2\nT;a 4\nT;a;b 3\n");
    let folded = testing::fold(&Options::default(), b"Process: x\n\n----\n");
    assert_eq!(folded.unwrap(), "");
}

#[test]
fn sniffing() {
    let sniff = |text: &str| Options::default().sniff(text.as_bytes());
    assert_eq!(sniff("Process: x\n\n"), None);
    assert_eq!(sniff("Process: x\n\nCall graph:\n    5 T\n"), Some(true));
    assert_eq!(sniff("Process: x\n\nCall graph:\n    5 T"), None);
    assert_eq!(
        sniff("Call graph:\n\nTotal number in stack (x)\n"),
        Some(true)
    );
    assert_eq!(sniff("Total number in stack (x)\n"), Some(false));
}

/// Prints stacks like `sample` does, each as a separate thread, in parts that share callers.
fn print_graph(stacks: &[(Vec<&str>, u64)]) -> String {
    let mut graph = String::new();
    for (stack, own) in stacks {
        for (depth, name) in stack.iter().enumerate() {
            let indent = [" ", "+ ", "! ", ": ", "| "].iter().cycle().skip(1);
            let indent: String = indent.take(depth).copied().collect();
            // The caller has a self sample at every level.
            let count = own + (stack.len() - depth) as u64 - 1;
            graph += &format!("    {indent}{count} {name}  (in lib{depth}.dylib) + 1  [0x1]\n");
        }
    }
    graph
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_sample_is_lost(
        stacks in prop::collection::vec(
            (
                prop::collection::vec(prop::sample::select(vec!["a", "b", "c(int)"]), 1..6),
                1u64..100,
            ),
            0..20,
        )
    ) {
        let folded = fold(&print_graph(&stacks)).unwrap();
        let sum: u64 = folded
            .lines()
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum();
        let samples: u64 = stacks
            .iter()
            .map(|(stack, own)| own + stack.len() as u64 - 1)
            .sum();
        prop_assert_eq!(sum, samples);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = testing::fold(&Options::default(), &bytes);
        for start in ["Call graph:\n", "Call graph:\n    5 T\n    + ", "Call graph:\n    5 "] {
            let report = [start.as_bytes(), &bytes].concat();
            let _ = testing::fold(&Options::default(), &report);
        }
    }
}

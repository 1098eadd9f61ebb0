//! Tests of `--off-cpu`: a capture of a program that sleeps and waits for its child, and synthetic files.

use super::*;

const PROGRAM: [&str; 1] = ["--comm=sleeps"];

/// Folds the capture, or its text, with `--off-cpu`.
fn off_cpu(file: &str, args: &[&str]) -> String {
    let path = format!("{DATA}/{file}");
    let symfs = format!("--symfs={DATA}/symfs");
    let args = [&["-q", "--off-cpu", &symfs, &path], args].concat();
    let output = run(PERF, &args, b"");
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn off_cpu_time_counts_where_a_thread_leaves_the_cpu() {
    let expected = "\
sleeps;_start;run;child;receive 5066948
sleeps;_start;run;child;rest 3034328
sleeps;_start;run;child;take_lock 9993966
sleeps;_start;run;parent 104796
sleeps;_start;run;parent;rest 16079344
sleeps;_start;run;parent;take_lock 2103854
";
    assert_eq!(off_cpu("off-cpu.data", &[]), expected);
}

#[test]
fn the_stack_of_the_waker_follows() {
    let expected = "\
sleeps;_start;run;child;receive;send;run;_start;sleeps 5066948
sleeps;_start;run;child;rest;:31310 3034328
sleeps;_start;run;child;take_lock;release_lock;run;_start;sleeps 9993966
";
    let folded = off_cpu("off-cpu.data", &["--wakers"]);
    assert!(folded.starts_with(expected), "{folded}");
}

#[test]
fn off_cpu_time_is_the_same_from_text() {
    for args in [
        &[][..],
        &["--wakers"],
        &["--wakers", "--tid", "--value=samples"],
        &["--time=2ms..10ms"],
        &["--time=10%..50%", "--wakers"],
        &["--cpu=1"],
        &["--tid-is=32465"],
        &["--skip-after=run", "--wakers"],
        &PROGRAM,
    ] {
        let data = off_cpu("off-cpu.data", args);
        assert!(!data.is_empty());
        assert_eq!(off_cpu("off-cpu.txt", args), data, "{args:?}");
    }
}

/// The sum over the lines of the text, computed independently.
#[test]
fn sums_are_those_of_the_intervals() {
    let text = fs::read_to_string(format!("{DATA}/off-cpu.txt")).unwrap();
    let (mut left, mut sum) = (std::collections::HashMap::new(), 0);
    for line in text.lines().filter(|line| line.contains("sched_switch:")) {
        let number = |key: &str| {
            let (_, rest) = line.split_once(key).unwrap();
            rest.split(' ').next().unwrap().parse::<u64>().unwrap()
        };
        let words = line.split(' ').filter_map(|word| word.strip_suffix(':'));
        let time = words
            .filter_map(|word| word.split_once('.'))
            .next()
            .unwrap();
        let time: u64 = [time.0, time.1].concat().parse().unwrap();
        if let Some(start) = left.remove(&number("next_pid=")) {
            sum += time - start;
        }
        if line.contains("prev_comm=sleeps") {
            left.insert(number("prev_pid="), time);
        }
    }
    let folded = off_cpu("off-cpu.data", &PROGRAM);
    let counts = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1);
    assert_eq!(
        counts.map(|it| it.parse::<u64>().unwrap()).sum::<u64>(),
        sum
    );
}

#[test]
fn any_selection_of_time_adds_up() {
    let sum = |args: &[&str]| {
        let folded = off_cpu("off-cpu.data", args);
        let counts = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1);
        counts.map(|it| it.parse::<u64>().unwrap()).sum::<u64>()
    };
    let parts = sum(&["--time=..7ms"]) + sum(&["--time=7ms.."]);
    assert_eq!(parts, sum(&[]));
}

#[test]
fn unknown_time_is_counted_in_warnings() {
    let path = format!("{DATA}/off-cpu.data");
    for input in [path, format!("{DATA}/off-cpu.txt")] {
        let output = run(PERF, &["--off-cpu", &input], b"");
        let errors = stderr(&output);
        let threads =
            "warning: 2 threads that leave a CPU do not return before the end of the recording";
        assert!(errors.contains(threads), "{errors}");
        assert!(errors.contains("1 return to a CPU is missing"), "{errors}");
    }
}

/// A thread leaves with a sample of `context-switches`, and a record says when it returns.
#[test]
fn context_switch_records_end_off_cpu_time() {
    const CONTEXT_SWITCHES: u64 = 3;
    const SWITCH: u32 = 14;
    const OUT: u16 = 1 << 13;
    let mut file = File::new(false);
    file.events = vec![CONTEXT_SWITCHES];
    file.has_trailers = true;
    let file = file
        .comm(5, 5, "prog", 1)
        .map(5, 0x1000, 0x1000, "/nowhere/a", 2)
        .at(2, 0x1000)
        .sample(5, 100, &[USER, 0x1000])
        .event_of(5, SWITCH, OUT, &[], 101)
        .event_of(6, SWITCH, 0, &[], 102)
        .event_of(5, SWITCH, 0, &[], 150)
        .sample(5, 200, &[USER, 0x1000])
        .event_of(5, SWITCH, 0, &[], 203);
    let output = run(PERF, &["-q", "--off-cpu"], &file.bytes());
    assert_eq!(stdout(&output), "prog;[a] 53\n", "{}", stderr(&output));
}

#[test]
fn profiles_without_scheduler_events_are_rejected() {
    let none = "--off-cpu needs sched:sched_switch events with their fields; \
                record with `perf record -e sched:sched_switch -a -g`";
    let switches = "prog 7/7 [000] 1.0: sched:sched_switch: prev_comm=prog prev_pid=7 prev_prio=120 prev_state=S ==> \
                    next_comm=other next_pid=8 next_prio=120\n\t12 f (m)\n\n";
    for (args, input, message) in [
        (&["--off-cpu"][..], capture("fp"), none.to_string()),
        (
            &["--off-cpu"],
            b"prog 7/7 1.0: 3 cycles:\n\t12 f (m)\n\n".to_vec(),
            none.to_string(),
        ),
        (
            &["--off-cpu"],
            switches.into(),
            "--off-cpu: no thread that left a CPU returns to one in the recording; \
             record all CPUs with `perf record -e sched:sched_switch -a -g`"
                .to_string(),
        ),
    ] {
        let output = run(PERF, args, &input);
        assert!(!output.status.success());
        assert_eq!(
            stderr(&output),
            format!("inferno-collapse-perf: error: standard input: {message}\n")
        );
    }
}

#[test]
fn wakers_need_wakeups() {
    let switch = |time, from: (&str, u32), to: (&str, u32)| {
        format!(
            "{} {}/{1} {time}: sched:sched_switch: {0}:{1} [120] S ==> {}:{} [120]\n\t12 f (m)\n\n",
            from.0, from.1, to.0, to.1
        )
    };
    let text =
        switch("1.0", ("prog", 7), ("other", 8)) + &switch("1.000002", ("other", 8), ("prog", 7));
    let output = run(PERF, &["-q", "--off-cpu"], text.as_bytes());
    assert_eq!(stdout(&output), "prog;f 2000\n");
    let output = run(PERF, &["-q", "--off-cpu", "--wakers"], text.as_bytes());
    assert!(stderr(&output).contains("--wakers needs sched:sched_waking events"));
}

/// An interval that ends where the selected time starts is not in it.
#[test]
fn intervals_may_touch_the_selected_time() {
    let text = "prog 7/7 1.0: sched:sched_switch: prog:7 [120] S ==> other:8 [120]\n\t12 f (m)\n\n\
                other 8/8 1.000002: sched:sched_switch: other:8 [120] S ==> prog:7 [120]\n\t34 g (m)\n\n\
                prog 7/7 1.000003: sched:sched_switch: prog:7 [120] S ==> other:8 [120]\n\t12 h (m)\n\n\
                other 8/8 1.000007: sched:sched_switch: other:8 [120] S ==> prog:7 [120]\n\t34 g (m)\n\n";
    let args = ["-q", "--off-cpu", "--value=samples", "--time=@1.000002.."];
    let output = run(PERF, &args, text.as_bytes());
    assert_eq!(stdout(&output), "other;g 1\nprog;h 1\n");
}

/// Each of the events that wake up a thread names its waker.
#[test]
fn threads_are_woken_by_several_events() {
    for event in [
        "sched:sched_waking",
        "sched:sched_wakeup",
        "sched:sched_wakeup_new",
    ] {
        let text = format!(
            "prog 7/7 1.0: sched:sched_switch: prog:7 [120] S ==> other:8 [120]\n\t12 f (m)\n\n\
             other 8/8 1.000001: {event}: prog:7 [120] CPU:000\n\t34 g (m)\n\n\
             other 8/8 1.000002: sched:sched_switch: other:8 [120] S ==> prog:7 [120]\n\t34 g (m)\n\n"
        );
        let output = run(PERF, &["-q", "--off-cpu", "--wakers"], text.as_bytes());
        assert_eq!(stdout(&output), "prog;f;g;other 2000\n", "{event}");
    }
}

/// `perf script --show-switch-events` prints when a thread returns.
#[test]
fn printed_switches_end_off_cpu_time() {
    for record in ["PERF_RECORD_SWITCH", "PERF_RECORD_SWITCH_CPU_WIDE"] {
        let text = format!(
            "prog 7/7 1.0: sched:sched_switch: prog:7 [120] S ==> other:8 [120]\n\t12 f (m)\n\n\
             prog 7/7 1.000001: {record} OUT next pid/tid: 8/8\n\
             prog 7/7 1.000005: {record} IN prev pid/tid: 8/8\n"
        );
        let output = run(PERF, &["-q", "--off-cpu"], text.as_bytes());
        assert_eq!(stdout(&output), "prog;f 5000\n", "{record}");
    }
}

#[test]
fn other_formats_reject_off_cpu() {
    let output = run(GUESS, &["--off-cpu"], b"main;leaf 3\n");
    let message = "--off-cpu needs events of perf, but the format is `folded`";
    assert!(stderr(&output).contains(message), "{}", stderr(&output));
}

#[test]
fn a_flame_graph_counts_nanoseconds() {
    let path = format!("{DATA}/off-cpu.data");
    let symfs = format!("--symfs={DATA}/symfs");
    let args = ["flamegraph", "-q", "--off-cpu", &symfs, &path];
    let output = run(env!("CARGO_BIN_EXE_inferno"), &args, b"");
    let svg = stdout(&output);
    assert!(svg.contains("receive"), "{}", stderr(&output));
    assert!(svg.contains("36.4 ms"), "{:.300}", svg);
}

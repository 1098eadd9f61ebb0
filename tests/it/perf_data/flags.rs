//! Tests of perf's flags in all tools that read perf profiles.

use super::*;

/// Folds with the tool, or draws without the names of the image itself.
fn run_on(tool: &str, args: &[&str], input: &[u8]) -> String {
    let output = run(tool, args, input);
    assert!(output.status.success(), "{output:?}");
    stdout(&output)
}

#[test]
fn all_tools_take_perfs_flags() {
    let symfs = format!("--symfs={DATA}/symfs");
    let kallsyms = format!("--kallsyms={DATA}/kallsyms");
    for tool in [PERF, GUESS, FLAMEGRAPH] {
        let drawn = |flags: &[&str], case| run_on(tool, &[&["-q"], flags].concat(), &capture(case));
        let named = drawn(&["--no-inline", "-n", "2", &symfs], "fp");
        assert!(named.contains("recurse") && !named.contains("mix_twice"));
        let inlined = drawn(&[&symfs], "dwarf");
        assert!(inlined.contains("mix_twice"));
        let kernel = drawn(&["--tid", &symfs, &kallsyms], "kernel");
        assert!(kernel.contains("do_syscall_64"));
        let no_event = run(tool, &["-q", "--event-filter=cycles"], &capture("events"));
        assert_eq!(no_event.status.code(), Some(1));
    }
}

#[test]
fn perfs_flags_are_for_the_output_of_perf_script_too() {
    let text = b"prog 5/6 1.0: 7 cycles:\n\t1000 work (/bin/prog)\n\n\
                 prog 5/6 1.0: 3 faults:\n\tffff1000 handle ([kernel.kallsyms])\n\n";
    for tool in [PERF, GUESS, FLAMEGRAPH] {
        let drawn = |flags: &[&str]| run_on(tool, &[&["-q"], flags].concat(), text);
        assert!(drawn(&["--pid"]).contains("prog-5"));
        assert!(drawn(&["--tid"]).contains("prog-5/6"));
        assert!(drawn(&["--event-filter", "faults"]).contains("handle"));
        // In an image, colors show the kind of a function.
        let is_marked = drawn(&["--event-filter=faults", "--all"]).contains("handle_[k]");
        assert_eq!(is_marked, tool != FLAMEGRAPH);
    }
}

#[test]
fn paths_that_do_not_exist_are_refused() {
    for tool in [PERF, GUESS, FLAMEGRAPH] {
        for flag in ["--kallsyms", "--symfs", "--debug-dir"] {
            let output = run(tool, &[flag, "/nowhere/at/all"], &capture("fp"));
            assert_eq!(output.status.code(), Some(2));
            let message = stderr(&output);
            assert!(message.contains(flag) && message.contains("/nowhere/at/all"));
        }
    }
}

/// If some samples have a stack, advising to record with `-g` does not help.
#[test]
fn advice_to_record_stacks_is_given_if_there_are_none() {
    const ADVICE: &str = "`perf record -g`";
    let none = File::new(false).sample(5, 1, &[]);
    let (none, some) = (none.bytes(), none.sample(5, 2, &[USER, 0x1000]).bytes());
    assert!(stderr(&run(PERF, &[], &none)).contains(ADVICE));
    let message = stderr(&run(PERF, &[], &some));
    assert!(
        message.contains("1 sample has no stack") && !message.contains(ADVICE),
        "{message}"
    );
}

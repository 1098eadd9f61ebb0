//! Lines of the source behind the names of functions.

use super::*;

fn fold_lines(inline: bool) -> String {
    let mut options = options();
    options.inline = inline;
    options.stacks.lines = true;
    fold_with(options, &capture("dwarf")).expect("a file that can be read")
}

/// The line of the program's source that is in `NAME (./spin.c:LINE)`.
fn source_line<'s>(frame: &str, source: &'s str) -> &'s str {
    let line = frame
        .strip_suffix(')')
        .and_then(|frame| frame.split_once(" (./spin.c:"));
    let number: usize = line.expect("a line").1.parse().expect("a number");
    source
        .lines()
        .nth(number - 1)
        .expect("a line of the source")
}

/// Each function calls the next in its line, be that inlined or not.
#[test]
fn lines_are_those_of_the_calls() {
    let source = fs::read_to_string(format!("{DATA}/programs/spin.c")).expect("the source");
    for inline in [true, false] {
        let folded = fold_lines(inline);
        for stack in folded.lines().map(stack_of) {
            let frames: Vec<&str> = stack.split(';').skip(1).collect();
            for pair in frames.windows(2) {
                let callee = pair[1].split(' ').next().expect("a name");
                let caller = source_line(pair[0], &source);
                assert!(
                    caller.contains(&format!("{callee}(")) || caller.contains("call run"),
                    "{pair:?}: {caller}"
                );
            }
        }
        assert_eq!(
            folded.contains(";mix_twice (./spin.c:21);mix ("),
            inline,
            "{folded}"
        );
        assert_eq!(sum_of(&folded), sum_of(&fold(&capture("dwarf"))));
    }
}

fn sum_of(folded: &str) -> u64 {
    let counts = folded.lines().filter_map(|line| line.rsplit_once(' '));
    counts
        .map(|(_, count)| count.parse::<u64>().expect("a count"))
        .sum()
}

#[test]
fn all_tools_have_the_flag() {
    let symfs = format!("--symfs={DATA}/symfs");
    for tool in [PERF, GUESS, FLAMEGRAPH] {
        let output = run(tool, &["-q", "--lines", &symfs], &capture("dwarf"));
        assert!(stdout(&output).contains("leaf (./spin.c:26)"), "{output:?}");
    }
}

/// There are no lines where there is no debug information.
#[test]
fn functions_without_lines_keep_their_names() {
    let mut options = options();
    options.stacks.lines = true;
    options.symfs = Some(PathBuf::from(format!("{DATA}/nowhere")));
    let unnamed = fold_with(options, &capture("fp")).expect("a file that can be read");
    assert!(
        unnamed.contains("spin-fp;[spin-fp]") && !unnamed.contains(":"),
        "{unnamed}"
    );
}

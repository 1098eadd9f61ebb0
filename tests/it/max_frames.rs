//! `--max-frames`: the lightest frames are left out of a graph, which says so.

#![cfg(feature = "cli")]

use crate::support::run::{run, stderr, stdout};
use std::collections::BTreeSet;

const INFERNO: &str = env!("CARGO_BIN_EXE_inferno");

/// Stacks of `count` functions: the one with number N has N samples, and calls one with a sample.
fn stacks(count: u64) -> String {
    let stack = |number| {
        format!(
            "main;f_{number} {}\nmain;f_{number};leaf_{number} 1\n",
            number - 1
        )
    };
    (1..=count).map(stack).collect()
}

fn draw(args: &[&str], input: &str) -> String {
    let args = [&["flamegraph"], args].concat();
    let output = run(INFERNO, &args, input.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

/// The titles of the frames.
fn titles(graph: &str) -> BTreeSet<&str> {
    let after = graph.split("<title>").skip(1);
    after
        .map(|text| text.split("</title>").next().unwrap())
        .collect()
}

fn subtitle(graph: &str) -> Option<&str> {
    let (_, text) = graph.split_once("<text id=\"subtitle\"")?;
    let (_, text) = text.split_once('>')?;
    Some(text.split('<').next().unwrap())
}

#[test]
fn no_more_frames_than_the_limit_are_drawn() {
    let input = stacks(300);
    let whole = draw(&["--minwidth=0"], &input);
    assert_eq!(titles(&whole).len(), 602);
    for max in [1, 2, 3, 50, 301, 302, 601] {
        let graph = draw(&["--minwidth=0", "--max-frames", &max.to_string()], &input);
        let left = titles(&graph);
        assert!(
            left.len() <= max && !left.is_empty(),
            "{max}: {}",
            left.len()
        );
        // The others weigh as much as before.
        assert!(left.is_subset(&titles(&whole)), "{max}");
        assert!(graph.len() < whole.len());
    }
}

#[test]
fn the_subtitle_says_how_much_is_left_out() {
    let input = stacks(300);
    // Of 45,150 samples, 31,626 are of the 251 lightest functions, and 49 of what the others call.
    let graph = draw(&["--minwidth=0", "--max-frames=51"], &input);
    assert_eq!(titles(&graph).len(), 51);
    let share = 100.0 * 31_675.0 / 45_150.0;
    let expected = format!("551 of 602 frames, with {share:.2}% of the total, are left out");
    assert_eq!(subtitle(&graph), Some(&*expected));
    let graph = draw(&["--max-frames=51", "--subtitle", "of host 7"], &input);
    assert_eq!(subtitle(&graph), Some(&*format!("of host 7; {expected}")));
    let page = draw(&["--max-frames=51", "--format=html"], &input);
    assert_eq!(subtitle(&page), Some(&*expected));
}

/// Frames too narrow to be drawn count, too.
#[test]
fn the_weight_left_out_includes_narrow_frames() {
    let input = stacks(300) + "wide 10000000\n";
    let graph = draw(&["--max-frames=52"], &input);
    let share = 100.0 * 31_675.0 / 10_045_150.0;
    let expected = format!("551 of 603 frames, with {share:.2}% of the total, are left out");
    assert_eq!(subtitle(&graph), Some(&*expected));
}

#[test]
fn the_limit_does_not_affect_a_small_graph() {
    let input = stacks(20);
    assert_eq!(draw(&["--max-frames=42"], &input), draw(&[], &input));
    assert_eq!(subtitle(&draw(&["--max-frames=42"], &input)), None);
}

/// The size of the file depends on the frames that are left.
#[test]
fn what_is_left_out_is_not_in_the_file() {
    let few = draw(&["--max-frames=50"], &stacks(300));
    let many = draw(&["--max-frames=50"], &stacks(3000));
    assert!(
        many.len() < few.len() + few.len() / 20,
        "{} {}",
        many.len(),
        few.len()
    );
    assert!(!many.contains("leaf_") && many.contains("f_3000"));
}

#[test]
fn all_graphs_can_be_limited() {
    let input = stacks(100);
    for args in [
        &["--flamechart"][..],
        &["--reverse"],
        &["--inverted"],
        &["--minwidth=0.5"],
        &["--colordiffusion"],
    ] {
        let graph = draw(&[args, &["--max-frames=20"]].concat(), &input);
        assert!(titles(&graph).len() <= 20, "{args:?}");
        assert!(
            subtitle(&graph).unwrap().ends_with("are left out"),
            "{args:?}"
        );
    }
    let both: String = (1..100)
        .map(|n| format!("main;f_{n} {n} {}\n", 100 - n))
        .collect();
    let graph = draw(&["--max-frames=20", "--diff-width=before"], &both);
    assert!(titles(&graph).len() <= 20 && graph.contains("f_99"));
}

#[test]
fn a_limit_is_a_number() {
    for value in ["0", "-1", "x", "1.5"] {
        let output = run(INFERNO, &["flamegraph", "--max-frames", value], b"a;b 1\n");
        assert_eq!(output.status.code(), Some(2), "{value}");
    }
}

//! Reads and writes folded stacks, the text between collapsers and flame graphs.
//!
//! ```text
//! file    = { line LF }
//! line    = comment | stack WS count | stack WS count WS count      (before, after)
//! stack   = frame { ";" frame }                                     (root first, leaf last)
//! count   = digits [ "." digits ]
//! comment = "# " text | whitespace only
//! WS      = whitespace of ASCII: spaces or tabs, mostly one
//! ```
//!
//! A frame may contain anything except `;` and line ends, including spaces: the count follows the
//! last whitespace, which may be a tab, because databases print tabs between columns. A line with
//! two counts is *differential*, as written by `inferno-diff-folded`. A line with only whitespace
//! and a count (` 2`) is the empty stack of samples without frames; it counts for the root.
//!
//! ```text
//! swapper;start_kernel;rest_init;cpu_idle;default_idle 17
//! main;std::vec::Vec<T, A>::push 3 5
//! ```
//!
//! ```
//! use inferno::folded;
//!
//! let stacks = "main;parse 3\nmain;draw 4\nmain;parse 1\n";
//! let profile = folded::read(stacks.as_bytes())?;
//! assert_eq!(profile.ignored_lines, 0);
//!
//! let mut out = Vec::new();
//! folded::write(&profile.tree, &mut out)?;
//! assert_eq!(out, b"main;draw 4\nmain;parse 4\n");
//! # Ok::<(), std::io::Error>(())
//! ```

mod branches;
mod folder;
mod in_order;
mod lines;
mod parallel;
mod parts;
mod predictions;
mod tally;
mod write;

use crate::bytes::lines::whole_lines;
use crate::bytes::text::{digits_at_end, is_ascii_white, trim, trim_end, trim_start};
use crate::call_tree::{CallTree, Count};
use std::io::{self, Read};

pub(crate) use folder::LineFolder;
pub(crate) use tally::{LineKind, Tally};
pub use write::{write, write_forest};

/// The result of [`read`].
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The stacks with their counts.
    pub tree: CallTree,
    /// The number of lines that were neither a stack with a count nor a comment.
    pub ignored_lines: u64,
}

/// Reads folded stacks until the end of `reader`, which does not need to be buffered.
///
/// Counts of equal stacks are added up. Lines that are not stacks are counted and skipped.
///
/// # Errors
/// Errors of `reader`.
pub fn read<R: Read>(reader: R) -> io::Result<Profile> {
    let mut folder = LineFolder::new(CallTree::new());
    folder.read(reader)?;
    Ok(folder.finish())
}

/// Whether the text that starts with `head` is folded: all lines of `head` must be stacks or
/// comments, and at least one a stack. `None` if more bytes are needed.
pub(crate) fn sniff(head: &[u8]) -> Option<bool> {
    let mut lines = whole_lines(head)
        .filter(|line| !is_blank_or_comment(trim(line)))
        .peekable();
    lines.peek()?;
    Some(lines.all(|line| Line::parse(line).is_some()))
}

/// A parsed line of folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub stack: &'a [u8],
    /// The first of two counts.
    pub before: Option<Count>,
    pub count: Count,
}

impl<'a> Line<'a> {
    /// Parses a line; `None` if it is not a stack with a count. Whitespace at the start of the line
    /// is not part of the first frame, but distinguishes the empty stack (` 2`) from a lone number.
    // Always inlined: calls cost 1% of the instructions of a flame graph.
    #[inline(always)]
    pub fn parse(line: &'a [u8]) -> Option<Line<'a>> {
        let (rest, count) = split_count(trim_end(line))?;
        let (stack, before) = match split_count(rest) {
            Some((stack, before)) => (stack, Some(before)),
            None => (rest, None),
        };
        Some(Line {
            stack: trim_start(stack),
            before,
            count,
        })
    }

    /// Whether `line`, from which this was parsed, is a comment that ends in a number.
    fn is_comment(&self, line: &[u8]) -> bool {
        self.stack.first() == Some(&b'#') && is_blank_or_comment(trim_start(line))
    }
}

/// Splits `STACK COUNT` at its last whitespace. Trailing whitespace of the stack is removed.
pub(crate) fn split_count(line: &[u8]) -> Option<(&[u8], Count)> {
    // In most cases, the end of the stack already shows that there is no second count.
    let (rest, digits) = line.split_at(line.len() - digits_at_end(line));
    match rest {
        [stack @ .., white] if is_ascii_white(*white) => {
            Some((trim_end(stack), Count::parse(digits)?))
        }
        [.., b'.'] => split_fraction(line),
        _ => None,
    }
}

/// Splits off a count with a decimal point.
#[cold]
fn split_fraction(line: &[u8]) -> Option<(&[u8], Count)> {
    let white = line.iter().rposition(|byte| is_ascii_white(*byte))?;
    Some((trim_end(&line[..white]), Count::parse(&line[white + 1..])?))
}

/// Whether a trimmed line is blank or a comment.
fn is_blank_or_comment(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(b"# ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_tree::Forest;
    use proptest::prelude::*;

    fn refold(text: &str) -> (String, u64) {
        let profile = read(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        write(&profile.tree, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), profile.ignored_lines)
    }

    #[test]
    fn any_white_space_is_before_a_count() {
        for white in [" ", "\t", "  ", "\t\t", " \t ", "\u{b}", "\u{c}", "\r"] {
            let text = format!("main;new node{white}3\nmain;draw{white}1.5\r\n");
            let expected = ("main;draw 1.5\nmain;new node 3\n".to_string(), 0);
            assert_eq!(refold(&text), expected, "{white:?}");
            let both = format!("main{white}3{white}5\n");
            assert_eq!(refold(&both), ("main 3 5\n".to_string(), 0), "{white:?}");
        }
        assert_eq!(refold("main\u{a0}3\nmain3\n5\n"), (String::new(), 3));
    }

    #[test]
    fn writes_what_sorting_the_lines_would() {
        let sorted = "a 1\na b;x 2\na!;x 3\na::x 4\na;b 5\na;b;c 6\na;b::c 7\nab 8\n";
        let mut stacks: Vec<&str> = sorted.lines().collect();
        stacks.sort_by_key(|line| line.rsplit_once(' ').unwrap().0);
        let expected = stacks.join("\n") + "\n";
        stacks.reverse();
        assert_eq!(refold(&stacks.join("\n")).0, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// Names that start alike, that begin with one another, and that are filled up with zeros.
        #[test]
        fn many_siblings_are_sorted_as_their_lines(
            stacks in prop::collection::btree_map(
                "(module`)?[\0 a]{0,3}( {8}){0,40}[\0!;a]{0,12}",
                1u64..9,
                0..300,
            )
        ) {
            let mut tree = CallTree::new();
            for (stack, count) in &stacks {
                tree.add_stack([stack], *count);
            }
            let mut out = Vec::new();
            write(&tree, &mut out).unwrap();
            let expected: String = stacks
                .iter()
                .map(|(stack, count)| format!("{stack} {count}\n"))
                .collect();
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    /// The output for trees that are not merged, which must equal the output after merging them.
    fn written(trees: Vec<CallTree>) -> String {
        let forest = Forest::from_iter(trees);
        let (mut text, mut merged) = (Vec::new(), Vec::new());
        write_forest(&forest, &mut text).unwrap();
        write(&forest.merged(), &mut merged).unwrap();
        assert!(text == merged, "merged before and while written");
        String::from_utf8(text).unwrap()
    }

    fn tree_of(stacks: impl IntoIterator<Item = (String, u64)>) -> CallTree {
        let mut tree = CallTree::new();
        for (stack, count) in stacks {
            let node = tree.descend(CallTree::ROOT, stack.as_bytes());
            tree.add(node, count);
        }
        tree
    }

    proptest! {
        #[test]
        fn a_forest_is_written_as_if_merged(
            trees in prop::collection::vec(
                prop::collection::vec(("[ab!]{0,2}(;[ab!]{0,2}){0,5}", 1u64..9), 0..40),
                1..5,
            )
        ) {
            let sum: u64 = trees.iter().flatten().map(|(_, count)| count).sum();
            let text = written(trees.into_iter().map(tree_of).collect());
            let counts = text.lines().filter_map(|line| line.rsplit(' ').next());
            prop_assert_eq!(counts.map(|count| count.parse::<u64>().unwrap()).sum::<u64>(), sum);
        }
    }

    /// Covers trees that are large enough for several threads: bushy, wide, deep, and a mix.
    #[test]
    fn a_large_forest_is_written_as_if_merged() {
        let bushy = |seed: u64| {
            (0..9000u64).map(move |at| {
                let random = (at * 7 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let frames = (0..6).map(|depth| format!("f{}", random >> (8 * depth + 8) & 7));
                (
                    frames.collect::<Vec<_>>().join(";") + &format!(";leaf{}", at % 4000),
                    at,
                )
            })
        };
        let wide = |from: u64| (from..from + 20_000).map(|at| (format!("all;{at}"), at));
        let deep = |leaf: &str| {
            let stack = "deep;".repeat(12_000);
            [(stack.clone() + leaf, 1), (stack + "end", 2)]
        };
        let lines = |trees| written(trees).lines().count();
        assert!(
            lines(vec![
                tree_of(bushy(0)),
                tree_of(bushy(1)),
                tree_of(bushy(2))
            ]) > 9000
        );
        assert_eq!(lines(vec![tree_of(wide(0)), tree_of(wide(5000))]), 25_000);
        assert_eq!(lines(vec![tree_of(deep("a")), tree_of(deep("b"))]), 3);
        let all = |seed, leaf| bushy(seed).chain(wide(seed)).chain(deep(leaf));
        assert!(lines(vec![tree_of(all(1, "b")), tree_of(all(9, "a"))]) > 29_000);
    }

    /// Covers differential trees and trees with a single count.
    #[test]
    fn a_forest_keeps_both_counts() {
        let mut one = tree_of([("a;b".to_string(), 4)]);
        let node = one.descend(CallTree::ROOT, b"a;c");
        one.add_change(node, 1u64, 2u64);
        let two = tree_of([("a;b".to_string(), 3), ("a;c".to_string(), 5)]);
        assert_eq!(written(vec![one, two]), "a;b 7 7\na;c 6 7\n");
    }

    #[test]
    fn a_forest_in_time_order_keeps_it() {
        let chart = |stacks: [&str; 2]| {
            let mut tree = CallTree::in_time_order();
            for stack in stacks {
                let node = tree.descend(CallTree::ROOT, stack.as_bytes());
                tree.add(node, 1u64);
            }
            tree
        };
        let charts = vec![chart(["b", "a"]), chart(["a", "c;d;e"])];
        assert_eq!(written(charts), "b 1\na 2\nc;d;e 1\n");
    }

    #[test]
    fn a_forest_that_cannot_be_written_is_an_error() {
        struct Full(usize);
        impl io::Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self
                    .0
                    .checked_sub(bytes.len())
                    .ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let wide = |from: u64| tree_of((from..from + 20_000).map(|at| (at.to_string(), at)));
        let forest = Forest::from_iter([wide(0), wide(10_000), wide(20_000)]);
        for space in [0, 10_000, 100_000] {
            let error = write_forest(&forest, Full(space)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn adds_up_and_counts_what_it_ignores() {
        let text = "a;b 1\n\n# comment 7\n # 8\na;b 2\r\nno count\n#tag 3\n5\n a;b  0.5\n";
        assert_eq!(refold(text), ("#tag 3\na;b 3.5\n".to_string(), 2));
    }

    #[test]
    fn the_empty_stack_is_read_as_it_is_written() {
        let text = " 2\na 1\n";
        assert_eq!(refold(text), (text.to_string(), 0));
        assert_eq!(refold("a 1\n\t0.5\r\n  1.5\n"), (text.to_string(), 0));
        let text = " 2 3\na 1 0\n";
        assert_eq!(refold(text), (text.to_string(), 0));
        assert_eq!(sniff(b" 2\n"), Some(true));
        assert_eq!(sniff(b"2\n"), Some(false));
    }

    #[test]
    fn empty_frames_stay() {
        assert_eq!(refold("a;;b 1\na; 2\n; 3\n").0, "; 3\na; 2\na;;b 1\n");
    }

    #[test]
    fn frames_that_begin_alike_are_not_mixed_up() {
        let text = "a;bc 1\na;b 2\na;b;c 3\na;bcd 4\nab 5\na 6\n";
        assert_eq!(
            refold(text).0,
            "a 6\na;b 2\na;b;c 3\na;bc 1\na;bcd 4\nab 5\n"
        );
    }

    #[test]
    fn two_counts_make_a_differential() {
        assert_eq!(refold("a;b 1 2\na 5\na;b 10 20\n").0, "a 5 5\na;b 11 22\n");
    }
}

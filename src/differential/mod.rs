//! Compares two profiles: combines two sets of stacks into one with two counts each.
//!
//! ```text
//! before:  main;parse 3      after:  main;parse 5      difference:  main;draw 0 2
//!          main;wait 4               main;draw 2                    main;parse 3 5
//!                                                                   main;wait 4 0
//! ```
//!
//! [`from_readers`] and [`from_files`] combine two [folded](crate::folded) texts into one with a
//! count before and after, from which a [flame graph](crate::flamegraph) shows growth and shrinkage
//! by color. [`compare`] does the same for profiles in memory.
//!
//! ```
//! use inferno::differential::{self, Options};
//!
//! let before = "main;parse 3\nmain;wait 4\n";
//! let after = "main;parse 5\nmain;draw 2\n";
//! let mut lines = Vec::new();
//! let options = Options::default();
//! differential::from_readers(options, before.as_bytes(), after.as_bytes(), &mut lines)?;
//! assert_eq!(lines, b"main;draw 0 2\nmain;parse 3 5\nmain;wait 4 0\n");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Performance
//!
//! Folded text is usually sorted, and always is if it comes from the tools of this crate. So stacks
//! are not looked up: both sides are sorted, where sorted input only requires comparing each line
//! with the previous one, and then merged.

mod profile;
mod scale;

pub use profile::Profile;

use crate::bytes::number::push_uint;
use crate::call_tree::rebuild;
use crate::call_tree::{CallTree, Count, SATURATED};
use crate::warnings::warning;
use memchr::memmem;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;

/// Options for comparing two profiles.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Scale the first profile so that both profiles have the same total. This compensates for
    /// different recording times, so that only changes in the relative weight remain. Default:
    /// `false`.
    pub normalize: bool,

    /// Replace hexadecimal numbers (`0x7f722d142778`) with `0x...`, so that stacks that differ only
    /// in addresses are equal. Default: `false`.
    pub strip_hex: bool,
}

/// Writes the stacks of two folded profiles, each with its count before and after, sorted by the
/// bytes of the stack.
///
/// Counts of equal stacks are added up; a stack that one side lacks counts 0 there. Counts are
/// integers: fractions are truncated with a logged warning, and so are the results of
/// [`Options::normalize`]. ([`compare`] keeps fractions.) Lines that are not a stack with a count
/// are skipped, which also logs a warning.
///
/// Memory use depends on the distinct parts of stacks, not on their common prefixes.
///
/// # Errors
/// Errors of the readers and of `writer`, which is written to in chunks of tens of kilobytes and
/// flushed at the end.
pub fn from_readers<R1, R2, W>(opt: Options, before: R1, after: R2, writer: W) -> io::Result<()>
where
    R1: BufRead,
    R2: BufRead,
    W: Write,
{
    let before = Profile::read(opt, before)?;
    write(opt, before, &Profile::read(opt, after)?, writer)
}

/// Calls [`from_readers`] for the files at two paths.
///
/// # Errors
/// The same as for [`from_readers`], and an error whose message names the path if a file cannot be
/// read.
pub fn from_files<P1, P2, W>(
    opt: Options,
    file_before: P1,
    file_after: P2,
    writer: W,
) -> io::Result<()>
where
    P1: AsRef<Path>,
    P2: AsRef<Path>,
    W: Write,
{
    let before = read_file(opt, file_before.as_ref())?;
    let after = read_file(opt, file_after.as_ref())?;
    write(opt, before, &after, writer)
}

/// Writes the differential text for profiles that were already read, as [`from_readers`] does.
///
/// # Errors
/// Errors of `writer`.
pub fn write<W: Write>(
    opt: Options,
    mut before: Profile,
    after: &Profile,
    writer: W,
) -> io::Result<()> {
    if opt.normalize {
        before.scale_to(after.total());
    }
    write_both(&before, after, writer)
}

/// Returns a [differential](CallTree::is_differential) tree of all stacks of two trees.
///
/// Fractions are kept. Those that result from [`Options::normalize`] are rounded to five digits of
/// the smallest count, so that the counts add up exactly. If a tree is already differential, its
/// counts after are used.
///
/// ```
/// use inferno::call_tree::{CallTree, Count};
/// use inferno::differential::{self, Options};
///
/// let (mut before, mut after) = (CallTree::new(), CallTree::new());
/// before.add_stack(["main", "wait"], 4u64);
/// after.add_stack(["main", "wait"], 1u64);
/// after.add_stack(["main", "draw"], 2u64);
///
/// let tree = differential::compare(&before, &after, Options::default());
/// assert_eq!(tree.totals_before()[CallTree::ROOT.index()], Count::from(4));
/// assert_eq!(tree.totals()[CallTree::ROOT.index()], Count::from(3));
/// ```
pub fn compare(before: &CallTree, after: &CallTree, opt: Options) -> CallTree {
    let mut tree = CallTree::new();
    if before.unit() == after.unit() {
        tree.set_unit(after.unit().clone());
    }
    let own = |tree: &CallTree, node| tree.self_count(node).unwrap_or_default();
    let rename = |name| without_hex_if(opt.strip_hex, name);
    tree.graft(before, rename, |tree, node, theirs| {
        tree.add_change(node, own(before, theirs), Count::ZERO);
    });
    tree.graft(after, rename, |tree, node, theirs| {
        tree.add_change(node, Count::ZERO, own(after, theirs));
    });
    if opt.normalize {
        scale::normalize(&mut tree);
    }
    tree
}

/// The tree with its names as [`Options::strip_hex`] has them.
pub(crate) fn without_hex_in_names(tree: &CallTree) -> CallTree {
    rebuild::with_names(tree, without_hex)
}

fn read_file(opt: Options, path: &Path) -> io::Result<Profile> {
    File::open(path)
        .and_then(|file| Profile::read(opt, file))
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn without_hex_if(is_wanted: bool, text: &[u8]) -> Cow<'_, [u8]> {
    match is_wanted {
        true => without_hex(text),
        false => Cow::Borrowed(text),
    }
}

/// `text` with `0x...` in place of each `0x` followed by hexadecimal digits.
fn without_hex(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    // The text before this is in `out`.
    let mut done = 0;
    for at in memmem::find_iter(text, b"0x") {
        let digits = &text[at + 2..];
        let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let length = length.count();
        // A 0 that is a digit of the previous number is already replaced.
        if length > 0 && at >= done {
            out.extend_from_slice(&text[done..at]);
            out.extend_from_slice(b"0x...");
            done = at + 2 + length;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(&text[done..]);
    Cow::Owned(out)
}

/// Writes all stacks of both sides in sorted order.
fn write_both(before: &Profile, after: &Profile, writer: impl Write) -> io::Result<()> {
    if before.is_saturated() || after.is_saturated() {
        warning!("{SATURATED}");
    }
    let mut lines = LineWriter::new(writer);
    let (mut before, mut after) = (before.cursor(), after.cursor());
    loop {
        let (one, two) = (before.stack(), after.stack());
        let (order, frames) = match (one, two) {
            (Some((one, _)), Some((two, _))) => (one.cmp(two), one.min(two)),
            (Some((one, _)), None) => (Ordering::Less, one),
            (None, Some((two, _))) => (Ordering::Greater, two),
            (None, None) => return lines.finish(),
        };
        let count = |stack: Option<(&[u8], u64)>, is_there| match stack {
            Some((_, count)) if is_there => count,
            _ => 0,
        };
        lines.write(frames, count(one, order.is_le()), count(two, order.is_ge()))?;
        if order.is_le() {
            before.advance();
        }
        if order.is_ge() {
            after.advance();
        }
    }
}

struct LineWriter<W> {
    writer: W,
    out: Vec<u8>,
}

/// The number of bytes to write at once.
const WRITE_AT: usize = 1 << 16;

impl<W: Write> LineWriter<W> {
    fn new(writer: W) -> LineWriter<W> {
        LineWriter {
            writer,
            out: Vec::with_capacity(2 * WRITE_AT),
        }
    }

    fn write(&mut self, frames: &[u8], before: u64, after: u64) -> io::Result<()> {
        self.out.extend_from_slice(frames);
        self.out.push(b' ');
        push_uint(&mut self.out, before);
        self.out.push(b' ');
        push_uint(&mut self.out, after);
        self.out.push(b'\n');
        if self.out.len() >= WRITE_AT {
            self.writer.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.writer.write_all(&self.out)?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded;
    use proptest::prelude::*;

    fn options(normalize: bool, strip_hex: bool) -> Options {
        Options {
            normalize,
            strip_hex,
        }
    }

    fn text(opt: Options, before: &str, after: &str) -> String {
        let mut out = Vec::new();
        from_readers(opt, before.as_bytes(), after.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn tree(text: &str) -> CallTree {
        folded::read(text.as_bytes()).unwrap().tree
    }

    fn tree_text(opt: Options, before: &str, after: &str) -> String {
        let mut out = Vec::new();
        folded::write(&compare(&tree(before), &tree(after), opt), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_stack_is_written_once_in_order() {
        let before = "a;c 1\na::b 2\na 3\na;c 4\n";
        let after = "z 1\na 1\na::b 9";
        let expected = "a 3 1\na::b 2 9\na;c 5 0\nz 0 1\n";
        assert_eq!(text(Options::default(), before, after), expected);
        assert_eq!(tree_text(Options::default(), before, after), expected);
        assert_eq!(text(Options::default(), "", ""), "");
    }

    #[test]
    fn lines_that_are_not_stacks_are_skipped() {
        let before = "no count\n\n5\na;b:5\n 5\nx 1e3\na 1\r\nc 5.\n";
        let expected = " 5 0\na 1 0\nc 5 0\n";
        assert_eq!(text(Options::default(), before, ""), expected);
    }

    #[test]
    fn a_tab_may_be_before_a_count() {
        let (before, after) = ("main;new node\t3\n", "main;new node \t5\n");
        assert_eq!(
            text(Options::default(), before, after),
            "main;new node 3 5\n"
        );
    }

    #[test]
    fn text_has_whole_counts_and_a_tree_has_fractions() {
        let (before, after) = ("a 1.9\na 1.9\n", "a 2.1\n");
        assert_eq!(text(Options::default(), before, after), "a 2 2\n");
        assert_eq!(tree_text(Options::default(), before, after), "a 3.8 2.1\n");
    }

    #[test]
    fn normalizing_scales_what_was_before() {
        let (before, after) = ("a 1\nb 2\nc 3\n", "a 10\nb 1\n");
        let expected = "a 1 10\nb 3 1\nc 5 0\n";
        assert_eq!(text(options(true, false), before, after), expected);
        let expected = "a 1.8333 10\nb 3.6667 1\nc 5.5 0\n";
        assert_eq!(tree_text(options(true, false), before, after), expected);
        assert_eq!(
            text(options(true, false), "a 0\n", after),
            "a 0 10\nb 0 1\n"
        );
        let most = format!("a {}\n", u64::MAX);
        assert_eq!(text(options(true, false), &most, "a 1\n"), "a 1 1\n");
        assert_eq!(text(options(true, false), "a 3\n", ""), "a 0 0\n");
    }

    #[test]
    fn normalized_counts_are_rounded_to_decimal_digits() {
        for (before, after, expected) in [
            (
                "m;a 1\nm;b 1\nm;c 1\n",
                "m;a 11\n",
                "m;a 3.6667 11\nm;b 3.6666 0\nm;c 3.6667 0\n",
            ),
            ("a 2\nb 1\n", "a 1\n", "a 0.66667 1\nb 0.33333 0\n"),
            ("a 3\nb 4\n", "a 7000\nb 700\n", "a 3300 7000\nb 4400 700\n"),
            ("a 250000\nb 500000\n", "a 9\n", "a 3 9\nb 6 0\n"),
            ("a 1\nb 999999\n", "a 1000\n", "a 0.001 1000\nb 999.999 0\n"),
            ("a 3\n", "a 0.123456789\n", "a 0.123456789 0.123456789\n"),
        ] {
            assert_eq!(tree_text(options(true, false), before, after), expected);
        }
        let most = format!("a {}\nb 1\n", u64::MAX - 1);
        assert!(tree_text(options(true, false), &most, "a 3\n").starts_with("a 3 3\n"));
        let lines = text(options(true, false), "a 11\nb 11\nc 11\n", "a 11\n");
        assert_eq!(lines, "a 3 11\nb 3 0\nc 3 0\n");
    }

    #[test]
    fn hexadecimal_numbers_are_made_the_same() {
        for (name, expected) in [
            ("0xdeadBEEF", "0x..."),
            ("f+0x12 g 0x3", "f+0x... g 0x..."),
            ("0x", "0x"),
            ("0xzz", "0xzz"),
            ("x0x1y", "x0x...y"),
            ("0x10x2", "0x...x2"),
            ("0X1f", "0X1f"),
            ("plain", "plain"),
        ] {
            assert_eq!(
                &*without_hex(name.as_bytes()),
                expected.as_bytes(),
                "{name}"
            );
        }
        let (before, after) = ("a;0x1 1\na;0x2 2\n", "a;0x3 4\n");
        for text in [text, tree_text] {
            assert_eq!(text(options(false, true), before, after), "a;0x... 3 4\n");
        }
    }

    #[test]
    fn invalid_utf8_becomes_one_replacement_character() {
        let mut out = Vec::new();
        let (before, after) = (&b"\xff;b 1\n"[..], &b"\xfe;b 2\n"[..]);
        from_readers(Options::default(), before, after, &mut out).unwrap();
        assert_eq!(out, "\u{fffd};b 1 2\n".as_bytes());
    }

    fn profile() -> impl Strategy<Value = String> {
        let frame = prop::sample::select(vec!["a", "b", "a::x", "a b", "0x1f", "0x2"]);
        let stack = prop::collection::vec(frame, 1..4);
        let line = (stack, 0u64..100).prop_map(|(stack, count)| {
            let stack = stack.join(";");
            format!("{stack} {count}\n")
        });
        prop::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
    }

    fn total(text: &str, column_from_end: usize) -> u64 {
        let column = |line: &str| {
            line.rsplit(' ')
                .nth(column_from_end)
                .unwrap()
                .parse::<u64>()
        };
        text.lines().map(|line| column(line).unwrap()).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Checks that text and trees are compared the same way, and no sample is lost.
        #[test]
        fn text_and_trees_agree(before in profile(), after in profile(), strip_hex: bool) {
            let opt = options(false, strip_hex);
            let lines = text(opt, &before, &after);
            prop_assert_eq!(&lines, &tree_text(opt, &before, &after));
            prop_assert_eq!(total(&lines, 1), total(&before, 0));
            prop_assert_eq!(total(&lines, 0), total(&after, 0));
        }

        /// Checks that normalized profiles have the same total.
        #[test]
        fn normalized_totals_are_equal(before in profile(), after in profile()) {
            prop_assume!(total(&before, 0) > 0);
            let opt = options(true, false);
            let tree = compare(&tree(&before), &tree(&after), opt);
            let root = CallTree::ROOT.index();
            prop_assert_eq!(tree.totals_before()[root], tree.totals()[root]);
        }
    }
}

//! Folded stacks, in which frames that call themselves are joined.
//!
//! ```text
//! input = { line LF }
//! line  = stack WS digits | white space only
//! stack = frame { ";" frame }
//! ```
//!
//! ```text
//! main;recursive;recursive;recursive;helper 1
//! main;recursive;recursive;helper 2
//! main;not;recursive 4
//! ```
//!
//! Frames that follow each other under one name become one frame, so that a function that recurses
//! to all depths is one box in the flame graph and not a tower:
//!
//! ```text
//! main;not;recursive 4
//! main;recursive;helper 3
//! ```
//!
//! Functions that call each other in turn (`a;b;a;b`) are left as they are.

use super::DEFAULT_NTHREADS;
use super::error::{ErrorKind, ParseError};
use super::format::{Block, Format, impl_collapse};
use crate::call_tree::{CallTree, Count, Forest};
use crate::folded::{LineFolder, lines_of, split_count_exactly, whole_lines};
use crate::text::{excerpt, trim_end};
use std::mem;

/// How to join recursive frames.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The number of threads to use; 0 is taken as 1, and more than 1024 as that. Default: one for
    /// each logical CPU.
    pub nthreads: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            nthreads: *DEFAULT_NTHREADS,
        }
    }
}

/// Joins recursive frames in folded stacks. See the [module](self) for what is read.
///
/// A line that is no stack with a whole count is an error.
///
/// ```
/// use inferno::collapse::{Collapse, recursive::Folder};
///
/// let mut folded = Vec::new();
/// Folder::default().collapse(&b"main;f;f;f;g 1\nmain;f;f;g 2\n"[..], &mut folded)?;
/// assert_eq!(folded, b"main;f;g 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Folder {
    options: Options,
}

impl From<Options> for Folder {
    fn from(options: Options) -> Folder {
        Folder { options }
    }
}

impl_collapse!(Folder);

impl Format for Options {
    type Prelude = ();
    type Worker = ();
    const IS_PARALLEL: bool = true;

    fn nthreads(&self) -> usize {
        self.nthreads
    }

    /// The names are those of another collapser.
    fn demangles(&self) -> bool {
        false
    }

    fn fold(
        &self,
        _: &(),
        block: Block<'_>,
        _: &mut (),
        tree: &mut CallTree,
    ) -> Result<(), ParseError> {
        let mut folder = LineFolder::joining_recursion(mem::take(tree));
        let folded = fold_lines(block, &mut folder);
        *tree = folder.finish().tree;
        folded
    }

    fn conclude(&self, _: &(), _: Vec<()>, _: &mut Forest) -> Result<(), ParseError> {
        Ok(())
    }

    /// The first line that is not blank must be a stack with a count.
    fn sniff(&self, head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).map(trim_end);
        let first = lines.find(|line| !line.is_empty())?;
        Some(parse(first).is_some())
    }
}

fn fold_lines(block: Block<'_>, folder: &mut LineFolder) -> Result<(), ParseError> {
    for line in lines_of(block.bytes) {
        let text = trim_end(line);
        match parse(text) {
            Some((stack, count)) => folder.add(stack, count),
            None if text.is_empty() => {}
            None => {
                let kind = ErrorKind::NotFolded(excerpt(text));
                return Err(ParseError::new(kind, block.line_of(line)));
            }
        }
    }
    Ok(())
}

/// The stack and the count of a line. The stack may be empty, and its leaf may end in a space (or
/// be one: perf prints functions of no name), which [`folded::read`](crate::folded::read) cuts.
fn parse(line: &[u8]) -> Option<(&[u8], Count)> {
    split_count_exactly(line).filter(|(_, count)| count.nanos() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::Collapse;
    use crate::collapse::testing;
    use proptest::prelude::*;

    fn fold(text: &str) -> Result<String, String> {
        testing::fold(&Options::default(), text.as_bytes())
    }

    /// Joins frames the simple way.
    fn join_one(stack: &str) -> String {
        let mut frames: Vec<&str> = stack.split(';').collect();
        frames.dedup();
        frames.join(";")
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn does_what_joining_each_line_does(
            lines in prop::collection::vec(("[ab;é ]{0,12}", any::<u32>()), 0..40)
        ) {
            let print = |stack: &str, count| format!("{stack} {count}\n");
            let text: String = lines.iter().map(|(stack, count)| print(stack, count)).collect();
            let joined: String = lines.iter().map(|(stack, count)| print(&join_one(stack), count)).collect();
            let mut folder = LineFolder::new(CallTree::new());
            for line in joined.lines() {
                let (stack, count) = parse(line.as_bytes()).unwrap();
                folder.add(stack, count);
            }
            let mut expected = Vec::new();
            crate::folded::write(&folder.finish().tree, &mut expected).unwrap();
            prop_assert_eq!(fold(&text).unwrap().into_bytes(), expected);
        }

        #[test]
        fn any_bytes_are_folded_without_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            // An error is an answer too.
            let _ = testing::fold(&Options::default(), &text);
            let _ = testing::fold(&Options::default(), &[&text[..], b" 7\n"].concat());
        }
    }

    #[test]
    fn recursion_is_one_frame() {
        let text = "main;r;r;r;h 1\nmain;r;r;h 2\nmain;not;r 4";
        assert_eq!(fold(text).unwrap(), "main;not;r 4\nmain;r;h 3\n");
        assert_eq!(fold("co;rec;co;rec 1\n").unwrap(), "co;rec;co;rec 1\n");
        assert_eq!(fold("m;r;r\t1\n").unwrap(), "m;r 1\n");
        assert_eq!(
            fold("m;a_[j];a_[i];a_[i] 1\r\n").unwrap(),
            "m;a_[j];a_[i] 1\n"
        );
    }

    #[test]
    fn empty_frames_and_stacks_stay() {
        assert_eq!(fold("m;;;a;;b 1\n").unwrap(), "m;;a;;b 1\n");
        assert_eq!(fold(";a;a 1\n;;a 2\n").unwrap(), ";a 3\n");
        assert_eq!(fold(" 5\n\n").unwrap(), " 5\n");
        assert_eq!(fold("a; ;  3\n").unwrap(), "a;  3\n");
    }

    #[test]
    fn what_is_no_stack_is_an_error_with_its_line() {
        for line in [
            "m;a;a",
            "m;a;a 1.5",
            "m;a -1",
            "5",
            "m;a 18446744073709551616",
        ] {
            let message = format!(
                "line 2: invalid data, expected `frame;frame COUNT` with a whole number, found `{line}`"
            );
            assert_eq!(fold(&format!("a 1\n{line}\nbad\n")), Err(message));
        }
    }

    #[test]
    fn names_need_not_be_utf8() {
        let tree = Folder::default()
            .collapse_slice_to_tree(b"a;\xff;\xff 1\n")
            .unwrap();
        let names: Vec<&[u8]> = tree.walk().map(|visit| tree.name(visit.node)).collect();
        assert_eq!(names, [&b"a"[..], b"\xff"]);
    }

    #[test]
    fn sniffing() {
        let sniff = |text: &str| Options::default().sniff(text.as_bytes());
        assert_eq!(sniff("a;b 1"), None);
        assert_eq!(sniff("\na;b 1\n"), Some(true));
        assert_eq!(sniff("prog 1 [000] 1.0: 7 cycles:\n"), Some(false));
    }
}

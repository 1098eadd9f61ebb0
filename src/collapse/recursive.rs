//! Merges recursive calls in [folded] stacks.
//!
//! ```text
//! main;recursive;recursive;recursive;helper 1
//! main;recursive;recursive;helper 2
//! main;not;recursive 4
//! ```
//!
//! Consecutive frames with the same name become one frame, so that a recursive function is one box
//! in the flame graph instead of a tower:
//!
//! ```text
//! main;not;recursive 4
//! main;recursive;helper 3
//! ```
//!
//! Mutually recursive functions (`a;b;a;b`) are not merged.

use super::engine::DEFAULT_NTHREADS;
use super::engine::format::Listed;
use super::engine::format::{Block, Format, impl_collapse};
use super::engine::shared::Shared;
use crate::bytes::error::{Mismatch, ParseError};
use crate::bytes::lines::lines_of;
use crate::call_tree::{CallTree, Forest};
use crate::flags::flags;
use crate::folded::{self, LineFolder, LineKind};
use crate::input::Reader;
use std::io;
use std::mem;

flags! {
    /// Options for merging recursive calls.
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub struct Options {
        /// The number of threads; 0 means 1, and the maximum is 1024. Default: one per logical CPU.
        #[arg(
            short, long, value_name = "UINT", help = "Number of threads to use",
            default_value_t = *DEFAULT_NTHREADS, value_parser = crate::flags::count,
            allow_negative_numbers = true
        )]
        pub nthreads: usize,
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            nthreads: *DEFAULT_NTHREADS,
        }
    }
}

/// Merges recursive calls in folded stacks. See the [module](self) for details.
///
/// A line that is neither a stack with its count nor a comment is an error.
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

impl Listed for Options {
    const NAME: &'static str = "recursive";
    const DESCRIPTION: &'static str =
        "folded stacks, merging recursive calls: `main;f;f;f;g` becomes `main;f;g`";
    const EXPECTED: &'static str = "folded stacks";

    fn sniff(head: &[u8]) -> Option<bool> {
        Format::sniff(&Options::default(), head)
    }

    fn adopt(&mut self, options: &Shared) {
        self.nthreads = options.nthreads;
    }

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        Folder::from(self).fold(reader)
    }
}

impl Format for Options {
    type Prelude = ();
    type Worker = ();
    const IS_PARALLEL: bool = true;

    fn nthreads(&self) -> usize {
        self.nthreads
    }

    /// Names were already processed by another collapser.
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

    fn conclude(&self, _: &(), _: Vec<()>, _: &mut Forest) -> io::Result<()> {
        Ok(())
    }

    fn sniff(&self, head: &[u8]) -> Option<bool> {
        folded::sniff(head)
    }
}

fn fold_lines(block: Block<'_>, folder: &mut LineFolder) -> Result<(), ParseError> {
    for line in lines_of(block.bytes) {
        if folder.fold_line_kind(line) == LineKind::Other {
            let expected = "`frame;frame COUNT`";
            let mismatch = Mismatch::unlike("invalid data", expected, line);
            return Err(mismatch.at_line(block.line_of(line)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::engine::folder::Collapse;
    use crate::collapse::engine::testing;
    use proptest::prelude::*;

    fn fold(text: &str) -> Result<String, String> {
        testing::fold(&Options::default(), text.as_bytes())
    }

    /// A simple reference implementation.
    fn join_one(line: &str) -> String {
        let (stack, count) = line.rsplit_once(' ').unwrap();
        let mut frames: Vec<&str> = stack.trim().split(';').collect();
        frames.dedup();
        format!("{} {count}\n", frames.join(";"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_merging_each_line(
            lines in prop::collection::vec("([ab;é ]{0,6}[abé][ab;é ]{0,6})? [0-9]{1,9}(\\.[0-9]{1,3})?", 0..40)
        ) {
            let joined: String = lines.iter().map(|line| join_one(line)).collect();
            let profile = folded::read(joined.as_bytes()).unwrap();
            let mut expected = Vec::new();
            folded::write(&profile.tree, &mut expected).unwrap();
            prop_assert_eq!(fold(&lines.join("\n")).unwrap().into_bytes(), expected);
        }

        #[test]
        fn any_bytes_are_folded_without_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            // The result may be an error, but not a panic.
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
        assert_eq!(fold(" 5\na;a 1\n\n 2\n").unwrap(), " 7\na 1\n");
        assert_eq!(fold("a; ;  3\n").unwrap(), "a; ; 3\n");
    }

    #[test]
    fn all_folded_text_is_accepted() {
        assert_eq!(fold("m;f;f 0.5\nm;f 0.25\n").unwrap(), "m;f 0.75\n");
        let differential = "m;f;f 1 2\n# a comment 3\nm;f 10 20\nn;n 4\n 5 6\n";
        let joined = " 5 6\nm;f 11 22\nn 4 4\n";
        assert_eq!(fold(differential).unwrap(), joined);
        assert_eq!(fold("  m;f;f \t 7 \n").unwrap(), "m;f 7\n");
    }

    #[test]
    fn an_invalid_line_is_an_error_with_its_number() {
        for line in [
            "m;a;a",
            "m;a;a .5",
            "m;a -1",
            "5",
            "m;a 18446744073709551616",
        ] {
            let message =
                format!("line 2: invalid data, expected `frame;frame COUNT`, found `{line}`");
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

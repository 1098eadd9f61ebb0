//! Decides whether a text is folded stacks.

use std::fmt;

/// The kind of a line in folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    Stack,
    /// A comment, or a blank line.
    Comment,
    /// Neither.
    Other,
}

/// The number of lines of an input that are stacks, and of lines that do not resemble one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub stacks: u64,
    pub foreign: u64,
}

impl Tally {
    /// Counts a line that is not a stack. A line with an invalid count still resembles a stack.
    #[cold]
    pub fn add_other(&mut self, line: &[u8]) {
        let joins_frames = |pair: &[u8]| pair[0] == b';' && !pair[1].is_ascii_whitespace();
        let is_known = line.starts_with(b"# ") || line.windows(2).any(joins_frames);
        self.foreign += u64::from(!is_known);
    }

    /// Whether this is another kind of text, in which some lines happen to end in a number. A
    /// single line among stacks is not enough.
    pub fn is_foreign(self) -> bool {
        self.foreign > 1 && self.foreign >= self.stacks
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { stacks, foreign } = self;
        write!(
            f,
            "{stacks} of {} lines are folded stacks",
            stacks + foreign
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::call_tree::CallTree;
    use crate::folded::LineFolder;

    fn is_foreign(text: &str) -> bool {
        let mut folder = LineFolder::new(CallTree::new());
        folder.read(text.as_bytes()).unwrap().is_foreign()
    }

    #[test]
    fn a_few_lines_may_be_anything() {
        for text in [
            "",
            "\n# nothing\n",
            "no stack\n",
            "main;draw 3\nDear all,\n",
            "a 1\nwarning: lost events\nb 2\nwarning: lost events\nc 3\n",
            "a;b 1.2.3\na;b -5\na;b\nc 1\n",
        ] {
            assert!(!is_foreign(text), "{text}");
        }
    }

    #[test]
    fn text_is_not_folded_if_most_of_its_lines_are_not() {
        for text in [
            "Dear all,\nyours\n",
            "events: Ir\nfn=main\n10 20\n12 7\nfn=g\n",
            "int f(void) {\n  int n = 0;\n  return n + 1;\n}\n",
            "# a log\n12:01 started worker 3\n12:02 done.\n12:03 bye.\n",
        ] {
            assert!(is_foreign(text), "{text}");
        }
    }
}

//! Stores the stacks of one side, sorted, in little memory.

use super::{Options, without_hex_if};
use crate::bytes::blocks::{Blocks, Buffer};
use crate::bytes::lines::{after_last_line, common_prefix, lines_of};
use crate::bytes::text::{lossy, trim_end};
use crate::call_tree::CallTree;
use crate::collapse::engine::notes::Notes;
use crate::collapse::formats::expect_folded;
use crate::collapse::guess;
use crate::folded::{self, Tally, split_count};
use crate::input::decode::Text;
use crate::input::{ReadAt, in_order};
use crate::warnings::warning;
use std::io::{self, BufRead, Read};

/// One of two profiles to compare.
///
/// Only the difference from the previous stack is stored: sorted stacks share long prefixes, so
/// this takes a fifth of the memory of the text.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    stacks: Vec<Stack>,
    /// The new part of each stack, concatenated.
    text: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Stack {
    /// The length of the prefix shared with the previous stack.
    shared: usize,
    /// The end of the new part in [`Profile::text`].
    end: usize,
    count: u64,
}

impl Profile {
    /// Reads [folded](crate::folded) text. Uses only [`Options::strip_hex`].
    ///
    /// Counts of equal stacks are added up. Fractions are truncated, and lines that are not a stack
    /// with a count are skipped, both with a logged warning.
    ///
    /// # Errors
    /// Errors of `reader`, which does not need to be buffered.
    pub fn read<R: Read>(opt: Options, reader: R) -> io::Result<Profile> {
        let lines = Lines::of(opt, reader)?;
        Ok(lines.finish())
    }

    /// Reads a profile in any format that `folder` recognizes, or folded text as [`Profile::read`]
    /// does.
    ///
    /// ```
    /// use inferno::collapse::guess;
    /// use inferno::differential::{Options, Profile};
    ///
    /// let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    /// let folder = guess::Folder::default();
    /// let profile = Profile::read_any(Options::default(), &folder, script.as_bytes())?;
    /// assert!(!profile.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Errors of `reader`, and of the detected format; [`InvalidData`](io::ErrorKind::InvalidData)
    /// if the input is in no supported format, and few of its lines are folded stacks.
    pub fn read_any<R: BufRead>(
        opt: Options,
        folder: &guess::Folder,
        mut reader: R,
    ) -> io::Result<Profile> {
        let mut head = Vec::new();
        match folder.collapse_if_recognized(&mut reader, &mut head)? {
            Some(tree) => Ok(Profile::from_tree(opt, &tree)),
            None => Profile::read_folded(opt, head.chain(reader)),
        }
    }

    /// Calls [`Profile::read_any`] for a whole file, of which other threads may read parts in
    /// parallel.
    ///
    /// # Errors
    /// The same as for [`Profile::read_any`].
    pub fn read_any_file(
        opt: Options,
        folder: &guess::Folder,
        file: &dyn ReadAt,
    ) -> io::Result<Profile> {
        match folder.collapse_file_if_recognized(file)? {
            Some(tree) => Ok(Profile::from_tree(opt, &tree)),
            None => Profile::read_folded(opt, in_order(file)),
        }
    }

    fn read_folded(opt: Options, reader: impl Read) -> io::Result<Profile> {
        let lines = Lines::of(opt, reader)?;
        expect_folded(lines.tally)?;
        Ok(lines.finish())
    }

    /// The stacks of a tree, as if they were written as folded text and read again.
    pub fn from_tree(opt: Options, tree: &CallTree) -> Profile {
        let mut text = Vec::new();
        folded::write(tree, &mut text).expect("a Vec takes everything");
        let lines = Lines::of(opt, text.as_slice()).expect("a slice can be read");
        lines.finish()
    }

    /// Whether there are no stacks.
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    pub(super) fn total(&self) -> u64 {
        let add = |sum: u64, stack: &Stack| sum.saturating_add(stack.count);
        self.stacks.iter().fold(0, add)
    }

    pub(super) fn scale_to(&mut self, new_total: u64) {
        let total = self.total();
        if total == new_total {
            return;
        }
        for stack in self.stacks.iter_mut().filter(|stack| stack.count > 0) {
            let product = u128::from(stack.count) * u128::from(new_total);
            let scaled = product / u128::from(total);
            stack.count = u64::try_from(scaled).unwrap_or(u64::MAX);
        }
    }

    /// Whether a count is saturated at the maximum.
    pub(super) fn is_saturated(&self) -> bool {
        self.stacks.iter().any(|stack| stack.count == u64::MAX)
    }

    /// A cursor at the first stack.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        let mut cursor = Cursor {
            profile: self,
            next: 0,
            start: 0,
            frames: Vec::new(),
        };
        cursor.advance();
        cursor
    }
}

/// Iterates over the stacks.
pub(super) struct Cursor<'p> {
    profile: &'p Profile,
    /// The index of the current stack plus one.
    next: usize,
    /// The start of the new part of the next stack.
    start: usize,
    frames: Vec<u8>,
}

impl Cursor<'_> {
    /// The current stack and its count; `None` after the last one.
    pub fn stack(&self) -> Option<(&[u8], u64)> {
        let stack = self.profile.stacks.get(self.next - 1)?;
        Some((&self.frames, stack.count))
    }

    pub fn advance(&mut self) {
        if let Some(stack) = self.profile.stacks.get(self.next) {
            self.frames.truncate(stack.shared);
            let rest = &self.profile.text[self.start..stack.end];
            self.frames.extend_from_slice(rest);
            self.start = stack.end;
        }
        self.next += 1;
    }
}

/// A profile under construction, from lines.
#[derive(Default)]
struct Lines {
    profile: Profile,
    previous: Vec<u8>,
    is_unsorted: bool,
    has_fractions: bool,
    number: u64,
    notes: Notes,
    tally: Tally,
}

impl Lines {
    fn of(opt: Options, reader: impl Read) -> io::Result<Lines> {
        let mut lines = Lines::default();
        let mut blocks = Blocks::new(Text::new(reader)?);
        let mut block = Buffer::default();
        while blocks.next_into(&mut block, after_last_line)? {
            let text = lossy(&block);
            let text = without_hex_if(opt.strip_hex, text.as_bytes());
            lines_of(&text).for_each(|line| lines.read(line));
        }
        Ok(lines)
    }

    fn read(&mut self, line: &[u8]) {
        self.number += 1;
        let line = trim_end(line);
        match split_count(line) {
            Some((frames, count)) => {
                self.tally.stacks += 1;
                self.has_fractions |= count.nanos() > 0;
                self.push(frames, count.whole());
            }
            None if line.is_empty() => {}
            None => {
                self.tally.add_other(line);
                self.notes.add(line, || self.number);
            }
        }
    }

    fn push(&mut self, frames: &[u8], count: u64) {
        let shared = common_prefix(&self.previous, frames);
        let Profile { stacks, text } = &mut self.profile;
        let (before, rest) = (&self.previous[shared..], &frames[shared..]);
        if let Some(last) = stacks.last_mut()
            && before.is_empty()
            && rest.is_empty()
        {
            last.count = last.count.saturating_add(count);
            return;
        }
        self.is_unsorted |= rest < before;
        text.extend_from_slice(rest);
        stacks.push(Stack {
            shared,
            end: text.len(),
            count,
        });
        self.previous.truncate(shared);
        self.previous.extend_from_slice(rest);
    }

    fn finish(self) -> Profile {
        if self.has_fractions {
            warning!(
                "The input data has fractional sample counts that will be truncated to integers"
            );
        }
        self.notes.log("a stack and its count (`main;parse 17`)");
        match self.is_unsorted {
            true => sorted(&self.profile),
            false => self.profile,
        }
    }
}

fn sorted(profile: &Profile) -> Profile {
    let mut text = Vec::new();
    let mut stacks = Vec::new();
    let mut cursor = profile.cursor();
    while let Some((frames, count)) = cursor.stack() {
        let start = text.len();
        text.extend_from_slice(frames);
        stacks.push((start..text.len(), count));
        cursor.advance();
    }
    stacks.sort_by(|(a, _), (b, _)| text[a.clone()].cmp(&text[b.clone()]));
    let mut lines = Lines::default();
    for (frames, count) in stacks {
        lines.push(&text[frames], count);
    }
    lines.profile
}

//! Collects stacks from profiles in any format.

use super::{Options, finish_lines, line_folder};
use crate::call_tree::CallTree;
use crate::collapse::formats::expect_folded;
use crate::collapse::guess;
use crate::folded::LineFolder;
use crate::input::decode::{Text, may_have_mark};
use crate::input::{ReadAt, in_order};
use std::io::{self, BufRead, Read};

/// Collects the stacks of one or more profiles, each in any format that
/// [`collapse::guess`](crate::collapse::guess) recognizes or as [folded](crate::folded) text.
///
/// It does not convert the stacks to text in between:
///
/// ```
/// use inferno::flamegraph::{self, Collector, Options};
///
/// let mut options = Options::default();
/// let mut profiles = Collector::new(&options);
/// profiles.add("prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n".as_bytes())?;
/// profiles.add("prog;main;other 3\n".as_bytes())?;
///
/// let mut svg = Vec::new();
/// flamegraph::from_call_tree(&mut options, &profiles.finish()?, &mut svg)?;
/// assert!(String::from_utf8_lossy(&svg).contains("<title>main (10 samples, 100.00%)</title>"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Collector {
    lines: LineFolder,
    guess: guess::Folder,
    needs_sorted_lines: bool,
    needs_time_order: bool,
    needs_times: bool,
}

impl Collector {
    /// Creates a collector of stacks to draw with these options, which determine whether the order
    /// of the input matters.
    pub fn new(opt: &Options<'_>) -> Collector {
        let collector = Collector {
            lines: line_folder(opt),
            guess: guess::Folder::default(),
            needs_sorted_lines: opt.needs_sorted_lines(),
            needs_time_order: opt.flame_chart,
            needs_times: opt.heat_map,
        };
        collector.collapse_with(guess::Options::default())
    }

    /// Sets the options for folding profiles.
    pub fn collapse_with(mut self, mut options: guess::Options) -> Collector {
        options.in_time_order |= self.needs_time_order;
        options.keep_times |= self.needs_times;
        self.guess = guess::Folder::from(options);
        self
    }

    /// Adds the stacks of `reader`.
    ///
    /// # Errors
    /// Errors of `reader`, and of the detected format; [`InvalidData`](io::ErrorKind::InvalidData)
    /// if the input is in no supported format, and few of its lines are folded stacks.
    pub fn add<R: BufRead>(&mut self, mut reader: R) -> io::Result<()> {
        match may_have_mark(reader.fill_buf()?) {
            true => self.add_text(io::BufReader::new(Text::new(reader)?)),
            false => self.add_text(reader),
        }
    }

    fn add_text<R: BufRead>(&mut self, mut reader: R) -> io::Result<()> {
        let mut head = Vec::new();
        match self.guess.collapse_if_recognized(&mut reader, &mut head)? {
            Some(tree) => self.take(tree),
            None => self.add_folded(head.chain(reader))?,
        }
        Ok(())
    }

    /// Adds the stacks of a profile. The times of several profiles start together.
    fn take(&mut self, mut tree: CallTree) {
        tree.start_at_zero();
        self.lines.take(tree);
    }

    fn add_folded(&mut self, reader: impl Read) -> io::Result<()> {
        expect_folded(self.lines.read(reader)?)?;
        self.lines.forget_description();
        Ok(())
    }

    /// Calls [`Collector::add`] for a whole file, of which other threads may read parts in
    /// parallel.
    ///
    /// # Errors
    /// The same as for [`Collector::add`].
    pub fn add_file(&mut self, file: &dyn ReadAt) -> io::Result<()> {
        let mut first = [0];
        let read = file.read_at(&mut first, 0)?;
        if may_have_mark(&first[..read]) {
            return self.add(in_order(file));
        }
        match self.guess.collapse_file_if_recognized(file)? {
            Some(tree) => self.take(tree),
            None => self.add_folded(in_order(file))?,
        }
        Ok(())
    }

    /// Adds the stacks of a tree.
    pub fn add_tree(&mut self, tree: &CallTree) {
        self.lines.merge(tree);
    }

    /// Returns all stacks.
    ///
    /// # Errors
    /// [`InvalidData`](io::ErrorKind::InvalidData) if `no_sort` is set and folded text is not
    /// sorted.
    pub fn finish(self) -> io::Result<CallTree> {
        finish_lines(self.lines, self.needs_sorted_lines)
    }
}

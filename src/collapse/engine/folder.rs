//! [`Collapse`], which all folders implement.

use crate::call_tree::{CallTree, Forest};
use crate::folded;
use crate::input::{ReadAt, Reader, in_order, invalid};
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;

/// Turns the output of a profiler into stacks with counts.
pub trait Collapse {
    /// Reads a profile until the end of `reader` and writes its stacks as
    /// [folded] text, sorted by the bytes of the stack.
    ///
    /// Nothing is written until the whole input has been read, so an error produces no output. A
    /// profile without stacks produces no output and no error; problems are logged as warnings.
    ///
    /// # Errors
    /// Errors of `reader` and `writer`. Input that does not match the format and cannot be skipped
    /// is [`io::ErrorKind::InvalidData`]; the message names the line.
    fn collapse<R, W>(&mut self, reader: R, writer: W) -> io::Result<()>
    where
        R: BufRead,
        W: Write;

    /// Calls [`Collapse::collapse`] for the file at `infile`, or for standard input if it is
    /// `None`.
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse`], and if the file cannot be opened; the message names
    /// the path.
    fn collapse_file<P, W>(&mut self, infile: Option<P>, writer: W) -> io::Result<()>
    where
        P: AsRef<Path>,
        W: Write,
    {
        match infile {
            Some(path) => self.collapse(io::BufReader::new(open(path.as_ref())?), writer),
            None => self.collapse(io::stdin().lock(), writer),
        }
    }

    /// Calls [`Collapse::collapse_file`] and writes to standard output.
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse_file`].
    fn collapse_file_to_stdout<P>(&mut self, infile: Option<P>) -> io::Result<()>
    where
        P: AsRef<Path>,
    {
        self.collapse_file(infile, io::stdout().lock())
    }

    /// Whether a file that starts with `input` is in this format; `None` if more of the file is
    /// needed.
    fn is_applicable(&mut self, input: &str) -> Option<bool>;

    /// Reads a profile until the end of `reader` into a tree, without writing text.
    ///
    /// ```
    /// use inferno::collapse::{Collapse, perf::Folder};
    ///
    /// let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    /// let tree = Folder::default().collapse_to_tree(script.as_bytes())?;
    /// assert_eq!(tree.walk().count(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse`].
    fn collapse_to_tree<R>(&mut self, reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        let mut text = Vec::new();
        self.collapse(reader, &mut text)?;
        Ok(folded::read(text.as_slice())?.tree)
    }

    /// Like [`Collapse::collapse_to_forest`], but a profile without stacks is an error.
    ///
    /// Input in another format often looks like a profile without stacks, for which the other methods return
    /// `Ok`.
    ///
    /// ```
    /// use inferno::collapse::{Collapse, perf::Folder};
    ///
    /// let error = Folder::default().collapse_stacks("main;parse 3\n".as_bytes()).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    /// ```
    ///
    /// # Errors
    /// As [`Collapse::collapse`], and [`InvalidData`](io::ErrorKind::InvalidData) if there are no stacks.
    fn collapse_stacks<R>(&mut self, reader: R) -> io::Result<Forest>
    where
        R: BufRead,
    {
        let forest = self.collapse_to_forest(reader)?;
        match forest.is_empty() {
            true => Err(invalid(
                "found no stacks: the input may be in another format",
            )),
            false => Ok(forest),
        }
    }

    /// Like [`Collapse::collapse_to_tree`], but returns the trees of all threads without merging them.
    ///
    /// ```
    /// use inferno::collapse::{Collapse, perf::Folder};
    /// use inferno::folded;
    ///
    /// let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    /// let forest = Folder::default().collapse_to_forest(script.as_bytes())?;
    /// let mut text = Vec::new();
    /// folded::write_forest(&forest, &mut text)?;
    /// assert_eq!(text, b"prog;main;leaf 7\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse`].
    fn collapse_to_forest<R>(&mut self, reader: R) -> io::Result<Forest>
    where
        R: BufRead,
    {
        self.collapse_to_tree(reader).map(Forest::from)
    }

    /// Calls [`Collapse::collapse_to_forest`] for a whole file, of which other threads may read
    /// parts in parallel.
    ///
    /// ```
    /// use inferno::collapse::{Collapse, perf::Folder};
    ///
    /// let script = "prog 1 1.0: 7 cycles:\n\t 12 leaf (m)\n\t 34 main (m)\n\n";
    /// let forest = Folder::default().collapse_file_to_forest(&script.as_bytes())?;
    /// assert_eq!(forest.merged().totals()[0].to_string(), "7");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse`].
    fn collapse_file_to_forest(&mut self, file: &dyn ReadAt) -> io::Result<Forest> {
        self.collapse_to_forest(in_order(file))
    }

    /// Calls [`Collapse::collapse_to_tree`] for a profile in memory, without copying it.
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse`].
    fn collapse_slice_to_tree(&mut self, profile: &[u8]) -> io::Result<CallTree> {
        self.collapse_to_tree(profile)
    }
}

/// Calls `fold` with a reader of the file at `infile`, or of standard input if it is `None`.
pub(crate) fn fold_file<P: AsRef<Path>, T>(
    infile: Option<P>,
    fold: impl FnOnce(Reader<'_>) -> io::Result<T>,
) -> io::Result<T> {
    match infile {
        Some(path) => {
            let file = open(path.as_ref())?;
            match cfg!(any(unix, windows)) && file.metadata()?.is_file() {
                true => fold(Reader::of(&file)),
                false => fold(Reader::Stream(&mut io::BufReader::new(file))),
            }
        }
        None => fold(Reader::Stream(&mut io::BufReader::new(io::stdin()))),
    }
}

pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

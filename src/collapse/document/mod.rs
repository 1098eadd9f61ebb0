//! Formats that are read as a whole: JSON, binary files, and text whose parts refer to each other.
//!
//! Line-based formats can be split at record boundaries and folded by several threads. The formats
//! here cannot: samples often refer to tables at the end of the file. Therefore, a [`Document`]
//! reads its input on one thread and fills a [`Profile`].

pub(crate) mod addresses;
pub(crate) mod graph;
pub(crate) mod heap;
pub(crate) mod ids;
pub(crate) mod latest;
pub(crate) mod lines;
pub(crate) mod maps;
mod profile;
pub(crate) mod stack_table;

pub use super::engine::shared::{Flags, Shared, SymbolOptions};
pub(crate) use super::engine::shared::{shared_options, thread_roots};
pub use crate::call_tree::ValueType;
pub(crate) use profile::Negative;
pub use profile::Profile;
pub(crate) use profile::resolve_value;

use super::engine::folder::{Collapse, fold_file};
use super::selection::{Chooser, Criterion, Selection};
use crate::bytes::error::{Mismatch, ParseErrorKind};
use crate::call_tree::{CallTree, Forest, Roots};
use crate::folded;
use crate::input::{Reader, invalid};
use crate::names::demangle::demangled;
use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

/// The number of bytes at the start of the input that a format can peek at to distinguish its
/// variants.
pub const START: u64 = 64;

/// A format that is read as a whole, implemented by its `Options`.
pub trait Document: Clone + Default + Flags {
    /// The name of the format on the command line.
    const NAME: &'static str;

    /// Alternative names.
    const ALIASES: &'static [&'static str] = &[];

    /// Whether several inputs are parts of one profile, which must be read together.
    const JOINS_INPUTS: bool = false;

    /// A description for lists and messages: "a speedscope profile".
    const DESCRIPTION: &'static str;

    /// The names of the [`Shared`] options that it supports.
    const SHARED: &'static [&'static str];

    /// What samples record about their origin.
    const ORIGIN: &'static [Criterion] = &[];

    /// Whether the input that starts with `head` is in this format; `None` if more bytes are
    /// needed.
    fn sniff(head: &[u8]) -> Option<bool>;

    /// Reads the whole input into `profile`. The buffer of `input` initially has [`START`] bytes,
    /// if there are so many.
    ///
    /// # Errors
    /// Errors of `input`, and [`io::ErrorKind::InvalidData`] for input that is not in the format.
    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()>;

    /// The options for symbolization, if the format can have addresses without names.
    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        None
    }

    /// What the first frames of stacks stand for, unless the profile lacks some of them.
    fn roots(&self) -> Roots {
        Roots::Unknown
    }

    /// Takes over those of the shared options that it has.
    fn adopt(&mut self, shared: &Shared);

    /// Whether to demangle names.
    fn demangles(&self) -> bool {
        true
    }
}

/// Reads a profile with the options that are the same for all formats.
pub(crate) fn fold_any<F: Document>(shared: &Shared, mut reader: Reader<'_>) -> io::Result<Forest> {
    let mut format = F::default();
    format.adopt(shared);
    if let Some(symbols) = format.symbols() {
        *symbols = shared.symbols.clone();
    }
    if !F::SHARED.contains(&"event") {
        shared.warn_of_event(F::NAME);
    }
    let mut folder = Folder::from(format).select(shared.selection.clone());
    folder.keeps_mangled = !shared.demangle;
    let forest = Forest::from(folder.read(&mut reader)?);
    if !F::SHARED.contains(&"value") {
        forest.check_value(shared.value.as_ref())?;
    }
    Ok(forest)
}

/// Folds profiles of one format. The module of each format has an alias: `speedscope::Folder`.
#[derive(Debug, Clone, Default)]
pub struct Folder<F> {
    options: F,
    selection: Selection,
    keeps_mangled: bool,
}

impl<F> From<F> for Folder<F> {
    fn from(options: F) -> Folder<F> {
        Folder {
            options,
            selection: Selection::default(),
            keeps_mangled: false,
        }
    }
}

impl<F: Document> Folder<F> {
    /// Restricts the folder to the selected samples.
    #[must_use]
    pub fn select(mut self, selection: Selection) -> Folder<F> {
        self.selection = selection;
        self
    }

    /// Reads a profile: its stacks and its values.
    ///
    /// # Errors
    /// The same as for [`Collapse::collapse`].
    pub fn read<R: BufRead>(&self, mut reader: R) -> io::Result<Profile> {
        self.selection.check(F::NAME, F::ORIGIN)?;
        let mut start = Vec::new();
        reader.by_ref().take(START).read_to_end(&mut start)?;
        if start.is_empty() {
            let description = F::DESCRIPTION;
            return Err(invalid(format!(
                "expected {description}, but the input is empty"
            )));
        }
        let mut whole = start.as_slice().chain(reader);
        let mut profile = self.read_chosen(&mut whole)?;
        profile.log();
        profile.describe_tree(self.options.roots());
        if self.options.demangles() && !self.keeps_mangled {
            profile.tree = demangled(profile.tree);
        }
        Ok(profile)
    }
}

impl<F: Document> Folder<F> {
    /// Reads the selected samples. The samples of a document may be in any order, so their time
    /// range must be known before selecting by time.
    fn read_chosen(&self, input: &mut dyn BufRead) -> io::Result<Profile> {
        let mut profile = Profile::default();
        if !self.selection.needs_origin() {
            self.options.read(input, &mut profile)?;
            return Ok(profile);
        }
        let mut chooser = Chooser::new(&self.selection);
        if !chooser.needs_survey(false) {
            profile.choose_by(chooser);
            self.options.read(input, &mut profile)?;
        } else {
            let document = read_to_end(input)?;
            chooser.start_survey();
            profile.choose_by(chooser);
            self.options.read(&mut document.as_slice(), &mut profile)?;
            profile = profile.after_survey();
            self.options.read(&mut document.as_slice(), &mut profile)?;
        }
        profile.finish_choice(F::NAME)?;
        Ok(profile)
    }
}

impl<F: Document> Collapse for Folder<F> {
    fn collapse<R, W>(&mut self, reader: R, writer: W) -> io::Result<()>
    where
        R: BufRead,
        W: Write,
    {
        folded::write(&self.collapse_to_tree(reader)?, writer)
    }

    fn collapse_file<P, W>(&mut self, infile: Option<P>, writer: W) -> io::Result<()>
    where
        P: AsRef<Path>,
        W: Write,
    {
        let profile = fold_file(infile, |reader| self.read(reader))?;
        folded::write(&profile.tree, writer)
    }

    fn is_applicable(&mut self, input: &str) -> Option<bool> {
        F::sniff(input.as_bytes())
    }

    fn collapse_to_tree<R>(&mut self, reader: R) -> io::Result<CallTree>
    where
        R: BufRead,
    {
        self.read(reader).map(|profile| profile.tree)
    }
}

/// The first `count` bytes of `input`, or fewer at its end, and a reader of the whole input.
pub(crate) fn peek<'r>(
    input: &'r mut dyn BufRead,
    count: u64,
) -> io::Result<(Vec<u8>, impl BufRead + use<'r>)> {
    let mut head = Vec::new();
    input.take(count).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

/// Reads the whole input. Unlike `Read::read_to_end`, it does not touch unused memory.
pub(crate) fn read_to_end(input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut document = Vec::new();
    loop {
        let part = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            part => part?,
        };
        if part.is_empty() {
            return Ok(document);
        }
        document.extend_from_slice(part);
        let length = part.len();
        input.consume(length);
    }
}

/// The error for an index outside its table.
#[cold]
pub(crate) fn out_of_range(table: &str, index: impl fmt::Display, length: usize) -> io::Error {
    invalid(outside(table, index, length).to_string())
}

/// An index outside its table.
#[cold]
pub(crate) fn outside(table: &str, index: impl fmt::Display, length: usize) -> Mismatch {
    let message =
        format!("index {index} is outside of the table `{table}`, which has {length} entries");
    let expected = format!("an index below {length}");
    Mismatch::worded(message, expected, Some(index.to_string())).of_kind(ParseErrorKind::Reference)
}

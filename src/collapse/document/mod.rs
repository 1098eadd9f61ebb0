//! Formats that are read as a whole: JSON, protobuf and other binary files.
//!
//! Lines of text can be cut at record ends and folded by several threads. The formats here cannot:
//! what a sample means is often written after it, in tables at the end of the file. So a
//! [`Document`] reads its input on one thread and fills a [`Profile`].

pub(crate) mod addresses;
pub(crate) mod heap;
pub(crate) mod lines;
pub(crate) mod maps;
pub(crate) mod names;
mod profile;
pub(crate) mod stack_table;

pub use addresses::SymbolOptions;
pub(crate) use profile::resolve_value;
pub use profile::{Profile, ValueType};

use super::demangle::demangled;
use super::{Collapse, fold_file};
use crate::call_tree::CallTree;
use crate::folded;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

/// Options that the command line can set.
#[cfg(feature = "cli")]
pub trait Flags: clap::Args {}
#[cfg(feature = "cli")]
impl<F: clap::Args> Flags for F {}

/// Options.
#[cfg(not(feature = "cli"))]
pub trait Flags {}
#[cfg(not(feature = "cli"))]
impl<F> Flags for F {}

/// How much of the input a format may look at to tell which of its kinds it is.
pub const START: u64 = 64;

/// A format that is read as a whole. The type that implements it is the format's `Options`.
pub trait Document: Clone + Default + Flags {
    /// What the command line calls the format.
    const NAME: &'static str;

    /// What else it may be called.
    const ALIASES: &'static [&'static str] = &[];

    /// Whether several inputs are parts of one profile, and to be read as one, not added up.
    const JOINS_INPUTS: bool = false;

    /// What the format is, for lists and messages: "a speedscope profile".
    const DESCRIPTION: &'static str;

    /// Whether the input that starts with `head` is in this format; `None` if it takes more of the
    /// input to tell.
    fn sniff(head: &[u8]) -> Option<bool>;

    /// Reads the whole input into `profile`. Its buffer holds the first [`START`] bytes at once, if there
    /// are so many.
    ///
    /// # Errors
    /// Those of `input`, and [`io::ErrorKind::InvalidData`] for input that is not in the format.
    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()>;

    /// How functions are named that the profile knows by their addresses only, if it may have such.
    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        None
    }

    /// Whether mangled names are made readable.
    fn demangles(&self) -> bool {
        true
    }
}

/// Options that many formats have.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct CommonOptions {
    /// Whether mangled names are made readable.
    pub demangle: bool,
    /// How functions are named that are known by their addresses only.
    pub symbols: SymbolOptions,
}

/// A format, to be called without its type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Row {
    /// What the command line calls the format.
    pub name: &'static str,
    /// What else it may be called.
    pub aliases: &'static [&'static str],
    /// What the format is.
    pub description: &'static str,
    /// [`Document::JOINS_INPUTS`].
    pub joins_inputs: bool,
    /// [`Document::sniff`].
    pub sniff: fn(&[u8]) -> Option<bool>,
    /// Reads a profile with options that all formats have in common, and the default ones.
    pub read: fn(&mut dyn BufRead, &CommonOptions) -> io::Result<Profile>,
    /// Adds the flags of the format to a command.
    #[cfg(feature = "cli")]
    pub add_flags: fn(clap::Command) -> clap::Command,
    /// Reads a profile with the options that the flags set.
    #[cfg(feature = "cli")]
    pub read_with: fn(&clap::ArgMatches, &mut dyn BufRead) -> io::Result<Profile>,
}

impl Row {
    const fn of<F: Document>() -> Row {
        Row {
            name: F::NAME,
            aliases: F::ALIASES,
            description: F::DESCRIPTION,
            joins_inputs: F::JOINS_INPUTS,
            sniff: F::sniff,
            read: |input, common| {
                let mut options = F::default();
                if let Some(symbols) = options.symbols() {
                    symbols.clone_from(&common.symbols);
                }
                let mut folder = Folder::from(options);
                folder.keeps_mangled = !common.demangle;
                folder.read(input)
            },
            #[cfg(feature = "cli")]
            add_flags: F::augment_args,
            #[cfg(feature = "cli")]
            read_with: |matches, input| {
                let options = F::from_arg_matches(matches).map_err(io::Error::other)?;
                Folder::from(options).read(input)
            },
        }
    }
}

/// The rows of formats.
macro_rules! rows {
    ($($module:ident)*) => {
        &[$(Row::of::<super::$module::Options>()),*]
    };
}

/// Text.
const TEXT: &[Row] = rows! {
    aix austin callgrind elfutils faulthandler gdb go goroutine gperftools heaptrack ibmjava
    instruments java_exceptions jemalloc ljp massif perf_sched pmc rprof stap strace vtune_mc wcp
    xdebug
};

/// JSON, and text that comes as JSON too.
#[cfg(feature = "json")]
const JSON: &[Row] = rows! {
    bpftrace chrome cpuprofile dhat firefox heapprofile jstack pyinstrument pyspy_dump speedscope
    stackprof
};
#[cfg(not(feature = "json"))]
const JSON: &[Row] = &[];

#[cfg(feature = "protobuf")]
const PROTOBUF: &[Row] = rows!(otlp pprof simpleperf);
#[cfg(not(feature = "protobuf"))]
const PROTOBUF: &[Row] = &[];

#[cfg(feature = "jfr")]
const JFR: &[Row] = rows!(jfr);
#[cfg(not(feature = "jfr"))]
const JFR: &[Row] = &[];

/// The formats that are read as documents, in the order in which they are asked.
#[doc(hidden)]
pub fn documents() -> impl Iterator<Item = Row> {
    let binary = PROTOBUF.iter().chain(JFR);
    binary.chain(JSON).chain(TEXT).copied()
}

/// Folds profiles of one format. The module of each format names its own: `speedscope::Folder`.
#[derive(Debug, Clone, Default)]
pub struct Folder<F> {
    options: F,
    keeps_mangled: bool,
}

impl<F> From<F> for Folder<F> {
    fn from(options: F) -> Folder<F> {
        Folder {
            options,
            keeps_mangled: false,
        }
    }
}

impl<F: Document> Folder<F> {
    /// Reads a profile: its stacks, and what its values are.
    ///
    /// # Errors
    /// As [`Collapse::collapse`].
    pub fn read<R: BufRead>(&self, mut reader: R) -> io::Result<Profile> {
        let mut profile = Profile::default();
        let mut start = Vec::new();
        reader.by_ref().take(START).read_to_end(&mut start)?;
        if start.is_empty() {
            let description = F::DESCRIPTION;
            return Err(invalid(format!(
                "expected {description}, but the input is empty"
            )));
        }
        let mut whole = start.as_slice().chain(reader);
        self.options.read(&mut whole, &mut profile)?;
        profile.log();
        if self.options.demangles() && !self.keeps_mangled {
            profile.tree = demangled(profile.tree);
        }
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

/// The first `count` bytes of `input`, or fewer if it has no more, and a reader of all of it.
pub(crate) fn peek<'r>(
    input: &'r mut dyn BufRead,
    count: u64,
) -> io::Result<(Vec<u8>, impl BufRead + use<'r>)> {
    let mut head = Vec::new();
    input.take(count).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

/// An error about what is in the input.
#[cold]
pub(crate) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// The error for an index that points outside of its table.
#[cold]
pub(crate) fn out_of_range(table: &str, index: impl std::fmt::Display, length: usize) -> io::Error {
    invalid(format!(
        "index {index} is outside of the table `{table}`, which has {length} entries"
    ))
}

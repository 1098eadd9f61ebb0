//! The list of formats: what each is called, how it is recognized, and how it is read.

use super::document::{self, Document, Flags};
use super::guess;
#[cfg(feature = "jfr")]
use super::jfr;
use super::reader::Reader;
use super::selection::{Criterion, Selection};
use super::{
    aix, austin, bcc, callgrind, cprofile, dtrace, elfutils, faulthandler, folded_stacks, gdb,
    ghcprof, go, goroutine, gperftools, heaptrack, ibmjava, instruments, java_exceptions, jemalloc,
    ljp, massif, nettrace, perf_data, perf_sched, pmc, recursive, rprof, sample, stap, strace,
    uftrace, vsprof, vtune, vtune_mc, wcp, xctrace, xdebug,
};
#[cfg(feature = "json")]
use super::{
    bpftrace, chrome, cpuprofile, dhat, firefox, ghc, heapprofile, jstack, node_prof, pyinstrument,
    pyspy_dump, safari, speedscope, stackprof, xhprof,
};
#[cfg(feature = "protobuf")]
use super::{otlp, pprof, simpleperf};
use crate::call_tree::Forest;
use std::io::{self, BufRead};

/// A format that is read record by record. The type that implements it is the format's `Options`.
pub(crate) trait Listed: Default + Flags {
    /// What the command line calls the format.
    const NAME: &'static str;

    /// What the format is, for lists and messages: "a .prof file of GHC".
    const DESCRIPTION: &'static str;

    /// What input without stacks lacks, for its error.
    const EXPECTED: &'static str;

    /// What else the help says.
    const HELP: &'static str = "";

    /// What its samples may say of where they are from.
    const ORIGIN: &'static [Criterion] = &[];

    /// Whether the input that starts with `head` is in this format; `None` if it takes more of the
    /// input to tell.
    fn sniff(head: &[u8]) -> Option<bool>;

    /// Takes from what was asked for any format what there is in this one.
    fn adopt(&mut self, options: &guess::Options);

    /// Reads only samples that are chosen by [`Listed::ORIGIN`].
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "guess has it among its options")
    )]
    fn select(&mut self, _selection: &Selection) {}

    /// Folds the whole input.
    fn fold(self, reader: Reader<'_>) -> io::Result<Forest>;
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
    /// What input without stacks lacks, for its error; `None` if such input is a profile too.
    pub expected: Option<&'static str>,
    /// What else the help says.
    pub help: &'static str,
    /// [`Document::JOINS_INPUTS`].
    pub joins_inputs: bool,
    /// What samples can be chosen by.
    pub origin: &'static [Criterion],
    /// [`Document::sniff`].
    pub(crate) sniff: fn(&[u8]) -> Option<bool>,
    /// Reads a profile with the options that are the same for all formats.
    pub(crate) fold: fn(&guess::Options, Reader<'_>) -> io::Result<Forest>,
    #[cfg(feature = "cli")]
    pub(crate) cli: Cli,
}

/// What the command line needs of a format.
#[cfg(feature = "cli")]
#[derive(Clone, Copy)]
pub(crate) struct Cli {
    /// Adds the flags of the format to a command.
    pub add_flags: fn(clap::Command) -> clap::Command,
    /// Reads chosen samples of a profile with the options that the flags set.
    pub fold: fn(&clap::ArgMatches, &Selection, Reader<'_>) -> io::Result<Forest>,
}

impl Row {
    const fn of<F: Listed>() -> Row {
        Row {
            name: F::NAME,
            aliases: &[],
            description: F::DESCRIPTION,
            expected: Some(F::EXPECTED),
            help: F::HELP,
            joins_inputs: false,
            origin: F::ORIGIN,
            sniff: F::sniff,
            fold: |options, reader| {
                options.selection.check(F::NAME, F::ORIGIN)?;
                let mut format = F::default();
                format.adopt(options);
                let forest = format.fold(reader)?;
                forest.check_value(options.value.as_ref()).map(|()| forest)
            },
            #[cfg(feature = "cli")]
            cli: Cli {
                add_flags: F::augment_args,
                fold: |matches, selection, reader| {
                    selection.check(F::NAME, F::ORIGIN)?;
                    let mut format = F::from_arg_matches(matches).map_err(io::Error::other)?;
                    format.select(selection);
                    let forest = format.fold(reader)?;
                    let value = matches.try_get_one::<String>("value").ok().flatten();
                    forest.check_value(value).map(|()| forest)
                },
            },
        }
    }

    const fn of_document<F: Document>() -> Row {
        Row {
            name: F::NAME,
            aliases: F::ALIASES,
            description: F::DESCRIPTION,
            expected: None,
            help: "",
            joins_inputs: F::JOINS_INPUTS,
            origin: F::ORIGIN,
            sniff: F::sniff,
            fold: document::fold_any::<F>,
            #[cfg(feature = "cli")]
            cli: Cli {
                add_flags: F::augment_args,
                fold: |matches, selection, reader| {
                    let options = F::from_arg_matches(matches).map_err(io::Error::other)?;
                    let folder = document::Folder::from(options).select(selection.clone());
                    reader.with_text(|mut text| folder.read(&mut text).map(Forest::from))
                },
            },
        }
    }

    /// Whether it is read as a whole, and may have no samples.
    pub fn is_document(&self) -> bool {
        self.expected.is_none()
    }

    /// Reads a profile with the options that are the same for all formats.
    pub fn read(&self, mut input: impl BufRead, options: &guess::Options) -> io::Result<Forest> {
        (self.fold)(options, Reader::Stream(&mut input))
    }
}

/// The rows of formats that are read record by record, each with a name of its own: the tool of one does
/// not need the others.
macro_rules! records {
    ($($name:ident: $options:path),* $(,)?) => {
        $(pub const $name: Row = Row::of::<$options>();)*

        const RECORDS: &[Row] = &[$($name),*];
    };
}

/// The rows of documents.
macro_rules! documents {
    ($($module:ident)*) => {
        &[$(Row::of_document::<$module::Options>()),*]
    };
}

records! {
    PERF: perf_data::Options,
    DTRACE: dtrace::Options,
    SAMPLE: sample::Options,
    VTUNE: vtune::Options,
    VSPROF: vsprof::Summary,
    GHCPROF: ghcprof::Options,
    XCTRACE: xctrace::Options,
}

/// Binary files.
const BINARY: &[Row] = documents!(cprofile nettrace);

/// Text.
const TEXT: &[Row] = documents! {
    aix austin bcc callgrind elfutils faulthandler gdb go goroutine gperftools heaptrack ibmjava
    instruments java_exceptions jemalloc ljp massif perf_sched pmc rprof stap strace uftrace
    vtune_mc wcp xdebug
};

/// JSON, and text that comes as JSON too.
#[cfg(feature = "json")]
const JSON: &[Row] = documents! {
    bpftrace chrome cpuprofile dhat firefox ghc heapprofile jstack node_prof pyinstrument pyspy_dump
    safari speedscope stackprof xhprof
};
#[cfg(not(feature = "json"))]
const JSON: &[Row] = &[];

#[cfg(feature = "protobuf")]
const PROTOBUF: &[Row] = documents!(otlp pprof simpleperf);
#[cfg(not(feature = "protobuf"))]
const PROTOBUF: &[Row] = &[];

#[cfg(feature = "jfr")]
const JFR: &[Row] = documents!(jfr);
#[cfg(not(feature = "jfr"))]
const JFR: &[Row] = &[];

/// What all others fold into. It is asked last: much looks like it.
pub(crate) const FOLDED: Row = Row::of::<folded_stacks::Options>();

/// What is no format of its own, and must be named.
pub const RECURSIVE: Row = Row::of::<recursive::Options>();

/// The formats that are recognized by the start of the input, in the order in which they are asked. The
/// first to say yes gets the input.
pub fn recognized() -> impl Iterator<Item = Row> {
    let profilers = RECORDS.iter().chain(documents());
    profilers.chain([&FOLDED]).copied()
}

/// All formats that the command line knows.
pub fn all() -> impl Iterator<Item = Row> {
    recognized().chain([RECURSIVE])
}

/// The formats that have a tool of their own, `inferno-collapse-NAME`.
pub fn with_tools() -> impl Iterator<Item = Row> {
    RECORDS.iter().chain([&RECURSIVE]).copied()
}

fn documents() -> impl Iterator<Item = &'static Row> {
    let binary = BINARY.iter().chain(PROTOBUF).chain(JFR);
    binary.chain(JSON).chain(TEXT)
}

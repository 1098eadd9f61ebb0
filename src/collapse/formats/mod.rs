//! The list of formats: their names, and how to recognize and read them.

mod folded;
mod options;

use super::document::{self, Document};
use super::engine::format::{Listed, Samples};
#[cfg(feature = "jfr")]
use super::jfr;
use super::selection::Criterion;
#[cfg(feature = "cli")]
use super::selection::Selection;
use super::{
    aix, austin, bcc, callgrind, cprofile, dtrace, elfutils, faulthandler, gdb, ghcprof, go,
    goroutine, gperftools, heaptrack, ibmjava, instruments, java_exceptions, jemalloc, ljp, massif,
    nettrace, perf_data, perf_sched, pmc, recursive, rprof, sample, stap, strace, uftrace, vsprof,
    vtune, vtune_mc, wcp, xctrace, xdebug,
};
#[cfg(feature = "json")]
use super::{
    bpftrace, chrome, cpuprofile, dhat, firefox, ghc, heapprofile, jstack, node_prof, pyinstrument,
    pyspy_dump, safari, speedscope, stackprof, xhprof,
};
#[cfg(feature = "protobuf")]
use super::{otlp, pprof, simpleperf};
use crate::call_tree::Forest;
use crate::folded::Tally;
use crate::input::{Reader, invalid};
pub use options::Options;
use std::io::{self, BufRead};

/// The entry of a format, without its type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Row {
    /// The name of the format on the command line.
    pub name: &'static str,
    /// Alternative names.
    pub aliases: &'static [&'static str],
    /// A description of the format.
    pub description: &'static str,
    /// What the error for input without stacks says was expected; `None` if such input is valid.
    pub expected: Option<&'static str>,
    /// Additional help text.
    pub help: &'static str,
    /// [`Document::JOINS_INPUTS`].
    pub joins_inputs: bool,
    /// The criteria that samples can be selected by.
    pub origin: &'static [Criterion],
    /// [`Listed::SAMPLES`].
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command line divides streams")
    )]
    pub(crate) samples: Option<Samples>,
    /// [`Document::sniff`].
    pub(crate) sniff: fn(&[u8]) -> Option<bool>,
    /// Reads a profile with the options that all formats share.
    pub(crate) fold: fn(&Options, Reader<'_>) -> io::Result<Forest>,
    #[cfg(feature = "cli")]
    pub(crate) cli: Cli,
}

/// The command-line interface of a format.
#[cfg(feature = "cli")]
#[derive(Clone, Copy)]
pub(crate) struct Cli {
    /// Adds the flags of the format to a command.
    pub add_flags: fn(clap::Command) -> clap::Command,
    /// Reads the selected samples of a profile with the options from the flags.
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
            samples: F::SAMPLES,
            sniff: F::sniff,
            fold: |options, reader| fold_with(F::default(), options, reader),
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
            samples: None,
            sniff: F::sniff,
            fold: |options, reader| document::fold_any::<F>(&options.shared(), reader),
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

    /// Whether the format is a document, which is read as a whole and may have no samples.
    pub fn is_document(&self) -> bool {
        self.expected.is_none()
    }

    /// Reads a profile with the options that all formats share.
    pub fn read(&self, mut input: impl BufRead, options: &Options) -> io::Result<Forest> {
        (self.fold)(options, Reader::Stream(&mut input))
    }
}

/// Folds a profile with the options that all formats share, and with those that `format` has.
fn fold_with<F: Listed>(
    mut format: F,
    options: &Options,
    reader: Reader<'_>,
) -> io::Result<Forest> {
    options.selection.check(F::NAME, F::ORIGIN)?;
    format.adopt(&options.shared());
    let forest = format.fold(reader)?;
    forest.check_value(options.value.as_ref()).map(|()| forest)
}

/// Declares constants for record formats, so that the tool of one format does not link the others.
macro_rules! records {
    ($($name:ident: $options:path),* $(,)?) => {
        $(pub const $name: Row = Row::of::<$options>();)*

        const RECORDS: &[Row] = &[PERF, $($name),*];
    };
}

/// Declares the entries of documents.
macro_rules! documents {
    ($($module:ident)*) => {
        &[$(Row::of_document::<$module::Options>()),*]
    };
}

/// perf, which has options of its own among those of any format.
pub const PERF: Row = Row {
    fold: |options, reader| fold_with(options.perf.clone(), options, reader),
    ..Row::of::<perf_data::Options>()
};

records! {
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

/// JSON, and text formats with a JSON variant.
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

/// Folded stacks. They are tried last, because many formats resemble them.
pub(crate) const FOLDED: Row = Row::of::<folded::Options>();

/// Merges recursive frames: an operation on folded text instead of a format, so it must be requested
/// by name.
pub const RECURSIVE: Row = Row::of::<recursive::Options>();

/// The formats that can be recognized by the start of the input, in the order of trial. The first
/// match wins.
pub fn recognized() -> impl Iterator<Item = Row> {
    let profilers = RECORDS.iter().chain(documents());
    profilers.chain([&FOLDED]).copied()
}

/// The names of the formats, in the order in which they are tried.
///
/// ```
/// let formats: Vec<&str> = inferno::collapse::guess::formats().collect();
/// assert_eq!((formats[0], formats[formats.len() - 1]), ("perf", "folded"));
/// ```
pub fn names() -> impl Iterator<Item = &'static str> {
    recognized().map(|row| row.name)
}

/// The error for input in none of the [`formats`](names), which lists them.
pub fn unrecognized() -> io::Error {
    invalid(format!("unrecognized format; tried {}", list()))
}

/// Returns an error if the lines of input treated as folded text show that it is something else.
pub(crate) fn expect_folded(lines: Tally) -> io::Result<()> {
    match lines.is_foreign() {
        true => Err(invalid(format!("{}, only {lines}", unrecognized()))),
        false => Ok(()),
    }
}

/// The names of the formats, for messages.
pub(crate) fn list() -> String {
    names().collect::<Vec<_>>().join(", ")
}

/// All formats on the command line.
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

//! The list of formats: their names, and how to recognize and read them.

#[cfg_attr(not(feature = "cli"), path = "no_cli.rs")]
mod cli;
mod folded;

use super::document::{self, Document};
use super::engine::format::{Listed, Samples};
use super::options::Options;
use super::selection::Criterion;
use super::{dtrace, ghcprof, perf_data, recursive, sample, vsprof, vtune, xctrace};
use crate::call_tree::Forest;
use crate::folded::Tally;
use crate::input::{Reader, invalid};
use cli::Cli;
use std::io::{self, BufRead};

/// The entry of a format, without its type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct FormatEntry {
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
    pub(crate) samples: Option<Samples>,
    /// [`Document::sniff`].
    pub(crate) sniff: fn(&[u8]) -> Option<bool>,
    /// Reads a profile with the options that all formats share.
    pub(crate) fold: fn(&Options, Reader<'_>) -> io::Result<Forest>,
    pub(crate) cli: Cli,
}

impl FormatEntry {
    const fn of<F: Listed>() -> FormatEntry {
        FormatEntry {
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
            cli: Cli::of::<F>(),
        }
    }

    const fn of_document<F: Document>() -> FormatEntry {
        FormatEntry {
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
            cli: Cli::of_document::<F>(),
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
        $(pub const $name: FormatEntry = FormatEntry::of::<$options>();)*

        const RECORDS: &[FormatEntry] = &[PERF, $($name),*];
    };
}

/// Declares lists of documents. Without the feature that a list requires, it is empty.
macro_rules! documents {
    ($($list:ident $(requires $feature:literal)?: $($module:ident)*;)*) => {$(
        $(#[cfg(feature = $feature)])?
        const $list: &[FormatEntry] =
            &[$(FormatEntry::of_document::<super::$module::Options>()),*];
        $(
            #[cfg(not(feature = $feature))]
            const $list: &[FormatEntry] = &[];
        )?
    )*};
}

/// perf, which has options of its own among those of any format.
pub const PERF: FormatEntry = FormatEntry {
    fold: |options, reader| fold_with(options.perf.clone(), options, reader),
    ..FormatEntry::of::<perf_data::Options>()
};

records! {
    DTRACE: dtrace::Options,
    SAMPLE: sample::Options,
    VTUNE: vtune::Options,
    VSPROF: vsprof::Summary,
    GHCPROF: ghcprof::Options,
    XCTRACE: xctrace::Options,
}

documents! {
    BINARY: cprofile nettrace;
    PROTOBUF requires "protobuf": otlp pprof simpleperf;
    JFR requires "jfr": jfr;
    JSON requires "json":
        bpftrace chrome cpuprofile dhat firefox ghc heapprofile jstack node_prof pyinstrument
        pyspy_dump safari speedscope stackprof xhprof;
    TEXT:
        aix austin bcc callgrind elfutils faulthandler gdb go goroutine gperftools heaptrack ibmjava
        instruments java_exceptions jemalloc ljp massif perf_sched pmc rprof stap strace uftrace
        vtune_mc wcp xdebug;
}

/// Folded stacks. They are tried last, because many formats resemble them.
pub(crate) const FOLDED: FormatEntry = FormatEntry::of::<folded::Options>();

/// Merges recursive frames: an operation on folded text instead of a format, so it must be requested
/// by name.
pub const RECURSIVE: FormatEntry = FormatEntry::of::<recursive::Options>();

/// The formats that can be recognized by the start of the input, in the order of trial. The first
/// match wins.
pub fn recognized() -> impl Iterator<Item = FormatEntry> {
    let profilers = RECORDS.iter().chain(documents());
    profilers.chain([&FOLDED]).copied()
}

/// The names of the formats, in the order in which they are tried.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    recognized().map(|entry| entry.name)
}

/// The error for input in none of the formats.
pub(crate) fn unrecognized() -> io::Error {
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
pub fn all() -> impl Iterator<Item = FormatEntry> {
    recognized().chain([RECURSIVE])
}

/// The formats that have a tool of their own, `inferno-collapse-NAME`.
pub fn with_tools() -> impl Iterator<Item = FormatEntry> {
    RECORDS.iter().chain([&RECURSIVE]).copied()
}

fn documents() -> impl Iterator<Item = &'static FormatEntry> {
    [BINARY, PROTOBUF, JFR, JSON, TEXT].into_iter().flatten()
}

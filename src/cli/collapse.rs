//! `inferno collapse`, and the tools that fold one format: `inferno-collapse-dtrace`.

use super::every::{self, EveryArgs};
use super::filter::Filters;
use super::guess::GuessArgs;
use super::many::{self, ManyArgs, Sum};
use super::per::{self, Divide, Fold, PerArgs};
use super::selection::SelectionArgs;
use super::{CommonArgs, FilterArgs, Input, Output, about, expect_stacks, run, usage, values};
use crate::call_tree::{Forest, ValueType};
use crate::collapse::engine::DEFAULT_NTHREADS;
use crate::collapse::formats::{self, FormatEntry};
use crate::collapse::guess::{self, unrecognized};
use crate::collapse::selection::{PartBy, Selection};
use crate::export::Format;
use crate::input::Reader;
use clap::{ArgMatches, Args, Command};
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Flags for all formats.
#[derive(Debug, Args)]
pub struct CollapseArgs {
    /// The profiles, which are added up; `-` or none for standard input. They may be compressed
    /// (gzip, zstd)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// List the values that the profile has for each stack: name, unit, sum
    #[arg(long)]
    pub list_values: bool,

    /// What to write [default: folded]
    #[arg(short, long, value_name = "FORMAT", value_parser = values::format())]
    format: Option<Format>,

    #[command(flatten)]
    pub many: ManyArgs,

    #[command(flatten)]
    pub common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

/// Flags if no format is given.
#[derive(Debug, Args)]
struct AnyArgs {
    /// List the formats: name, aliases, description
    #[arg(long)]
    list: bool,

    #[command(flatten, next_help_heading = "Reading")]
    guess: GuessArgs,

    #[command(flatten, next_help_heading = None)]
    per: PerArgs,

    #[command(flatten)]
    every: EveryArgs,

    #[command(flatten)]
    collapse: CollapseArgs,
}

/// Runs the tool for a single format.
pub fn tool(name: &'static str, entry: FormatEntry) -> ExitCode {
    fold_format(name, entry, &usage::matches(tool_command(entry).name(name)))
}

/// The command line of the tool that folds one format.
pub fn tool_command(entry: FormatEntry) -> Command {
    format_command(entry).version(env!("CARGO_PKG_VERSION"))
}

/// `inferno collapse`
pub fn command() -> Command {
    // The doc comments of the flag types are for readers of the code, not for the help.
    usage::without_rarely_used(AnyArgs::augment_args(Command::new("collapse")))
        .about("Fold profiles: one line for each distinct stack, with its count")
        .override_usage(USAGE)
        .after_help(HELP)
        .args_conflicts_with_subcommands(true)
        .subcommands(formats::all().map(|entry| named(entry).hide(true).defer(add_flags)))
}

const USAGE: &str = "\
inferno collapse [OPTIONS] [PATH]...
       inferno collapse FORMAT [OPTIONS] [PATH]...
       inferno collapse --list";

const HELP: &str = "\
Without FORMAT, the format of each input is detected from its first lines. `inferno collapse --list` lists all \
formats, `inferno collapse FORMAT --help` the options of one. To read a file that is named like a format, write ./NAME.";

fn format_command(entry: FormatEntry) -> Command {
    with_flags(named(entry), entry)
}

fn named(entry: FormatEntry) -> Command {
    Command::new(entry.name)
        .visible_aliases(entry.aliases.to_vec())
        .about(about_format(entry))
}

fn about_format(entry: FormatEntry) -> String {
    format!("Fold {}", entry.description)
}

/// Adds the flags of the format that the command is named after. Building those of all formats at each
/// start would take three million instructions.
fn add_flags(command: Command) -> Command {
    match formats::all().find(|entry| entry.name == command.get_name()) {
        Some(entry) => with_flags(command, entry),
        None => command,
    }
}

fn with_flags(command: Command, entry: FormatEntry) -> Command {
    let command = command.next_help_heading("Reading");
    let command = SelectionArgs::add_to((entry.cli.add_flags)(command));
    let command = PerArgs::augment_args(command.next_help_heading(None));
    let command = match entry.samples {
        Some(_) => EveryArgs::augment_args(command),
        None => command,
    };
    usage::without_in_short_help(CollapseArgs::augment_args(command), &[usage::RARELY_USED])
        // The flags bring the descriptions of their types.
        .about(about_format(entry))
        .after_help(entry.help)
}

/// Runs `inferno collapse`.
pub fn main(matches: &ArgMatches) -> ExitCode {
    const TOOL: &str = "inferno collapse";
    let Some((name, matches)) = matches.subcommand() else {
        return fold_any(TOOL, matches);
    };
    match formats::all().find(|entry| entry.name == name) {
        Some(entry) => fold_format(TOOL, entry, matches),
        None => ExitCode::FAILURE,
    }
}

fn fold_format(tool: &str, entry: FormatEntry, matches: &ArgMatches) -> ExitCode {
    let args: CollapseArgs = usage::args(matches);
    let selection = SelectionArgs::selection_in(matches);
    if let Some(by) = usage::args::<PerArgs>(matches).per {
        let fold = |selection: &Selection, reader: Reader<'_>| {
            let event = matches.try_get_one::<String>("event_filter").ok().flatten();
            refuse_event_twice(by, event)?;
            (entry.cli.fold)(matches, selection, reader)
        };
        return args.run_per(tool, Input::all, by, &selection, &fold);
    }
    if entry.samples.is_some()
        && let Some(every) = usage::args::<EveryArgs>(matches).every
    {
        let is_off_cpu = matches.try_get_one::<bool>("off_cpu").ok().flatten();
        let fold = |entry: FormatEntry, selection: &Selection, reader: Reader<'_>| {
            every::refuse_off_cpu(is_off_cpu == Some(&true))?;
            (entry.cli.fold)(matches, selection, reader)
        };
        return args.run_every(tool, every, Some(entry), &selection, &fold);
    }
    args.run(tool, Input::all, |inputs| {
        let fold = |reader: Reader<'_>| (entry.cli.fold)(matches, &selection, reader);
        match entry.joins_inputs {
            true => fold_joined(inputs, args.many, &fold),
            false => fold_apart(entry, inputs, matches, args.many, &fold),
        }
        .inspect(|sum| {
            if entry.is_document() && sum.forest.is_empty() {
                log::warn!("{}: the profile has no samples", Input::names(inputs));
            }
        })
    })
}

/// Adds up inputs in one format, each of which is a profile.
fn fold_apart(
    entry: FormatEntry,
    inputs: &[Input],
    matches: &ArgMatches,
    many: ManyArgs,
    fold: &(dyn Fn(Reader<'_>) -> io::Result<Forest> + Sync),
) -> io::Result<Sum> {
    let nthreads = matches.try_get_one("nthreads").ok().flatten();
    let nthreads = nthreads.copied().unwrap_or(*DEFAULT_NTHREADS);
    many::add_up(inputs, nthreads, many, &|opened| {
        let forest = fold(opened.into_reader())?;
        match entry.expected {
            Some(expected) => expect_stacks(forest, expected),
            None => Ok(forest),
        }
    })
}

/// Folds inputs that are parts of one profile.
fn fold_joined(
    inputs: &[Input],
    many: ManyArgs,
    fold: &dyn Fn(Reader<'_>) -> io::Result<Forest>,
) -> io::Result<Sum> {
    if many.keep_going && inputs.len() > 1 {
        return Err(io::Error::other(
            "--keep-going cannot leave out inputs that are parts of one profile",
        ));
    }
    fold_chained(inputs, &mut io::empty(), b"", fold).map(Sum::from)
}

fn fold_any(tool: &str, matches: &ArgMatches) -> ExitCode {
    let args: AnyArgs = usage::args(matches);
    if args.list {
        return run(tool, &args.collapse.common, |output| {
            output.write(list_formats)
        });
    }
    let options = args.guess.options();
    let (per, every) = (args.per.per, args.every.every);
    args.collapse.run_guess(tool, &options, per, every)
}

/// Folds with `options`, for which those of a selection replace its own.
pub(super) fn fold_selected(
    options: &guess::Options,
    selection: &Selection,
    reader: Reader<'_>,
) -> io::Result<Forest> {
    let options = guess::Options {
        selection: selection.clone(),
        ..options.clone()
    };
    let folder = guess::Folder::from(options);
    folder.fold(reader)?.ok_or_else(unrecognized)
}

/// Returns an error if `--per event` is combined with the selection of one event.
pub(super) fn refuse_event_twice(by: PartBy, event: Option<&String>) -> io::Result<()> {
    match event.filter(|_| by == PartBy::Event) {
        Some(event) => Err(io::Error::other(format!(
            "--per event writes all events, but --event-filter leaves only {event}"
        ))),
        None => Ok(()),
    }
}

impl CollapseArgs {
    /// Folds inputs in any format, and writes the stacks, in parts with `--per` or `--every`.
    pub fn run_guess(
        &self,
        tool: &str,
        options: &guess::Options,
        per: Option<PartBy>,
        every: Option<Duration>,
    ) -> ExitCode {
        if let Some(every) = every {
            return self.run_guess_every(tool, options, every);
        }
        let Some(by) = per else {
            return self.run(tool, Input::all_or_perf_data, |inputs| {
                guess_all(options, inputs, self.many)
            });
        };
        let fold = |selection: &Selection, reader: Reader<'_>| {
            refuse_event_twice(by, options.perf.stacks.event_filter.as_ref())?;
            fold_selected(options, selection, reader)
        };
        self.run_per(tool, Input::all_or_perf_data, by, &options.selection, &fold)
    }

    /// Writes a file for each part of the inputs.
    fn run_per(
        &self,
        tool: &str,
        find_inputs: fn(&[PathBuf]) -> Vec<Input>,
        by: PartBy,
        selection: &Selection,
        fold: &Fold<'_>,
    ) -> ExitCode {
        let filters = self.filter.compile();
        run(tool, &self.common, |output| {
            let Some(format) = self.format.or(Format::named("folded")) else {
                return Ok(());
            };
            let inputs = find_inputs(&self.paths);
            let mut written = false;
            let divide = Divide {
                by,
                inputs: &inputs,
                many: self.many,
                selection,
                filter: &|forest| apply(&filters, forest),
                output,
            };
            let (parts, left_out) = divide.fold(fold)?;
            for part in parts {
                written |= write_part(format, part.forest, &part.output)?;
            }
            per::expect_written(written).map_err(|error| about(&Input::names(&inputs), error))?;
            left_out.check()
        })
    }

    /// Writes a file for each window of time of an input in any format.
    fn run_guess_every(&self, tool: &str, options: &guess::Options, every: Duration) -> ExitCode {
        let fold = |entry: FormatEntry, selection: &Selection, reader: Reader<'_>| {
            every::refuse_off_cpu(options.perf.stacks.off_cpu)?;
            let options = guess::Options {
                selection: selection.clone(),
                ..options.clone()
            };
            (entry.fold)(&options, reader)
        };
        self.run_every(tool, every, None, &options.selection, &fold)
    }

    fn run_every(
        &self,
        tool: &str,
        every: Duration,
        entry: Option<FormatEntry>,
        selection: &Selection,
        fold: &dyn Fn(FormatEntry, &Selection, Reader<'_>) -> io::Result<Forest>,
    ) -> ExitCode {
        let filters = self.filter.compile();
        run(tool, &self.common, |output| {
            let Some(format) = self.format.or(Format::named("folded")) else {
                return Ok(());
            };
            let work = every::Work {
                every,
                entry,
                selection,
                fold,
                write: &|forest, output| write_part(format, apply(&filters, forest), output),
            };
            work.run(&Input::all(&self.paths), output)
        })
    }

    /// Reads the inputs with `read`, filters the stacks and writes them.
    pub fn run(
        &self,
        tool: &str,
        find_inputs: fn(&[PathBuf]) -> Vec<Input>,
        read: impl FnOnce(&[Input]) -> io::Result<Sum>,
    ) -> ExitCode {
        let filters = self.filter.compile();
        run(tool, &self.common, |output| {
            let format = self.format.or(Format::named("folded"));
            let format = format.filter(|_| !self.list_values);
            if let Some(format) = format.filter(|format| format.is_binary()) {
                output.refuse_terminal(&format!("the format {} is binary", format.name()))?;
            }
            let inputs = find_inputs(&self.paths);
            let Sum {
                mut forest,
                left_out,
            } = read(&inputs)?;
            let Some(format) = format else {
                return list_values(&forest, output).and_then(|()| left_out.check());
            };
            if !forest.is_empty() && !filters.is_empty() {
                forest = filters.apply(forest.merged()).into();
                forest = expect_stacks(forest, "stacks that pass the filters")
                    .map_err(|error| about(&Input::names(&inputs), error))?;
            }
            forest.warn_if_saturated();
            log::info!("{}: {}", Input::names(&inputs), forest.summary());
            output.write(|writer| format.write(forest, writer))?;
            left_out.check()
        })
    }
}

/// Merges the trees only if there are filters.
fn apply(filters: &Filters, forest: Forest) -> Forest {
    match filters.is_empty() {
        true => forest,
        false => filters.apply(forest.merged()).into(),
    }
}

/// Writes a part of a profile, and returns whether it has any stacks.
fn write_part(format: Format, forest: Forest, output: &Output) -> io::Result<bool> {
    if forest.is_empty() {
        return Ok(false);
    }
    forest.warn_if_saturated();
    let summary = forest.summary();
    output.write(|writer| format.write(forest, writer))?;
    output.log_written(&summary);
    Ok(true)
}

/// Folds inputs in any formats.
pub fn guess_all(options: &guess::Options, inputs: &[Input], many: ManyArgs) -> io::Result<Sum> {
    let folder = guess::Folder::from(options.clone());
    many::add_up(inputs, options.nthreads, many, &|opened| {
        let forest = folder.fold(opened.into_reader())?;
        expect_stacks(forest.ok_or_else(unrecognized)?, "a profile with samples")
    })
}

/// Folds `before`, the `separator` and all inputs, concatenated, as one profile.
fn fold_chained(
    inputs: &[Input],
    before: &mut dyn BufRead,
    separator: &[u8],
    fold: &dyn Fn(Reader<'_>) -> io::Result<Forest>,
) -> io::Result<Forest> {
    let Some((first, others)) = inputs.split_first() else {
        return fold(Reader::Stream(before));
    };
    first.read(|reader| {
        let mut joined = before.chain(separator).chain(reader);
        fold_chained(others, &mut joined, b"\n", fold)
    })
}

/// Writes the values that a profile has for each stack.
pub fn list_values(forest: &Forest, output: &Output) -> io::Result<()> {
    output.write(|writer| {
        for ValueType {
            name,
            unit,
            sum,
            is_default,
            ..
        } in forest.values()
        {
            let default = if is_default { "\t(default)" } else { "" };
            writeln!(writer, "{name}\t{unit}\t{sum}{default}")?;
        }
        Ok(())
    })
}

fn list_formats(writer: &mut dyn Write) -> io::Result<()> {
    let mut entries: Vec<FormatEntry> = formats::all().collect();
    entries.sort_by_key(|entry| entry.name);
    for entry in entries {
        let aliases = entry.aliases.join(", ");
        writeln!(
            writer,
            "{:<16} {aliases:<24} {}",
            entry.name, entry.description
        )?;
    }
    Ok(())
}

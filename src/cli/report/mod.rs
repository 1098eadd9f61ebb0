//! Reports the numbers of a profile, or what changed between profiles.

#[cfg_attr(not(feature = "filter"), path = "no_rules.rs")]
mod rules;

use crate::call_tree::{CallTree, Forest};
use crate::cli;
use crate::cli::collapse::{guess_all, list_values};
use crate::cli::filter::{FilterArgs, Filters};
use crate::cli::guess::GuessArgs;
use crate::cli::many::{self, LeftOut, ManyArgs};
use crate::cli::{CommonArgs, Input, Output, usage, values};
use crate::differential;
use crate::flamegraph::{self, Collector};
use crate::report::{Comparison, Format, Options, Report};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Command, CommandFactory, Parser};
use std::env;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use rules::Rules;

/// The heading of flags for comparing profiles.
const COMPARISON: &str = "Comparison";

/// Report the top functions, threads and stacks of a profile; or compare profiles, and fail on
/// regressions
#[derive(Debug, Parser)]
#[command(name = "report", override_usage = USAGE, after_help = EXAMPLES)]
struct Flags {
    /// Compare two profiles, function by function
    #[arg(
        long, num_args = 2, value_names = ["BEFORE", "AFTER"], help_heading = COMPARISON,
        conflicts_with_all = ["paths", "before", "after"]
    )]
    diff: Option<Vec<PathBuf>>,

    /// Compare several profiles: those from before the change
    #[arg(
        long, num_args = 1.., value_name = "PROFILE", help_heading = COMPARISON,
        requires = "after", conflicts_with = "paths"
    )]
    before: Vec<PathBuf>,

    /// Compare several profiles: those from after the change. Means are compared; with two or more
    /// profiles on each side, changes are tested for significance
    #[arg(long, num_args = 1.., value_name = "PROFILE", help_heading = COMPARISON, requires = "before")]
    after: Vec<PathBuf>,

    /// Scale all profiles to the same total: the mean total of the profiles after the change
    #[arg(long, help_heading = COMPARISON)]
    normalize: bool,

    /// Strip hex numbers (addresses) from names: 0x45fe becomes 0x...
    #[arg(long, help_heading = COMPARISON)]
    strip_hex: bool,

    #[command(flatten)]
    rules: Rules,

    /// Output format
    #[arg(
        long, value_name = "FORMAT", default_value = "text",
        value_parser = PossibleValuesParser::new(["text", "md", "json", "csv"]).map(|name| format(&name))
    )]
    format: Format,

    /// Maximum number of rows of each table; 0 for all
    #[arg(long, value_name = "N", default_value_t = Options::default().top, value_parser = values::rows)]
    top: usize,

    /// List the values that the profile has for each stack (name, unit, sum), and exit
    #[arg(long, conflicts_with_all = ["diff", "before"])]
    list_values: bool,

    /// Folded stacks, or profiles in a supported format, which are added up; `-` or nothing
    /// for standard input. They may be compressed (gzip, zstd)
    #[arg(value_name = "PROFILE")]
    paths: Vec<PathBuf>,

    #[command(flatten, next_help_heading = "Reading")]
    guess: GuessArgs,

    #[command(flatten, next_help_heading = None)]
    many: ManyArgs,

    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

const USAGE: &str = "\
inferno report [OPTIONS] [PROFILE]...
       inferno report [OPTIONS] --diff BEFORE AFTER
       inferno report [OPTIONS] --before PROFILE... --after PROFILE...";

const EXAMPLES: &str = "\
Examples:
  inferno report perf.data                            The top functions
  inferno report --threads --top 5 perf.data          With processes and threads
  inferno report --format json cpu.pprof              As JSON
  inferno report --diff before.folded after.folded    What changed
  inferno report --before a1.data a2.data a3.data --after b1.data b2.data b3.data \\
      --normalize --fail-if '^parse total +5%'        Fail if parse got over 5% slower";

const EXIT_CODES: &str = "\
The exit code is 1 if there is no result or a --fail-if matches no function, 2 if the command line is invalid, and 3 \
if a --fail-if rule is violated. The report is written in the last case, too.";

/// `inferno report`
pub fn command() -> Command {
    let rarely_used = [
        usage::RARELY_USED,
        usage::RARELY_USED_OF_PERF,
        &["alpha", "cpu", "pid_is", "strip_hex", "tid_is"],
    ];
    let command = Flags::command().after_long_help(format!("{EXAMPLES}\n\n{EXIT_CODES}"));
    usage::without_in_short_help(command, &rarely_used)
}

/// Reports as the command line says.
pub fn run(tool: &str, matches: &ArgMatches) -> ExitCode {
    let flags: Flags = usage::args(matches);
    let comparison = flags.inputs_to_compare();
    if let Some(message) = flags.conflict(comparison.as_ref()) {
        usage::conflict(Flags::command().bin_name(tool), message);
    }
    let filters = flags.filter.compile();
    cli::run_to_code(tool, &flags.common, |output| match comparison {
        Some([before, after]) => {
            let comparison = flags.compare(&before, &after, &filters)?;
            flags.finish(tool, &comparison, output)
        }
        None => flags.report(tool, &filters, output),
    })
}

impl Flags {
    fn inputs_to_compare(&self) -> Option<[Vec<Input>; 2]> {
        let inputs = |paths: &[PathBuf]| paths.iter().map(|path| Input::new(Some(path))).collect();
        match self.diff.as_deref().map(|paths| paths.split_at(1)) {
            Some((before, after)) => Some([inputs(before), inputs(after)]),
            None if self.before.is_empty() => None,
            None => Some([inputs(&self.before), inputs(&self.after)]),
        }
    }

    /// Why the flags conflict.
    fn conflict(&self, comparison: Option<&[Vec<Input>; 2]>) -> Option<&'static str> {
        if comparison.is_some() && self.many.keep_going {
            return Some(
                "--keep-going adds up profiles, and cannot leave out one of those to compare",
            );
        }
        let inputs = comparison.into_iter().flatten().flatten();
        match inputs.filter(|input| **input == Input::Stdin).count() {
            0 | 1 => None,
            _ => Some("only one of the profiles can be standard input"),
        }
    }

    /// The options of the report; colors and a limited width are for terminals only.
    fn options(&self, output: &Output) -> Options {
        let is_terminal = output.is_terminal();
        let size = terminal_size::terminal_size().filter(|_| is_terminal);
        Options {
            top: self.top,
            width: size.map(|(width, _)| usize::from(width.0)),
            colors: is_terminal && are_colors_wanted(),
        }
    }

    /// Reports the sum of the profiles, or what changed if their stacks have two counts.
    fn report(&self, tool: &str, filters: &Filters, output: &Output) -> io::Result<ExitCode> {
        let inputs = Input::all_or_perf_data(&self.paths);
        if self.list_values {
            let sum = guess_all(&self.guess.options(), &inputs, self.many)?;
            list_values(&sum.forest, output)?;
            return sum.left_out.check().map(|()| ExitCode::SUCCESS);
        }
        let (tree, left_out) = self.read(&inputs, filters)?;
        let code = if tree.is_differential() {
            let comparison = Comparison::of_differential(&tree, self.normalize);
            self.finish(tool, &comparison, output)?
        } else {
            self.expect_no_comparison()?;
            let options = self.options(output);
            let report = Report::new(&tree, &options);
            output.write(|writer| report.write(self.format, &options, writer))?;
            ExitCode::SUCCESS
        };
        left_out.check().map(|()| code)
    }

    /// An error for flags that require a comparison.
    fn expect_no_comparison(&self) -> io::Result<()> {
        let flags = [
            ("--fail-if", self.rules.are_given()),
            ("--normalize", self.normalize),
            ("--strip-hex", self.strip_hex),
        ];
        match flags.iter().find(|(_, is_set)| *is_set) {
            None => Ok(()),
            Some((flag, _)) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{flag} requires profiles to compare: see --diff, --before and --after"),
            )),
        }
    }

    fn compare(
        &self,
        before: &[Input],
        after: &[Input],
        filters: &Filters,
    ) -> io::Result<Comparison> {
        let reports = |inputs: &[Input]| {
            let report = |input: &Input| {
                let (tree, _) = self.read(std::slice::from_ref(input), filters)?;
                Ok(Report::new(&tree, &Options::default()))
            };
            inputs
                .iter()
                .map(report)
                .collect::<io::Result<Vec<Report>>>()
        };
        let (before, after) = (reports(before)?, reports(after)?);
        Ok(Comparison::new(&before, &after, self.normalize))
    }

    /// Writes the comparison, and checks it.
    fn finish(&self, tool: &str, comparison: &Comparison, output: &Output) -> io::Result<ExitCode> {
        let how = (self.format, &self.options(output));
        self.rules.conclude(tool, comparison, how, output)
    }

    /// The sum of the stacks of all inputs; an error if there are none.
    fn read(&self, inputs: &[Input], filters: &Filters) -> io::Result<(CallTree, LeftOut)> {
        let options = self.guess.options();
        let sum = many::add_up(inputs, options.nthreads, self.many, &|opened| {
            let stacks = Collector::new(&flamegraph::Options::default());
            let mut stacks = stacks.collapse_with(options.clone());
            opened.add_to(&mut stacks)?;
            stacks.finish().map(Forest::from)
        })?;
        let named = |error| cli::about(&Input::names(inputs), error);
        let tree = expect_stacks(sum.forest.merged(), cli::ANY_PROFILE).map_err(named)?;
        let tree = filters.apply(tree);
        let tree = expect_stacks(tree, "stacks that pass the filters").map_err(named)?;
        let tree = match self.strip_hex {
            true => differential::without_hex_in_names(&tree),
            false => tree,
        };
        Ok((tree, sum.left_out))
    }
}

/// Whether the terminal should have colors (<https://no-color.org>).
fn are_colors_wanted() -> bool {
    let refuses = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refuses && env::var_os("TERM").is_some_and(|term| term != "dumb")
}

fn expect_stacks(tree: CallTree, expected: &str) -> io::Result<CallTree> {
    match tree.is_empty() {
        true => Err(cli::no_stacks(expected)),
        false => Ok(tree),
    }
}

fn format(name: &str) -> Format {
    match name {
        "md" => Format::Markdown,
        "json" => Format::Json,
        "csv" => Format::Csv,
        _ => Format::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flags_are_the_default_options() {
        let flags = Flags::try_parse_from(["report"]).expect("no flags");
        let options = flags.options(&Output::new(Some(PathBuf::from("file"))));
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
        assert_eq!(flags.format, Format::default());
    }

    #[test]
    fn profiles_may_be_compared() {
        let parse =
            |flags: &str| Flags::try_parse_from(["report"].into_iter().chain(flags.split(' ')));
        let inputs = |flags: &str| {
            let [before, after] = parse(flags).unwrap().inputs_to_compare().unwrap();
            (before.len(), after.len())
        };
        assert_eq!(inputs("--diff a b"), (1, 1));
        assert_eq!(inputs("--before a b --after c d e --normalize"), (2, 3));
        let flags = parse("--before a - --after - b").unwrap();
        assert!(flags.conflict(flags.inputs_to_compare().as_ref()).is_some());
        for flags in [
            "--diff a",
            "--diff a b c",
            "--before a",
            "--after a",
            "--diff a b --before c --after d",
            "--top x",
            "--alpha 0",
            "--alpha 1.5",
            "--format html",
            "--fail-if parse",
        ] {
            assert!(parse(flags).is_err(), "{flags}");
        }
    }
}

//! `inferno convert`: writes profiles in the formats of other tools.

use super::collapse::{CollapseArgs, guess_all};
use super::guess::GuessArgs;
use super::many::Sum;
use super::{ANY_PROFILE, Input, about, expect_stacks, run as run_tool, usage};
use crate::call_tree::Forest;
use crate::collapse::guess;
use crate::export::Format;
use crate::flamegraph::{Collector, Options};
use clap::{ArgMatches, Command, CommandFactory, Parser};
use std::io::{self, Write};
use std::process::ExitCode;

/// Write profiles in the format of another tool: pprof, speedscope, the Firefox Profiler, ...
#[derive(Debug, Parser)]
#[command(
    name = "convert",
    override_usage = USAGE,
    after_help = HELP,
    mut_arg("format", |arg| {
        arg.long("to")
            .short(None)
            .help("The format to write")
            .required_unless_present_any(["list", "list_values"])
    })
)]
struct Args {
    /// List the output formats: name, file extension, description
    #[arg(long)]
    list: bool,

    /// Keep time order: samples with times one thread after another; folded stacks in line order.
    /// Only adjacent stacks are merged
    #[arg(long = "flamechart", conflicts_with = "list_values")]
    flame_chart: bool,

    #[command(flatten, next_help_heading = "Reading")]
    guess: GuessArgs,

    #[command(flatten, next_help_heading = None)]
    collapse: CollapseArgs,
}

const USAGE: &str = "\
inferno convert --to FORMAT [OPTIONS] [PATH]...
       inferno convert --list";

const HELP: &str = "\
Examples:
  inferno convert --to pprof perf.data -o cpu.pb.gz && go tool pprof -http : cpu.pb.gz
  inferno convert --to speedscope --flamechart perf.data -o perf.speedscope.json
  inferno diff old.perf new.perf | inferno convert --to firefox -o diff.json

The input format is detected, as by `inferno collapse`. docs/convert.md says what each format preserves.";

/// `inferno convert`
pub fn command() -> Command {
    usage::without_rarely_used(Args::command())
}

/// Runs `inferno convert`.
pub fn run(tool: &str, matches: &ArgMatches) -> ExitCode {
    let args: Args = usage::args(matches);
    if args.flame_chart && args.collapse.many.keep_going {
        let message = "--keep-going adds up inputs, which --flamechart does not";
        usage::conflict(Args::command().bin_name(tool), message);
    }
    if args.list {
        return run_tool(tool, &args.collapse.common, |output| {
            output.write(list_formats)
        });
    }
    let options = args.guess.options();
    args.collapse.run(tool, Input::all_or_perf_data, |inputs| {
        match args.flame_chart {
            true => read_in_time_order(&options, inputs).map(Sum::from),
            false => guess_all(&options, inputs, args.collapse.many),
        }
    })
}

fn list_formats(writer: &mut dyn Write) -> io::Result<()> {
    Format::all().try_for_each(|format| {
        let (name, extension) = (format.name(), format.extension());
        writeln!(
            writer,
            "{name:<12} {extension:<16} {}",
            format.description()
        )
    })
}

/// Folds inputs as they are for a flame chart.
fn read_in_time_order(options: &guess::Options, inputs: &[Input]) -> io::Result<Forest> {
    let chart = Options {
        flame_chart: true,
        ..Options::default()
    };
    let mut stacks = Collector::new(&chart).collapse_with(options.clone());
    for input in inputs {
        input.add_to(&mut stacks)?;
    }
    expect_stacks(stacks.finish()?.into(), ANY_PROFILE)
        .map_err(|error| about(&Input::names(inputs), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_required_unless_nothing_is_converted() {
        let parse = |flags: &str| {
            let words = ["convert"].into_iter().chain(flags.split_whitespace());
            Args::try_parse_from(words).map_err(|error| error.to_string())
        };
        for flags in [
            "--to folded",
            "--list",
            "--list-values",
            "--to callgrind -n 2 x",
        ] {
            assert!(parse(flags).is_ok(), "{flags}");
        }
        for flags in ["", "--to nothing", "-f folded", "--format folded"] {
            assert!(parse(flags).is_err(), "{flags}");
        }
        assert!(parse("").unwrap_err().contains("--to <FORMAT>"));
    }
}

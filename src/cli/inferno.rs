//! The tool with all others as subcommands.

use super::{collapse, convert, diff, flamegraph, generate, report, usage};
use clap::Command;
use std::process::ExitCode;

/// Runs the tool.
pub fn main() -> ExitCode {
    let matches = usage::matches(command());
    match matches.subcommand() {
        Some(("collapse", matches)) => collapse::main(matches),
        Some(("flamegraph", matches)) => flamegraph::run("inferno flamegraph", matches),
        Some(("convert", matches)) => convert::run("inferno convert", matches),
        Some(("diff", matches)) => diff::run("inferno diff", matches),
        Some(("report", matches)) => report::run("inferno report", matches),
        Some(("completions", matches)) => generate::completions(matches),
        Some(("man", matches)) => generate::man(matches),
        _ => ExitCode::FAILURE,
    }
}

/// The command line of the tool.
pub fn command() -> Command {
    Command::new("inferno")
        .about("Turns profiles into flame graphs")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(flamegraph::command())
        .subcommand(collapse::command())
        .subcommand(convert::command())
        .subcommand(diff::command())
        .subcommand(report::command())
        .subcommand(generate::completions_command())
        .subcommand(generate::man_command())
        .after_help(HELP)
}

const HELP: &str = "\
Examples:
  perf record --call-graph dwarf ./program
  inferno flamegraph perf.data > flame.svg      Draw a profile in any supported format
  inferno collapse cpu.pprof > cpu.folded       Fold a profile: one line per stack, with its count
  inferno convert --to pprof perf.data -o cpu.pb.gz
                                                Write it for another tool: pprof, speedscope, Firefox, ...
  inferno diff before.folded after.folded | inferno flamegraph > diff.svg
  inferno report perf.data                      Print the top functions and stacks
  inferno collapse --list                       List the supported formats

Open flame.svg in a browser: click a frame to zoom, press Ctrl-F to search.";

#[cfg(test)]
mod tests {
    #[test]
    fn each_short_help_fits_on_a_screen() {
        const MAX_LINES: usize = 66;
        let command = super::command();
        let commands = command.get_subcommands();
        for command in commands.flat_map(|it| it.get_subcommands().chain([it])) {
            let mut command = command.clone().term_width(100);
            let lines = command.render_help().to_string().lines().count();
            assert!(lines <= MAX_LINES, "{}: {lines}", command.get_name());
        }
    }

    #[test]
    fn no_flags_contradict_each_other() {
        super::command().debug_assert();
    }
}

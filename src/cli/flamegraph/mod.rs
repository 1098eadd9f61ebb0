//! Draws a profile as a flame graph.

#[cfg_attr(not(feature = "nameattr"), path = "no_attrs.rs")]
mod attrs;
mod colors;
mod comparison;
mod flags;
mod graph;
mod labels;

use crate::cli;
use crate::cli::collapse::{fold_selected, guess_all, list_values, refuse_event_twice};
use crate::cli::filter::Filters;
use crate::cli::many::Sum;
use crate::cli::per::{self, Divide};
use crate::cli::{Input, Output, browser, usage};
use crate::collapse::selection::{PartBy, Selection};
use crate::differential;
use crate::flamegraph::color::PaletteMap;
use crate::flamegraph::{self, Options};
use crate::input::Reader;
use clap::{ArgMatches, Command, CommandFactory};
use flags::Flags;
pub use flags::command as tool_command;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// The tool whose output is that of the published one.
const PUBLISHED: &str = "inferno-flamegraph";

/// The file in the current directory in which `--cp` stores colors.
const PALETTE_MAP: &str = "palette.map";

/// Runs the tool.
pub fn main() -> ExitCode {
    run(PUBLISHED, &usage::matches(tool_command()))
}

/// `inferno flamegraph`
pub fn command() -> Command {
    tool_command().name("flamegraph")
}

/// Draws for parsed arguments.
pub fn run(tool: &str, matches: &ArgMatches) -> ExitCode {
    let mut flags: Flags = usage::args(matches);
    flags.is_classic = tool == PUBLISHED;
    if let Some(message) = flags.conflict() {
        usage::conflict(Flags::command(), message);
    }
    let filters = flags.filter.compile();
    cli::run(tool, &flags.common, |output| match flags.list_values {
        true => {
            let inputs = Input::all_or_perf_data(&flags.paths);
            let sum = guess_all(&flags.collapse_options(), &inputs, flags.many)?;
            list_values(&sum.forest, output)?;
            sum.left_out.check()
        }
        false => show(&flags, output, |output| draw_with(&flags, &filters, output)),
    })
}

/// Calls `draw` with where the picture goes, and opens it if that is wanted.
fn show(
    flags: &Flags,
    output: &Output,
    draw: impl FnOnce(&Output) -> io::Result<()>,
) -> io::Result<()> {
    if !flags.open {
        output.refuse_terminal("a graph is not text")?;
        return draw(output);
    }
    let path = match output.path() {
        Some(path) => path.to_path_buf(),
        None => browser::temporary_file(&flags.format)?,
    };
    draw(&Output::new(Some(path.clone())))?;
    browser::open(&path)
}

fn draw_with(flags: &Flags, filters: &Filters, output: &Output) -> io::Result<()> {
    let mut colors = PaletteMap::default();
    let mut options = flags.options();
    flags.graph.attrs.set(&mut options)?;
    if flags.colors.cp {
        colors = PaletteMap::load_from_file_or_empty(&PALETTE_MAP)?;
        options.palette_map = Some(&mut colors);
    }
    match (flags.comparison.inputs(), flags.per.per) {
        (Some(inputs), _) => draw_diff(&mut options, flags, filters, &inputs, output)?,
        (None, Some(by)) => draw_parts(&mut options, flags, filters, by, output)?,
        (None, None) => draw(&mut options, flags, filters, output)?,
    }
    if flags.colors.cp {
        let map = Output::new(Some(PathBuf::from(PALETTE_MAP)));
        map.write(|mut writer| colors.to_writer(&mut writer))?;
    }
    Ok(())
}

fn draw(
    options: &mut Options<'_>,
    flags: &Flags,
    filters: &Filters,
    output: &Output,
) -> io::Result<()> {
    let inputs = Input::all_or_perf_data(&flags.paths);
    let Sum { forest, left_out } = flags.read(&inputs, options)?;
    let tree = flags.prepare(forest.merged(), filters);
    let drawn = flags.check(&tree).and_then(|()| {
        log::info!("{}: {}", Input::names(&inputs), tree.summary());
        output.write(|writer| flamegraph::from_call_tree(options, &tree, writer))
    });
    name_inputs(drawn, &inputs)?;
    left_out.check()
}

/// Draws the parts of the inputs: all in one graph, or each in its own, with the name of the part
/// in its subtitle.
fn draw_parts(
    options: &mut Options<'_>,
    flags: &Flags,
    filters: &Filters,
    by: PartBy,
    output: &Output,
) -> io::Result<()> {
    let inputs = Input::all_or_perf_data(&flags.paths);
    let collapse = flags.collapse_options();
    let fold = |selection: &Selection, reader: Reader<'_>| {
        refuse_event_twice(by, collapse.perf.stacks.event_filter.as_ref())?;
        fold_selected(&collapse, selection, reader)
    };
    let divide = Divide {
        by,
        inputs: &inputs,
        many: flags.many,
        selection: &collapse.selection,
        filter: &|forest| flags.prepare(forest.merged(), filters).into(),
        output,
    };
    let (parts, left_out) = divide.fold(&fold)?;
    let subtitle = options.subtitle.clone();
    let mut is_drawn = false;
    for part in parts {
        let tree = part.forest.merged();
        if tree.is_empty() {
            continue;
        }
        options.subtitle = subtitle.clone().or(part.name);
        let summary = tree.summary();
        let output = part.output;
        flags.check(&tree).and_then(|()| {
            output.write(|writer| flamegraph::from_call_tree(options, &tree, writer))
        })?;
        output.log_written(&summary);
        is_drawn = true;
    }
    name_inputs(per::expect_written(is_drawn), &inputs)?;
    left_out.check()
}

/// Draws how the second input differs from the first.
fn draw_diff(
    options: &mut Options<'_>,
    flags: &Flags,
    filters: &Filters,
    inputs: &[Input; 2],
    output: &Output,
) -> io::Result<()> {
    let read = |input: &Input| {
        let mut stacks = flags.collector(options);
        input.add_to(&mut stacks)?;
        let tree = stacks.finish()?;
        let forest = cli::expect_stacks(tree.into(), cli::ANY_PROFILE)
            .map_err(|error| cli::about(&input.name(), error))?;
        io::Result::Ok(flags.prepare(forest.merged(), filters))
    };
    let (before, after) = (read(&inputs[0])?, read(&inputs[1])?);
    let tree = differential::compare(&before, &after, flags.comparison.options());
    let drawn = output.write(|writer| flamegraph::from_call_tree(options, &tree, writer));
    name_inputs(drawn, inputs)
}

/// Adds the names of the inputs to errors about the stacks.
fn name_inputs(drawn: io::Result<()>, inputs: &[Input]) -> io::Result<()> {
    drawn.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => cli::about(&Input::names(inputs), error),
        _ => error,
    })
}

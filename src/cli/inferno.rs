//! All tools in one: `inferno collapse`.

use crate::cli;
use crate::cli::{CommonArgs, FilterArgs, Input};
use crate::collapse::document::{Profile, Row, documents};
use crate::folded;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What all formats have.
#[derive(Debug, Args)]
struct SharedArgs {
    /// The profiles, which are added up; `-` or nothing for standard input. They may be compressed
    /// (gzip, zstd)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// List the values that the profile has for each stack: name, unit, sum
    #[arg(long)]
    list_values: bool,

    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

fn command() -> Command {
    let collapse = Command::new("collapse")
        .about("Fold a profile: one line for each distinct stack, with its count")
        .subcommand_required(true)
        .subcommands(documents().map(format_command));
    Command::new("inferno")
        .about("From a profile to a flame graph")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(collapse)
}

fn format_command(row: Row) -> Command {
    let command = Command::new(row.name)
        .visible_aliases(row.aliases.to_vec())
        .about(format!("Fold {}", row.description));
    SharedArgs::augment_args((row.add_flags)(command))
}

/// Runs the tool.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let collapse = matches.subcommand_matches("collapse");
    match collapse.and_then(ArgMatches::subcommand) {
        Some((name, matches)) => match documents().find(|row| row.name == name) {
            Some(row) => collapse_document(row, matches),
            None => ExitCode::FAILURE,
        },
        None => ExitCode::FAILURE,
    }
}

fn collapse_document(row: Row, matches: &ArgMatches) -> ExitCode {
    let args = SharedArgs::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let filters = args.filter.compile();
    cli::run("inferno collapse", &args.common, |output| {
        let inputs = Input::all(&args.paths);
        let profile = read_all(row, matches, &inputs)?;
        if args.list_values {
            return output.write(|writer| list_values(&profile, writer));
        }
        if profile.tree.is_empty() {
            log::warn!("{}: the profile has no samples", Input::names(&inputs));
        }
        let tree = match filters.is_empty() {
            true => profile.tree,
            false => filters.apply(profile.tree),
        };
        output.write(|writer| folded::write(&tree, writer))
    })
}

/// Reads the inputs, and adds them up unless they are parts of one profile.
fn read_all(row: Row, matches: &ArgMatches, inputs: &[Input]) -> io::Result<Profile> {
    if row.joins_inputs {
        return read_joined(inputs, &mut io::empty(), &mut |reader| {
            (row.read_with)(matches, reader)
        });
    }
    let mut sum: Option<Profile> = None;
    for input in inputs {
        let profile = input.read(|reader| (row.read_with)(matches, reader))?;
        match &mut sum {
            Some(sum) => sum.merge(profile),
            None => sum = Some(profile),
        }
    }
    Ok(sum.unwrap_or_default())
}

/// Lets `read` read what `before` gives, and then the inputs, each on a line of its own.
fn read_joined(
    inputs: &[Input],
    before: &mut dyn BufRead,
    read: &mut dyn FnMut(&mut dyn BufRead) -> io::Result<Profile>,
) -> io::Result<Profile> {
    let Some((first, others)) = inputs.split_first() else {
        return read(before);
    };
    first.read(|reader| {
        let line_end: &[u8] = b"\n";
        read_joined(others, &mut before.chain(line_end).chain(reader), read)
    })
}

fn list_values(profile: &Profile, writer: &mut dyn Write) -> io::Result<()> {
    for value in &profile.values {
        let default = if value.is_default { "\t(default)" } else { "" };
        writeln!(
            writer,
            "{}\t{}\t{}{default}",
            value.name, value.unit, value.sum
        )?;
    }
    writer.flush()
}

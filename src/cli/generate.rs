//! `inferno completions` and `inferno man`: shell completions and man pages, generated from the
//! definitions of the flags.

use super::{CommonArgs, about, collapse, diff, flamegraph, guess, inferno, message, run, usage};
use crate::collapse::formats;
use clap::{ArgMatches, Args, Command, Parser};
use clap_complete::Shell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write completions for a shell
#[derive(Debug, Args)]
struct CompletionArgs {
    /// The shell to write completions for
    #[arg(value_name = "SHELL")]
    shell: Shell,

    /// The tool to complete
    #[arg(value_name = "TOOL", default_value = "inferno")]
    tool: String,

    #[command(flatten)]
    common: CommonArgs,
}

/// Write a man page for each tool and subcommand
#[derive(Debug, Parser)]
struct ManArgs {
    /// The output directory; it is created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// `inferno completions`
pub fn completions_command() -> Command {
    CompletionArgs::augment_args(Command::new("completions"))
        .about("Write completions for a shell")
        .after_help(
            "\
For bash:
  inferno completions bash > ~/.local/share/bash-completion/completions/inferno
Other tools have their own: inferno completions bash inferno-flamegraph",
        )
}

/// `inferno man`
pub fn man_command() -> Command {
    ManArgs::augment_args(Command::new("man"))
        .about("Write man pages")
        .after_help("To read them: inferno man DIR && man -l DIR/inferno-flamegraph.1")
}

/// Runs `inferno completions`.
pub fn completions(matches: &ArgMatches) -> ExitCode {
    let args: CompletionArgs = usage::args(matches);
    run("inferno completions", &args.common, |output| {
        let mut tool = tool_called(&args.tool)?;
        output.write(|writer| {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut tool, &args.tool, &mut script);
            writer.write_all(&script)
        })
    })
}

/// Runs `inferno man`.
pub fn man(matches: &ArgMatches) -> ExitCode {
    let args: ManArgs = usage::args(matches);
    run("inferno man", &CommonArgs::default(), |_| {
        write_man_pages(&args.directory)
            .map_err(|error| about(&message::name_of(&args.directory), error))
    })
}

fn write_man_pages(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for tool in tools() {
        clap_mangen::generate_to(tool, directory)?;
    }
    Ok(())
}

fn tool_called(name: &str) -> io::Result<Command> {
    let tool = tools().find(|tool| tool.get_name() == name);
    tool.ok_or_else(|| {
        let names: Vec<String> = tools().map(|tool| tool.get_name().to_string()).collect();
        let message = format!(
            "unknown tool `{name}`; expected one of {}",
            names.join(", ")
        );
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

/// All tools that are installed.
fn tools() -> impl Iterator<Item = Command> {
    let others = [
        inferno::command(),
        guess::tool_command(),
        diff::tool_command(),
        flamegraph::tool_command(),
    ];
    let collapsers = formats::with_tools().map(|row| {
        let name = format!("inferno-collapse-{}", row.name);
        collapse::tool_command(row).name(name)
    });
    others.into_iter().chain(collapsers)
}

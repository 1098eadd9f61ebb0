//! Parses command lines, and reports errors, help and version.

use super::about;
use super::message::{self, printable};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, FromArgMatches, Id};
use std::io::{self, Write};
use std::process::exit;

/// Parses the command line. For an error or a request for help, writes a message and ends the tool.
pub fn matches(mut command: Command) -> ArgMatches {
    let matches = command.try_get_matches_from_mut(std::env::args_os());
    matches.unwrap_or_else(|error| match error.use_stderr() {
        true => refuse(error),
        false => show(&error, command.get_name()),
    })
}

/// The first flags of each help, in this order.
const FIRST: &[&str] = &[
    "output",
    "open",
    "format",
    "scale",
    "list",
    "list_values",
    "per",
    "top",
];

/// Flags that `-h` leaves out, so that it fits on a screen. `--help` shows all.
pub const RARELY_USED: &[&str] = &[
    "addrs",
    "base_regex",
    "debug_dir",
    "fold_callees",
    "hide",
    "kallsyms",
    "merge_generated",
    "no_demangle",
    "no_inline",
    "rename",
    "skip_after_regex",
    "symfs",
];

/// The same for perf profiles, if the command reads other formats, too.
pub const RARELY_USED_OF_PERF: &[&str] =
    &["all", "jit", "kernel", "off_cpu", "pid", "tid", "wakers"];

/// `command`, of which `-h` shows only the flags in `shown`, so that it fits on a screen. `--help` shows all.
pub fn with_short_help(command: Command, shown: &[&str]) -> Command {
    hide_in_short_help(command, |id| !shown.contains(&id))
}

/// `command` for several formats, of which `-h` does not show rarely used flags.
pub fn without_rarely_used(command: Command) -> Command {
    without_in_short_help(command, &[RARELY_USED, RARELY_USED_OF_PERF])
}

/// `command`, of which `-h` does not show the flags in `hidden`.
pub fn without_in_short_help(command: Command, hidden: &[&[&str]]) -> Command {
    hide_in_short_help(command, |id| hidden.iter().any(|ids| ids.contains(&id)))
}

fn hide_in_short_help(command: Command, is_hidden: impl Fn(&str) -> bool) -> Command {
    most_used_first(command).mut_args(|arg| {
        let is_hidden = is_hidden(arg.get_id().as_str());
        arg.hide_short_help(is_hidden)
    })
}

/// Sorts flags that are not under a heading.
fn most_used_first(command: Command) -> Command {
    let rank = |arg: &Arg| {
        let rank = FIRST.iter().position(|id| arg.get_id() == id);
        rank.unwrap_or(FIRST.len())
    };
    let unsorted = command
        .get_arguments()
        .filter(|arg| arg.get_help_heading().is_none());
    let mut sorted: Vec<&Arg> = unsorted.collect();
    sorted.sort_by_key(|arg| rank(arg));
    let order: Vec<Id> = sorted.iter().map(|arg| arg.get_id().clone()).collect();
    command.mut_args(|arg| match order.iter().position(|id| id == arg.get_id()) {
        Some(place) => arg.display_order(place),
        None => arg,
    })
}

/// What was read of a command line by the flags that `T` has.
pub fn args<T: FromArgMatches>(matches: &ArgMatches) -> T {
    T::from_arg_matches(matches).unwrap_or_else(|error| refuse(error))
}

/// Ends the tool because flags conflict.
pub fn conflict(mut command: Command, message: &str) -> ! {
    refuse(command.error(ErrorKind::ArgumentConflict, message))
}

/// Ends the tool because a value is invalid.
pub fn invalid_value(message: &str) -> ! {
    let message = format!("invalid value: {}\n", printable(message));
    refuse(clap::Error::raw(ErrorKind::ValueValidation, message))
}

fn refuse(mut error: clap::Error) -> ! {
    let hostile: Vec<(ContextKind, String)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, printable(text))).filter(|(_, p)| p != text),
            _ => None,
        })
        .collect();
    for (kind, text) in hostile {
        error.insert(kind, ContextValue::String(text));
        // Suggestions would quote the value again.
        error.remove(ContextKind::Suggested);
    }
    error.exit()
}

/// Writes the help or the version.
fn show(help: &clap::Error, tool: &str) -> ! {
    let written = help.print().and_then(|()| io::stdout().flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = about("standard output", error).to_string();
            let line = message::line(tool, log::Level::Error, &error);
            let _ = io::stderr().write_all(line.as_bytes());
            exit(1)
        }
        _ => exit(0),
    }
}

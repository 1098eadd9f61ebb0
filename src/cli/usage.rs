//! Command lines: read, or refused with what is required; help and version.

use super::about;
use super::message::printable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use std::io::{self, Write};
use std::process::exit;

/// Reads the command line. If it is wrong or asks for help, that is written, and the tool ends.
pub fn parse<T: Parser>() -> T {
    T::try_parse().unwrap_or_else(|error| match error.use_stderr() {
        true => refuse(error),
        false => show::<T>(&error),
    })
}

/// Ends the tool because its flags make no sense together.
pub fn conflict<T: CommandFactory>(message: &str) -> ! {
    refuse(T::command().error(ErrorKind::ArgumentConflict, message))
}

/// Ends the tool because a value makes no sense.
#[cfg(feature = "filter")]
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
        // Suggestions quote it once more.
        error.remove(ContextKind::Suggested);
    }
    error.exit()
}

/// Writes the help or the version.
fn show<T: CommandFactory>(help: &clap::Error) -> ! {
    let written = help.print().and_then(|()| io::stdout().flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = about("standard output", error);
            let _ = writeln!(io::stderr(), "{}: {error}", T::command().get_name());
            exit(1)
        }
        _ => exit(0),
    }
}

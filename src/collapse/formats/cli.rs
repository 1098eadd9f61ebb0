//! The command-line interface of formats.

use crate::call_tree::Forest;
use crate::collapse::document::{self, Document};
use crate::collapse::engine::format::Listed;
use crate::collapse::selection::Selection;
use crate::input::Reader;
use std::io;

/// The command-line interface of a format.
#[derive(Clone, Copy)]
pub(crate) struct Cli {
    /// Adds the flags of the format to a command.
    pub add_flags: fn(clap::Command) -> clap::Command,
    /// Reads the selected samples of a profile with the options from the flags.
    pub fold: fn(&clap::ArgMatches, &Selection, Reader<'_>) -> io::Result<Forest>,
}

impl Cli {
    pub const fn of<F: Listed>() -> Cli {
        Cli {
            add_flags: F::augment_args,
            fold: |matches, selection, reader| {
                selection.check(F::NAME, F::ORIGIN)?;
                let mut format = F::from_arg_matches(matches).map_err(io::Error::other)?;
                format.select(selection);
                let forest = format.fold(reader)?;
                let value = matches.try_get_one::<String>("value").ok().flatten();
                forest.check_value(value).map(|()| forest)
            },
        }
    }

    pub const fn of_document<F: Document>() -> Cli {
        Cli {
            add_flags: F::augment_args,
            fold: |matches, selection, reader| {
                let options = F::from_arg_matches(matches).map_err(io::Error::other)?;
                let folder = document::Folder::from(options).select(selection.clone());
                reader.with_text(|mut text| folder.read(&mut text).map(Forest::from))
            },
        }
    }
}

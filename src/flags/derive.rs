//! Flags derived with `clap`.

use std::path::{Path, PathBuf};

/// Options with command-line flags.
pub trait Flags: clap::Args {}
impl<F: clap::Args> Flags for F {}

/// Derives the flags of a struct.
macro_rules! flags {
    ($($options:tt)*) => {
        #[derive(clap::Args)]
        $($options)*
    };
}
pub(crate) use flags;

/// Implements `clap` traits for options by conversion from another type.
macro_rules! flags_of {
    ($options:ty: $flags:ty) => {
        impl clap::FromArgMatches for $options {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                <$flags as clap::FromArgMatches>::from_arg_matches(matches).map(Self::from)
            }

            fn update_from_arg_matches(
                &mut self,
                matches: &clap::ArgMatches,
            ) -> Result<(), clap::Error> {
                *self = <Self as clap::FromArgMatches>::from_arg_matches(matches)?;
                Ok(())
            }
        }

        impl clap::Args for $options {
            fn augment_args(command: clap::Command) -> clap::Command {
                <$flags as clap::Args>::augment_args(command)
            }

            fn augment_args_for_update(command: clap::Command) -> clap::Command {
                <$flags as clap::Args>::augment_args_for_update(command)
            }
        }
    };
}
pub(crate) use flags_of;

/// A whole number, where zero means one.
pub fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|_| "expected a whole number")
}

/// An existing directory.
pub fn existing_directory(path: &str) -> Result<PathBuf, String> {
    check(path, Path::is_dir, "expected a directory")
}

pub(crate) fn check(
    path: &str,
    is_right: fn(&Path) -> bool,
    expected: &str,
) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    match path.metadata() {
        Err(error) => Err(error.to_string()),
        Ok(_) if is_right(&path) => Ok(path),
        Ok(_) => Err(expected.to_string()),
    }
}

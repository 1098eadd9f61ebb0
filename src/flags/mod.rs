//! Command-line flags, which are derived from the options of the library if it is built with the tools.

#[cfg_attr(not(feature = "cli"), path = "no_derive.rs")]
mod derive;

pub use derive::*;
pub(crate) use derive::{flags, flags_of};

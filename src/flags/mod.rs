//! Command-line flags, which are derived from the options of the library if it is built with the tools.

#[cfg(feature = "cli")]
#[path = "with_clap.rs"]
mod imp;
#[cfg(not(feature = "cli"))]
#[path = "without_clap.rs"]
mod imp;

pub use imp::*;
pub(crate) use imp::{flags, flags_of};

//! Names of functions, and the frames made of them.

mod arguments;
mod brackets;
pub(crate) mod demangle;
pub(crate) mod frame;
pub mod java;
#[cfg_attr(not(feature = "demangle"), path = "no_mangling.rs")]
mod mangling;
pub(crate) mod symbol;

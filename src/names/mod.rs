//! Names of functions, and the frames made of them.

mod arguments;
mod brackets;
pub(crate) mod demangle;
pub(crate) mod frame;
pub mod java;
pub(crate) mod symbol;

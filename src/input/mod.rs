//! Where profiles come from: files and streams, compressed or not.

pub mod decode;
pub(crate) mod read_at;
pub(crate) mod reader;

pub use read_at::ReadAt;
pub(crate) use read_at::in_order;
pub(crate) use reader::Reader;

use std::io;

/// An error about the contents of the input.
#[cold]
pub(crate) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

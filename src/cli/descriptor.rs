//! Paths that refer to open file descriptors of this process: `/dev/stdin`, `/dev/fd/3`, a shell's
//! `<(...)`.
//!
//! Opening such a path would create a second file description with its own position, block on a
//! named pipe without a writer, and fail for a socket. Therefore, the descriptor is duplicated.

pub use super::system::{duplicate, number};
use std::fs::File;
use std::io;
use std::path::Path;

/// Opens a path for reading.
pub fn open(path: &Path) -> io::Result<File> {
    match number(path).and_then(duplicate) {
        Some(file) => Ok(file),
        None => File::open(path),
    }
}

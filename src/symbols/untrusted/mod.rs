//! Opens untrusted paths: those named by a recording, by programs or by debug information, and JIT
//! maps, which any program can write.
//!
//! There may be anything at such a path: a FIFO without a writer, a device, a sparse file of a
//! terabyte, a link by another user. Therefore, the file is examined before it is opened, only
//! regular files of limited size are accepted, and neither opening nor reading blocks.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "not_linux.rs"]
mod system;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The maximum size of a file for random access.
pub(crate) const MAX_RANDOM_ACCESS_SIZE: u64 = 8 << 30;

/// The maximum size of a file to read into memory.
pub(crate) const MAX_WHOLE_SIZE: u64 = 256 << 20;

/// The location of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePath {
    /// The root directory of the process that uses the file, if different from ours. Links cannot
    /// escape it.
    root: Option<PathBuf>,
    path: PathBuf,
}

impl FilePath {
    pub fn new(path: PathBuf) -> FilePath {
        FilePath { root: None, path }
    }

    pub fn below(root: PathBuf, path: PathBuf) -> FilePath {
        let root = Some(root);
        FilePath { root, path }
    }

    /// The path relative to its root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another path relative to the same root.
    pub fn with_path(&self, path: PathBuf) -> FilePath {
        let root = self.root.clone();
        FilePath { root, path }
    }

    /// Whether it is relative to the root of another process.
    pub fn has_own_root(&self) -> bool {
        self.root.is_some()
    }
}

/// Why a file was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenError {
    Missing,
    /// Permission denied.
    PermissionDenied,
    /// Not a regular file.
    NotRegular,
    TooLarge,
    /// The file, or a link to it, belongs to neither the user nor root.
    WrongOwner,
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> OpenError {
        match error.kind() {
            io::ErrorKind::PermissionDenied => OpenError::PermissionDenied,
            _ => OpenError::Missing,
        }
    }
}

/// Opens a file for random access.
pub(crate) fn open(path: &FilePath) -> Result<File, OpenError> {
    system::open(path, MAX_RANDOM_ACCESS_SIZE)
}

/// Reads a whole file.
pub(crate) fn read(path: &FilePath) -> Result<Vec<u8>, OpenError> {
    read_whole(system::open(path, MAX_WHOLE_SIZE)?)
}

/// Reads a whole file from a directory that anyone can write to: the file, and all links to it,
/// must belong to the user or root.
pub(crate) fn read_owned(path: &FilePath) -> Result<Vec<u8>, OpenError> {
    read_whole(system::open_ours(path, MAX_WHOLE_SIZE)?)
}

/// Some files do not report their size, and others grow.
fn read_whole(file: File) -> Result<Vec<u8>, OpenError> {
    let mut bytes = Vec::new();
    file.take(MAX_WHOLE_SIZE + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_WHOLE_SIZE {
        true => Err(OpenError::TooLarge),
        false => Ok(bytes),
    }
}

//! The one door to files that others name: in a recording, in programs, in debug information, and
//! the maps that programs write of the code they made.
//!
//! There may be anything at such a path: a FIFO that nobody writes to, a device, a terabyte of
//! holes, somebody else's link. So what is there is looked at before it is opened, only regular files
//! of a sensible size are, and neither opening nor reading them waits.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use other as system;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest file that is opened to be read in places.
pub(crate) const MOST_IN_PLACES: u64 = 8 << 30;

/// The longest file that is read whole.
pub(crate) const MOST_WHOLE: u64 = 256 << 20;

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePath {
    /// The root directory of the process that has the file, if that is not ours. No link leads out
    /// of it.
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

    /// The path below its root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another path below the same root.
    pub fn with_path(&self, path: PathBuf) -> FilePath {
        let root = self.root.clone();
        FilePath { root, path }
    }

    /// Whether it is below the root of another process.
    pub fn has_own_root(&self) -> bool {
        self.root.is_some()
    }
}

/// Why a file is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shut {
    Missing,
    /// We may not read it.
    Forbidden,
    /// It is no regular file.
    Odd,
    TooLarge,
    /// It, or a link to it, belongs to neither us nor root.
    Foreign,
}

impl From<io::Error> for Shut {
    fn from(error: io::Error) -> Shut {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Shut::Forbidden,
            _ => Shut::Missing,
        }
    }
}

/// Opens a file that is to be read in places.
pub(crate) fn open(path: &FilePath) -> Result<File, Shut> {
    system::open(path, MOST_IN_PLACES)
}

/// Reads a file whole.
pub(crate) fn read(path: &FilePath) -> Result<Vec<u8>, Shut> {
    read_whole(system::open(path, MOST_WHOLE)?)
}

/// Reads a file whole that anybody could have put there: it, and all links to it, must be ours or
/// root's.
pub(crate) fn read_ours(path: &FilePath) -> Result<Vec<u8>, Shut> {
    read_whole(system::open_ours(path, MOST_WHOLE)?)
}

/// Some files do not say how long they are, and others grow.
fn read_whole(file: File) -> Result<Vec<u8>, Shut> {
    let mut bytes = Vec::new();
    file.take(MOST_WHOLE + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST_WHOLE {
        true => Err(Shut::TooLarge),
        false => Ok(bytes),
    }
}

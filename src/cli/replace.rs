//! Writes files atomically.
//!
//! Output first goes to an unnamed file, which disappears if the tool ends early. When it is
//! complete, it gets a name and replaces the previous file. If there is one, that takes two steps,
//! between which no signal may end the tool, so signals are blocked.
//!
//! If the old file would lose more than its contents (other names, its owner, its attributes), or
//! cannot be replaced (it is a mount point, or its directory is read-only), it is overwritten.

use super::system::{
    drop_set_id, has_other_names, in_memory, link, make_alike, make_room, usual_permissions,
    without_name, without_signals,
};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The contents of a file, while being written.
pub struct Draft {
    path: PathBuf,
    /// The existing file at the path, if any.
    old: Option<Metadata>,
    file: File,
    /// Whether the draft can be given a name in the directory of the path.
    is_beside: bool,
}

impl Draft {
    /// # Errors
    /// An error if the file at `path` may not be written, or there is no place for a draft.
    pub fn new(path: &Path) -> io::Result<Draft> {
        let old = match OpenOptions::new().write(true).open(path) {
            Ok(file) => Some(file.metadata()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let beside = without_name(directory_of(path));
        Ok(Draft {
            path: path.to_path_buf(),
            old,
            is_beside: beside.is_ok(),
            file: beside.or_else(|_| without_signals(elsewhere))?,
        })
    }

    /// The file to write to.
    pub fn file(&mut self) -> &File {
        &self.file
    }

    /// Moves the draft to its destination.
    pub fn install(mut self) -> io::Result<()> {
        without_signals(|| {
            if self.old.is_none() && self.is_beside && link(&self.file, &self.path).is_ok() {
                return Ok(());
            }
            match self.replace() {
                Some(()) => Ok(()),
                None => self.overwrite(),
            }
        })
    }

    /// Returns `None` if the old file must be kept and overwritten.
    fn replace(&mut self) -> Option<()> {
        if self.old.as_ref().is_some_and(has_other_names) {
            return None;
        }
        let file = self.with_name().ok()?;
        if let Some(old) = &self.old {
            let new = match self.is_beside {
                true => &self.file,
                false => file.as_file(),
            };
            make_alike(new, old, &self.path)?;
        }
        file.persist(&self.path).ok()?;
        Some(())
    }

    /// Gives the draft, or a copy of it, a name in the directory of the path.
    fn with_name(&mut self) -> io::Result<NamedTempFile> {
        let directory = directory_of(&self.path);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".inferno-");
        if self.is_beside {
            return builder.make_in(directory, |name| {
                link(&self.file, name)?;
                self.file.try_clone()
            });
        }
        if let Some(permissions) = usual_permissions() {
            builder.permissions(permissions);
        }
        let mut file = builder.tempfile_in(directory)?;
        self.copy_to(file.as_file_mut())?;
        Ok(file)
    }

    fn overwrite(&mut self) -> io::Result<()> {
        let is_new = self.old.is_none();
        let mut open = OpenOptions::new();
        let mut file = open.write(true).create_new(is_new).open(&self.path)?;
        make_room(&file, self.file.metadata()?.len())?;
        let length = self.copy_to(&mut file)?;
        file.set_len(length)?;
        drop_set_id(&file)
    }

    fn copy_to(&mut self, file: &mut File) -> io::Result<u64> {
        self.file.seek(SeekFrom::Start(0))?;
        io::copy(&mut self.file, file)
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// An unnamed file in another directory that has room.
fn elsewhere() -> io::Result<File> {
    tempfile::tempfile().or_else(in_memory)
}

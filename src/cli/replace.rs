//! Writes files atomically.
//!
//! Output first goes to an unnamed file, which disappears if the tool ends early. When it is
//! complete, it gets a name and replaces the previous file. If there is one, that takes two steps,
//! between which no signal may end the tool, so signals are blocked.
//!
//! If the old file would lose more than its contents (other names, its owner, its attributes), or
//! cannot be replaced (it is a mount point, or its directory is read-only), it is overwritten.

use std::fs::{self, File, Metadata, OpenOptions};
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
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
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
    let file = tempfile::tempfile();
    #[cfg(target_os = "linux")]
    if file.is_err() {
        use rustix::fs::{MemfdFlags, memfd_create};
        return Ok(memfd_create("output", MemfdFlags::CLOEXEC)?.into());
    }
    file
}

/// An unnamed file in a directory.
#[cfg(target_os = "linux")]
fn without_name(directory: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};

    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(open(directory, flags, Mode::from_raw_mode(0o666))?.into())
}

#[cfg(not(target_os = "linux"))]
fn without_name(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives an unnamed file a name, unless that exists.
#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;

    let number = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, number, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn has_other_names(old: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(old) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// Gives a new file the permissions of the old one, except those that would let others act as its
/// owner. `None` if that is not possible.
#[cfg(unix)]
fn make_alike(new: &File, old: &Metadata, path: &Path) -> Option<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let ours = new.metadata().ok()?;
    let is_alike = (ours.uid(), ours.gid()) == (old.uid(), old.gid())
        && attributes(new)? == attributes(&File::open(path).ok()?)?;
    let permissions = fs::Permissions::from_mode(old.mode() & 0o777);
    is_alike.then(|| new.set_permissions(permissions).ok())?
}

#[cfg(not(unix))]
fn make_alike(new: &File, old: &Metadata, _: &Path) -> Option<()> {
    new.set_permissions(old.permissions()).ok()
}

/// The names of a file's extended attributes, which include access control lists.
#[cfg(target_os = "linux")]
fn attributes(file: &File) -> Option<Vec<u8>> {
    let mut names = vec![0; 1 << 16];
    let length = match rustix::fs::flistxattr(file, &mut names[..]) {
        Err(rustix::io::Errno::NOTSUP) => 0,
        length => length.ok()?,
    };
    names.truncate(length);
    Some(names)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn attributes(_: &File) -> Option<Vec<u8>> {
    Some(Vec::new())
}

/// Returns an error if there is no room for a file of this length, before losing any of its
/// contents.
#[cfg(target_os = "linux")]
fn make_room(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, length.max(1)) {
        Err(error @ (Errno::NOSPC | Errno::FBIG | Errno::DQUOT)) => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn make_room(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// A file that others can run as its owner must not keep that permission with new contents.
#[cfg(unix)]
fn drop_set_id(file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let mode = file.metadata()?.mode();
    match mode & 0o6000 {
        0 => Ok(()),
        _ => file.set_permissions(fs::Permissions::from_mode(mode & 0o777)),
    }
}

#[cfg(not(unix))]
fn drop_set_id(_: &File) -> io::Result<()> {
    Ok(())
}

/// Does work that no signal may interrupt. Signals that arrive in the meantime take effect
/// afterwards.
#[cfg(unix)]
fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, SigmaskHow};

    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let done = work();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    done
}

#[cfg(not(unix))]
fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    work()
}

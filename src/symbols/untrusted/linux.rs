//! Finds files with `O_PATH`, which has no effect on them, and opens only what was found and
//! examined, so that it cannot be replaced in between.

use super::{FilePath, OpenError};
use rustix::fs::{CWD, open as open_path};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat, readlinkat};
use rustix::process::geteuid;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};

/// The kernel's limit on the number of links to follow.
const MAX_LINKS: usize = 40;

pub(super) fn open(path: &FilePath, max_size: u64) -> Result<File, OpenError> {
    let found = match &path.root {
        Some(root) => walk(root, &path.path, |_| true)?,
        None => openat(
            CWD,
            &path.path,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(io::Error::from)?,
    };
    open_found(&found, max_size)
}

pub(super) fn open_ours(path: &FilePath, max_size: u64) -> Result<File, OpenError> {
    let root = path.root.as_deref().unwrap_or(Path::new("/"));
    let found = walk(root, &path.path, is_ours)?;
    match is_ours(&fstat(&found).map_err(io::Error::from)?) {
        true => open_found(&found, max_size),
        false => Err(OpenError::WrongOwner),
    }
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

/// Opens a regular file for reading.
fn open_found(found: &OwnedFd, max_size: u64) -> Result<File, OpenError> {
    let stat = fstat(found).map_err(io::Error::from)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(OpenError::NotRegular);
    }
    if stat.st_size.cast_unsigned() > max_size {
        return Err(OpenError::TooLarge);
    }
    // Some files in the kernel's own file systems block until there is data.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    let file = open_path(path, flags, Mode::empty()).map_err(io::Error::from)?;
    Ok(file.into())
}

/// Resolves `path` for a process with the root directory `root`, without escaping it. Links are
/// followed if `may_follow` returns true.
fn walk(
    root: &Path,
    path: &Path,
    may_follow: impl Fn(&Stat) -> bool,
) -> Result<OwnedFd, OpenError> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut above = vec![open_path(root, flags, Mode::empty()).map_err(io::Error::from)?];
    let mut left = steps(path);
    let mut links = 0;
    while let (Some(step), Some(here)) = (left.pop(), above.last()) {
        if step == ".." {
            above.truncate(above.len().saturating_sub(1).max(1));
            continue;
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = openat(here, &step, flags, Mode::empty()).map_err(io::Error::from)?;
        let stat = fstat(&found).map_err(io::Error::from)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
            above.push(found);
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(OpenError::NotRegular);
        }
        if !may_follow(&stat) {
            return Err(OpenError::WrongOwner);
        }
        let target = readlinkat(&found, "", Vec::new()).map_err(io::Error::from)?;
        let target = OsString::from_vec(target.into_bytes());
        if Path::new(&target).is_absolute() {
            above.truncate(1);
        }
        left.extend(steps(Path::new(&target)));
    }
    above.pop().ok_or(OpenError::Missing)
}

/// The components of a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    let step = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_os_string()),
        Component::ParentDir => Some(OsStr::new("..").to_os_string()),
        _ => None,
    };
    path.components().rev().filter_map(step).collect()
}

//! Linux.

use std::fs::File;
use std::io;
use std::path::Path;

/// An unnamed file in a directory.
pub fn without_name(directory: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};

    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(open(directory, flags, Mode::from_raw_mode(0o666))?.into())
}

/// Gives an unnamed file a name, unless that exists.
pub fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;

    let number = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, number, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// The names of a file's extended attributes, which include access control lists.
pub fn attributes(file: &File) -> Option<Vec<u8>> {
    let mut names = vec![0; 1 << 16];
    let length = match rustix::fs::flistxattr(file, &mut names[..]) {
        Err(rustix::io::Errno::NOTSUP) => 0,
        length => length.ok()?,
    };
    names.truncate(length);
    Some(names)
}

/// Returns an error if there is no room for a file of this length, before losing any of its
/// contents.
pub fn make_room(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, length.max(1)) {
        Err(error @ (Errno::NOSPC | Errno::FBIG | Errno::DQUOT)) => Err(error.into()),
        _ => Ok(()),
    }
}

/// A file in memory, if there is no directory for one.
pub fn in_memory(_: io::Error) -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};

    Ok(memfd_create("output", MemfdFlags::CLOEXEC)?.into())
}

/// A duplicate of a descriptor of this process; `None` if the system refuses it.
pub fn duplicate(number: i32) -> Option<File> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let this = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    let file = pidfd_getfd(this, number, PidfdGetfdFlags::empty()).ok()?;
    Some(file.into())
}

/// Sets the size of the pipe at standard input or output to a megabyte instead of 64 kilobytes, the
/// maximum for unprivileged users on Linux: writer and reader wait for each other less often.
/// Errors are ignored, for example if it is not a pipe.
pub fn widen(end: impl std::os::fd::AsFd) {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};

    const SIZE: usize = 1 << 20;
    if fcntl_getpipe_size(&end).is_ok_and(|size| size < SIZE) {
        let _ = fcntl_setpipe_size(&end, SIZE);
    }
}

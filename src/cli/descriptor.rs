//! Paths that refer to open file descriptors of this process: `/dev/stdin`, `/dev/fd/3`, a shell's
//! `<(...)`.
//!
//! Opening such a path would create a second file description with its own position, block on a
//! named pipe without a writer, and fail for a socket. Therefore, the descriptor is duplicated.

use std::fs::File;
use std::io;
use std::path::Path;

/// The descriptor that `path` refers to.
#[cfg(unix)]
pub fn number(path: &Path) -> Option<i32> {
    let number = match path.to_str()? {
        "/dev/stdin" => return Some(0),
        "/dev/stdout" => return Some(1),
        "/dev/stderr" => return Some(2),
        path => ["/dev/fd/", "/proc/self/fd/"]
            .iter()
            .find_map(|folder| path.strip_prefix(folder))?,
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_number)
}

#[cfg(not(unix))]
pub fn number(_: &Path) -> Option<i32> {
    None
}

/// Opens a path for reading.
pub fn open(path: &Path) -> io::Result<File> {
    match number(path).and_then(duplicate) {
        Some(file) => Ok(file),
        None => File::open(path),
    }
}

/// A duplicate of a descriptor of this process; `None` if the system refuses it.
#[cfg(target_os = "linux")]
pub fn duplicate(number: i32) -> Option<File> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let this = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    let file = pidfd_getfd(this, number, PidfdGetfdFlags::empty()).ok()?;
    Some(file.into())
}

#[cfg(not(target_os = "linux"))]
pub fn duplicate(_: i32) -> Option<File> {
    None
}

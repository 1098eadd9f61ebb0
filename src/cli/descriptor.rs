//! Paths that stand for what this process has open already: `/dev/stdin`, `/dev/fd/3`, what a shell
//! puts in the place of `<(...)`.
//!
//! To open such a path makes a second handle of a file, with a place of its own, blocks if it is a
//! named pipe that nobody writes to any more, and fails if it is a socket. So it is duplicated.

use std::fs::File;
use std::io;
use std::path::Path;

/// The descriptor that `path` stands for.
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

/// Opens a path to read from it.
pub fn open(path: &Path) -> io::Result<File> {
    match number(path).and_then(duplicate) {
        Some(file) => Ok(file),
        None => File::open(path),
    }
}

/// Another handle of a descriptor of this process; `None` if the system does not give it.
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

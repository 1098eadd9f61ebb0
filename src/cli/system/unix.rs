//! Unix.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::path::Path;

pub fn has_other_names(old: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(old) > 1
}

/// Gives a new file the permissions of the old one, except those that would let others act as its
/// owner. `None` if that is not possible.
pub fn make_alike(new: &File, old: &Metadata, path: &Path) -> Option<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let ours = new.metadata().ok()?;
    let is_alike = (ours.uid(), ours.gid()) == (old.uid(), old.gid())
        && super::attributes(new)? == super::attributes(&File::open(path).ok()?)?;
    let permissions = Permissions::from_mode(old.mode() & 0o777);
    is_alike.then(|| new.set_permissions(permissions).ok())?
}

/// A file that others can run as its owner must not keep that permission with new contents.
pub fn drop_set_id(file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let mode = file.metadata()?.mode();
    match mode & 0o6000 {
        0 => Ok(()),
        _ => file.set_permissions(Permissions::from_mode(mode & 0o777)),
    }
}

/// Does work that no signal may interrupt. Signals that arrive in the meantime take effect
/// afterwards.
pub fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, SigmaskHow};

    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let done = work();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    done
}

/// The permissions of a new file, before the umask.
pub fn usual_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;

    Some(Permissions::from_mode(0o666))
}

/// The descriptor that `path` refers to.
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

/// Standard input as a file, if it is one.
pub fn stdin_file() -> Option<File> {
    use std::os::fd::AsFd;

    let file = io::stdin().as_fd().try_clone_to_owned();
    file.ok().map(File::from)
}

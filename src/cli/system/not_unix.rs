//! Systems other than Unix.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::path::Path;

pub fn has_other_names(_: &Metadata) -> bool {
    false
}

pub fn make_alike(new: &File, old: &Metadata, _: &Path) -> Option<()> {
    new.set_permissions(old.permissions()).ok()
}

pub fn drop_set_id(_: &File) -> io::Result<()> {
    Ok(())
}

pub fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    work()
}

pub fn usual_permissions() -> Option<Permissions> {
    None
}

pub fn number(_: &Path) -> Option<i32> {
    None
}

pub fn stdin_file() -> Option<File> {
    None
}

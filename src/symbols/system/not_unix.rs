//! Systems other than Unix.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;

pub fn inode(_: &File) -> Option<u64> {
    None
}

pub fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from(String::from_utf8_lossy(bytes).into_owned()).into()
}

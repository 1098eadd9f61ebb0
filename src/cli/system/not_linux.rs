//! Systems other than Linux.

use std::fs::File;
use std::io;
use std::path::Path;

pub fn without_name(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn attributes(_: &File) -> Option<Vec<u8>> {
    Some(Vec::new())
}

pub fn make_room(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

pub fn in_memory(error: io::Error) -> io::Result<File> {
    Err(error)
}

pub fn duplicate(_: i32) -> Option<File> {
    None
}

pub fn widen<T>(_: T) {}

//! For systems without perf: recordings can be read, but no recorded process is running.

use super::{FilePath, OpenError};
use std::fs::{self, File, Metadata};

pub(super) fn open(path: &FilePath, max_size: u64) -> Result<File, OpenError> {
    check(&fs::metadata(&path.path)?, max_size)?;
    let file = File::open(&path.path)?;
    check(&file.metadata()?, max_size)?;
    Ok(file)
}

pub(super) fn open_ours(_: &FilePath, _: u64) -> Result<File, OpenError> {
    Err(OpenError::Missing)
}

fn check(metadata: &Metadata, max_size: u64) -> Result<(), OpenError> {
    if !metadata.is_file() {
        return Err(OpenError::NotRegular);
    }
    match metadata.len() > max_size {
        true => Err(OpenError::TooLarge),
        false => Ok(()),
    }
}

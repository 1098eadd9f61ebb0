//! Where there is no perf: its files are read there, too, but no process that was recorded runs.

use super::{FilePath, Shut};
use std::fs::{self, File, Metadata};

pub(super) fn open(path: &FilePath, most: u64) -> Result<File, Shut> {
    check(&fs::metadata(&path.path)?, most)?;
    let file = File::open(&path.path)?;
    check(&file.metadata()?, most)?;
    Ok(file)
}

pub(super) fn open_ours(_: &FilePath, _: u64) -> Result<File, Shut> {
    Err(Shut::Missing)
}

fn check(metadata: &Metadata, most: u64) -> Result<(), Shut> {
    if !metadata.is_file() {
        return Err(Shut::Odd);
    }
    match metadata.len() > most {
        true => Err(Shut::TooLarge),
        false => Ok(()),
    }
}

//! Opens graphs in the browser.

use super::{about, message};
use std::io;
use std::path::{Path, PathBuf};

/// Creates a file for a picture, which is kept when the tool ends.
pub fn temporary_file(extension: &str) -> io::Result<PathBuf> {
    let file = tempfile::Builder::new()
        .prefix("flame-")
        .suffix(&format!(".{extension}"))
        .tempfile()?;
    let (_, path) = file.keep()?;
    Ok(path)
}

/// Opens a file in the desktop's default program for it, usually the browser, and reports its path.
pub fn open(path: &Path) -> io::Result<()> {
    let name = message::name_of(path);
    log::warn!("showing {name}");
    open::that_detached(path).map_err(|error| about(&format!("cannot show {name}"), error))
}

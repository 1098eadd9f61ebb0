//! Shows what was drawn in the browser.

use super::{about, message};
use std::io;
use std::path::{Path, PathBuf};

/// A new file for a picture, which stays when the tool ends.
pub fn temporary_file(extension: &str) -> io::Result<PathBuf> {
    let file = tempfile::Builder::new()
        .prefix("flame-")
        .suffix(&format!(".{extension}"))
        .tempfile()?;
    let (_, path) = file.keep()?;
    Ok(path)
}

/// Opens a file in the program that the desktop has for it, mostly the browser, and says which file it is.
pub fn open(path: &Path) -> io::Result<()> {
    let name = message::name_of(path);
    log::warn!("showing {name}");
    open::that_detached(path).map_err(|error| about(&format!("cannot show {name}"), error))
}

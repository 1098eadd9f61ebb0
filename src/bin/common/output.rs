//! Output: standard output, or a file that is written whole or not at all.

use super::{about, pipe};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where a tool writes to.
pub struct Output {
    path: Option<PathBuf>,
}

impl Output {
    /// No path and the path `-` are standard output.
    pub fn new(path: Option<PathBuf>) -> Output {
        Output {
            path: path.filter(|path| path != Path::new("-")),
        }
    }

    /// Lets `work` write the output. A file keeps what it held until all is written.
    pub fn write(&self, work: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let Some(path) = &self.path else {
            pipe::widen(io::stdout());
            let mut stdout = io::stdout().lock();
            work(&mut stdout)?;
            return stdout.flush();
        };
        let name = path.display().to_string();
        let written = match fs::metadata(path) {
            // A pipe or a device cannot be replaced, nor be left half written.
            Ok(metadata) if !metadata.is_file() => write_to(fs::File::create(path), work),
            _ => replace(path, work),
        };
        written.map_err(|error| match error.kind() {
            // Only the reader of our standard output may stop reading it.
            io::ErrorKind::BrokenPipe => about(&name, io::Error::other(error)),
            _ => about(&name, error),
        })
    }
}

fn write_to(
    file: io::Result<fs::File>,
    work: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(file?);
    work(&mut writer)?;
    writer.flush()
}

/// Writes a new file beside the one at `path`, then puts it in its place.
fn replace(path: &Path, work: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Behind a link, it is the file that is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file = new_file_in(directory, &path)?;
    let mut writer = BufWriter::new(&mut file);
    work(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file that will have the permissions of the one at `path`, or those of any new file.
fn new_file_in(directory: &Path, path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".inferno-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(directory).map_err(without_path)?;
    if let Ok(metadata) = fs::metadata(path) {
        fs::set_permissions(file.path(), metadata.permissions())?;
    }
    Ok(file)
}

/// The error below one that names a temporary file, of which the user knows nothing.
fn without_path(error: io::Error) -> io::Error {
    let source = error.get_ref().and_then(|error| error.source());
    let below = source.and_then(|error| error.downcast_ref::<io::Error>());
    match below.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}

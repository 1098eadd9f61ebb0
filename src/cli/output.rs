//! Output: standard output, or a file that is written atomically.

use super::{about, descriptor, message, replace, system};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The output of a tool.
#[derive(Debug, Clone)]
pub struct Output {
    path: Option<PathBuf>,
}

impl Output {
    /// No path and the path `-` mean standard output.
    pub fn new(path: Option<PathBuf>) -> Output {
        Output {
            path: path.filter(|path| path != Path::new("-")),
        }
    }

    /// Whether the output is a terminal.
    pub fn is_terminal(&self) -> bool {
        let path = self.path.as_deref();
        let is_stdout = path.is_none_or(|path| descriptor::number(path) == Some(1));
        is_stdout && io::stdout().is_terminal()
    }

    /// An error if the output is a terminal that cannot show it. `reason` says why.
    pub fn refuse_terminal(&self, reason: &str) -> io::Result<()> {
        match self.is_terminal() {
            true => Err(io::Error::other(format!(
                "{reason}, and standard output is a terminal: give a file with -o, or redirect it"
            ))),
            false => Ok(()),
        }
    }

    /// The file; `None` for standard output.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The name for messages.
    pub fn name(&self) -> String {
        match &self.path {
            Some(path) => message::name_of(path),
            None => "standard output".to_string(),
        }
    }

    /// Says what was written to the file.
    pub fn log_written(&self, summary: &str) {
        if let Some(path) = &self.path {
            log::info!("{}: {summary}", message::name_of(path));
        }
    }

    /// Calls `work` with a writer. An existing file is only replaced when all output is written. Errors
    /// of writing name the output; those of `work` are unchanged.
    pub fn write(&self, work: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let Some(path) = &self.path else {
            return write_stdout(work);
        };
        let name = message::name_of(path);
        let named = |error| in_file(&name, error);
        match Target::of(path).map_err(named)? {
            Target::Stdout => write_stdout(work),
            Target::Stream(file) => write_to(file, &name, work),
            Target::File(path) => {
                let mut draft = replace::Draft::new(&path).map_err(named)?;
                write_to(draft.file(), &name, work)?;
                draft.install().map_err(named)
            }
        }
    }
}

/// The kind of file at a path.
enum Target {
    Stdout,
    /// A file that cannot be replaced: a device, or an open descriptor.
    Stream(File),
    /// A file, which may not exist yet.
    File(PathBuf),
}

impl Target {
    fn of(path: &Path) -> io::Result<Target> {
        // The kernel decides which links may be followed.
        if let Err(error) = fs::metadata(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let path = follow(path);
        let number = descriptor::number(&path);
        if number == Some(1) {
            return Ok(Target::Stdout);
        }
        if let Some(file) = number.and_then(descriptor::duplicate) {
            return Ok(Target::Stream(file));
        }
        let is_file = fs::metadata(&path).map_or(true, |metadata| metadata.is_file());
        match is_file && !is_of_process(&path) {
            true => Ok(Target::File(path)),
            false => {
                let mut open = OpenOptions::new();
                open.write(true)
                    .truncate(true)
                    .open(path)
                    .map(Target::Stream)
            }
        }
    }
}

/// The target of the symbolic links at `path`, whether or not it exists.
fn follow(path: &Path) -> PathBuf {
    const MAX_LINKS: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        if descriptor::number(&path).is_some() || is_of_process(&path) {
            break;
        }
        let Ok(link) = fs::read_link(&path) else {
            break;
        };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    path
}

/// Whether it is an open file of a process, which only looks like a symbolic link.
fn is_of_process(path: &Path) -> bool {
    let directory = path
        .parent()
        .and_then(|parent| fs::canonicalize(parent).ok());
    cfg!(target_os = "linux") && directory.is_some_and(|path| path.starts_with("/proc"))
}

fn write_stdout(work: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    system::widen(io::stdout());
    let mut stdout = Named {
        writer: io::stdout().lock(),
        name: |error: io::Error| match error.kind() {
            // The reader has seen enough, which is not an error.
            io::ErrorKind::BrokenPipe => error,
            _ => about("standard output", error),
        },
    };
    work(&mut stdout)?;
    stdout.flush()
}

fn write_to(
    file: impl Write,
    name: &str,
    work: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(Named {
        writer: file,
        name: |error: io::Error| in_file(name, error),
    });
    work(&mut writer)?;
    writer.flush()
}

/// Only the reader of standard output may stop early.
fn in_file(name: &str, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => about(name, io::Error::other(error)),
        _ => about(name, error),
    }
}

/// A writer whose errors name the output.
struct Named<W, N> {
    writer: W,
    name: N,
}

impl<W: Write, N: Fn(io::Error) -> io::Error> Write for Named<W, N> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer
            .write(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted => error,
                _ => (self.name)(error),
            })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(&self.name)
    }
}

//! Input: a file or standard input, plain or compressed, with a progress line.

use super::{about, pipe};
use inferno::collapse::ReadAt;
use inferno::collapse::perf_data::is_perf_data;
use inferno::decode::{decoded, is_compressed};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const BUFFER_SIZE: usize = 1 << 16;

/// Where a tool reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Stdin,
    File(PathBuf),
}

/// An input, by how it may be read.
pub enum Opened<'a> {
    /// A file of text: at several places at once.
    File(&'a dyn ReadAt),
    /// Anything else: in order, what was compressed as what it was before.
    Stream(&'a mut dyn BufRead),
}

impl Input {
    /// No path and the path `-` are standard input.
    pub fn new(path: Option<&Path>) -> Input {
        match path {
            Some(path) if path != Path::new("-") => Input::File(path.to_path_buf()),
            _ => Input::Stdin,
        }
    }

    /// The inputs at `paths`; if there are none, standard input. It is read once however often it
    /// is named.
    pub fn all(paths: &[PathBuf]) -> Vec<Input> {
        let mut inputs = Vec::new();
        for path in paths {
            let input = Input::new(Some(path));
            if input != Input::Stdin || !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        if inputs.is_empty() {
            inputs.push(Input::Stdin);
        }
        inputs
    }

    /// What messages call several.
    pub fn names(inputs: &[Input]) -> String {
        inputs
            .iter()
            .map(Input::name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin => "standard input".to_string(),
            Input::File(path) => path.display().to_string(),
        }
    }

    /// The path, if it is of a file that `perf record` wrote: such are read in places.
    pub fn perf_data_path(&self) -> Option<&Path> {
        let Input::File(path) = self else {
            return None;
        };
        let head = head(&self.file()?)?;
        (is_perf_data(&head) == Some(true)).then_some(path)
    }

    /// A file of text. It is then not to be read otherwise, and who reads standard input later finds
    /// its end.
    fn text_file(&self) -> Option<Tracked> {
        let mut file = self.file()?;
        let head = head(&file)?;
        if is_compressed(&head) || is_perf_data(&head) == Some(true) {
            return None;
        }
        file.seek(SeekFrom::End(0)).ok()?;
        Some(Tracked::new(file))
    }

    /// The file, if it is one and will be read from its start: of a pipe, not a byte may be lost.
    fn file(&self) -> Option<File> {
        let mut file = match self {
            Input::Stdin => stdin_file()?,
            Input::File(path) => File::open(path).ok()?,
        };
        let is_whole = file.metadata().ok()?.is_file() && file.stream_position().ok()? == 0;
        is_whole.then_some(file)
    }

    /// Opens the input and lets `work` have it. Errors name the input.
    pub fn open<T>(&self, work: impl FnOnce(Opened<'_>) -> io::Result<T>) -> io::Result<T> {
        match self.text_file() {
            Some(file) => self.name_in_error(work(Opened::File(&file))),
            None => self.read(|reader| work(Opened::Stream(reader))),
        }
    }

    /// Opens the input and lets `work` read it in order. Errors name the input.
    pub fn read<T>(&self, work: impl FnOnce(&mut dyn BufRead) -> io::Result<T>) -> io::Result<T> {
        let stream = self.open_stream();
        self.name_in_error(stream.and_then(|reader| work(&mut *decoded(reader)?)))
    }

    fn name_in_error<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| about(&self.name(), error))
    }

    fn open_stream(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let Input::File(path) = self else {
            pipe::widen(io::stdin());
            return Ok(Box::new(BufReader::with_capacity(BUFFER_SIZE, io::stdin())));
        };
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = Tracked::new(file);
        Ok(Box::new(BufReader::with_capacity(BUFFER_SIZE, file)))
    }
}

/// Standard input as a file, if it is one.
#[cfg(unix)]
fn stdin_file() -> Option<File> {
    use std::os::fd::AsFd;

    let file = io::stdin().as_fd().try_clone_to_owned();
    file.ok().map(File::from)
}

#[cfg(not(unix))]
fn stdin_file() -> Option<File> {
    None
}

/// The first bytes of a file, by which formats are told; `None` if it has not as many.
fn head(file: &File) -> Option<[u8; 8]> {
    let mut head = [0; 8];
    let read = file.read_at(&mut head, 0);
    (read.ok()? == head.len()).then_some(head)
}

/// A file that shows on a terminal how much of it is read, if that takes more than a second.
struct Tracked {
    file: File,
    size: u64,
    done: AtomicU64,
    started: Instant,
    /// `None` if nobody would see it.
    report: Option<Mutex<Report>>,
}

struct Report {
    is_shown: bool,
    /// When to show it next.
    next: Instant,
}

impl Tracked {
    fn new(file: File) -> Tracked {
        let started = Instant::now();
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let report = || Report {
            is_shown: false,
            next: started + Duration::from_secs(1),
        };
        let is_wanted = size > 0 && io::stderr().is_terminal();
        Tracked {
            file,
            size,
            done: AtomicU64::new(0),
            started,
            report: is_wanted.then(|| Mutex::new(report())),
        }
    }

    fn note(&self, read: usize) {
        let done = self.done.fetch_add(read as u64, Ordering::Relaxed) + read as u64;
        // While another thread shows it, this one has nothing to add.
        if let Some(report) = &self.report
            && let Ok(mut report) = report.try_lock()
            && Instant::now() >= report.next
        {
            report.is_shown = true;
            report.next = Instant::now() + Duration::from_millis(200);
            self.show(done);
        }
    }

    fn show(&self, done: u64) {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let (done, size) = (megabytes(done), megabytes(self.size));
        let rate = done / self.started.elapsed().as_secs_f64();
        let percent = 100.0 * done / size;
        let line = format!("\r{done:.0} of {size:.0} MB ({percent:.0}%), {rate:.0} MB/s ");
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

impl Read for Tracked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.note(read);
        Ok(read)
    }
}

impl ReadAt for Tracked {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.file.read_at(buffer, offset)?;
        self.note(read);
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let report = self
            .report
            .take()
            .and_then(|report| report.into_inner().ok());
        if report.is_some_and(|report| report.is_shown) {
            // Wipes the line.
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

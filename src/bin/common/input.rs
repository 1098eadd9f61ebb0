//! Input: a file or standard input, plain or compressed, with a progress line.

use super::{about, pipe};
use inferno::collapse::perf_data::is_perf_data;
use inferno::decode::decoded;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const BUFFER_SIZE: usize = 1 << 16;

/// Where a tool reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Stdin,
    File(PathBuf),
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
        let file = File::open(path).ok()?;
        // Of a pipe, not a byte may be lost.
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut head = Vec::new();
        file.take(8).read_to_end(&mut head).ok()?;
        (is_perf_data(&head) == Some(true)).then_some(path)
    }

    /// Opens the input and lets `work` read it. Errors name the input.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&mut (dyn BufRead + Send)) -> io::Result<T>,
    ) -> io::Result<T> {
        self.open()
            .and_then(|reader| work(&mut *decoded(reader)?))
            .map_err(|error| about(&self.name(), error))
    }

    fn open(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let Input::File(path) = self else {
            pipe::widen(io::stdin());
            return Ok(Box::new(BufReader::with_capacity(BUFFER_SIZE, io::stdin())));
        };
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let progress = Progress::new(file, metadata.len());
        Ok(Box::new(BufReader::with_capacity(BUFFER_SIZE, progress)))
    }
}

/// Shows on a terminal how much of a file is read, if that takes more than a second.
struct Progress {
    file: File,
    size: u64,
    done: u64,
    started: Instant,
    next_report: Option<Instant>,
    has_reported: bool,
}

impl Progress {
    const INTERVAL: Duration = Duration::from_millis(200);

    fn new(file: File, size: u64) -> Progress {
        let started = Instant::now();
        let is_wanted = size > 0 && io::stderr().is_terminal();
        Progress {
            file,
            size,
            done: 0,
            started,
            next_report: is_wanted.then(|| started + Duration::from_secs(1)),
            has_reported: false,
        }
    }

    fn report(&mut self) {
        let now = Instant::now();
        if self.next_report.is_none_or(|at| now < at) {
            return;
        }
        self.next_report = Some(now + Self::INTERVAL);
        self.has_reported = true;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let (done, size) = (megabytes(self.done), megabytes(self.size));
        let rate = done / (now - self.started).as_secs_f64();
        let percent = 100.0 * done / size;
        let line = format!("\r{done:.0} of {size:.0} MB ({percent:.0}%), {rate:.0} MB/s ");
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

impl Read for Progress {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.done += read as u64;
        if self.next_report.is_some() {
            self.report();
        }
        Ok(read)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.has_reported {
            // Wipes the line.
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

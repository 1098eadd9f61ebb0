//! Input: a file or standard input, plain or compressed.

use super::progress::Progress;
use super::{about, descriptor, message, pattern, system};
use crate::flamegraph::Collector;
use crate::input::decode::{decoded, is_plain};
use crate::input::{ReadAt, Reader};
use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const BUFFER_SIZE: usize = 1 << 16;

/// The input of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Stdin,
    File(PathBuf),
}

/// An open input, with its mode of access.
pub enum Opened<'a> {
    /// A file with random access.
    File(&'a dyn ReadAt),
    /// Anything else: sequential, and decompressed.
    Stream(&'a mut dyn BufRead),
}

impl<'a> Opened<'a> {
    /// Converts it to a reader with the same mode of access.
    pub(super) fn into_reader(self) -> Reader<'a> {
        match self {
            Opened::File(file) => Reader::of(file),
            Opened::Stream(reader) => Reader::Stream(reader),
        }
    }

    /// Adds the stacks, in any format.
    pub fn add_to(self, stacks: &mut Collector) -> io::Result<()> {
        match self {
            Opened::File(file) => stacks.add_file(file),
            Opened::Stream(reader) => stacks.add(reader),
        }
    }
}

impl Input {
    /// No path, the path `-` and the system's names for it mean standard input.
    pub fn new(path: Option<&Path>) -> Input {
        match path {
            Some(path) if path != Path::new("-") && descriptor::number(path) != Some(0) => {
                Input::File(path.to_path_buf())
            }
            _ => Input::Stdin,
        }
    }

    /// The inputs at `paths`, which may be patterns; standard input if there are none. It is read
    /// only once, even if named repeatedly.
    pub fn all(paths: &[PathBuf]) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut has_stdin = false;
        for path in paths.iter().flat_map(|path| pattern::expand(path)) {
            let input = Input::new(Some(&path));
            if input != Input::Stdin || !std::mem::replace(&mut has_stdin, true) {
                inputs.push(input);
            }
        }
        if inputs.is_empty() {
            inputs.push(Input::Stdin);
        }
        inputs
    }

    /// The inputs at `paths`; if there are none and nothing is piped in, `perf.data` in the current
    /// directory, as for perf itself.
    pub fn all_or_perf_data(paths: &[PathBuf]) -> Vec<Input> {
        let perf_data = Path::new("perf.data");
        if paths.is_empty() && io::stdin().is_terminal() && perf_data.is_file() {
            log::warn!("no input is given: reading perf.data");
            return vec![Input::File(perf_data.to_path_buf())];
        }
        Input::all(paths)
    }

    /// The name of several inputs for messages.
    pub fn names(inputs: &[Input]) -> String {
        match inputs {
            [input] => input.name(),
            inputs => format!("{} inputs", inputs.len()),
        }
    }

    /// The name for messages.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin => "standard input".to_string(),
            Input::File(path) => message::name_of(path),
        }
    }

    /// Opens the input once, and passes it to `work`. Errors name the input.
    pub fn open<T>(&self, work: impl FnOnce(Opened<'_>) -> io::Result<T>) -> io::Result<T> {
        self.open_any(None, work)
            .map_err(|error| self.name_in(error))
    }

    /// Calls [`Input::open`] for one of several inputs, whose progress is reported together.
    pub fn open_in<T>(
        &self,
        progress: &Progress,
        work: impl FnOnce(Opened<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.open_any(Some(progress), work)
            .map_err(|error| self.name_in(error))
    }

    /// Adds the stacks of the input, in any format.
    pub fn add_to(&self, stacks: &mut Collector) -> io::Result<()> {
        self.open(|opened| opened.add_to(stacks))
    }

    /// Opens the input, once, and lets `work` read it in order. Errors name the input.
    pub fn read<T>(&self, work: impl FnOnce(&mut dyn BufRead) -> io::Result<T>) -> io::Result<T> {
        self.open_handle()
            .and_then(|handle| work(&mut *decoded(handle.into_stream(None))?))
            .map_err(|error| self.name_in(error))
    }

    /// A reader of the input for another thread, which is yet to be [decoded].
    pub fn stream(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let handle = self.open_handle().map_err(|error| self.name_in(error))?;
        Ok(handle.into_stream(None))
    }

    fn open_any<T>(
        &self,
        progress: Option<&Progress>,
        work: impl FnOnce(Opened<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut handle = self.open_handle()?;
        match handle.is_plain_file() {
            true => work(Opened::File(&handle.into_file(progress)?)),
            false => work(Opened::Stream(&mut *decoded(handle.into_stream(progress))?)),
        }
    }

    fn open_handle(&self) -> io::Result<Handle> {
        let Input::File(path) = self else {
            system::widen(io::stdin());
            if io::stdin().is_terminal() {
                log::warn!(
                    "reading from the terminal: name a file, pipe a profile in, or type one and press Ctrl-D"
                );
            }
            return Ok(Handle::Stdin(system::stdin_file()));
        };
        let file = descriptor::open(path)?;
        match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(Handle::File(file)),
        }
    }

    fn name_in(&self, error: io::Error) -> io::Error {
        about(&self.name(), error)
    }
}

/// An open input.
enum Handle {
    File(File),
    /// With a duplicate of its file, if the system provides one.
    Stdin(Option<File>),
}

impl Handle {
    /// Whether it is an uncompressed file with random access, from which nothing was read yet.
    ///
    /// A pipe is not touched, and neither is a file that claims to be empty, because it may be in
    /// `/proc`.
    fn is_plain_file(&mut self) -> bool {
        let (Handle::File(file) | Handle::Stdin(Some(file))) = self else {
            return false;
        };
        let is_file = |metadata: Metadata| metadata.is_file() && metadata.len() > 0;
        file.metadata().is_ok_and(is_file)
            && file.stream_position().is_ok_and(|position| position == 0)
            && head(file).is_some_and(|head| is_plain(&head))
    }

    /// The file. Later readers of standard input find it at its end.
    fn into_file(self, progress: Option<&Progress>) -> io::Result<Tracked> {
        match self {
            Handle::File(mut file) | Handle::Stdin(Some(mut file)) => {
                file.seek(SeekFrom::End(0))?;
                Ok(tracked(file, progress))
            }
            Handle::Stdin(None) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn into_stream(self, progress: Option<&Progress>) -> Box<dyn BufRead + Send> {
        match self {
            Handle::File(file) | Handle::Stdin(Some(file)) => buffered(tracked(file, progress)),
            Handle::Stdin(None) => buffered(io::stdin()),
        }
    }
}

/// A file that is part of what `progress` is about, or all of it.
fn tracked(file: File, progress: Option<&Progress>) -> Tracked {
    let progress = progress.cloned();
    let progress = progress.unwrap_or_else(|| Progress::of_file(&file));
    Tracked { file, progress }
}

fn buffered(reader: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(BUFFER_SIZE, reader))
}

/// The first bytes of a file, by which formats are recognized; `None` if it is shorter.
fn head(file: &File) -> Option<[u8; 8]> {
    let mut head = [0; 8];
    let mut read = 0;
    while read < head.len() {
        match file.read_at(&mut head[read..], read as u64) {
            Ok(0) => return None,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(head)
}

/// A file or pipe of which it is reported how much is read.
struct Tracked {
    file: File,
    progress: Progress,
}

impl Read for Tracked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.progress.note(read);
        Ok(read)
    }
}

impl ReadAt for Tracked {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.file.read_at(buffer, offset)?;
        self.progress.note(read);
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

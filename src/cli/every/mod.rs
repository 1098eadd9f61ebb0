//! `--every`: an output for each window of time of a stream, which may have no end.
//!
//! ```text
//! thread that reads ──> chunks ─┬─> whole records ─> window ─> tree ─> file
//! thread for signals ──> signal ┘
//! ```
//!
//! Windows are divided by the times of records, or else by the clock when they are read. A record
//! belongs to one window, so all windows add up to the stream. Memory holds one window and the
//! unread input.

mod clock;
#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
#[path = "no_signals.rs"]
mod signals;
mod stream;

use super::{Input, Output, about, no_stacks, values};
use crate::call_tree::Forest;
use crate::collapse::engine::format::Samples;
use crate::collapse::formats::FormatEntry;
use crate::collapse::selection::{Division, Selection};
use crate::input::Reader;
use crate::warnings;
use clap::Args;
use clock::{Clock, Window};
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::time::Duration;
use stream::{Arrival, Stream};

/// The part of the output's name that is replaced by the start of each window.
const PLACEHOLDER: &str = "{time}";

/// The flag that divides a stream.
#[derive(Debug, Clone, Copy, Args)]
pub struct EveryArgs {
    /// Write a file for each window of time (60s, 5m) of a stream that may have no end. The start
    /// of the window replaces `{time}` in the name of the output: -o 'NAME-{time}'
    #[arg(
        long, value_name = "DURATION", value_parser = values::duration,
        conflicts_with_all = ["per", "list_values", "keep_going"]
    )]
    pub every: Option<Duration>,
}

/// How to fold and write the windows of a stream.
pub(super) struct Work<'a> {
    pub every: Duration,
    /// The format; `None` to detect it.
    pub entry: Option<FormatEntry>,
    pub selection: &'a Selection,
    pub fold: &'a dyn Fn(FormatEntry, &Selection, Reader<'_>) -> io::Result<Forest>,
    /// Writes a window, and returns whether it has any stacks.
    pub write: &'a dyn Fn(Forest, &Output) -> io::Result<bool>,
}

impl Work<'_> {
    /// Writes a file for each window of the only input.
    pub fn run(&self, inputs: &[Input], output: &Output) -> io::Result<()> {
        let pattern = pattern(output)?;
        if self.selection.time.is_some() {
            return Err(io::Error::other(
                "--every divides all of the time, of which --time selects a part",
            ));
        }
        let [input] = inputs else {
            return Err(io::Error::other(
                "--every divides one input: concatenate the others",
            ));
        };
        let named = |error| about(&input.name(), error);
        let mut stream = Stream::start(input)?;
        let (entry, samples) = self.divider(&mut stream).map_err(named)?;
        let mut clock = Clock::new(self.every, samples);
        let mut is_written = false;
        while let Some(window) = clock.next_window(&mut stream).map_err(named)? {
            let path = PathBuf::from(pattern.replace(PLACEHOLDER, &window.name));
            let output = Output::new(Some(path));
            let mut reader = WindowReader::new(&mut stream, &clock, window);
            let (folded, warnings) = warnings::collect(|| self.fold_window(entry, &mut reader));
            for warning in warnings {
                log::warn!("{}: {warning}", output.name());
            }
            is_written |= (self.write)(folded.map_err(named)?, &output)?;
        }
        stream.into_result().map_err(named)?;
        match is_written {
            true => Ok(()),
            false => Err(named(no_stacks("stacks in at least one window"))),
        }
    }

    /// Determines the format, and how it is divided.
    fn divider(&self, stream: &mut Stream) -> io::Result<(FormatEntry, Samples)> {
        let entry = match self.entry {
            Some(entry) => entry,
            None => stream.recognize()?,
        };
        stream.refuse_perf_data()?;
        let samples = entry.samples.ok_or_else(|| cannot_divide(entry.name))?;
        Ok((entry, samples))
    }

    fn fold_window(&self, entry: FormatEntry, reader: &mut WindowReader<'_>) -> io::Result<Forest> {
        let selection = Selection {
            division: Division::Window {
                event: reader.clock.event.clone(),
            },
            ..self.selection.clone()
        };
        (self.fold)(entry, &selection, Reader::Stream(reader))
    }
}

/// The path of the output, which must have a placeholder.
fn pattern(output: &Output) -> io::Result<&str> {
    let path = output.path().and_then(|path| path.to_str());
    path.filter(|path| path.contains(PLACEHOLDER)).ok_or_else(|| {
        io::Error::other(
            "--every requires the name of an output with `{time}` where the start of each window goes: -o 'NAME-{time}'",
        )
    })
}

fn cannot_divide(format: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "--every divides the output of `perf script` and folded stacks, but the format is `{format}`"
        ),
    )
}

/// An error if time off the CPU is requested, which may start in one window and end in another.
pub(super) fn refuse_off_cpu(is_wanted: bool) -> io::Result<()> {
    match is_wanted {
        true => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "--off-cpu counts intervals, which --every would cut",
        )),
        false => Ok(()),
    }
}

/// The text of a window.
struct WindowReader<'a> {
    stream: &'a mut Stream,
    clock: &'a Clock,
    window: Window,
    /// The end of the records that are known to be in the window.
    end: usize,
    is_closed: bool,
}

impl<'a> WindowReader<'a> {
    /// A reader of the window that starts with the next record.
    fn new(stream: &'a mut Stream, clock: &'a Clock, window: Window) -> WindowReader<'a> {
        let mut reader = WindowReader {
            stream,
            clock,
            window,
            end: 0,
            is_closed: false,
        };
        reader.find_end();
        reader
    }

    fn find_end(&mut self) {
        let records = self.stream.records();
        let end = self.clock.end_of(&self.window, records);
        self.is_closed = end.is_some();
        self.end = end.unwrap_or(records.len());
    }
}

impl BufRead for WindowReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.end == 0 && !self.is_closed {
            match self.stream.wait(self.window.deadline)? {
                Arrival::Records => self.find_end(),
                Arrival::Late | Arrival::End => self.is_closed = true,
            }
        }
        Ok(&self.stream.records()[..self.end])
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.end);
        self.stream.consume(amount);
        self.end -= amount;
    }
}

impl Read for WindowReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

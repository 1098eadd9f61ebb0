//! A stream that is read by another thread, so that waiting for it can end.

use super::signals;
use crate::bytes::blocks::{MAX_RECORD_SIZE, record_too_long};
use crate::cli::Input;
use crate::collapse::formats::FormatEntry;
use crate::collapse::guess;
use crate::collapse::perf_data::is_perf_data;
use crate::input::decode::decoded;
use crate::threads;
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How long to wait for data in the pipe after a signal: since the last bytes, and in total.
const QUIET: Duration = Duration::from_millis(200);
const GRACE: Duration = Duration::from_secs(2);

/// What the other threads send.
pub(super) enum Event {
    Chunk(Vec<u8>),
    End(io::Result<()>),
    /// The name of a signal to end.
    Signal(&'static str),
}

/// The result of [`Stream::wait`].
pub(super) enum Arrival {
    Records,
    /// Nothing until the deadline.
    Late,
    End,
}

/// The records of a stream.
pub(super) struct Stream {
    events: Receiver<Event>,
    split_point: fn(&[u8]) -> Option<usize>,
    /// Whole records; those before `at` are consumed.
    records: Vec<u8>,
    at: usize,
    /// The incomplete next record.
    carry: Vec<u8>,
    /// The number of bytes before `carry`.
    offset: u64,
    /// Set at the end.
    result: Option<io::Result<()>>,
    /// After a signal, when to end at the latest.
    grace: Option<Instant>,
}

impl Stream {
    /// Starts to read the input.
    pub fn start(input: &Input) -> io::Result<Stream> {
        const CHUNKS: usize = 16;
        let reader = input.stream()?;
        let (sender, events) = sync_channel(CHUNKS);
        signals::forward(sender.clone())?;
        threads::in_background(move || {
            let result = decoded(reader).and_then(|mut reader| send_all(&mut *reader, &sender));
            let _ = sender.send(Event::End(result));
        })?;
        Ok(Stream {
            events,
            split_point: |_| None,
            records: Vec::new(),
            at: 0,
            carry: Vec::new(),
            offset: 0,
            result: None,
            grace: None,
        })
    }

    /// The format of the stream.
    pub fn recognize(&mut self) -> io::Result<FormatEntry> {
        self.read_head(guess::FIRST_EXAMINED);
        guess::entry_of(&self.carry)
    }

    /// An error if the stream is not text.
    pub fn refuse_perf_data(&mut self) -> io::Result<()> {
        self.read_head(PERF_DATA_MARK);
        match is_perf_data(&self.carry) {
            Some(true) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "--every divides text: pipe perf.data through `perf script -i -`",
            )),
            _ => Ok(()),
        }
    }

    /// Reads up to `length` bytes before the first record is split off.
    fn read_head(&mut self, length: usize) {
        while self.carry.len() < length && matches!(self.receive(None), Received::Chunk) {}
    }

    /// Sets how the stream is divided into records.
    pub fn split_at(&mut self, split_point: fn(&[u8]) -> Option<usize>) {
        self.split_point = split_point;
    }

    /// The records that were read and not consumed.
    pub fn records(&self) -> &[u8] {
        &self.records[self.at..]
    }

    pub fn consume(&mut self, amount: usize) {
        self.at += amount;
    }

    /// Waits for more records until the deadline.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<Arrival> {
        loop {
            if self.split() {
                return Ok(Arrival::Records);
            }
            if self.carry.len() as u64 > MAX_RECORD_SIZE {
                return Err(record_too_long(self.offset));
            }
            match self.receive(deadline) {
                Received::Chunk => {}
                Received::Nothing => return Ok(Arrival::Late),
                Received::End => return Ok(self.take_last_record()),
            }
        }
    }

    /// Moves whole records out of `carry`, if there are any.
    fn split(&mut self) -> bool {
        let end = (self.split_point)(&self.carry).unwrap_or(0);
        self.take_records(end);
        end > 0
    }

    fn take_records(&mut self, end: usize) {
        self.records.drain(..self.at);
        self.at = 0;
        self.records.extend(self.carry.drain(..end));
        self.offset += end as u64;
    }

    /// The last record ends with the stream, unless a signal cut it off.
    fn take_last_record(&mut self) -> Arrival {
        if self.carry.trim_ascii().is_empty() {
            return Arrival::End;
        }
        if self.grace.is_some() {
            log::warn!("skipped an incomplete record: a signal ended the stream");
            self.carry.clear();
            return Arrival::End;
        }
        self.take_records(self.carry.len());
        Arrival::Records
    }

    /// Appends a chunk to `carry`.
    fn receive(&mut self, deadline: Option<Instant>) -> Received {
        while self.result.is_none() {
            match self.next_event(deadline) {
                Ok(Event::Chunk(chunk)) => {
                    self.carry.extend_from_slice(&chunk);
                    return Received::Chunk;
                }
                Ok(Event::End(result)) => self.result = Some(result),
                Ok(Event::Signal(name)) => {
                    log::info!("{name} ends the stream");
                    self.grace = Some(Instant::now() + GRACE);
                }
                Err(RecvTimeoutError::Timeout) if self.grace.is_none() => return Received::Nothing,
                Err(_) => self.result = Some(Ok(())),
            }
        }
        Received::End
    }

    fn next_event(&self, deadline: Option<Instant>) -> Result<Event, RecvTimeoutError> {
        let now = Instant::now();
        let deadline = match self.grace {
            Some(grace) => Some(grace.min(now + QUIET)),
            None => deadline,
        };
        match deadline {
            Some(deadline) => self
                .events
                .recv_timeout(deadline.saturating_duration_since(now)),
            None => self
                .events
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// The error that ended the stream, if any.
    pub fn into_result(self) -> io::Result<()> {
        self.result.unwrap_or(Ok(()))
    }
}

/// What [`Stream::receive`] returns.
enum Received {
    Chunk,
    /// Nothing until the deadline.
    Nothing,
    End,
}

/// The length of the signature of `perf.data`.
const PERF_DATA_MARK: usize = 8;

/// Sends all data of `reader` as soon as it is available.
fn send_all(reader: &mut dyn BufRead, sender: &SyncSender<Event>) -> io::Result<()> {
    loop {
        let chunk = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        let length = chunk.len();
        if length == 0 || sender.send(Event::Chunk(chunk.to_vec())).is_err() {
            return Ok(());
        }
        reader.consume(length);
    }
}

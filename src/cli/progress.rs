//! The progress line: how much is read, shown on a terminal if reading takes more than a second.

use super::Input;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The progress of reading one or more inputs. Copies share their state; dropping the last one
/// clears the line.
#[derive(Clone)]
pub struct Progress(Arc<State>);

struct State {
    /// The size of each input in bytes; 0 if it is unknown, as for a pipe.
    sizes: Vec<u64>,
    /// The bytes read so far. Of several inputs, the start may be read twice, to recognize its format.
    read: AtomicU64,
    inputs_done: AtomicUsize,
    /// The sum of the sizes of the inputs that are done.
    bytes_done: AtomicU64,
    started: Instant,
    /// `None` if the report would not be visible.
    report: Option<Mutex<Report>>,
}

struct Report {
    is_shown: bool,
    /// When to show it next.
    next: Instant,
}

impl Progress {
    /// The progress of reading a file or a pipe.
    pub fn of_file(file: &File) -> Progress {
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        Progress::new(vec![size], !file.is_terminal())
    }

    /// The progress of reading several inputs.
    pub fn of_inputs(inputs: &[Input]) -> Progress {
        let size = |input: &Input| match input {
            Input::File(path) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Input::Stdin => 0,
        };
        Progress::new(inputs.iter().map(size).collect(), true)
    }

    fn new(sizes: Vec<u64>, is_wanted: bool) -> Progress {
        let started = Instant::now();
        let report = Report {
            is_shown: false,
            next: started + Duration::from_secs(1),
        };
        let is_visible = is_wanted && io::stderr().is_terminal();
        Progress(Arc::new(State {
            sizes,
            read: AtomicU64::new(0),
            inputs_done: AtomicUsize::new(0),
            bytes_done: AtomicU64::new(0),
            started,
            report: is_visible.then(|| Mutex::new(report)),
        }))
    }

    /// Notes that so many bytes were read.
    pub fn note(&self, read: usize) {
        let state = &*self.0;
        state.read.fetch_add(read as u64, Ordering::Relaxed);
        // Another thread that is currently reporting is sufficient.
        if let Some(report) = &state.report
            && let Ok(mut report) = report.try_lock()
            && Instant::now() >= report.next
        {
            report.is_shown = true;
            report.next = Instant::now() + Duration::from_millis(200);
            let _ = io::stderr().write_all(state.line().as_bytes());
        }
    }

    /// Notes that one of several inputs was read.
    pub fn finish_input(&self, index: usize) {
        let size = self.0.sizes.get(index).copied().unwrap_or(0);
        self.0.inputs_done.fetch_add(1, Ordering::Relaxed);
        self.0.bytes_done.fetch_add(size, Ordering::Relaxed);
    }
}

impl State {
    fn line(&self) -> String {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let inputs_done = self.inputs_done.load(Ordering::Relaxed);
        let (inputs, done) = match self.sizes.len() {
            1 => (String::new(), &self.read),
            inputs => (
                format!("{inputs_done} of {inputs} inputs, "),
                &self.bytes_done,
            ),
        };
        let done = megabytes(done.load(Ordering::Relaxed));
        let rate = done / self.started.elapsed().as_secs_f64();
        let amount = match megabytes(self.sizes.iter().sum()) {
            0.0 => format!("{done:.0} MB"),
            size => format!("{done:.0} of {size:.0} MB ({:.0}%)", 100.0 * done / size),
        };
        format!("\r{inputs}{amount}, {rate:.0} MB/s ")
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let report = self
            .report
            .take()
            .and_then(|report| report.into_inner().ok());
        if report.is_some_and(|report| report.is_shown) {
            // Clears the line.
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

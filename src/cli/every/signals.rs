//! Signals to end.

use super::stream::Event;
use std::io;
use std::sync::mpsc::SyncSender;

/// Sends the first signal to end. The next one ends the process at once.
///
/// The signals are blocked in all threads, and a separate thread waits for one, because a signal
/// handler could hardly do anything safely. So no file is left half written.
pub(super) fn forward(sender: SyncSender<Event>) -> io::Result<()> {
    use nix::sys::signal::{SigSet, Signal};

    let all = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM];
    let wanted = all.into_iter().filter(|signal| !is_ignored(*signal as u32));
    let signals: SigSet = wanted.collect();
    signals.thread_block()?;
    crate::threads::in_background(move || {
        let Ok(signal) = signals.wait() else {
            return;
        };
        let _ = sender.send(Event::Signal(signal.as_str()));
        let _ = signals.thread_unblock();
        loop {
            std::thread::park();
        }
    })
}

/// Whether a signal is ignored, as by `nohup`. Waiting for such a signal would still receive it.
fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

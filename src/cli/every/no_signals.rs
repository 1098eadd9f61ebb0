//! No signals.

use super::stream::Event;
use std::io;
use std::sync::mpsc::SyncSender;

pub(super) fn forward(_: SyncSender<Event>) -> io::Result<()> {
    Ok(())
}

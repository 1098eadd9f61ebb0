//! Formats large trees on several threads.

use super::branches::Branches;
use super::lines::Lines;
use super::write::push_next_line;
use crate::call_tree::CallTree;
use crate::threads::{lock, work_together};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::iter;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The number of nodes that a thread formats at a time. Small enough for the text to stay in a
/// core's cache until it is written.
const PIECE_SIZE: usize = 1 << 9;

/// Whether there is enough work for several threads.
pub(super) fn is_worthwhile(trees: &[CallTree]) -> bool {
    trees.iter().any(|tree| tree.len() > 16 * PIECE_SIZE)
}

/// Writes the stacks of all trees, as if they were merged, with one thread for each tree. The
/// current thread writes, and formats text when there is nothing to write.
pub(super) fn write(trees: &[CallTree], writer: impl Write) -> io::Result<()> {
    let branches = on_threads(trees, Branches::with_sizes);
    let pieces = &Mutex::new(Pieces {
        lines: Lines::of_all(&branches),
        next: 0,
        free_buffers: Vec::new(),
    });
    let others = trees.len() - 1;
    let (sender, texts) = sync_channel(2 * others);
    let format_others = (0..others).map(move |_| {
        let sender = sender.clone();
        || format_all(pieces, sender)
    });
    let (written, _) = work_together(format_others, || write_in_order(pieces, texts, writer));
    written
}

/// The result of `work` for each tree, on up to one thread for each.
fn on_threads<'a, T: Send>(trees: &'a [CallTree], work: fn(&'a CallTree) -> T) -> Vec<T> {
    let rest = Mutex::new(trees.iter().enumerate());
    let work_on_some = || {
        let next = || lock(&rest).next();
        let results = iter::from_fn(next).map(|(index, tree)| (index, work(tree)));
        results.collect::<Vec<_>>()
    };
    let others = trees.iter().skip(1).map(|_| work_on_some);
    let (own, others) = work_together(others, work_on_some);
    let mut results: Vec<_> = others.into_iter().flatten().chain(own).collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// All lines, from which each thread takes a part at a time.
struct Pieces<'a> {
    lines: Lines<'a>,
    /// The index of the next piece.
    next: usize,
    /// Buffers of written texts, for reuse.
    free_buffers: Vec<Vec<u8>>,
}

/// The text of a piece.
struct Text {
    index: usize,
    bytes: Vec<u8>,
}

impl<'a> Pieces<'a> {
    /// Replaces `lines` with those of the next piece. Returns its index, and a buffer for its text.
    fn next(&mut self, lines: &mut Lines<'a>) -> Option<Text> {
        if !self.lines.split_off(PIECE_SIZE, lines) {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let bytes = self.free_buffers.pop().unwrap_or_default();
        Some(Text { index, bytes })
    }
}

/// The state of a thread that formats text. It reuses memory for all pieces, because threads
/// contend for the allocator otherwise.
struct Formatter<'p, 'a> {
    pieces: &'p Mutex<Pieces<'a>>,
    lines: Lines<'a>,
}

impl<'p, 'a> Formatter<'p, 'a> {
    fn new(pieces: &'p Mutex<Pieces<'a>>) -> Formatter<'p, 'a> {
        let lines = lock(pieces).lines.empty_like();
        Formatter { pieces, lines }
    }

    fn format_next(&mut self) -> Option<Text> {
        let mut text = lock(self.pieces).next(&mut self.lines)?;
        text.bytes.clear();
        while push_next_line(&mut self.lines, &mut text.bytes) {}
        Some(text)
    }
}

fn format_all(pieces: &Mutex<Pieces<'_>>, sender: SyncSender<Text>) {
    let mut formatter = Formatter::new(pieces);
    while let Some(text) = formatter.format_next() {
        if sender.send(text).is_err() {
            // The writer failed.
            return;
        }
    }
}

fn write_in_order(
    pieces: &Mutex<Pieces<'_>>,
    texts: Receiver<Text>,
    mut writer: impl Write,
) -> io::Result<()> {
    // A limit on the memory used while another thread is slow with the next text.
    const MAX_EARLY: usize = 4;
    let mut formatter = Formatter::new(pieces);
    let mut early: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let mut next = 0;
    loop {
        while let Some(bytes) = early.remove(&next) {
            writer.write_all(&bytes)?;
            lock(pieces).free_buffers.push(bytes);
            next += 1;
        }
        let is_free = early.len() < MAX_EARLY;
        let text = texts
            .try_recv()
            .ok()
            .or_else(|| is_free.then(|| formatter.format_next()).flatten())
            .or_else(|| texts.recv().ok());
        match text {
            Some(text) => early.insert(text.index, text.bytes),
            None => return writer.flush(),
        };
    }
}

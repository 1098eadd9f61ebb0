//! Large trees as text, made on several threads.

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

/// Of how many nodes a thread makes text at a time. Small enough that the text stays in a core's
/// cache until it is written.
const PIECE_SIZE: usize = 1 << 9;

/// Whether there is enough to do for several threads.
pub(super) fn is_worthwhile(trees: &[CallTree]) -> bool {
    trees.iter().any(|tree| tree.len() > 16 * PIECE_SIZE)
}

/// Writes the stacks of all trees, as if they were merged, with a thread for each tree. This one
/// does the writing, and makes text as long as there is nothing to write.
pub(super) fn write(trees: &[CallTree], writer: impl Write) -> io::Result<()> {
    let branches = on_threads(trees, Branches::with_sizes);
    let pieces = &Mutex::new(Pieces {
        lines: Lines::of_all(&branches),
        next: 0,
        spent: Vec::new(),
    });
    let others = trees.len() - 1;
    let (made, texts) = sync_channel(2 * others);
    let make_texts = (0..others).map(move |_| {
        let made = made.clone();
        || make_all(pieces, made)
    });
    let (written, _) = work_together(make_texts, || write_in_order(pieces, texts, writer));
    written
}

/// What `work` makes of each tree, on a thread for each if they can be had.
fn on_threads<'a, T: Send>(trees: &'a [CallTree], work: fn(&'a CallTree) -> T) -> Vec<T> {
    let rest = Mutex::new(trees.iter().enumerate());
    let work_on_some = || {
        let next = || lock(&rest).next();
        let made = iter::from_fn(next).map(|(index, tree)| (index, work(tree)));
        made.collect::<Vec<_>>()
    };
    let others = trees.iter().skip(1).map(|_| work_on_some);
    let (own, others) = work_together(others, work_on_some);
    let mut made: Vec<_> = others.into_iter().flatten().chain(own).collect();
    made.sort_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, made)| made).collect()
}

/// All lines, of which each thread takes some at a time.
struct Pieces<'a> {
    lines: Lines<'a, &'a Branches<'a>>,
    /// The index of the next piece.
    next: usize,
    /// The memory of texts that are written.
    spent: Vec<Vec<u8>>,
}

/// What was made of a piece.
struct Text {
    index: usize,
    bytes: Vec<u8>,
}

impl<'a> Pieces<'a> {
    /// Makes `lines` those of the next piece. Returns its index, and memory for its text.
    fn next(&mut self, lines: &mut Lines<'a, &'a Branches<'a>>) -> Option<Text> {
        if !self.lines.split_off(PIECE_SIZE, lines) {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let bytes = self.spent.pop().unwrap_or_default();
        Some(Text { index, bytes })
    }
}

/// A thread that makes text. It uses the same memory for all pieces: threads that take and return
/// much of it wait for each other.
struct Maker<'p, 'a> {
    pieces: &'p Mutex<Pieces<'a>>,
    lines: Lines<'a, &'a Branches<'a>>,
}

impl<'p, 'a> Maker<'p, 'a> {
    fn new(pieces: &'p Mutex<Pieces<'a>>) -> Maker<'p, 'a> {
        let lines = lock(pieces).lines.without_any();
        Maker { pieces, lines }
    }

    fn make_next(&mut self) -> Option<Text> {
        let mut text = lock(self.pieces).next(&mut self.lines)?;
        text.bytes.clear();
        while push_next_line(&mut self.lines, &mut text.bytes) {}
        Some(text)
    }
}

fn make_all(pieces: &Mutex<Pieces<'_>>, made: SyncSender<Text>) {
    let mut maker = Maker::new(pieces);
    while let Some(text) = maker.make_next() {
        if made.send(text).is_err() {
            // It could not be written.
            return;
        }
    }
}

fn write_in_order(
    pieces: &Mutex<Pieces<'_>>,
    texts: Receiver<Text>,
    mut writer: impl Write,
) -> io::Result<()> {
    // More would be memory, if another thread is slow with the text that comes next.
    const MOST_EARLY: usize = 4;
    let mut maker = Maker::new(pieces);
    let mut early: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let mut next = 0;
    loop {
        while let Some(bytes) = early.remove(&next) {
            writer.write_all(&bytes)?;
            lock(pieces).spent.push(bytes);
            next += 1;
        }
        let is_free = early.len() < MOST_EARLY;
        let text = texts
            .try_recv()
            .ok()
            .or_else(|| is_free.then(|| maker.make_next()).flatten())
            .or_else(|| texts.recv().ok());
        match text {
            Some(text) => early.insert(text.index, text.bytes),
            None => return writer.flush(),
        };
    }
}

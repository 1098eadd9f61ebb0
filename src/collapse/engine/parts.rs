//! Divides a file into parts that workers read in parallel.
//!
//! At first, there is an equal part for each worker. A worker that finishes takes half of the
//! largest remaining part. So no worker waits for others to read, and each stays in one region of
//! the profile, where stacks are similar, so that its caches are effective.
//!
//! Parts start and end at record boundaries, like blocks.

use super::{Blocks, Buffer, Bytes, Format, NumberedBlock};
use crate::input::ReadAt;
use crate::input::read_at::read_all_at;
use crate::threads::lock;
use std::io::{self, Read};
use std::mem;
use std::ops::Range;
use std::sync::Mutex;

/// The rest of a file, from the start of a record.
pub(super) struct RestOfFile<'f> {
    pub file: &'f dyn ReadAt,
    pub start: u64,
    pub block_size: usize,
}

impl RestOfFile<'_> {
    /// Divides it into `count` parts, or fewer if they would be shorter than blocks, in reverse
    /// order. `None` if the size is unknown.
    fn divided(&self, format: &impl Format, count: usize) -> io::Result<Option<Vec<Range<u64>>>> {
        let end = self.file.size()?;
        if end <= self.start {
            return Ok(None);
        }
        let most = (end - self.start).div_ceil(self.block_size as u64);
        let (mut parts, mut start) = (Vec::new(), self.start);
        for left in (2..=most.min(count as u64)).rev() {
            let middle = start + (end - start) / left;
            if let Some(end) = self.last_record_end(format, start..middle)? {
                parts.push(start..end);
                start = end;
            }
        }
        parts.push(start..end);
        parts.reverse();
        Ok(Some(parts))
    }

    /// The end of the last record that starts and ends in `range`; `None` if there is none, or if
    /// finding it would take long.
    fn last_record_end(&self, format: &impl Format, range: Range<u64>) -> io::Result<Option<u64>> {
        const MAX_SEARCHED: u64 = 1 << 24;
        let mut size = self.block_size.div_ceil(4) as u64;
        loop {
            let start = range.end.saturating_sub(size).max(range.start);
            let mut text = vec![0; (range.end - start) as usize];
            let read = read_all_at(self.file, &mut text, start)?;
            let text = &text[..read];
            // A line without its start could be mistaken for another kind.
            if let Some(line_end) = memchr::memchr(b'\n', text)
                && let Some(end) = format.split_point(&text[line_end + 1..])
                && end > 0
            {
                return Ok(Some(start + (line_end + 1 + end) as u64));
            }
            if start == range.start || size >= MAX_SEARCHED {
                return Ok(None);
            }
            size *= 2;
        }
    }
}

/// Parts, some of which are taken.
pub(super) struct FileParts<'f, F> {
    rest: RestOfFile<'f>,
    format: &'f F,
    state: Mutex<State>,
}

struct State {
    /// Parts that are not taken; the first one is last.
    waiting: Vec<Range<u64>>,
    /// What remains to be read of the taken parts.
    active: Vec<Range<u64>>,
}

impl<'f, F: Format> FileParts<'f, F> {
    /// The rest of a file, for `count` workers; `None` if its size is unknown.
    pub fn of(rest: RestOfFile<'f>, format: &'f F, count: usize) -> io::Result<Option<Self>> {
        let waiting = rest.divided(format, count)?;
        Ok(waiting.map(|waiting| FileParts {
            rest,
            format,
            state: Mutex::new(State {
                waiting,
                active: Vec::new(),
            }),
        }))
    }

    /// Takes a part: one that is not taken yet, or the second half of the largest remaining one.
    pub fn take(&self) -> io::Result<Option<FilePart<'_, F>>> {
        if let Some(part) = self.take_waiting() {
            return Ok(Some(part));
        }
        while let Some((index, left)) = self.longest() {
            let first_half = left.start..left.start + (left.end - left.start) / 2;
            let Some(middle) = self.rest.last_record_end(self.format, first_half)? else {
                break;
            };
            if let Some(part) = self.split_off(index, middle) {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    fn take_waiting(&self) -> Option<FilePart<'_, F>> {
        let state = &mut *lock(&self.state);
        let range = state.waiting.pop()?;
        Some(self.start(range, state))
    }

    /// The index of the taken part with the most remaining bytes, and their range, if that is
    /// enough for two parts.
    fn longest(&self) -> Option<(usize, Range<u64>)> {
        let len = |left: &Range<u64>| left.end - left.start;
        let state = lock(&self.state);
        let lefts = state.active.iter().cloned().enumerate();
        let longest = lefts.max_by_key(|(_, left)| len(left))?;
        (len(&longest.1) >= 2 * self.rest.block_size as u64).then_some(longest)
    }

    /// Splits off the part from `at` on, unless it was read in the meantime.
    fn split_off(&self, index: usize, at: u64) -> Option<FilePart<'_, F>> {
        let state = &mut *lock(&self.state);
        let left = &mut state.active[index];
        if !left.contains(&at) {
            return None;
        }
        let range = at..mem::replace(&mut left.end, at);
        Some(self.start(range, state))
    }

    fn start(&self, range: Range<u64>, state: &mut State) -> FilePart<'_, F> {
        let at = range.start;
        state.active.push(range);
        let reader = PartReader {
            parts: self,
            index: state.active.len() - 1,
        };
        FilePart {
            format: self.format,
            blocks: Blocks::with_size(reader, self.rest.block_size).starting_at(at),
            at,
        }
    }
}

/// A part taken by a worker.
pub(super) struct FilePart<'p, F: Format> {
    format: &'p F,
    blocks: Blocks<PartReader<'p, F>>,
    /// The offset of the next block.
    at: u64,
}

impl<F: Format> FilePart<'_, F> {
    /// The offset of the next block in the file, which is also its index.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next block, which may reuse `buffer`.
    pub fn next(&mut self, mut buffer: Buffer) -> io::Result<Option<NumberedBlock<'static>>> {
        let split_point = |block: &[u8]| self.format.split_point(block);
        if !self.blocks.next_into(&mut buffer, split_point)? {
            return Ok(None);
        }
        let index = self.at;
        self.at += buffer.len() as u64;
        Ok(Some(NumberedBlock {
            bytes: Bytes::Owned(buffer),
            first_line: 1,
            index,
        }))
    }
}

struct PartReader<'p, F: Format> {
    parts: &'p FileParts<'p, F>,
    /// The index among the taken parts.
    index: usize,
}

impl<F: Format> Read for PartReader<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (start, len) = {
            let left = &mut lock(&self.parts.state).active[self.index];
            let (start, most) = (left.start, buffer.len() as u64);
            left.start = left.end.min(start + most);
            (start, (left.start - start) as usize)
        };
        read_all_at(self.parts.rest.file, &mut buffer[..len], start)
    }
}

/// Discards the rest of the part if reading stops early.
impl<F: Format> Drop for PartReader<'_, F> {
    fn drop(&mut self) {
        let left = &mut lock(&self.parts.state).active[self.index];
        left.start = left.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collapse::recursive::Options;
    use proptest::prelude::*;

    /// A file that was truncated while it was being read.
    struct Cut<'a> {
        left: &'a [u8],
        size: u64,
    }

    impl ReadAt for Cut<'_> {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            self.left.read_at(buffer, offset)
        }

        fn size(&self) -> io::Result<u64> {
            Ok(self.size)
        }
    }

    /// The bytes that workers read of a file from `start` on, if they read blocks in the order of
    /// `turns` and then one after another.
    fn read(file: &dyn ReadAt, start: u64, block_size: usize, turns: &[usize]) -> Vec<u8> {
        const WORKERS: usize = 3;
        let rest = RestOfFile {
            file,
            start,
            block_size,
        };
        let format = Options::default();
        let Some(parts) = FileParts::of(rest, &format, WORKERS).unwrap() else {
            return Vec::new();
        };
        let mut active: [Option<FilePart<'_, _>>; WORKERS] = Default::default();
        let mut blocks = Vec::new();
        let mut take_turn = |worker: usize| {
            if active[worker].is_none() {
                active[worker] = parts.take().unwrap();
            }
            let Some(part) = &mut active[worker] else {
                return false;
            };
            match part.next(Buffer::default()).unwrap() {
                Some(block) => blocks.push((block.index, block.bytes.to_vec())),
                None => active[worker] = None,
            }
            true
        };
        for &worker in turns {
            take_turn(worker);
        }
        for worker in 0..WORKERS {
            while take_turn(worker) {}
        }
        blocks.sort();
        blocks.into_iter().flat_map(|(_, bytes)| bytes).collect()
    }

    #[test]
    fn parts_already_read_are_not_split_off() {
        let (text, format) = (&b"a\nb\nc\nd\n"[..], Options::default());
        let rest = RestOfFile {
            file: &text,
            start: 0,
            block_size: 4,
        };
        let parts = FileParts::of(rest, &format, 1).unwrap().unwrap();
        let mut part = parts.take().unwrap().unwrap();
        part.next(Buffer::default()).unwrap();
        assert!(parts.split_off(0, 2).is_none());
        assert!(parts.split_off(0, 4).is_some());
        assert!(part.next(Buffer::default()).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn all_of_a_file_is_read_once(
            lines in prop::collection::vec("[a-c]{0,6}\n", 0..60),
            end in "[a-c]{0,3}",
            start in 0usize..20,
            block_size in 1usize..30,
            turns in prop::collection::vec(0usize..3, 0..60),
            cut in 0u64..30,
        ) {
            let text = lines.concat() + &end;
            let file = Cut { left: text.as_bytes(), size: text.len() as u64 + cut };
            let rest = text.as_bytes().get(start..).unwrap_or_default();
            let all = read(&file, start as u64, block_size, &turns);
            prop_assert_eq!(String::from_utf8_lossy(&all), String::from_utf8_lossy(rest));
        }
    }
}

//! Readers of a profile, which may support random access.

use super::decode::{Text, may_have_mark};
use super::read_at::InOrder;
use super::{ReadAt, in_order};
use std::io::{self, BufRead, Read};

/// A reader, with its mode of access.
pub(crate) enum Reader<'r> {
    /// Sequential, on the current thread.
    Stream(&'r mut dyn BufRead),
    /// Random access by several threads in parallel.
    RandomAccess(io::BufReader<InOrder<'r>>),
}

impl<'r> Reader<'r> {
    /// A reader of a whole file.
    pub fn of(file: &'r dyn ReadAt) -> Reader<'r> {
        Reader::RandomAccess(in_order(file))
    }

    /// Calls `work` with a reader of the same text as UTF-8 without a byte order mark.
    pub fn with_text<T>(mut self, work: impl FnOnce(Reader<'_>) -> io::Result<T>) -> io::Result<T> {
        match may_have_mark(self.fill_buf()?) {
            true => work(Reader::Stream(&mut io::BufReader::new(Text::new(self)?))),
            false => work(self),
        }
    }

    /// Calls `work` with a reader of `head`, which was read from this reader, followed by the rest.
    pub fn after<T>(self, head: &[u8], work: impl FnOnce(Reader<'_>) -> T) -> T {
        match self {
            Reader::Stream(rest) => work(Reader::Stream(&mut io::BufReader::new(head.chain(rest)))),
            Reader::RandomAccess(rest) => work(Reader::of(rest.get_ref().file())),
        }
    }

    /// Makes the whole input readable several times. A stream is buffered for that.
    pub fn rereadable(mut self) -> io::Result<Rereadable<'r>> {
        if let Reader::RandomAccess(reader) = &self {
            return Ok(Rereadable::File(reader.get_ref().file()));
        }
        let mut whole = Vec::new();
        self.read_to_end(&mut whole)?;
        Ok(Rereadable::Buffered(whole))
    }

    /// The file, if it supports random access, and the offset of the next read.
    pub fn file(&self) -> Option<(&'r dyn ReadAt, u64)> {
        match self {
            Reader::RandomAccess(reader) => {
                let in_order = reader.get_ref();
                Some((
                    in_order.file(),
                    in_order.at() - reader.buffer().len() as u64,
                ))
            }
            Reader::Stream(_) => None,
        }
    }

    fn reader(&mut self) -> &mut dyn BufRead {
        match self {
            Reader::Stream(reader) => *reader,
            Reader::RandomAccess(reader) => reader,
        }
    }
}

/// Input that can be read several times.
pub(crate) enum Rereadable<'r> {
    File(&'r dyn ReadAt),
    Buffered(Vec<u8>),
}

impl Rereadable<'_> {
    /// Calls `work` with a reader of the whole input.
    pub fn read<T>(&self, work: impl FnOnce(Reader<'_>) -> T) -> T {
        match self {
            Rereadable::File(file) => work(Reader::of(*file)),
            Rereadable::Buffered(whole) => work(Reader::Stream(&mut whole.as_slice())),
        }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader().read(buffer)
    }
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader().fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader().consume(amount);
    }
}

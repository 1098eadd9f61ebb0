//! A reader of a profile, and how it may be read.

use super::read_at::{InOrder, ReadAt, in_order};
use crate::decode::{Text, may_have_mark};
use std::io::{self, BufRead, Read};

/// A reader, by how it may be read.
pub(crate) enum Reader<'r> {
    /// From its start to its end, on the thread that it was given to.
    Stream(&'r mut dyn BufRead),
    /// By several threads at once, each at a place of its own.
    AtPlaces(io::BufReader<InOrder<'r>>),
}

impl<'r> Reader<'r> {
    /// A reader of a whole file.
    pub fn of(file: &'r dyn ReadAt) -> Reader<'r> {
        Reader::AtPlaces(in_order(file))
    }

    /// Lets `work` read it as UTF-8 without a byte order mark.
    pub fn with_text<T>(mut self, work: impl FnOnce(Reader<'_>) -> io::Result<T>) -> io::Result<T> {
        match may_have_mark(self.fill_buf()?) {
            true => work(Reader::Stream(&mut io::BufReader::new(Text::new(self)?))),
            false => work(self),
        }
    }

    /// Lets `work` read `head`, which was read from this reader, and then what is left of it.
    pub fn after<T>(self, head: &[u8], work: impl FnOnce(Reader<'_>) -> T) -> T {
        match self {
            Reader::Stream(rest) => work(Reader::Stream(&mut io::BufReader::new(head.chain(rest)))),
            Reader::AtPlaces(rest) => work(Reader::of(rest.get_ref().file())),
        }
    }

    /// The file, if it may be read at any place, and where it is read next.
    #[cfg(feature = "multithreaded")]
    pub fn file(&self) -> Option<(&'r dyn ReadAt, u64)> {
        match self {
            Reader::AtPlaces(reader) => {
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
            Reader::AtPlaces(reader) => reader,
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

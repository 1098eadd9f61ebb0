//! A reader of a profile, and who may read it.

use super::read_at::{InOrder, ReadAt, in_order};
use std::io::{self, BufRead, Read};

/// A reader, by who may read from it.
pub(crate) enum Reader<'r> {
    /// The thread that it was given to.
    Here(&'r mut dyn BufRead),
    /// Any thread, though one at a time.
    Anywhere(&'r mut (dyn BufRead + Send)),
    /// Any thread, and all at once, each at a place of its own.
    AtPlaces(io::BufReader<InOrder<'r>>),
}

impl<'r> Reader<'r> {
    /// A reader of a whole file.
    pub fn of(file: &'r dyn ReadAt) -> Reader<'r> {
        Reader::AtPlaces(in_order(file))
    }

    /// Lets `work` read `head`, which was read from this reader, and then what is left of it.
    pub fn after<T>(self, head: &[u8], work: impl FnOnce(Reader<'_>) -> T) -> T {
        match self {
            Reader::Here(rest) => work(Reader::Here(&mut io::BufReader::new(head.chain(rest)))),
            Reader::Anywhere(rest) => {
                work(Reader::Anywhere(&mut io::BufReader::new(head.chain(rest))))
            }
            Reader::AtPlaces(rest) => work(Reader::of(rest.get_ref().file())),
        }
    }

    /// The reader, if any thread may read from it.
    #[cfg(feature = "multithreaded")]
    pub fn anywhere(self) -> Result<Box<dyn BufRead + Send + 'r>, Self> {
        match self {
            Reader::Here(_) => Err(self),
            Reader::Anywhere(reader) => Ok(Box::new(reader)),
            Reader::AtPlaces(reader) => Ok(Box::new(reader)),
        }
    }

    /// The file, if any thread may read it at any place, and where it is read next.
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
            Reader::Here(_) | Reader::Anywhere(_) => None,
        }
    }

    fn reader(&mut self) -> &mut dyn BufRead {
        match self {
            Reader::Here(reader) => *reader,
            Reader::Anywhere(reader) => *reader,
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

//! A reader of a profile, and who may read it.

use std::io::{self, BufRead, Read};

/// A reader, by who may read from it.
pub(crate) enum Reader<'r> {
    /// The thread that it was given to.
    Here(&'r mut dyn BufRead),
    /// Any thread, though one at a time.
    Anywhere(&'r mut (dyn BufRead + Send)),
}

impl<'r> Reader<'r> {
    /// Lets `work` read `head`, and then what is left of this reader.
    pub fn after<T>(self, head: &[u8], work: impl FnOnce(Reader<'_>) -> T) -> T {
        match self {
            Reader::Here(rest) => work(Reader::Here(&mut io::BufReader::new(head.chain(rest)))),
            Reader::Anywhere(rest) => {
                work(Reader::Anywhere(&mut io::BufReader::new(head.chain(rest))))
            }
        }
    }

    /// The reader, if any thread may read from it.
    #[cfg(feature = "multithreaded")]
    pub fn anywhere(self) -> Result<&'r mut (dyn BufRead + Send), Self> {
        match self {
            Reader::Here(_) => Err(self),
            Reader::Anywhere(reader) => Ok(reader),
        }
    }

    fn reader(&mut self) -> &mut dyn BufRead {
        match self {
            Reader::Here(reader) => *reader,
            Reader::Anywhere(reader) => *reader,
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

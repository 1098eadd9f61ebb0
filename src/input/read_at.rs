//! Files that several threads read in parallel.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// A file, or another source with random access, which several threads can read in parallel.
pub trait ReadAt: Sync {
    /// Reads bytes at `offset` into `buffer`, and returns their number: 0 at the end, and otherwise
    /// possibly less than the size of the buffer.
    ///
    /// # Errors
    /// Errors of reading.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The size in bytes.
    ///
    /// # Errors
    /// An error if the size is unknown.
    fn size(&self) -> io::Result<u64>;
}

/// Fails on systems that are neither Unix nor Windows.
impl ReadAt for File {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        self.get(start..).unwrap_or_default().read(buffer)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// Reads bytes at `offset` into `buffer` until it is full or the file ends, and returns their
/// number.
pub(crate) fn read_all_at(file: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match file.read_at(&mut buffer[len..], offset + len as u64) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

/// A sequential reader of a file.
pub(crate) struct InOrder<'f> {
    file: &'f dyn ReadAt,
    at: u64,
}

/// Reads the whole `file`.
pub(crate) fn in_order(file: &dyn ReadAt) -> BufReader<InOrder<'_>> {
    const BUFFER_SIZE: usize = 1 << 16;
    BufReader::with_capacity(BUFFER_SIZE, InOrder { file, at: 0 })
}

impl<'f> InOrder<'f> {
    pub fn file(&self) -> &'f dyn ReadAt {
        self.file
    }

    /// The offset of the next read.
    pub fn at(&self) -> u64 {
        self.at
    }
}

impl Read for InOrder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for InOrder<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.size()?.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

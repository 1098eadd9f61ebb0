//! Profiles that come compressed: gzip and zstd, recognised by their first bytes.

#[cfg(feature = "compression")]
use std::io::Read;
use std::io::{self, BufRead};

/// A reader that gives plain bytes, whatever the one below gives. Any thread may read from it.
pub type Decoded<'a> = Box<dyn BufRead + Send + 'a>;

/// Returns what `reader` gives, decompressed if it starts as gzip or zstd data does.
///
/// Files of several gzip members or zstd frames, as `cat` and parallel compressors make them, are
/// read to their end. It takes the crate's feature `compression`; without it, compressed data is
/// an error.
///
/// ```
/// use std::io::Read;
///
/// let mut text = String::new();
/// inferno::decode::decoded(&b"main;parse 3\n"[..])?.read_to_string(&mut text)?;
/// assert_eq!(text, "main;parse 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `reader`. Reading from what is returned fails with [`io::ErrorKind::InvalidData`] or
/// [`io::ErrorKind::UnexpectedEof`] where the compressed data is damaged or ends early.
pub fn decoded<'a, R: BufRead + Send + 'a>(mut reader: R) -> io::Result<Decoded<'a>> {
    let head = reader.fill_buf()?;
    if head.starts_with(&GZIP) {
        return gunzip(reader);
    }
    if head.starts_with(&ZSTD) {
        return unzstd(reader);
    }
    Ok(Box::new(reader))
}

/// Whether data that starts with `head` is what [`decoded`] decompresses.
///
/// ```
/// assert!(inferno::decode::is_compressed(b"\x1f\x8b\x08\0"));
/// assert!(!inferno::decode::is_compressed(b"main;parse 3\n"));
/// ```
pub fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(&GZIP) || head.starts_with(&ZSTD)
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[cfg(feature = "compression")]
fn gunzip<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    let decoder = Explained(flate2::bufread::MultiGzDecoder::new(reader), "gzip");
    Ok(Box::new(io::BufReader::with_capacity(BUFFER_SIZE, decoder)))
}

#[cfg(feature = "compression")]
fn unzstd<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    let decoder = Explained(zstd::Frames::new(reader), "zstd");
    Ok(Box::new(io::BufReader::with_capacity(BUFFER_SIZE, decoder)))
}

#[cfg(feature = "compression")]
const BUFFER_SIZE: usize = 1 << 16;

/// Says of an error of the reader what was read.
#[cfg(feature = "compression")]
struct Explained<R>(R, &'static str);

#[cfg(feature = "compression")]
impl<R: Read> Read for Explained<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), format!("the {} data ends early", self.1))
            }
            kind => io::Error::new(kind, format!("the {} data is damaged: {error}", self.1)),
        })
    }
}

#[cfg(not(feature = "compression"))]
fn gunzip<'a, R: BufRead + Send + 'a>(_: R) -> io::Result<Decoded<'a>> {
    Err(not_built_in("gzip"))
}

#[cfg(not(feature = "compression"))]
fn unzstd<'a, R: BufRead + Send + 'a>(_: R) -> io::Result<Decoded<'a>> {
    Err(not_built_in("zstd"))
}

#[cfg(not(feature = "compression"))]
fn not_built_in(what: &str) -> io::Error {
    let message = format!("{what} data cannot be read: built without the feature `compression`");
    io::Error::new(io::ErrorKind::Unsupported, message)
}

#[cfg(feature = "compression")]
mod zstd {
    //! All frames of a zstd file, one after another.

    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
    use std::io::{self, BufRead, Read};

    pub(super) struct Frames<R> {
        reader: R,
        decoder: FrameDecoder,
        is_in_frame: bool,
    }

    impl<R: BufRead> Frames<R> {
        pub fn new(reader: R) -> Frames<R> {
            Frames {
                reader,
                decoder: FrameDecoder::new(),
                is_in_frame: false,
            }
        }

        /// Starts the next frame; `false` if there is none.
        fn start_frame(&mut self) -> io::Result<bool> {
            while !self.reader.fill_buf()?.is_empty() {
                match self.decoder.init(&mut self.reader) {
                    Ok(()) => return Ok(true),
                    Err(FrameDecoderError::ReadFrameHeaderError(
                        ReadFrameHeaderError::SkipFrame { length, .. },
                    )) => self.skip(u64::from(length))?,
                    Err(error) => return Err(damaged(error)),
                }
            }
            Ok(false)
        }

        fn skip(&mut self, length: u64) -> io::Result<()> {
            let skipped = io::copy(&mut self.reader.by_ref().take(length), &mut io::sink())?;
            match skipped == length {
                true => Ok(()),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }

        fn decode_some(&mut self, wanted: usize) -> io::Result<()> {
            let strategy = BlockDecodingStrategy::UptoBytes(wanted);
            self.decoder
                .decode_blocks(&mut self.reader, strategy)
                .map_err(damaged)?;
            Ok(())
        }

        fn end_frame(&mut self) -> io::Result<()> {
            self.is_in_frame = false;
            let (stored, computed) = (
                self.decoder.get_checksum_from_data(),
                self.decoder.get_calculated_checksum(),
            );
            match stored.is_none() || stored == computed {
                true => Ok(()),
                false => Err(damaged("its checksum is wrong")),
            }
        }
    }

    impl<R: BufRead> Read for Frames<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            loop {
                if !self.is_in_frame && !self.start_frame()? {
                    return Ok(0);
                }
                self.is_in_frame = true;
                if self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    self.decode_some(buffer.len())?;
                }
                let read = self.decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                if self.decoder.is_finished() {
                    self.end_frame()?;
                }
            }
        }
    }

    fn damaged(error: impl std::fmt::Display) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    }
}

//! Decodes all frames of a zstd file.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, Read};

pub(crate) struct Frames<R> {
    reader: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
    is_cut: bool,
}

impl<R: BufRead> Frames<R> {
    pub fn new(reader: R) -> Frames<R> {
        Frames {
            reader,
            decoder: FrameDecoder::new(),
            is_in_frame: false,
            is_cut: false,
        }
    }

    /// Starts the next frame; `false` if there is none.
    fn start_frame(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.reader) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(u64::from(length))?,
                Err(_) if self.reader.fill_buf()?.is_empty() => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
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
        let decoded = self.decoder.decode_blocks(&mut self.reader, strategy);
        match decoded {
            Ok(_) => Ok(()),
            Err(_) if self.reader.fill_buf()?.is_empty() => self.end_cut_frame(),
            Err(error) => Err(damaged(error)),
        }
    }

    /// Ends a truncated frame with an empty block, so that its available data can be read.
    fn end_cut_frame(&mut self) -> io::Result<()> {
        const END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
        self.is_cut = true;
        self.decoder
            .decode_blocks(&mut &END[..], BlockDecodingStrategy::All)
            .map_err(|_| io::ErrorKind::UnexpectedEof)?;
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.is_in_frame = false;
        if self.is_cut {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
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

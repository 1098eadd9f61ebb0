//! Decoders of gzip and zstd.

mod whole;
mod zstd;

use super::{Decoded, text};
use std::io::{self, BufRead};

pub(super) fn gunzip<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    let decoder = flate2::bufread::MultiGzDecoder::new(reader);
    text(whole::WholeLines::new(decoder, "gzip"))
}

pub(super) fn unzstd<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    text(whole::WholeLines::new(zstd::Frames::new(reader), "zstd"))
}

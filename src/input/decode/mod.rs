//! Decodes input: compressed data, which is recognized by its first bytes, and text in UTF-16 or
//! with a byte order mark.

#[cfg_attr(not(feature = "compression"), path = "no_compression.rs")]
mod compression;
mod head;
mod text;

use compression::{gunzip, unzstd};
use head::{Kind, read_head};
use std::io::{self, BufRead, Read};
pub(crate) use text::{Text, may_have_mark};

/// A reader of decoded bytes, which can be read on any thread.
pub type Decoded<'a> = Box<dyn BufRead + Send + 'a>;

/// Returns the data of `reader`: decompressed if it starts like gzip or zstd data, and as UTF-8
/// without a byte order mark if it starts with one.
///
/// Files with several gzip members or zstd frames, as created by `cat` and parallel compressors,
/// are read to the end. Decompression requires the crate's feature `compression`; without it,
/// compressed data is an error. Data from other compressors, such as xz and bzip2, is always an
/// error, which names the compressor.
///
/// ```
/// use std::io::Read;
///
/// let mut text = String::new();
/// inferno::decode::decoded(&b"\xff\xfem\0a\0i\0n\0 \x003\0\n\0"[..])?.read_to_string(&mut text)?;
/// assert_eq!(text, "main 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Errors of `reader`. Reading from the result fails with [`io::ErrorKind::InvalidData`] if the
/// compressed data is damaged. If it is truncated, its whole lines are read, and a warning is
/// logged; if there are none, the error is [`io::ErrorKind::UnexpectedEof`].
pub fn decoded<'a, R: BufRead + Send + 'a>(mut reader: R) -> io::Result<Decoded<'a>> {
    let head = read_head(&mut reader)?;
    let kind = Kind::of(&head);
    let reader = io::Cursor::new(head).chain(reader);
    match kind {
        Kind::Plain => Ok(Box::new(reader)),
        Kind::Marked => text(reader),
        Kind::Gzip => gunzip(reader),
        Kind::Zstd => unzstd(reader),
        Kind::Other(program) => Err(head::unknown_compression(program)),
    }
}

/// Whether [`decoded`] decompresses data that starts with `head`, or rejects it because of an
/// unsupported compression. `head` should have at least 8 bytes.
///
/// ```
/// assert!(inferno::decode::is_compressed(b"\x1f\x8b\x08\0"));
/// assert!(!inferno::decode::is_compressed(b"main;parse 3\n"));
/// ```
pub fn is_compressed(head: &[u8]) -> bool {
    !matches!(Kind::of(head), Kind::Plain | Kind::Marked)
}

/// Whether [`decoded`] returns data that starts with `head` unchanged. `head` should have at least
/// 8 bytes.
///
/// ```
/// assert!(inferno::decode::is_plain(b"main;parse 3\n"));
/// assert!(!inferno::decode::is_plain(b"\xef\xbb\xbfmain 3\n"));
/// ```
pub fn is_plain(head: &[u8]) -> bool {
    Kind::of(head) == Kind::Plain
}

/// Decodes text with a byte order mark.
fn text<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    Ok(Box::new(io::BufReader::with_capacity(
        BUFFER_SIZE,
        Text::new(reader)?,
    )))
}

const BUFFER_SIZE: usize = 1 << 16;

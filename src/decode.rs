//! What a file may be besides plain text in UTF-8: compressed, recognized by its first bytes, or text in
//! UTF-16 or with a byte order mark.

mod head;
mod text;
#[cfg(feature = "compression")]
mod whole;
#[cfg(feature = "compression")]
mod zstd;

use head::{Kind, read_head};
use std::io::{self, BufRead, Read};
pub(crate) use text::{Text, may_have_mark};

/// A reader that gives plain bytes, whatever the one below gives. Any thread may read from it.
pub type Decoded<'a> = Box<dyn BufRead + Send + 'a>;

/// Returns what `reader` gives, decompressed if it starts as gzip or zstd data does, and in UTF-8
/// without a byte order mark if it starts with one.
///
/// Files of several gzip members or zstd frames, as `cat` and parallel compressors make them, are
/// read to their end. It takes the crate's feature `compression`; without it, compressed data is
/// an error. So is data that other programs compress, such as xz and bzip2, which the error names.
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
/// Those of `reader`. Reading from what is returned fails with [`io::ErrorKind::InvalidData`]
/// where the compressed data is damaged. Where it ends early, its whole lines are read, and a warning
/// is logged; if there are none, that is [`io::ErrorKind::UnexpectedEof`].
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

/// Whether data that starts with `head` is what [`decoded`] decompresses, or refuses because it is
/// compressed otherwise. 8 bytes tell.
///
/// ```
/// assert!(inferno::decode::is_compressed(b"\x1f\x8b\x08\0"));
/// assert!(!inferno::decode::is_compressed(b"main;parse 3\n"));
/// ```
pub fn is_compressed(head: &[u8]) -> bool {
    !matches!(Kind::of(head), Kind::Plain | Kind::Marked)
}

/// Whether data that starts with `head` is what [`decoded`] gives as it is. 8 bytes tell.
///
/// ```
/// assert!(inferno::decode::is_plain(b"main;parse 3\n"));
/// assert!(!inferno::decode::is_plain(b"\xef\xbb\xbfmain 3\n"));
/// ```
pub fn is_plain(head: &[u8]) -> bool {
    Kind::of(head) == Kind::Plain
}

/// Text of which the byte order mark is read now.
fn text<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    Ok(Box::new(io::BufReader::with_capacity(
        BUFFER_SIZE,
        Text::new(reader)?,
    )))
}

const BUFFER_SIZE: usize = 1 << 16;

#[cfg(feature = "compression")]
fn gunzip<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    let decoder = flate2::bufread::MultiGzDecoder::new(reader);
    text(whole::WholeLines::new(decoder, "gzip"))
}

#[cfg(feature = "compression")]
fn unzstd<'a, R: BufRead + Send + 'a>(reader: R) -> io::Result<Decoded<'a>> {
    text(whole::WholeLines::new(zstd::Frames::new(reader), "zstd"))
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

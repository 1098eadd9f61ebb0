//! Recognizes compression by the first bytes of a file.

use super::text::has_mark;
use std::io::{self, BufRead, Read};

/// The kind of a file, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// Text with a byte order mark.
    Marked,
    Gzip,
    Zstd,
    /// Compressed by this program, and unsupported.
    Other(&'static str),
}

/// The first bytes of unsupported compressed files, with the compressor.
const OTHERS: [(&[u8], &str); 7] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"LZIP", "lzip"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"\x5d\0\0", "lzma"),
];

impl Kind {
    pub fn of(head: &[u8]) -> Kind {
        match head {
            [0x1f, 0x8b, ..] => Kind::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Zstd,
            // A skippable frame, which may come first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Kind::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, 0x41 | 0x72, ..] => Kind::Other("bzip2"),
            _ if has_mark(head) => Kind::Marked,
            _ => {
                let other = OTHERS.iter().find(|(start, _)| head.starts_with(start));
                other.map_or(Kind::Plain, |(_, program)| Kind::Other(program))
            }
        }
    }
}

/// Reads as many bytes as recognition needs, or as exist, even if the reader returns few at a time.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    const MAX_HEAD: u64 = 8;
    let mut head = Vec::new();
    reader.take(MAX_HEAD).read_to_end(&mut head)?;
    Ok(head)
}

pub(crate) fn unknown_compression(program: &str) -> io::Error {
    let advice = match program {
        "lz4" => "decompress it first (or if memray recorded it, `memray transform speedscope`)",
        _ => "decompress it first",
    };
    let message =
        format!("compressed with {program}, but only gzip and zstd are supported: {advice}");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

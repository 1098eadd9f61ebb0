//! Refuses compressed input.

use super::Decoded;
use std::io::{self, BufRead};

pub(super) fn gunzip<'a, R: BufRead + Send + 'a>(_: R) -> io::Result<Decoded<'a>> {
    Err(not_built_in("gzip"))
}

pub(super) fn unzstd<'a, R: BufRead + Send + 'a>(_: R) -> io::Result<Decoded<'a>> {
    Err(not_built_in("zstd"))
}

fn not_built_in(what: &str) -> io::Error {
    let message = format!("{what} data cannot be read: built without the feature `compression`");
    io::Error::new(io::ErrorKind::Unsupported, message)
}

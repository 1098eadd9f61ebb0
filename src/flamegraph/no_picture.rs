//! Refuses to draw pictures.

use super::Options;
use crate::call_tree::CallTree;
use std::io::{self, Write};

pub(super) fn draw<W: Write>(_: &mut Options<'_>, _: &CallTree, _: W) -> io::Result<()> {
    let message = "PNG and PDF cannot be drawn: built without the feature `picture`";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

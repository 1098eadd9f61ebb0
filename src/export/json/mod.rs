//! Formats in JSON, serialized as a stream.

mod d3;
mod firefox;
mod speedscope;
mod tracks;

use super::{BUFFER_SIZE, Entry};

use crate::call_tree::Count;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;
use std::io::{self, BufWriter, Write};

pub use d3::write as d3;
pub use firefox::write as firefox;
pub use speedscope::write as speedscope;

pub(super) const ENTRIES: &[Entry] = &[speedscope::ENTRY, firefox::ENTRY, d3::ENTRY];

/// Writes `value` as a document.
fn write_json(value: &impl Serialize, writer: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_SIZE, writer);
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// An array of the items of an iterator.
struct List<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// A count with all of its digits.
struct Number(Count);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.nanos() {
            0 => serializer.serialize_u64(self.0.whole()),
            _ => {
                let digits = RawValue::from_string(self.0.to_string());
                digits.map_err(S::Error::custom)?.serialize(serializer)
            }
        }
    }
}

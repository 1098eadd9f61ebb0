//! Profiles of pprof, compressed. `collapse/protobuf/pprof.rs` describes the format.
//!
//! Each frame becomes a function and a location, with the same id. The parts are encoded and
//! compressed one by one, so the profile is never in memory as a whole.

use super::Entry;
use super::amounts::{Whole, warn_of_rounding};
use super::listing::Listing;
use crate::call_tree::{CallTree, NodeId, ValueType};
use crate::collapse::protobuf::pprof_messages::{Function, Line, Location, Sample, SampleType};
use crate::warnings::warning;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, int64, message};
use std::io::{self, Write};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "pprof",
    description: "a profile of pprof (protobuf, gzip), for go tool pprof, Pyroscope, Parca",
    extension: "pb.gz",
    is_binary: true,
    write: |forest, writer| write(&forest.merged(), writer),
}];

/// Writes `tree` as a profile of pprof, compressed with gzip.
///
/// The [unit](CallTree::unit) determines the sample type: `samples` in `count`, `time` in
/// `nanoseconds`, `space` in `bytes`. A differential tree has two sample types, `before` and
/// `after`.
///
/// ```
/// use inferno::call_tree::CallTree;
/// use inferno::collapse::{Collapse, pprof::Folder};
///
/// let mut tree = CallTree::new();
/// tree.add_stack(["main", "parse"], 3u64);
/// let mut profile = Vec::new();
/// inferno::export::pprof(&tree, &mut profile)?;
///
/// let profile = inferno::decode::decoded(&profile[..])?;
/// let tree = Folder::default().collapse_to_tree(profile)?;
/// assert_eq!(tree.totals()[0].to_string(), "3");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `writer`.
pub fn write<W: Write>(tree: &CallTree, writer: W) -> io::Result<()> {
    let listing = Listing::of(tree);
    listing.warn_of_bytes();
    let mut strings = Strings(vec![String::new()]);
    let mut values = Values::of(tree);
    let mut profile = Fields {
        out: GzEncoder::new(writer, Compression::fast()),
        buffer: Vec::new(),
    };
    for kind in values.types(&mut strings) {
        profile.message(1, &kind)?;
    }
    let comment = tree.note().map(|note| strings.add(note));
    write_samples(&listing, &mut values, &mut profile)?;
    write_frames(&listing, strings.0.len() as i64, &mut profile)?;
    let strings = strings.0.iter().map(|text| text.as_str().into());
    for text in strings.chain(listing.texts()) {
        profile.string(6, &text)?;
    }
    if let Some(comment) = comment {
        int64::encode(13, &comment, &mut profile.buffer);
    }
    values.warn();
    profile.finish()
}

fn write_samples<W: Write>(
    listing: &Listing<'_>,
    values: &mut Values<'_>,
    profile: &mut Fields<W>,
) -> io::Result<()> {
    let mut sample = Sample::default();
    for node in listing.nodes() {
        values.put(node, &mut sample.values);
        if sample.values.iter().any(|value| *value != 0) {
            sample.locations.clear();
            let ids = listing.stack(node).map(|frame| u64::from(frame) + 1);
            sample.locations.extend(ids);
            profile.message(2, &sample)?;
        }
    }
    Ok(())
}

/// Writes a location and a function for each frame. Their names start at `first_name` in the string table.
fn write_frames<W: Write>(
    listing: &Listing<'_>,
    first_name: i64,
    profile: &mut Fields<W>,
) -> io::Result<()> {
    let ids = 1..=listing.frame_count() as u64;
    for id in ids.clone() {
        let line = Line {
            function: id,
            line: 0,
        };
        let lines = vec![line];
        profile.message(
            4,
            &Location {
                id,
                lines,
                ..Location::default()
            },
        )?;
    }
    for (id, name) in ids.zip(first_name..) {
        let function = Function {
            id,
            name,
            system_name: name,
            filename: 0,
        };
        profile.message(5, &function)?;
    }
    Ok(())
}

/// The first entries of the string table.
struct Strings(Vec<String>);

impl Strings {
    /// Adds `text` and returns its index.
    fn add(&mut self, text: &str) -> i64 {
        self.0.push(text.to_string());
        self.0.len() as i64 - 1
    }
}

/// The values of samples: one each, or two in a differential tree.
struct Values<'t> {
    tree: &'t CallTree,
    /// Before and after. The first is unused unless the tree is differential.
    amounts: [Whole; 2],
    has_saturated: bool,
}

impl<'t> Values<'t> {
    fn of(tree: &'t CallTree) -> Values<'t> {
        Values {
            tree,
            amounts: [Whole::of(tree), Whole::of(tree)],
            has_saturated: false,
        }
    }

    fn types(&self, strings: &mut Strings) -> Vec<SampleType> {
        let ValueType { name, unit, .. } = self.amounts[1].unit().only_value();
        let names = match self.tree.is_differential() {
            true => vec!["before", "after"],
            false => vec![name.as_str()],
        };
        let types = names.into_iter().map(|name| SampleType {
            kind: strings.add(name),
            unit: strings.add(&unit),
        });
        types.collect()
    }

    /// Replaces `values` with those of a node.
    fn put(&mut self, node: NodeId, values: &mut Vec<i64>) {
        values.clear();
        if self.tree.is_differential() {
            let before = self.tree.self_before(node).unwrap_or_default();
            let before = self.amounts[0].part(before);
            values.push(self.signed(before));
        }
        let after = self.tree.self_count(node).unwrap_or_default();
        let after = self.amounts[1].part(after);
        values.push(self.signed(after));
    }

    fn signed(&mut self, value: u64) -> i64 {
        i64::try_from(value).unwrap_or_else(|_| {
            self.has_saturated = true;
            i64::MAX
        })
    }

    fn warn(&self) {
        warn_of_rounding(&self.amounts, "pprof");
        if self.has_saturated {
            warning!(
                "counts above {}, the largest number of pprof, are written as that",
                i64::MAX
            );
        }
    }
}

/// Writes the fields of a message.
struct Fields<W: Write> {
    out: GzEncoder<W>,
    buffer: Vec<u8>,
}

impl<W: Write> Fields<W> {
    fn message(&mut self, tag: u32, field: &impl Message) -> io::Result<()> {
        message::encode(tag, field, &mut self.buffer);
        self.write_if_full()
    }

    fn string(&mut self, tag: u32, text: &str) -> io::Result<()> {
        encode_key(tag, WireType::LengthDelimited, &mut self.buffer);
        encode_varint(text.len() as u64, &mut self.buffer);
        self.buffer.extend_from_slice(text.as_bytes());
        self.write_if_full()
    }

    fn write_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= super::BUFFER_SIZE {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.out.finish()?.flush()
    }
}

//! V8: the low-level profiler of node, whose log `node --prof` writes, converted to JSON by `node
//! --prof-process --preprocess LOG`.
//!
//! ```text
//! file = { "code": [{ "name", "type" } …], "functions", "ticks": [{ "tm": µs, "vm": STATE, "s": [CODE, OFFSET, …] } …] }
//! ```
//!
//! ```json
//! {"code": [{"name": "total /srv/shop.js:7:15", "type": "JS", "kind": "Opt", "func": 0}],
//!  "functions": [{"name": "total /srv/shop.js:7:15", "codes": [0]}], "ticks": [{"tm": 1001, "vm": 0, "s": [0, 304]}]}
//! ```
//!
//! `s` is a stack, starting with the leaf. Its code is an index, or -1 if it is unknown.

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId};
use crate::collapse::document::{Document, Profile, ValueType, out_of_range, shared_options};
use crate::collapse::json::{self, Keys, Text};
use crate::flags::flags;
use crate::names::frame::{UNKNOWN, basename, frame_name, object_name};
use serde::Deserialize;
use std::io::{self, BufRead};

/// Folds profiles of `node --prof`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, node_prof::Folder};
///
/// let profile = r#"{"code": [{"name": "total /srv/shop.js:7:15", "type": "JS"}], "functions": [],
///                   "ticks": [{"tm": 1001, "vm": 0, "s": [0, 304]}]}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"total 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a profile of `node --prof`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `samples`, or `time` until the next sample, in microseconds [default:
        /// samples]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names: `total (/srv/shop.js:7:15)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "node-prof";
    const DESCRIPTION: &'static str = "a node --prof profile (JSON)";

    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(
            ["code", "functions", "ticks"]
                .iter()
                .all(|key| keys.has(key)),
        )
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = json::read_to_end(input)?;
        let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
        let values = vec![
            ValueType::new("samples", "count"),
            ValueType::new("time", "microseconds"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let mut frames: Vec<Option<FrameId>> = vec![None; file.code.len()];
        let times = file.ticks.iter().map(|tick| tick.time);
        let ends = times.skip(1).map(Some).chain([None]);
        for (tick, end) in file.ticks.iter().zip(ends) {
            let time = end.map_or(Decimal::ZERO, |end| end - tick.time);
            let values = [Decimal::from(1u64), time.max(Decimal::ZERO)];
            let mut node = CallTree::ROOT;
            for code in tick.stack.iter().step_by(2).rev() {
                let frame = match usize::try_from(*code) {
                    Err(_) => profile.tree.intern(UNKNOWN),
                    Ok(code) => {
                        let known = frames.get_mut(code);
                        let known =
                            known.ok_or_else(|| out_of_range("code", code, file.code.len()))?;
                        let name = || self.name(&file.code[code]);
                        *known.get_or_insert_with(|| profile.tree.intern(&name()))
                    }
                };
                node = profile.tree.child(node, frame);
            }
            if tick.state == GARBAGE_COLLECTOR {
                node = profile.tree.child_called(node, b"(garbage collector)");
            }
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
        }
        Ok(())
    }
}

/// The VM state during garbage collection.
const GARBAGE_COLLECTOR: u64 = 1;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    code: Vec<Code<'a>>,
    ticks: Vec<Tick>,
}

#[derive(Deserialize)]
struct Code<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, rename = "type", default)]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct Tick {
    #[serde(rename = "tm")]
    time: Decimal,
    #[serde(rename = "vm", default)]
    state: u64,
    #[serde(rename = "s")]
    stack: Vec<i64>,
}

impl Options {
    fn name(&self, code: &Code<'_>) -> Vec<u8> {
        match &code.kind[..] {
            b"SHARED_LIB" => object_name(basename(&code.name), None),
            b"JS" => self.name_of_function(&code.name),
            _ => frame_name(&code.name),
        }
    }

    /// The frame of `NAME URL:LINE:COLUMN`, where the name may be empty.
    fn name_of_function(&self, name: &[u8]) -> Vec<u8> {
        let Some(space) = memchr::memchr(b' ', name) else {
            return frame_name(name);
        };
        let (function, location) = (&name[..space], &name[space + 1..]);
        match (function, self.lines) {
            (b"", _) => {
                frame_name(&[b"(anonymous ", basename(without_column(location)), b")"].concat())
            }
            (function, true) => frame_name(&[function, b" (", location, b")"].concat()),
            (function, false) => frame_name(function),
        }
    }
}

/// `URL:LINE` of `URL:LINE:COLUMN`.
fn without_column(location: &[u8]) -> &[u8] {
    match memchr::memrchr(b':', location) {
        Some(at) if memchr::memchr(b':', &location[..at]).is_some() => &location[..at],
        _ => location,
    }
}

//! stackprof: Ruby profiles as JSON with raw samples (`stackprof --json`).
//!
//! ```text
//! file  = { "mode", "frames": { ID: { "name", "file", "line" } …},
//!           "raw": [LENGTH, ID × LENGTH (the root first), COUNT, …],
//!           "raw_timestamp_deltas": [µs × COUNT, …] }
//! ```
//!
//! ```json
//! {"version": 1.2, "mode": "wall", "interval": 1000, "frames": {"11": {"name": "main"}, "12": {"name": "Cart#add"}},
//!  "raw": [2, 11, 12, 3], "raw_timestamp_deltas": [1000, 1001, 999]}
//! ```

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId};
use crate::collapse::document::{Document, Profile, ValueType, read_to_end, shared_options};
use crate::collapse::json::{self, Index, Keys, Text};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::{frame_name, with_source};
use ahash::{AHashMap, RandomState};
use serde::Deserialize;
use std::collections::HashMap;
use std::io::{self, BufRead};

/// Folds stackprof profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, stackprof::Folder};
///
/// let profile = r#"{"mode": "wall", "frames": {"11": {"name": "main"}, "12": {"name": "Cart#add"}},
///                   "raw": [2, 11, 12, 3]}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main;Cart#add 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a stackprof profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `samples`, or `time`, in microseconds [default: samples]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names: `Cart#add (cart.rb:7)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "stackprof";
    const DESCRIPTION: &'static str = "a stackprof profile (JSON)";
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        let has_all = ["frames", "mode"].iter().all(|key| keys.has(key));
        keys.answer(has_all && (keys.has("raw") || keys.has("gc_samples")))
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
        let Some(raw) = &file.raw else {
            return Err(invalid(
                "the profile has no raw samples: record with `raw: true` and write `stackprof --json`",
            ));
        };
        let values = vec![
            ValueType::new("samples", "count"),
            ValueType::new("time", "microseconds"),
        ];
        let column = profile.choose(values, self.value.as_deref(), SAMPLES)?;
        if column == TIME && file.deltas.is_empty() && !raw.is_empty() {
            return Err(invalid("the profile has no times, only samples"));
        }
        self.add(raw, &file, column, profile)
    }
}

/// The available values, in this order.
const SAMPLES: usize = 0;
const TIME: usize = 1;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    frames: HashMap<Text<'a>, Frame<'a>, RandomState>,
    #[serde(default)]
    raw: Option<Vec<Index>>,
    #[serde(
        default,
        rename = "raw_timestamp_deltas",
        deserialize_with = "json::or_default"
    )]
    deltas: Vec<Decimal>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    file: Option<Text<'a>>,
    #[serde(default)]
    line: Option<Decimal>,
}

impl Options {
    fn add(
        &self,
        raw: &[Index],
        file: &File<'_>,
        column: usize,
        profile: &mut Profile,
    ) -> io::Result<()> {
        let mut frames = AHashMap::new();
        let mut deltas = file.deltas.iter();
        let mut rest = raw;
        while let Some((&Index(length), after_length)) = rest.split_first() {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let split = after_length.split_at_checked(length);
            let Some((stack, &[Index(count), ref after @ ..])) = split else {
                let at = raw.len() - rest.len();
                return Err(invalid(format!(
                    "`raw` ends within the stack at index {at}"
                )));
            };
            let mut node = CallTree::ROOT;
            for &Index(id) in stack {
                let frame = match frames.get(&id) {
                    Some(frame) => *frame,
                    None => self.intern(id, file, profile)?,
                };
                frames.insert(id, frame);
                node = profile.tree.child(node, frame);
            }
            let times = deltas
                .by_ref()
                .take(usize::try_from(count).unwrap_or(usize::MAX));
            let time = times.fold(Decimal::ZERO, |sum, delta| sum + *delta);
            let values = [Decimal::from(count), time];
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
            rest = after;
        }
        Ok(())
    }

    fn intern(&self, id: u64, file: &File<'_>, profile: &mut Profile) -> io::Result<FrameId> {
        /// Newer versions store the line in the bits above.
        const ID_BITS: u64 = (1 << 48) - 1;
        let find = |id: u64| file.frames.get(&Text(id.to_string().into_bytes().into()));
        let frame = find(id).or_else(|| find(id & ID_BITS));
        let frame = frame.ok_or_else(|| invalid(format!("frame {id} is not in `frames`")))?;
        let name = frame_name(frame.name.as_deref().unwrap_or_default());
        Ok(profile.tree.intern(&match &frame.file {
            Some(file) if self.lines => with_source(&name, file, frame.line),
            _ => name,
        }))
    }
}

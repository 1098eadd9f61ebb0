//! DHAT: heap profiles of valgrind (`--tool=dhat`) and the crate `dhat`.
//!
//! ```text
//! file  = { "dhatFileVersion": 2, "mode": "heap" …, "pps": [point …], "ftbl": [FRAME …] }
//! point = { "tb": BYTES, "tbk": BLOCKS, "gb"?, "gbk"?, "mb"?, "mbk"?, "eb"?, "ebk"?, "rb"?, "wb"?,
//!           "fs": [index into ftbl …] }                                            (the leaf first)
//! FRAME = "[root]" or "0xADDRESS: FUNCTION (FILE:LINE)" or "0xADDRESS: FUNCTION (in OBJECT)"
//! ```
//!
//! ```json
//! {"dhatFileVersion": 2, "mode": "rust-heap", "pps": [{"tb": 512, "tbk": 4, "fs": [1, 2]}],
//!  "ftbl": ["[root]", "0x4a3f: app::load (src/load.rs:12:9)", "0x4b21: app::main (src/main.rs:3:5)"]}
//! ```
//!
//! The values are the bytes and blocks of all allocations (`tb`, `tbk`), those at the global peak
//! (`gb`, `gbk`), the maximum of each allocation point (`mb`, `mbk`), those at the end (`eb`,
//! `ebk`), and bytes read and written (`rb`, `wb`).

use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::collapse::document::{Document, Profile, ValueType, read_to_end, shared_options};
use crate::collapse::json::{self, Index, Keys, Text};
use crate::flags::flags;
use crate::names::frame::{UNKNOWN, frame_name};
use serde::Deserialize;
use std::io::{self, BufRead};

/// Folds DHAT heap profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, dhat::Folder};
///
/// let profile = r#"{"dhatFileVersion": 2, "mode": "rust-heap", "pps": [{"tb": 512, "tbk": 4, "fs": [1, 2]}],
///     "ftbl": ["[root]", "0x4a3f: app::load (src/load.rs:12:9)", "0x4b21: app::main (src/main.rs:3:5)"]}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"app::main;app::load 512\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a DHAT heap profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: tb, tbk, gb, gbk, mb, mbk, eb, ebk, rb or wb [default: tb]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names: `app::load (src/load.rs:12:9)`
        #[arg(long)]
        pub lines: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "dhat";
    const DESCRIPTION: &'static str = "a DHAT heap profile (JSON)";
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("dhatFileVersion"))
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
        let unit = |name: &str| match (file.is_ad_hoc(), name.ends_with('k')) {
            (true, false) => "units",
            (_, true) => "count",
            (false, false) => "bytes",
        };
        let values = NAMES.map(|name| ValueType::new(name, unit(name))).to_vec();
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let mut frames = vec![None; file.frames.len()];
        for point in &file.points {
            let mut node = CallTree::ROOT;
            for &index in point.stack.iter().rev() {
                let name = index.of(&file.frames, "ftbl")?;
                let intern = || profile.tree.intern(&self.frame(name));
                let frame = *frames[index.0 as usize].get_or_insert_with(intern);
                node = profile.tree.child(node, frame);
            }
            let values = point.values();
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
        }
        Ok(())
    }
}

impl Options {
    /// The name between the address and the location.
    fn frame(&self, entry: &[u8]) -> Vec<u8> {
        let name = match memchr::memmem::find(entry, b": ") {
            Some(at) if entry.starts_with(b"0x") => &entry[at + 2..],
            _ => entry,
        };
        let end = match memchr::memmem::rfind(name, b" (") {
            Some(at) if !self.lines && name.ends_with(b")") => at,
            _ => name.len(),
        };
        match &name[..end] {
            b"" => UNKNOWN.to_vec(),
            name => frame_name(name),
        }
    }
}

/// The available values.
const NAMES: [&str; 10] = [
    "tb", "tbk", "gb", "gbk", "mb", "mbk", "eb", "ebk", "rb", "wb",
];

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow, default)]
    mode: Option<Text<'a>>,
    #[serde(rename = "pps")]
    points: Vec<Point>,
    #[serde(borrow, rename = "ftbl")]
    frames: Vec<Text<'a>>,
}

impl File<'_> {
    /// Whether units are defined by the program.
    fn is_ad_hoc(&self) -> bool {
        self.mode
            .as_deref()
            .is_some_and(|mode| mode.ends_with(b"ad-hoc"))
    }
}

/// An allocation point.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Point {
    tb: Decimal,
    tbk: Decimal,
    gb: Decimal,
    gbk: Decimal,
    mb: Decimal,
    mbk: Decimal,
    eb: Decimal,
    ebk: Decimal,
    rb: Decimal,
    wb: Decimal,
    #[serde(rename = "fs")]
    stack: Vec<Index>,
}

impl Point {
    /// In the order of [`NAMES`].
    fn values(&self) -> [Decimal; NAMES.len()] {
        [
            self.tb, self.tbk, self.gb, self.gbk, self.mb, self.mbk, self.eb, self.ebk, self.rb,
            self.wb,
        ]
    }
}

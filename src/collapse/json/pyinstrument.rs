//! pyinstrument: Python profiles as JSON (`pyinstrument -r json`).
//!
//! ```text
//! file  = { "root_frame": frame or null … }
//! frame = { "function": NAME, "file_path_short": FILE, "line_no": LINE, "time": SECONDS (with all below),
//!           "children": [frame …] }
//! ```
//!
//! ```json
//! {"duration": 1.5, "root_frame": {"function": "<module>", "time": 1.5, "children":
//!     [{"function": "load", "time": 1.0, "children": []}]}}
//! ```
//!
//! The self time of a frame is its time without that of its children. Frames in brackets (`[self]`,
//! `[await]`) are not functions: their time belongs to the caller.

use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::collapse::document::{Document, Profile, ValueType, read_to_end, shared_options};
use crate::collapse::json::{self, Keys, Text};
use crate::flags::flags;
use crate::names::frame::{frame_name, with_source};
use serde::Deserialize;
use std::io::{self, BufRead};

/// Folds pyinstrument profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, pyinstrument::Folder};
///
/// let profile = r#"{"duration": 1.5, "root_frame": {"function": "<module>", "time": 1.5, "children":
///     [{"function": "load", "time": 1.0, "children": []}]}}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"<module> 0.5\n<module>;load 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a pyinstrument profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Append file and line to names: `load (app/load.py:7)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "pyinstrument";
    const DESCRIPTION: &'static str = "a pyinstrument profile (JSON)";
    shared_options!(lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("root_frame"))
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = read_to_end(input)?;
        profile.choose(vec![ValueType::new("time", "seconds")], None, 0)?;
        json::with_room(&document, || {
            let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
            if let Some(root) = file.root_frame {
                self.add(root, profile);
            }
            Ok(())
        })
    }
}

#[derive(Deserialize)]
struct File<'a> {
    /// `null` if nothing was recorded, but never missing.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    root_frame: Option<Frame<'a>>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    function: Option<Text<'a>>,
    #[serde(borrow, default, rename = "file_path_short")]
    file: Option<Text<'a>>,
    #[serde(default, rename = "line_no")]
    line: Option<Decimal>,
    time: Decimal,
    #[serde(borrow, default, deserialize_with = "json::or_default")]
    children: Vec<Frame<'a>>,
}

impl Frame<'_> {
    fn is_function(&self) -> bool {
        let name = self.function.as_deref().unwrap_or_default();
        !(name.starts_with(b"[") && name.ends_with(b"]"))
    }
}

impl Options {
    fn add(&self, root: Frame<'_>, profile: &mut Profile) {
        let mut pending = vec![(root, CallTree::ROOT)];
        while let Some((frame, caller)) = pending.pop() {
            let node = match frame.is_function() {
                true => {
                    let name = self.name(&frame);
                    let frame = profile.tree.intern(&name);
                    profile.tree.child(caller, frame)
                }
                false => caller,
            };
            let below = frame
                .children
                .iter()
                .fold(Decimal::ZERO, |sum, child| sum + child.time);
            let own = frame.time - below;
            // Times are rounded to a millionth, so smaller differences are rounding errors.
            let own = match frame.children.is_empty() || own.abs() > Decimal::from_f64(1e-6) {
                true => own,
                false => Decimal::ZERO,
            };
            profile.add_to_sum(0, own);
            profile.add(node, own);
            pending.extend(frame.children.into_iter().map(|child| (child, node)));
        }
    }

    fn name(&self, frame: &Frame<'_>) -> Vec<u8> {
        let name = frame_name(frame.function.as_deref().unwrap_or_default());
        match &frame.file {
            Some(file) if self.lines => with_source(&name, file, frame.line),
            _ => name,
        }
    }
}

//! Safari: recordings of Web Inspector (Timelines, Export), as JSON.
//!
//! ```text
//! file   = { "version", "recording": { "sampleStackTraces": [sample …], "sampleDurations": [SECONDS …] } }
//! sample = { "timestamp", "stackFrames": [{ "name", "url", "line", "column" } …] }            (the leaf first)
//! ```
//!
//! ```json
//! {"version": 1, "recording": {"displayName": "Timeline 1", "sampleDurations": [0.001],
//!  "sampleStackTraces": [{"timestamp": 1.5, "stackFrames": [{"name": "total", "url": "shop.js", "line": 7}]}]}}
//! ```

use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::collapse::document::{Document, Profile, ValueType, shared_options};
use crate::collapse::json::{self, Keys, Text};
use crate::flags::flags;
use crate::names::frame::{basename, frame_name, with_source};
use crate::warnings::warning;
use serde::Deserialize;
use std::io::{self, BufRead};

/// Folds recordings of Safari's Web Inspector. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, safari::Folder};
///
/// let profile = r#"{"version": 1, "recording": {"sampleDurations": [0.001],
///                   "sampleStackTraces": [{"stackFrames": [{"name": "total"}, {"name": "main"}]}]}}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main;total 0.001\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a recording of Safari's Web Inspector.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `time`, in seconds, or `samples` [default: time]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names: `total (shop.js:7)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "safari";
    const DESCRIPTION: &'static str = "a recording of Safari's Web Inspector (JSON)";

    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("recording.sampleStackTraces"))
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = json::read_to_end(input)?;
        let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
        let values = vec![
            ValueType::new("time", "seconds"),
            ValueType::new("samples", "count"),
        ];
        let column = profile.choose(values, self.value.as_deref(), 0)?;
        let Recording { samples, durations } = file.recording;
        if samples.len() != durations.len() {
            let (samples, durations) = (samples.len(), durations.len());
            warning!("the recording has {samples} samples, and {durations} durations of samples");
        }
        for (sample, duration) in samples.iter().zip(durations) {
            let mut node = CallTree::ROOT;
            for frame in sample.frames.iter().rev() {
                node = profile.tree.child_called(node, &self.name(frame));
            }
            let values = [duration, Decimal::from(1u64)];
            profile.add_to_sums(&values);
            profile.add(node, values[column]);
        }
        Ok(())
    }
}

impl Options {
    fn name(&self, frame: &Frame<'_>) -> Vec<u8> {
        let name = match &frame.name[..] {
            b"" => b"(anonymous)".to_vec(),
            name => frame_name(name),
        };
        match self.lines && !frame.url.is_empty() {
            true => with_source(&name, basename(&frame.url), frame.line),
            false => name,
        }
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    recording: Recording<'a>,
}

#[derive(Deserialize)]
struct Recording<'a> {
    #[serde(borrow, rename = "sampleStackTraces")]
    samples: Vec<Sample<'a>>,
    #[serde(rename = "sampleDurations")]
    durations: Vec<Decimal>,
}

#[derive(Deserialize)]
struct Sample<'a> {
    #[serde(borrow, rename = "stackFrames")]
    frames: Vec<Frame<'a>>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    url: Text<'a>,
    #[serde(default)]
    line: Option<Decimal>,
}

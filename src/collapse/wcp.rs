//! wallClockProfiler: its output.
//!
//! ```text
//! input = …, "Full stacks" …, { share, { frame }, blank line }
//! share = PERCENT "% " "=" { "=" } " (" N " samples)"
//! frame = K ": " FUNCTION [ "(at " FILE ":" LINE ")" ]                             (the leaf first)
//! ```
//!
//! ```text
//! Full stacks
//!
//!  99.791% ===================================== (17194 samples)
//!        1: poll   (at /srv/loop.nim:343)
//!        2: main   (at /srv/main.nim:1)
//!
//! ```

use super::document::lines::{Lines, parse};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::text::plural;
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds the output of wallClockProfiler. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, wcp::Folder};
///
/// let text = "Full stacks\n\n 99.7% ===== (17 samples)\n   1: poll   (at a.nim:3)\n   2: main   (at a.nim:1)\n\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(text.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main   (at a.nim:1);poll   (at a.nim:3) 17\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the output of wallClockProfiler.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

const STACKS: &[u8] = b"Full stacks";

impl Document for Options {
    const NAME: &'static str = "wcp";
    const DESCRIPTION: &'static str = "the output of wallClockProfiler";
    shared_options!();

    /// The text before the stacks is long and has no fixed form.
    fn sniff(_: &[u8]) -> Option<bool> {
        Some(false)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("samples", "count")], None, 0)?;
        let mut lines = Lines::of(input);
        let (mut is_wcp, mut is_in_stacks) = (false, false);
        let mut count = 0;
        let mut frames: Vec<Vec<u8>> = Vec::new();
        while let Some(line) = lines.next()? {
            is_in_stacks |= line.starts_with(STACKS);
            is_wcp |= is_in_stacks || line.starts_with(b"Profile of ");
            if !is_in_stacks {
                continue;
            }
            let text = line.trim_ascii();
            if let Some(samples) = samples(text) {
                count = samples;
            } else if let Some(frame) = frame(text) {
                frames.push(frame);
            } else if text.is_empty() && !frames.is_empty() {
                profile.add_stack(frames.drain(..).rev(), count);
            }
        }
        lines.finish(
            is_wcp,
            "the output of wallClockProfiler, which has a line `Full stacks`",
        )?;
        if !frames.is_empty() {
            let samples = plural(count, "sample", "samples");
            warning!("skipped the last stack, of {samples}: no blank line ends it");
        }
        Ok(())
    }
}

/// The number in `PERCENT% ==== (N samples)`.
fn samples(text: &[u8]) -> Option<u64> {
    let percent = memchr::memchr(b'%', text)?;
    let rest = text[percent + 1..].trim_ascii_start();
    let bar = rest.iter().take_while(|byte| **byte == b'=').count();
    let number = rest[bar..].trim_ascii_start().strip_prefix(b"(")?;
    parse(number.strip_suffix(b" samples)")?).filter(|_| bar > 0)
}

/// The text of `K: TEXT`.
fn frame(text: &[u8]) -> Option<Vec<u8>> {
    let colon = memchr::memmem::find(text, b": ")?;
    parse::<u64>(&text[..colon])?;
    Some(frame_name(&text[colon + 2..]))
}

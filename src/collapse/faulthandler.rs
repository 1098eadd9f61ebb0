//! faulthandler: Python tracebacks of a crash, of `dump_traceback()`, or of
//! `dump_traceback_later(repeat=True)`, which turns it into a profiler.
//!
//! ```text
//! input  = { thread | other line }
//! thread = [ "Current " ] ( "Thread" | "thread" ) " 0x" ID … " (most recent call first):", { frame }, other line
//! frame  = '  File "' FILE '", line ' LINE " in " FUNCTION                            (the leaf first)
//! ```
//!
//! ```text
//! Timeout (0:00:00.020000)!
//! Thread 0x00007f6783fff6c0 (most recent call first):
//!   File "/srv/cart.py", line 31 in total
//!   File "/srv/shop.py", line 5 in <module>
//!
//! ```
//!
//! Each thread with frames counts 1. The additional stacks of C functions in Python 3.14 belong to
//! the same threads, and are skipped.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::text::plural;
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds tracebacks of `faulthandler`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, faulthandler::Folder};
///
/// let text = "Thread 0x7f (most recent call first):\n  File \"a.py\", line 7 in total\n  File \"a.py\", line 9 in main\n\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(text.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"a.py:9:main;a.py:7:total 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for tracebacks of `faulthandler`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {}
}

const FILE: &[u8] = b"  File \"";
const HEADER_END: &[u8] = b"(most recent call first):";

impl Document for Options {
    const NAME: &'static str = "faulthandler";
    const DESCRIPTION: &'static str = "tracebacks of Python's faulthandler";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        /// The maximum number of lines before the first traceback, because the program may have
        /// printed something.
        const LINES: usize = 200;
        let lines: Vec<&[u8]> = whole_lines(head).take(LINES).collect();
        let is_start = |pair: &[&[u8]]| pair[0].ends_with(HEADER_END) && is_frame(pair[1]);
        if lines.windows(2).any(is_start) {
            return Some(true);
        }
        (lines.len() == LINES).then_some(false)
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("threads", "count")], None, 0)?;
        let mut lines = Lines::of(input);
        let mut frames: Vec<Vec<u8>> = Vec::new();
        let (mut found, mut lost) = (false, 0);
        while let Some(line) = lines.next()? {
            found |= line.ends_with(HEADER_END);
            if let Some(frame) = frame(line) {
                found = true;
                frames.push(frame);
            } else if line.starts_with(b"Thread") {
                lost += u64::from(!frames.is_empty());
                frames.clear();
            } else {
                add(&mut frames, profile);
            }
        }
        add(&mut frames, profile);
        lines.finish(found, "tracebacks of faulthandler, found no thread")?;
        if lost > 0 {
            let stacks = plural(lost, "stack", "stacks");
            warning!("skipped {stacks} interrupted by the next thread");
        }
        Ok(())
    }
}

fn is_frame(line: &[u8]) -> bool {
    line.starts_with(FILE) || line.starts_with(b"  <no Python frame>")
}

/// The frame of `  File "FILE", line LINE in FUNCTION`: `FILE:LINE:FUNCTION`.
fn frame(line: &[u8]) -> Option<Vec<u8>> {
    const LINE: &[u8] = b"\", line ";
    let rest = line.strip_prefix(FILE)?;
    let quote = memchr::memmem::find(rest, LINE)?;
    let (file, rest) = (&rest[..quote], &rest[quote + LINE.len()..]);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = rest.split_at(digits);
    let function = rest.strip_prefix(b" in ").filter(|_| digits > 0)?;
    Some(frame_name(&[file, b":", number, b":", function].concat()))
}

fn add(frames: &mut Vec<Vec<u8>>, profile: &mut Profile) {
    if !frames.is_empty() {
        profile.add_stack(frames.drain(..).rev(), 1);
    }
}

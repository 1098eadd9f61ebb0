//! lightweight-java-profiler: its trace files.
//!
//! ```text
//! input  = { stack }, "Total" …
//! stack  = COUNT " " FRAMES " " frame, { whitespace, frame }                      (the leaf first)
//! frame  = METHOD "(" PLACE ")"
//! ```
//!
//! ```text
//! 42 3  shop.Cart.total(Cart.java:31)
//!       shop.Main.main(Main.java:5)
//!       java.lang.Thread.run(Thread.java:744)
//! Total trace count = 1, Total traces = 42
//! ```

use super::document::lines::{Lines, parse};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds the output of lightweight-java-profiler. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, ljp::Folder};
///
/// let traces = "42 2  a.Cart.total(Cart.java:31)\n      a.Main.main(Main.java:5)\nTotal trace count = 1\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(traces.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"a.Main.main;a.Cart.total 42\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the output of lightweight-java-profiler.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {}
}

impl Document for Options {
    const NAME: &'static str = "ljp";
    const DESCRIPTION: &'static str = "traces of lightweight-java-profiler";
    shared_options!();

    /// There is no header.
    fn sniff(_: &[u8]) -> Option<bool> {
        Some(false)
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("samples", "count")], None, 0)?;
        let mut lines = Lines::of(input);
        let mut stack: Option<Stack> = None;
        while let Some(line) = lines.next()? {
            let text = without_places(line);
            let words = text.split(u8::is_ascii_whitespace);
            let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
            match (words.as_slice(), &mut stack) {
                ([b"Total", ..], _) => return end(stack, profile),
                ([count, _, leaf], _) if parse::<u64>(count).is_some() => {
                    let next = Stack {
                        count: parse(count).unwrap_or_default(),
                        frames: vec![frame_name(leaf)],
                    };
                    if let Some(stack) = stack.replace(next) {
                        stack.add(profile);
                    }
                }
                ([caller], Some(stack)) => stack.frames.push(frame_name(caller)),
                _ => {}
            }
        }
        match stack {
            Some(_) if profile.tree.is_empty() => end(None, profile),
            Some(stack) => {
                let count = stack.count;
                warning!("skipped the last trace, of {count} samples: no `Total` line follows");
                Ok(())
            }
            None => end(None, profile),
        }
    }
}

struct Stack {
    count: u64,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
}

impl Stack {
    fn add(self, profile: &mut Profile) {
        profile.add_stack(self.frames.into_iter().rev(), self.count);
    }
}

/// Counts the last trace, which is followed by the totals.
fn end(stack: Option<Stack>, profile: &mut Profile) -> io::Result<()> {
    match stack {
        Some(stack) => {
            stack.add(profile);
            Ok(())
        }
        None => Err(invalid(
            "expected traces of lightweight-java-profiler, found no complete one",
        )),
    }
}

/// The line without the text from its first `(` to its last `)`.
fn without_places(line: &[u8]) -> Vec<u8> {
    match (memchr::memchr(b'(', line), memchr::memrchr(b')', line)) {
        (Some(open), Some(close)) if open < close => [&line[..open], &line[close + 1..]].concat(),
        _ => line.to_vec(),
    }
}

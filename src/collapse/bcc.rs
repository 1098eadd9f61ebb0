//! bcc: output of its tools, such as `profile` and `offcputime`, without their option `-f`.
//!
//! ```text
//! input  = { header }, { stack }
//! stack  = { "    " FUNCTION }, thread, "        " VALUE, LF, LF                 (the leaf first)
//! thread = "    -" spaces COMMAND " (" PID ")" LF
//! ```
//!
//! ```text
//! Tracing off-CPU time (us) of all threads by user + kernel stack... Hit Ctrl-C to end.
//!
//!     schedule
//!     poll
//!     main
//!     -                oven (71)
//!         2404
//! ```
//!
//! A line `    --` separates the functions of the kernel and those of the program.

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::text::plural;
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds the output of bcc tools. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, bcc::Folder};
///
/// let stacks = "    poll\n    main\n    -                oven (71)\n        24\n\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(stacks.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"oven;main;poll 24\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for the output of bcc tools.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "bcc";
    const DESCRIPTION: &'static str = "stacks printed by bcc tools (profile, offcputime)";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).skip_while(|line| thread(line).is_none());
        lines.next()?;
        lines.next().map(|line| value(line).is_some())
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut lines = Lines::of(input);
        // The leaf comes first, and the thread last.
        let mut stack: Vec<Vec<u8>> = Vec::new();
        let mut is_complete = false;
        let mut found = false;
        let mut unit = "count";
        while let Some(line) = lines.next()? {
            if let Some(command) = thread(line) {
                stack.push(frame_name(command));
                is_complete = true;
            } else if let (true, Some(value)) = (is_complete, value(line)) {
                if !found {
                    profile.choose(vec![ValueType::new("value", unit)], None, 0)?;
                }
                found = true;
                is_complete = false;
                profile.add_stack(stack.drain(..).rev(), value);
            } else if let Some(function) = line.strip_prefix(b"    ") {
                stack.extend((function != b"--").then(|| frame_name(function)));
            } else if line.is_empty() || !found {
                stack.clear();
                if memchr::memmem::find(line, b"(us)").is_some() {
                    unit = "microseconds";
                }
            }
        }
        lines.finish(
            found,
            "stacks printed by bcc tools, found none with a value",
        )?;
        if !stack.is_empty() {
            let frames = plural(stack.len() as u64, "frame", "frames");
            warning!("skipped the last stack, of {frames}: it has no value");
        }
        Ok(())
    }
}

/// The command of a thread, whose line ends a stack.
pub(super) fn thread(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"    -  ")?.trim_ascii();
    let open = memchr::memmem::rfind(rest, b" (")?;
    parse::<u64>(rest[open + 2..].strip_suffix(b")")?)?;
    Some(&rest[..open])
}

/// The value of a stack.
fn value(line: &[u8]) -> Option<u64> {
    parse(line.strip_prefix(b"    ")?.trim_ascii())
}

//! Go: dumps and profiles of goroutines, from `/debug/pprof/goroutine` with `debug=1` and
//! `debug=2`, and from a program that panics or receives SIGQUIT.
//!
//! ```text
//! dump    = { "goroutine " N " [" STATE "]:", { call, location }, [ "created by " call, location ], blank line }
//! call    = FUNCTION "(" arguments ")"                           (the leaf first)
//! location   = TAB FILE ":" LINE [ " +0x" OFFSET ]
//!
//! profile = NAME " profile: total " N, { COUNT " @ " addresses, { "#" TAB ADDRESS TAB FUNCTION … } }
//! ```
//!
//! ```text
//! goroutine 7 [chan receive, 2 minutes]:
//! main.(*Basket).wait(0xc000012038)
//!     /srv/shop/basket.go:87 +0x1b
//! created by main.main in goroutine 1
//!     /srv/shop/main.go:12 +0x2a5
//! ```
//!
//! ```text
//! goroutine profile: total 3
//! 3 @ 0x47e26a 0x4151ee
//! #    0x47e26a    main.(*Basket).wait+0x18    /srv/shop/basket.go:87
//! ```
//!
//! Each goroutine counts 1. Other profiles with the same text, such as `threadcreate` and those of
//! a program's own, count what is in their name.

use super::document::lines::{Lines, parse, whole_lines};
use super::document::{Document, Profile, START, ValueType, peek, shared_options};
use crate::bytes::decimal::Decimal;
use crate::bytes::text::lossy;
use crate::call_tree::CallTree;
use crate::flags::flags;
use crate::names::frame::{frame_name, with_source};
use std::borrow::Cow;
use std::io::{self, BufRead};

/// Folds dumps of goroutines. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, goroutine::Folder};
///
/// let dump = "goroutine 7 [select]:\nmain.wait(0xc0, {0x1, 0x2})\n\t/srv/a.go:8 +0x1b\nmain.main()\n\t/srv/a.go:3 +0x2a\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(dump.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main.main;main.wait 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for goroutines.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Start each stack with the state of its goroutine: `chan receive`
        #[arg(long)]
        pub state: bool,

        /// Start each stack with the function that created its goroutine
        #[arg(long)]
        pub created_by: bool,

        /// Append file and line to names: `main.wait (/srv/a.go:8)`
        #[arg(long)]
        pub lines: bool,
    }
}

const DUMP: &[u8] = b"goroutine ";
const PROFILE: &[u8] = b" profile: total ";

impl Document for Options {
    const NAME: &'static str = "goroutine";
    const DESCRIPTION: &'static str = "a dump or profile of goroutines (text)";
    shared_options!(lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).filter(|line| !line.is_empty()).peekable();
        let is_start = |line: &[u8]| profile_name(line).is_some() || state(line).is_some();
        match lines.peek() {
            None => None,
            Some(first) if is_start(first) => Some(true),
            // A panic starts with a message.
            Some(first) if first.starts_with(b"panic: ") || first.starts_with(b"SIGQUIT") => {
                lines.any(is_start).then_some(true)
            }
            Some(_) => Some(false),
        }
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let (head, mut input) = peek(input, START)?;
        let value = whole_lines(&head).find_map(profile_name);
        let value = value.unwrap_or(Cow::Borrowed("goroutines"));
        profile.choose(vec![ValueType::new(value, "count")], None, 0)?;
        let mut reader = DumpReader {
            options: self,
            profile,
            stack: Stack::default(),
            is_goroutine: false,
            found: false,
        };
        let mut lines = Lines::of(&mut input);
        while lines.next()?.is_some() {
            reader.read_line(&mut lines)?;
        }
        reader.end();
        lines.finish(
            reader.found,
            "a dump or profile of goroutines, found no goroutine",
        )
    }
}

/// What a profile counts, in the plural, from its first line.
fn profile_name(line: &[u8]) -> Option<Cow<'_, str>> {
    let at = memchr::memmem::find(line, PROFILE)?;
    parse::<u64>(&line[at + PROFILE.len()..])?;
    let name = &line[..at];
    let is_word = !name.is_empty() && !name.contains(&b' ');
    is_word.then(|| match name {
        b"goroutine" => Cow::Borrowed("goroutines"),
        b"threadcreate" => Cow::Borrowed("threads"),
        name => lossy(name),
    })
}

/// The state of a goroutine, from its first line.
fn state(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(DUMP)?;
    let space = memchr::memchr(b' ', rest)?;
    parse::<u64>(&rest[..space])?;
    // The state may be preceded by `gp=0xc000 m=0 mp=0xc000`.
    let open = memchr::memmem::find(&rest[space..], b" [")?;
    let inside = rest[space + open + 2..].strip_suffix(b"]:")?;
    let end = memchr::memchr(b',', inside).unwrap_or(inside.len());
    Some(&inside[..end])
}

/// The current goroutine.
#[derive(Default)]
struct Stack {
    count: u64,
    state: Vec<u8>,
    created_by: Vec<u8>,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
}

struct DumpReader<'r> {
    options: &'r Options,
    profile: &'r mut Profile,
    stack: Stack,
    is_goroutine: bool,
    found: bool,
}

impl DumpReader<'_> {
    fn read_line(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        let line = lines.line();
        if profile_name(line).is_some() {
            self.found = true;
        } else if let Some(state) = state(line) {
            let state = frame_name(state);
            self.begin(1, state);
        } else if let Some(count) = count(line) {
            self.begin(count, Vec::new());
        } else if line.is_empty() {
            self.end();
        } else if self.is_goroutine {
            self.read_frame(lines);
        }
        Ok(())
    }

    fn begin(&mut self, count: u64, state: Vec<u8>) {
        self.end();
        self.found = true;
        self.is_goroutine = true;
        self.stack.count = count;
        self.stack.state = state;
    }

    fn read_frame(&mut self, lines: &mut Lines<'_>) {
        let line = lines.line();
        if let Some(entry) = line.strip_prefix(b"#") {
            if let Some(frame) = frame_of_profile(entry, self.options.lines) {
                self.stack.frames.push(frame);
            }
        } else if let Some(location) = line.strip_prefix(b"\t") {
            if let (Some(frame), true) = (self.stack.frames.last_mut(), self.options.lines) {
                let end = memchr::memmem::find(location, b" +0x").unwrap_or(location.len());
                *frame = with_source(frame, &location[..end], None);
            }
        } else if let Some(creator) = line.strip_prefix(b"created by ") {
            let end = memchr::memmem::find(creator, b" in goroutine ").unwrap_or(creator.len());
            self.stack.created_by = frame_name(&creator[..end]);
            // The location that follows is not that of a frame.
            self.end();
        } else if !line.starts_with(b"...") {
            self.stack.frames.push(frame_name(without_arguments(line)));
        }
    }

    /// Counts the current goroutine.
    fn end(&mut self) {
        let stack = std::mem::take(&mut self.stack);
        if !std::mem::take(&mut self.is_goroutine) {
            return;
        }
        let roots = [
            (self.options.state, stack.state),
            (self.options.created_by, stack.created_by),
        ];
        let roots = roots
            .into_iter()
            .filter(|(is_wanted, name)| *is_wanted && !name.is_empty());
        let frames = roots
            .map(|(_, name)| name)
            .chain(stack.frames.into_iter().rev());
        let mut node = CallTree::ROOT;
        for name in frames {
            let frame = self.profile.tree.intern(&name);
            node = self.profile.tree.child(node, frame);
        }
        let count = Decimal::from(stack.count);
        self.profile.add_to_sum(0, count);
        self.profile.add(node, count);
    }
}

/// The frame of `TAB ADDRESS TAB FUNCTION+OFFSET TABS FILE:LINE`.
pub(super) fn frame_of_profile(entry: &[u8], with_line: bool) -> Option<Vec<u8>> {
    let mut fields = entry
        .split(|byte| *byte == b'\t')
        .filter(|field| !field.is_empty());
    let function = fields.nth(1)?;
    let end = memchr::memmem::rfind(function, b"+0x").unwrap_or(function.len());
    let name = frame_name(&function[..end]);
    Some(match fields.next() {
        Some(location) if with_line => with_source(&name, location, None),
        _ => name,
    })
}

/// The count of `COUNT @ ADDRESS …`.
fn count(line: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(line, b" @")?;
    parse(&line[..at])
}

/// `main.(*Basket).add` for `main.(*Basket).add(0xc000, {0x1, 0x2})`.
fn without_arguments(call: &[u8]) -> &[u8] {
    let Some(inside) = call.strip_suffix(b")") else {
        return call;
    };
    let mut depth = 0;
    for (at, byte) in inside.iter().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 0 => return &call[..at],
            b'(' => depth -= 1,
            _ => {}
        }
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_removed_and_receivers_are_kept() {
        for (call, name) in [
            ("main.main()", "main.main"),
            ("main.(*Basket).add(0xc0, {0x1, 0x2})", "main.(*Basket).add"),
            ("main.f(func(int))", "main.f"),
            ("main.f", "main.f"),
        ] {
            assert_eq!(without_arguments(call.as_bytes()), name.as_bytes());
        }
    }
}

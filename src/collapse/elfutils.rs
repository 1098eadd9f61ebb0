//! elfutils: stacks of `eu-stack`, from one or more runs.
//!
//! ```text
//! input = { [ "PID " PID … ], { "TID " TID ":", { frame | other line } } }
//! frame = "#" N " 0x" ADDRESS [ " " FUNCTION ] [ " - " MODULE ]                     (the leaf first)
//! ```
//!
//! ```text
//! PID 71 - process
//! TID 72:
//! #0  0x00007f257704524a shop::total(int) - /srv/shop/server
//! #1  0x00007f2577045305 __libc_start_main@@GLIBC_2.34 - /usr/lib/libc.so.6
//! ```
//!
//! Each stack counts 1.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::flags::flags;
use crate::names::frame::{UNKNOWN, basename, frame_name, object_name};
use std::io::{self, BufRead};

/// Folds stacks of `eu-stack`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, elfutils::Folder};
///
/// let stacks = "PID 71 - process\nTID 72:\n#0  0x01 shop::total(int)\n#1  0x02 main\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(stacks.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main;shop::total(int) 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for stacks of `eu-stack`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Start stacks with the ID of their process: `PID=71`
        #[arg(long)]
        pub pid: bool,

        /// Start stacks with the ID of their thread: `TID=72`
        #[arg(long)]
        pub tid: bool,

        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

const PID: &[u8] = b"PID ";
const TID: &[u8] = b"TID ";

impl Document for Options {
    const NAME: &'static str = "elfutils";
    const ALIASES: &'static [&'static str] = &["eu-stack"];
    const DESCRIPTION: &'static str = "stacks of eu-stack (elfutils)";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head);
        if !lines.next()?.starts_with(PID) {
            return Some(false);
        }
        lines.next().map(|line| line.starts_with(TID))
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("stacks", "count")], None, 0)?;
        let mut stack = Stack::default();
        let mut lines = Lines::of(input);
        let mut found = false;
        while let Some(line) = lines.next()? {
            if let Some(rest) = line.strip_prefix(PID) {
                found = true;
                let pid = number(rest).to_vec();
                self.add(&mut stack, profile);
                stack.pid = pid;
            } else if let Some(rest) = line.strip_prefix(TID) {
                found = true;
                let tid = number(rest).to_vec();
                self.add(&mut stack, profile);
                stack.tid = tid;
            } else if let Some(frame) = frame(line) {
                found = true;
                stack.frames.push(frame);
            }
        }
        self.add(&mut stack, profile);
        lines.finish(found, "stacks of eu-stack, found no frame")
    }
}

#[derive(Default)]
struct Stack {
    pid: Vec<u8>,
    tid: Vec<u8>,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
}

impl Options {
    fn add(&self, stack: &mut Stack, profile: &mut Profile) {
        if stack.frames.is_empty() {
            return;
        }
        let roots = [
            (self.pid, &b"PID="[..], &stack.pid),
            (self.tid, &b"TID="[..], &stack.tid),
        ];
        let roots = roots.into_iter().filter(|(is_wanted, ..)| *is_wanted);
        let roots = roots.map(|(_, start, number)| [start, number].concat());
        profile.add_stack(roots.chain(stack.frames.drain(..).rev()), 1);
    }
}

fn number(text: &[u8]) -> &[u8] {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &text[..digits]
}

/// The frame of `#N 0xADDRESS [FUNCTION] [- MODULE]`.
fn frame(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"#")?;
    let rest = rest[number(rest).len()..].strip_prefix(b" ")?.trim_ascii();
    let is_digit = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let after_0x = rest.strip_prefix(b"0x")?;
    let after_address = &after_0x[after_0x.iter().take_while(is_digit).count()..];
    if !after_address.starts_with(b" ") {
        return Some(UNKNOWN.to_vec());
    }
    let (function, module) = split_module(after_address);
    Some(match (function.trim_ascii(), module) {
        (b"", None) => UNKNOWN.to_vec(),
        (b"", Some(module)) => object_name(basename(module), None),
        (function, _) => frame_name(function),
    })
}

/// Splits off the module, which is a path, or in brackets: `[vdso]`.
fn split_module(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let start = [&b" - /"[..], b" - ["]
        .iter()
        .filter_map(|start| memchr::memmem::rfind(text, start))
        .max();
    match start {
        Some(at) => (&text[..at], Some(&text[at + 3..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_removed_unless_there_is_no_function() {
        for (line, name) in [
            ("#0  0x00007f8 poll", "poll"),
            ("#10 0x00007f8 foo(int, char)", "foo(int, char)"),
            ("#1  0x0000 main - /srv/a b/prog", "main"),
            ("#2  0x0000 - /usr/lib/libc.so.6", "[libc.so.6]"),
            ("#3  0x0001 - [vdso]", "[[vdso]]"),
            ("#4  0x0001", "[unknown]"),
            ("#5  0x0001 - 1 clone", "- 1 clone"),
        ] {
            let found = frame(line.as_bytes()).unwrap();
            assert_eq!(String::from_utf8_lossy(&found), name);
        }
        assert!(frame(b"#0  poll").is_none());
        assert!(frame(b"    /srv/main.c:7").is_none());
    }
}

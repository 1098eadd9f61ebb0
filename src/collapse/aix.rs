//! AIX: stacks of `procstack`, from one or more runs.
//!
//! ```text
//! input  = { PID ": " COMMAND, { [ "---------- tid# " TID … ], { frame } } }
//! frame  = "0x" ADDRESS " " FUNCTION [ "(" arguments ")" ] " + " OFFSET               (the leaf first)
//! ```
//!
//! ```text
//! 71: /srv/shop/server -v
//! ---------- tid# 3 (pthread ID:      1) ----------
//! 0x0900000012345678 __fd_poll(??, ??) + 0xac
//! 0x0000000100000468 main() + 0x28
//! ```
//!
//! A function without a name, `[??]`, is named by its address. Each stack counts 1.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::flags::flags;
use crate::names::frame::frame_name;
use std::io::{self, BufRead};

/// Folds stacks of `procstack`. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, aix::Folder};
///
/// let stacks = "71: /srv/server -v\n---------- tid# 3 ----------\n0x09 poll(??) + 0xac\n0x01 main() + 0x28\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(stacks.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"/srv/server;main;poll 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for stacks of `procstack`.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

const THREAD: &[u8] = b"---------- tid# ";

impl Document for Options {
    const NAME: &'static str = "aix";
    const ALIASES: &'static [&'static str] = &["procstack"];
    const DESCRIPTION: &'static str = "stacks of procstack (AIX)";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head);
        if process(lines.next()?).is_none() {
            return Some(false);
        }
        lines.next().map(|line| line.starts_with(THREAD))
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("stacks", "count")], None, 0)?;
        let mut lines = Lines::of(input);
        let mut stack = Stack::default();
        let mut found = false;
        while let Some(line) = lines.next()? {
            if let Some(process) = process(line) {
                let process = process.to_vec();
                stack.add(profile);
                stack.process = process;
            } else if line.starts_with(THREAD) {
                found = true;
                stack.add(profile);
            } else if let Some(frame) = frame(line) {
                found = true;
                stack.frames.push(frame);
            }
        }
        stack.add(profile);
        lines.finish(found, "stacks of procstack, found no frame")
    }
}

#[derive(Default)]
struct Stack {
    /// Empty if there was no line with its name.
    process: Vec<u8>,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
}

impl Stack {
    fn add(&mut self, profile: &mut Profile) {
        if !self.frames.is_empty() {
            let process = std::iter::once(self.process.clone());
            profile.add_stack(process.chain(self.frames.drain(..).rev()), 1);
        }
    }
}

/// The first word of the command in `PID: COMMAND`.
fn process(line: &[u8]) -> Option<Vec<u8>> {
    let colon = memchr::memchr(b':', line)?;
    let is_pid = colon > 0 && line[..colon].iter().all(u8::is_ascii_digit);
    let command = line[colon + 1..].trim_ascii_start();
    let end = memchr::memchr(b' ', command).unwrap_or(command.len());
    is_pid.then(|| frame_name(&command[..end]))
}

/// The frame of `0xADDRESS FUNCTION + OFFSET`. If a word is missing, the name is empty.
fn frame(line: &[u8]) -> Option<Vec<u8>> {
    let digits = line.strip_prefix(b"0x")?;
    let is_digit = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let address = 2 + digits.iter().take_while(is_digit).count();
    let (address, rest) = line.split_at(address);
    let words: Vec<&[u8]> = rest.trim_ascii().split(|byte| *byte == b' ').collect();
    let name = match (words.as_slice(), rest.starts_with(b" ")) {
        ([name, _, _, ..], _) => *name,
        ([_, _], true) => b"",
        _ => return None,
    };
    if name.starts_with(b"[") && name.ends_with(b"]") {
        return Some(address.to_vec());
    }
    let end = memchr::memchr(b'(', name).unwrap_or(name.len());
    match &name[..end] {
        b"" => Some(Vec::new()),
        name => Some(frame_name(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_go_by_their_name_or_address() {
        for (line, name) in [
            ("0x0900 __fd_poll(0x1, 0x2) + 0xac", Some("__fd_poll")),
            ("0x0900 main() + 0x28", Some("main")),
            ("0xd0   [??] + 1", Some("0xd0")),
            ("0xd0 + 0x1", Some("")),
            ("0xd0 one", None),
            ("main() + 0x28", None),
        ] {
            let found = frame(line.as_bytes());
            let found = found.map(|name| String::from_utf8(name).unwrap());
            assert_eq!(found.as_deref(), name);
        }
    }
}

//! Javacores: thread dumps of IBM's JVM and OpenJ9.
//!
//! ```text
//! thread = header, [ "3XMTHREADINFO1" "(native thread ID:" ID "," … ], { frame | other }, end
//! header = "3XMTHREADINFO" '"' NAME '"' …  |  "3XMTHREADINFO" "Anonymous native thread"
//! frame  = "4XESTACKTRACE" "at " METHOD "(" PLACE ")"                       (the leaf first)
//! end    = "3XMTHREADINFO3" "Native callstack:"
//! ```
//!
//! ```text
//! 3XMTHREADINFO      "till-3" J9VMThread:0x0000000008132B00, state:R, prio=5
//! 3XMTHREADINFO1            (native thread ID:0x3158, native priority:0x5)
//! 3XMTHREADINFO3           Java callstack:
//! 4XESTACKTRACE                at shop/Cart.total(Cart.java:31(Compiled Code))
//! 4XESTACKTRACE                at shop/Main.main(Main.java:5)
//! 3XMTHREADINFO3           Native callstack:
//! ```
//!
//! Spaces separate the tag of a line from its contents. Each thread counts 1, in any state. If a
//! thread has no native call stack, its frames are attributed to the next thread that has one.

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::text::plural;
use crate::flags::flags;
use crate::names::frame::frame_name;
use crate::names::java::{ThreadNames, method_of_line};
use crate::warnings::warning;
use std::io::{self, BufRead};

/// Folds javacores. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a javacore.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// How to write stacks.
        #[command(flatten)]
        pub names: ThreadNames,
    }
}

const THREAD: &[u8] = b"3XMTHREADINFO ";
const THREAD_ID: &[u8] = b"3XMTHREADINFO1 ";
const CALL_STACK: &[u8] = b"3XMTHREADINFO3 ";
const FRAME: &[u8] = b"4XESTACKTRACE ";
const ANONYMOUS: &[u8] = b"Anonymous native thread";

impl Document for Options {
    const NAME: &'static str = "ibmjava";
    const DESCRIPTION: &'static str = "a javacore of IBM's JVM or OpenJ9";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        let mut lines = whole_lines(head).take(20).peekable();
        lines.peek()?;
        // The sections before the threads have similar tags.
        let is_tagged = |line: &[u8]| {
            let tag = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            tag == b"NULL" || (tag.first().is_some_and(u8::is_ascii_digit) && is_capital(&tag[1..]))
        };
        let is_dump = |line: &[u8]| line.starts_with(b"0SECTION") || line.starts_with(THREAD);
        let all: Vec<&[u8]> = lines.collect();
        Some(all.iter().all(|line| is_tagged(line)) && all.iter().any(|line| is_dump(line)))
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("threads", "count")], None, 0)?;
        let mut reader = JavacoreReader {
            names: &self.names,
            profile,
            name: None,
            frames: Vec::new(),
            found: false,
        };
        let mut lines = Lines::of(input);
        while let Some(line) = lines.next()? {
            reader.read_line(line);
        }
        lines.finish(reader.found, "a javacore, which has lines `3XMTHREADINFO`")?;
        reader.warn_of_rest();
        Ok(())
    }
}

fn is_capital(tag: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    tag.len() > 3 && tag.iter().all(is_letter)
}

struct JavacoreReader<'r> {
    names: &'r ThreadNames,
    profile: &'r mut Profile,
    /// The name of the thread, if requested.
    name: Option<Vec<u8>>,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
    found: bool,
}

impl JavacoreReader<'_> {
    fn read_line(&mut self, line: &[u8]) {
        let after = |tag| line.strip_prefix(tag).map(<[u8]>::trim_ascii_start);
        if let Some(header) = after(THREAD) {
            self.found = true;
            self.begin(header);
        } else if let Some(rest) = after(THREAD_ID) {
            self.add_id(rest);
        } else if let Some(frame) = after(FRAME) {
            let packages = self.names.packages();
            let frame = method_of_line(frame).map(|method| packages.frame(method));
            self.frames.extend(frame);
        } else if after(CALL_STACK).is_some_and(|rest| rest.starts_with(b"Native callstack:")) {
            self.add();
        } else {
            self.found |= line.starts_with(b"0SECTION");
        }
    }

    fn begin(&mut self, header: &[u8]) {
        if header.starts_with(ANONYMOUS) {
            // Such threads have no frames, and would be invisible without a name.
            self.name = Some(ANONYMOUS.to_vec());
        } else if let Some(name) = quoted(header)
            && !self.names.no_include_tname
        {
            self.name = Some(frame_name(name));
        }
    }

    /// Adds the number in `(native thread ID:NUMBER, …`.
    fn add_id(&mut self, rest: &[u8]) {
        let id = rest.strip_prefix(b"(native thread ID:");
        if let (Some(id), Some(name)) = (id, &mut self.name)
            && self.names.include_tid
            && !self.names.no_include_tname
        {
            let end = memchr::memchr(b',', id).unwrap_or(id.len());
            name.push(b'-');
            name.extend_from_slice(&frame_name(&id[..end]));
        }
    }

    fn add(&mut self) {
        let name = self.name.take();
        let frames = std::mem::take(&mut self.frames);
        if name.is_some() || !frames.is_empty() {
            self.profile
                .add_stack(name.iter().chain(frames.iter().rev()), 1);
        }
    }

    fn warn_of_rest(&self) {
        if !self.frames.is_empty() {
            let frames = plural(self.frames.len() as u64, "frame", "frames");
            warning!("skipped the last thread, of {frames}: it has no line `Native callstack:`");
        }
    }
}

/// The text between the first quotes.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let name = text.strip_prefix(b"\"")?;
    Some(&name[..memchr::memchr(b'"', name)?])
}

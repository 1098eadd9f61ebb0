//! py-spy: dumps of Python threads (`py-spy dump`), as text and as JSON.
//!
//! ```text
//! text   = "Process " PID ": " COMMAND, "Python v" …, { thread }
//! thread = "Thread " ID " (" STATE ")" [ ": " QUOTE NAME QUOTE ], { "    " FUNCTION " (" FILE ":" LINE ")" }
//!
//! json   = [ { "thread_id", "thread_name", "active": BOOL, "frames": [ { "name", "filename", "line" … } … ] … } … ]
//! ```
//!
//! ```text
//! Process 71: python shop.py
//! Python v3.12.4 (/usr/bin/python3.12)
//!
//! Thread 71 (active): "MainThread"
//!     total (cart.py:31)
//!     main (shop.py:5)
//! ```
//!
//! The leaf comes first. Each active thread counts 1.

use crate::bytes::count::split_number;
use crate::bytes::decimal::Decimal;
use crate::call_tree::CallTree;
use crate::collapse::document::lines::{Lines, whole_lines};
use crate::collapse::document::{
    Document, Profile, ValueType, read_to_end, shared_options, thread_roots,
};
use crate::collapse::json::{self, Id, Keys, Text};
use crate::flags::flags;
use crate::names::frame::{frame_name, with_source};
use serde::Deserialize;
use std::io::{self, BufRead};
use std::marker::PhantomData;

/// Folds py-spy dumps. See the [module](self) for the format.
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for a py-spy dump.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Count idle threads too
        #[arg(long)]
        pub idle: bool,

        /// Start each stack with the name of its thread
        #[arg(long)]
        pub threads: bool,

        /// Append file and line to names: `total (cart.py:31)`
        #[arg(long)]
        pub lines: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "pyspy-dump";
    const DESCRIPTION: &'static str = "a py-spy dump";
    shared_options!(threads, lines);
    thread_roots!(Threads);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        if keys.has("[].thread_name") && keys.has("[].frames") {
            return Some(true);
        }
        let mut lines = whole_lines(head);
        match lines.next() {
            // The command may contain line ends, as that of `python -c` often does.
            Some(line) if is_process(line) => lines
                .any(|line| line.starts_with(b"Python v"))
                .then_some(true),
            _ => keys.answer(false),
        }
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("threads", "count")], None, 0)?;
        let is_json = input.fill_buf()?.trim_ascii_start().starts_with(b"[");
        match is_json {
            true => {
                let document = read_to_end(input)?;
                let threads = PhantomData::<Vec<JsonThread<'_>>>;
                for thread in json::parse(&document, threads, Self::DESCRIPTION)? {
                    self.add(&self.thread_of_json(&thread), profile);
                }
                Ok(())
            }
            false => self.read_text(input, profile),
        }
    }
}

/// Whether `line` is `Process PID: COMMAND`, at least its start.
fn is_process(line: &[u8]) -> bool {
    let id = line.strip_prefix(b"Process ").and_then(split_number);
    id.is_some_and(|(_, _, rest)| rest.starts_with(b": "))
}

struct Thread {
    name: Vec<u8>,
    is_active: bool,
    /// The leaf first.
    frames: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct JsonThread<'a> {
    #[serde(borrow, default)]
    thread_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    thread_id: Option<Id<'a>>,
    active: bool,
    #[serde(borrow)]
    frames: Vec<JsonFrame<'a>>,
}

#[derive(Deserialize)]
struct JsonFrame<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    short_filename: Option<Text<'a>>,
    #[serde(borrow, default)]
    filename: Option<Text<'a>>,
    #[serde(default)]
    line: Option<Decimal>,
}

impl Options {
    fn thread_of_json(&self, thread: &JsonThread<'_>) -> Thread {
        let frame = |frame: &JsonFrame<'_>| {
            let name = frame_name(frame.name.as_deref().unwrap_or_default());
            let file = frame.short_filename.as_ref().or(frame.filename.as_ref());
            match file {
                Some(file) if self.lines => with_source(&name, file, frame.line),
                _ => name,
            }
        };
        let id = thread.thread_id.as_ref();
        let id = id.map_or(String::new(), ToString::to_string);
        Thread {
            name: thread_name(thread.thread_name.as_deref(), id.as_bytes()),
            is_active: thread.active,
            frames: thread.frames.iter().map(frame).collect(),
        }
    }

    fn read_text(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut lines = Lines::of(input);
        let mut thread: Option<Thread> = None;
        let mut found = false;
        while let Some(line) = lines.next()? {
            if let Some(next) = read_thread(line) {
                found = true;
                if let Some(thread) = thread.replace(next) {
                    self.add(&thread, profile);
                }
            } else if let (Some(frame), Some(thread)) = (line.strip_prefix(b"    "), &mut thread)
                && !line.starts_with(b"        ")
            {
                thread.frames.push(self.frame(frame));
            }
        }
        if let Some(thread) = thread {
            self.add(&thread, profile);
        }
        lines.finish(found, "a py-spy dump, found no thread")
    }

    /// The frame of `FUNCTION (FILE:LINE)`.
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        let end = match memchr::memmem::rfind(text, b" (") {
            Some(at) if !self.lines && text.ends_with(b")") => at,
            _ => text.len(),
        };
        frame_name(&text[..end])
    }

    fn add(&self, thread: &Thread, profile: &mut Profile) {
        if !(thread.is_active || self.idle) {
            return;
        }
        let root = self.threads.then_some(&thread.name);
        let mut node = CallTree::ROOT;
        for name in root.into_iter().chain(thread.frames.iter().rev()) {
            let frame = profile.tree.intern(name);
            node = profile.tree.child(node, frame);
        }
        profile.add_to_sum(0, Decimal::from(1u64));
        profile.add(node, Decimal::from(1u64));
    }
}

fn thread_name(name: Option<&[u8]>, id: &[u8]) -> Vec<u8> {
    match name {
        Some(name) if !name.is_empty() => frame_name(name),
        _ => frame_name(&[b"thread ", id].concat()),
    }
}

/// Parses `Thread ID (STATE): "NAME"`.
fn read_thread(line: &[u8]) -> Option<Thread> {
    let rest = line.strip_prefix(b"Thread ")?;
    let open = memchr::memmem::find(rest, b" (")?;
    let state = &rest[open + 2..];
    let close = memchr::memchr(b')', state)?;
    let is_active = state.starts_with(b"active");
    // Dumps of faulthandler have `most recent call first` there.
    (is_active || state.starts_with(b"idle")).then_some(())?;
    let name = state[close + 1..]
        .strip_prefix(b": \"")
        .and_then(|name| name.strip_suffix(b"\""));
    Some(Thread {
        name: thread_name(name, &rest[..open]),
        is_active,
        frames: Vec::new(),
    })
}
